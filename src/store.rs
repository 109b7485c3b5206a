//! The repository layer, and the only place that runs SQL. [`Store::authenticate`] is the only way to get a
//! [`Workspace`], whose methods are the queries of a tenant's rows. Public methods are units of work; authorization and
//! the wording of responses belong to the layers above.

#[macro_use]
mod sql;

mod access_tokens;
mod api_keys;
mod audit;
mod authors;
mod backup;
mod batch;
mod client_sessions;
mod contacts;
mod counts;
mod credentials;
mod diagnosis;
mod distribution;
mod events;
mod instant_keys;
mod last_used;
mod migrate;
mod network;
mod numbers;
mod operator;
mod operators;
mod phones;
mod pool;
mod precondition;
mod principal;
mod schema;
mod scim;
mod seal;
mod search;
mod slots;
mod statistics;
mod status;
mod timeline;
mod user_identities;
mod webhooks;
mod workspace;
mod writer;

pub use access_tokens::AccessTokenOfWorkspace;
pub use backup::{BackupDatabase, ClientSettings, RestoreError, Restoring, Snapshot, last_migration};
pub use batch::{Prefetch, Prefetched};
pub use client_sessions::EndedSessions;
pub use contacts::ImportedContact;
pub use diagnosis::{ClusterNode, ClusterStatus, SealCheck, WebhookTarget};
pub use distribution::{DistributeError, DistributionPlan, DistributionProgress, UndistributedTable};
pub use events::{EventStream, Reauthenticate, StreamLimits, StreamedEvent};
pub use network::client_network;
pub use operator::{AccessTokenRecord, ApiKeyRecord, ConsoleSessionRecord};
pub use operators::{OperatorSession, OperatorWorkspace};
pub use phones::{Deactivated, DeactivationPreview};
pub use precondition::Precondition;
pub use principal::{Authenticated, Caller, Credentials, Principal, WorkspaceSelector};
pub use schema::{SchemaName, SchemaNameError};
pub use seal::{Seal, SealError};
pub use sql::audited::Origin;
pub use status::DatabaseStatus;
pub use user_identities::{KnownUsers, SubscriberKey};
pub use webhooks::{ClaimFilter, PendingDeliveries};
pub use workspace::{Account, NewWorkspace, Workspace};

use crate::domain::id::WorkspaceId;
use crate::error::Result;
use batch::{Batchers, LONGEST, LookupCounts};
use chrono::DateTime;
use events::Hubs;
use last_used::LastUsed;
use pool::hosts::{Hosts, is_of_tls};
use pool::{Connections, PoolKind, Statement};
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::watch;
use user_identities::HashQueue;
use webhooks::DueWorkspaces;

/// The registry's database. Cheap to clone; every request does.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// The connections, within the share of a workspace if this store is that of its handle.
    pool: Connections,
}

/// State that clones of a store share.
#[derive(Debug)]
pub struct Shared {
    /// True if tables may lie on several nodes; then no statement touches more than one workspace.
    is_distributed: bool,
    batchers: Batchers,
    lookups: LookupCounts,
    hosts: Hosts,
    /// The schema of the tables, if it is configured.
    schema: Option<SchemaName>,
    seal: Seal,
    hash_queue: Arc<HashQueue>,
    last_used: LastUsed,
    /// Notifies subscribers in this process of new events. Other processes poll.
    events_changed: watch::Sender<()>,
    /// Readers of the log for event streams.
    hubs: Hubs,
    /// Where deliveries may be due, if they are on several nodes.
    due_workspaces: DueWorkspaces,
}

