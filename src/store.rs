//! The repository layer, and the only place that runs SQL. [`Store::authenticate`] is the only way to get a
//! [`Workspace`], whose methods are the queries of a tenant's rows. Public methods are units of work; authorization and
//! the wording of responses belong to the layers above.

#[macro_use]
mod sql;

mod audit;
mod batch;
mod client_sessions;
mod contacts;
mod credentials;
mod distribution;
mod events;
mod numbers;
mod operator;
mod phones;
mod pool;
mod principal;
mod seal;
mod slots;
mod user_identities;
mod webhooks;
mod workspace;
mod writer;

pub use batch::{Prefetch, Prefetched};
pub use distribution::DistributeError;
pub use operator::{AccessTokenRecord, ApiKeyRecord, ConsoleSessionRecord};
pub use phones::Deactivated;
pub use principal::{Authenticated, Caller, Credentials, Principal, WorkspaceSelector};
pub use seal::{Seal, SealError};
pub use sql::audited::Origin;
pub use webhooks::{ClaimFilter, PendingDeliveries};
pub use workspace::{Account, NewWorkspace, Workspace};

use crate::error::Result;
use batch::{Batchers, LONGEST, LookupCounts};
use pool::Pool;
use pool::hosts::Hosts;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Connection, Postgres};
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::watch;

/// Advisory lock of the schema migrations: an arbitrary number, here "handset" in ASCII.
const MIGRATING: i64 = 0x68_61_6e_64_73_65_74;

/// Maximum size of the pool for short statements. Batched lookups gain from a second connection, not from a third;
/// short lists use this pool, too.
const SHORT_CONNECTIONS: u32 = 4;

/// Connections in total per connection of the short pool.
const CONNECTIONS_PER_SHORT: u32 = 4;

/// The registry's database. Cheap to clone; every request does.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

/// State that clones of a store share.
#[derive(Debug)]
pub struct Shared {
    pool: Pool,
    /// Pool for short statements with generic plans. None if there are few connections; then `pool` serves these, too.
    short: Option<Pool>,
    /// True if tables may lie on several nodes; then no statement touches more than one workspace.
    is_distributed: bool,
    batchers: Batchers,
    lookups: LookupCounts,
    hosts: Hosts,
    seal: Seal,
    /// Notifies subscribers in this process of new events. Other processes poll.
    events_changed: watch::Sender<()>,
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
        "this database's secrets are sealed with another key than this server has. Start it with the HANDSET_SEAL_KEY \
         (or the data directory's file seal.key) of the servers that use this database already"
    )]
    OtherSeal,
}

impl Deref for Store {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Store {
    /// Connects to `url` with at most `connections` connections; opens one now, to fail early.
    pub async fn open(url: &str, connections: u32, seal: Seal) -> Result<Store, OpenError> {
        let hosts = Hosts::parse(url).map_err(OpenError::Url)?;
        let short_count = SHORT_CONNECTIONS.min(connections / CONNECTIONS_PER_SHORT);
        let pool = match Pool::open(hosts.clone(), connections - short_count).await {
            // `PoolTimedOut` hides its cause; a connection attempt reveals it.
            Err(sqlx::Error::PoolTimedOut) => {
                let cause = hosts.connect().await.err();
                return Err(OpenError::Connect(cause.unwrap_or(sqlx::Error::PoolTimedOut)));
            }
            opened => opened.map_err(OpenError::Connect)?,
        };
        let short = match short_count {
            0 => None,
            short_count => Some(pool.beside(hosts.planning_once(), short_count).await.map_err(OpenError::Connect)?),
        };
        let is_distributed = distribution::is_possible(&pool).await.map_err(OpenError::Connect)?;
        let (batchers, lookups, events_changed) = Default::default();
        Ok(Store(Arc::new(Shared { pool, short, is_distributed, batchers, lookups, hosts, seal, events_changed })))
    }

    /// Applies the migrations in one transaction, one server at a time, and checks that the database's secrets are
    /// sealed with this server's seal.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        // A connection of its own has no statement timeout, which a migration may exceed. The lock is part of the
        // transaction, since a pooler in front of Postgres keeps only a transaction on one connection.
        let mut connection = self.hosts.connect().await.map_err(OpenError::Connect)?;
        let mut transaction = connection.begin().await.map_err(OpenError::Connect)?;
        sqlx::query!("select pg_advisory_xact_lock($1)", MIGRATING)
            .execute(&mut *transaction)
            .await
            .map_err(OpenError::Connect)?;
        // Ignores a newer version's migrations, so that the previous version can start during an upgrade.
        sqlx::migrate!().set_locking(false).set_ignore_missing(true).run(&mut *transaction).await?;
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

    /// The pool for short statements with generic plans.
    fn short(&self) -> &Pool {
        self.short.as_ref().unwrap_or(&self.pool)
    }

    /// The short pool for lists of at most [`LONGEST`] rows, else the main pool.
    fn short_for(&self, count: Option<i64>) -> &Pool {
        if count.is_some_and(|count| count <= i64::from(LONGEST) + 1) { self.short() } else { &self.pool }
    }

    /// All rows of a short statement, within the deadline for those.
    async fn read_short<F, T>(&self, query: sqlx::query::Map<'_, Postgres, F, PgArguments>) -> Result<Vec<T>>
    where
        F: FnMut(PgRow) -> sqlx::Result<T> + Send,
        T: Send + Unpin,
    {
        let pool = self.short();
        Ok(pool.with_deadline(query.fetch_all(pool)).await?)
    }

    /// Subscribes to new events that this process writes.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.events_changed.subscribe()
    }

    fn notify(&self) {
        self.events_changed.send_replace(());
    }

    /// Checks that the database responds.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query_scalar!("select 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Numbers of idle connections and of connections in use.
    pub fn connections(&self) -> (u32, u32) {
        let pools = [Some(&self.pool), self.short.as_ref()].into_iter().flatten();
        pools.map(Pool::idle_and_used).fold((0, 0), |sum, pool| (sum.0 + pool.0, sum.1 + pool.1))
    }

    /// Number of connections closed because Postgres had them in a transaction when they were returned.
    pub fn connections_closed_in_transaction(&self) -> u64 {
        // The pools share the counter.
        self.pool.closed_in_transaction()
    }

    /// Numbers of batched lookups and of their statements so far.
    pub fn lookups(&self) -> (u64, u64) {
        self.lookups.so_far()
    }

    /// Waits for the units of work and the statements in progress, then closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
        if let Some(short) = &self.short {
            short.close().await;
        }
    }
}
