//! The repository layer, and the only place that runs SQL. [`Store::authenticate`] is the only way to get a
//! [`Workspace`], whose methods are the queries of a tenant's rows. Public methods are units of work; authorization and
//! the wording of responses belong to the layers above.

#[macro_use]
mod sql;

mod access_tokens;
mod api_keys;
mod audit;
mod authors;
mod batch;
mod client_sessions;
mod contacts;
mod credentials;
mod diagnosis;
mod distribution;
mod events;
mod last_used;
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
pub use batch::{Prefetch, Prefetched};
pub use client_sessions::EndedSessions;
pub use contacts::ImportedContact;
pub use diagnosis::{SealCheck, WebhookTarget};
pub use distribution::DistributeError;
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
use events::Hubs;
use last_used::LastUsed;
use pool::hosts::Hosts;
use pool::{Connections, PoolKind, Statement};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Connection, Postgres};
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::watch;
use user_identities::HashQueue;

/// Advisory lock of the schema migrations: an arbitrary number, here "handset" in ASCII. A schema that is named has a lock
/// of its own, so that the servers of two schemas do not wait for each other.
const MIGRATING: i64 = 0x68_61_6e_64_73_65_74;

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
}

/// Failure to open or migrate the database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("DATABASE_URL is not a Postgres URL: {0}. It looks like postgres://user:password@host:5432/database")]
    Url(#[source] sqlx::Error),
    #[error("the database does not answer: {0}. Check DATABASE_URL, and that Postgres runs and lets this user in")]
    Connect(#[source] sqlx::Error),
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
        let pool = match Connections::open(&hosts, connections).await {
            // `PoolTimedOut` hides its cause; a connection attempt reveals it.
            Err(sqlx::Error::PoolTimedOut) => {
                let cause = hosts.connect().await.err();
                return Err(OpenError::Connect(cause.unwrap_or(sqlx::Error::PoolTimedOut)));
            }
            opened => opened.map_err(OpenError::Connect)?,
        };
        let is_distributed = distribution::is_possible(&pool).await.map_err(OpenError::Connect)?;
        let (batchers, lookups, hash_queue, last_used, events_changed, hubs) = Default::default();
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
        };
        Ok(Store { shared: Arc::new(shared), pool })
    }

    /// Applies the migrations in one transaction, one server at a time, and checks that the database's secrets are
    /// sealed with this server's seal. A database with tables of another program is refused, and nothing is changed.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        // A connection of its own has no statement timeout, which a migration may exceed. The lock is part of the
        // transaction, since a pooler in front of Postgres keeps only a transaction on one connection.
        let mut connection = self.hosts.connect().await.map_err(OpenError::Connect)?;
        let mut transaction = connection.begin().await.map_err(OpenError::Connect)?;
        let schema = self.schema.as_ref();
        let lock = schema.filter(|schema| schema.as_str() != "public").map_or(MIGRATING, lock_of);
        sqlx::query!("select pg_advisory_xact_lock($1)", lock)
            .execute(&mut *transaction)
            .await
            .map_err(OpenError::Connect)?;
        schema::create(&mut transaction, schema).await?;
        // Also a role that may not migrate can start a server on an up-to-date schema.
        if !schema::check(&mut transaction, schema).await? {
            schema::MIGRATOR.run(&mut *transaction).await.map_err(schema::fault_of_migration)?;
        }
        transaction.commit().await.map_err(OpenError::Connect)?;
        connection.close().await.map_err(OpenError::Connect)?;
        let fingerprint = self.seal.fingerprint();
        let known = sqlx::query_scalar!(
            r#"
            with first as (
                update deployment set seal_fingerprint = $1 where seal_fingerprint is null returning seal_fingerprint
            )
            select coalesce((select seal_fingerprint from first), seal_fingerprint) from deployment
            "#,
            fingerprint.as_slice(),
        )
        .fetch_one(self.writer())
        .await
        .map_err(OpenError::Connect)?;
        // None: another server stored the first fingerprint concurrently; the key is checked on the next start.
        match known {
            Some(known) if known != fingerprint => Err(OpenError::OtherSeal),
            _ => Ok(()),
        }
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

/// The lock of the migrations of a schema.
fn lock_of(schema: &SchemaName) -> i64 {
    let digest = Sha256::digest(schema.as_str());
    MIGRATING ^ i64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
}