/// Failure to open or migrate the database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("DATABASE_URL is not a Postgres URL: {0}. It looks like postgres://user:password@host:5432/database")]
    Url(#[source] sqlx::Error),
    #[error("the database does not answer: {0}. Check DATABASE_URL, and that Postgres runs and lets this user in")]
    Connect(#[source] sqlx::Error),
    #[error(
        "TLS with the database failed: {0}. Give Postgres a certificate that its clients can check (ssl_cert_file); that \
         which Citus makes for itself, of X.509 version 1, is not one. In a network that you trust, say sslmode=disable"
    )]
    Tls(#[source] sqlx::Error),
    #[error("the database could not be brought up to date: a new table could not be distributed: {0}")]
    Distribute(#[source] sqlx::Error),
    #[error(
        "the tables of this version are missing, and only the coordinator of the Citus cluster can create them. Name it \
         among the hosts of DATABASE_URL, or run `handset migrate` with it"
    )]
    Worker,
    #[error("the database could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(
        "the tables of this version are missing, and the user of DATABASE_URL may not create them: {0}. Run `handset \
         migrate` as the user that owns the tables, or name a schema that this user owns with --schema"
    )]
    MayNotMigrate(#[source] sqlx::migrate::MigrateError),
    #[error(
        "there is no schema \"{schema}\", and the user of DATABASE_URL may not create it: {source}. As the owner of the \
         database, run: create schema {schema} authorization the_user"
    )]
    MayNotCreate { schema: SchemaName, source: sqlx::migrate::MigrateError },
    #[error(
        "this database is in use by another program: its schema \"{schema}\" has tables that are not Handset's. Nothing \
         was changed. Give Handset a database of its own, or a schema of its own in this one: --schema handset"
    )]
    DatabaseInUse { schema: String },
    #[error(
        "Handset's tables are in the schema \"{schema}\" of this database, and this would use \"{current}\". Nothing was \
         changed. Say --schema {schema}; for another Handset, the name of another schema"
    )]
    OtherSchema { schema: String, current: String },
    #[error(
        "the schema \"{schema}\" has tables that are not Handset's. Nothing was changed. Choose another name for \
         --schema, or a database of its own"
    )]
    SchemaInUse { schema: SchemaName },
    #[error(
        "no schema of the user's search_path exists in this database. Name one for Handset's tables: --schema handset"
    )]
    NoSchema,
    #[error(
        "connections do not use the schema \"{schema}\": a pooler in front of Postgres drops the setting. Nothing was \
         changed. Set search_path to {schema} in the pooler (connect_query in pgbouncer), or for the user in Postgres"
    )]
    SchemaIgnored { schema: SchemaName },
    #[error(
        "this database's secrets are sealed with another key than this server has. Start it with the HANDSET_SEAL_KEY \
         (or the data directory's file seal.key) of the servers that use this database already"
    )]
    OtherSeal,
}

impl Deref for Store {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Store {
    /// Connects to `url` with at most `connections` connections; opens one now, to fail early.
    pub async fn open(url: &str, connections: u32, seal: Seal) -> Result<Store, OpenError> {
        Store::open_in(url, None, connections, seal).await
    }

    /// Like [`Store::open`], for tables in `schema`. Without one, they are in the first schema of the search path.
    pub async fn open_in(
        url: &str,
        schema: Option<&SchemaName>,
        connections: u32,
        seal: Seal,
    ) -> Result<Store, OpenError> {
        let hosts = Hosts::parse(url).map_err(OpenError::Url)?.in_schema(schema);
        let (hosts, pool) = open_pools(hosts, connections).await?;
        let is_distributed = pool.is_distributed();
        if is_distributed {
            pool.follow_nodes(hosts.clone());
        }
        let (batchers, lookups, hash_queue, last_used, events_changed, hubs, due_workspaces) = Default::default();
        let schema = schema.cloned();
        let shared = Shared {
            is_distributed,
            batchers,
            lookups,
            hosts,
            schema,
            seal,
            hash_queue,
            last_used,
            events_changed,
            hubs,
            due_workspaces,
        };
        Ok(Store { shared: Arc::new(shared), pool })
    }

    /// The store with the connections that are reserved for deactivation.
    pub fn urgent(&self) -> Store {
        Store { pool: self.pool.urgent(), ..self.clone() }
    }

    /// The store within the share of a workspace.
    fn of_workspace(&self, workspace: WorkspaceId) -> Store {
        Store { pool: self.pool.of_workspace(workspace), ..self.clone() }
    }

    /// The store within the share of the webhook worker.
    fn of_worker(&self) -> Store {
        Store { pool: self.pool.of_worker(), ..self.clone() }
    }

    /// The store within the share of a workspace's deliveries.
    fn of_deliveries(&self, workspace: WorkspaceId) -> Store {
        Store { pool: self.pool.of_deliveries(workspace), ..self.clone() }
    }

    /// The store within the share of a caller in a workspace.
    fn of_caller(&self, workspace: WorkspaceId, principal: Principal) -> Store {
        Store { pool: self.pool.of_caller(workspace, principal), ..self.clone() }
    }

    /// The pool for short statements with generic plans.
    fn short(&self) -> Statement<'_> {
        self.pool.on(PoolKind::Short)
    }

    /// The short pool for lists of at most [`LONGEST`] rows, else the general pool.
    fn short_for(&self, count: Option<i64>) -> Statement<'_> {
        let is_short = count.is_some_and(|count| count <= i64::from(LONGEST) + 1);
        self.pool.on(if is_short { PoolKind::Short } else { PoolKind::General })
    }

    /// All rows of a short statement, within the deadline for those.
    async fn read_short<F, T>(&self, query: sqlx::query::Map<'_, Postgres, F, PgArguments>) -> Result<Vec<T>>
    where
        F: FnMut(PgRow) -> sqlx::Result<T> + Send,
        T: Send + Unpin,
    {
        Ok(self.pool.short_statement(|statement| query.fetch_all(statement)).await?)
    }

    /// Subscribes to new events that this process writes.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.events_changed.subscribe()
    }

    /// Notifies of new events of a workspace, or of any.
    fn notify(&self, workspace: Option<WorkspaceId>) {
        if let Some(workspace) = workspace.filter(|_| self.is_distributed) {
            self.due_workspaces.remember(workspace, DateTime::UNIX_EPOCH);
        }
        self.events_changed.send_replace(());
        self.hubs.wake(workspace);
    }

    /// Limits the rows that a request has in memory, until its response is made.
    pub async fn limit_rows<T>(request: impl Future<Output = T>) -> T {
        pool::rows::of_request(request).await
    }

    /// Checks that the database responds.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query_scalar!("select 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Numbers of idle connections and of connections in use.
    pub fn connections(&self) -> (u32, u32) {
        self.pool.idle_and_used()
    }

    /// Maximum number of connections.
    pub fn max_connections(&self) -> u32 {
        self.pool.max()
    }

    /// Number of statements that got no connection in time.
    pub fn acquire_timeouts(&self) -> u64 {
        self.pool.acquire_timeouts()
    }

    /// Number of connections closed because Postgres had them in a transaction when they were returned.
    pub fn connections_closed_in_transaction(&self) -> u64 {
        self.pool.closed_in_transaction()
    }

    /// Numbers of batched lookups and of their statements so far.
    pub fn lookups(&self) -> (u64, u64) {
        self.lookups.so_far()
    }

    /// Waits for the units of work and the statements in progress, then closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Opens the pools; without TLS if that fails and was only preferred, which is sqlx's and libpq's default.
async fn open_pools(hosts: Hosts, connections: u32) -> Result<(Hosts, Connections), OpenError> {
    match Connections::open(&hosts, connections).await {
        Ok(pool) => Ok((hosts, pool)),
        // `PoolTimedOut` hides its cause; a connection attempt reveals it.
        Err(sqlx::Error::PoolTimedOut) => {
            let cause = hosts.connect().await.err();
            Err(OpenError::Connect(cause.unwrap_or(sqlx::Error::PoolTimedOut)))
        }
        Err(fault) if is_of_tls(&fault) => {
            let hosts = hosts.without_preferred_tls().ok_or(OpenError::Tls(fault))?;
            let pool = Connections::open(&hosts, connections).await.map_err(OpenError::Connect)?;
            tracing::info!("connected to the database without TLS, since its certificate cannot be used");
            Ok((hosts, pool))
        }
        Err(fault) => Err(OpenError::Connect(fault)),
    }
}

/// The error of a connection attempt.
fn fault_of_connection(fault: sqlx::Error) -> OpenError {
    if is_of_tls(&fault) { OpenError::Tls(fault) } else { OpenError::Connect(fault) }
}
