//! The connection pool. A recently used connection is handed out unchecked. One that has been idle, or was idle when
//! another one failed, is checked for accepting writes; so a restart of Postgres, or a standby in its place, costs the
//! statements in progress and no later one. No statement waits forever for a host that is gone.

mod health;
pub(super) mod hosts;
mod hot;
mod unit;

use futures_util::{Stream, TryFutureExt, stream};
use health::HealthSignal;
use hosts::{ACQUIRE_TIMEOUT, Hosts};
use hot::HotConnections;
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow, PgTypeInfo};
use sqlx::{Execute, Executor, Postgres, SqlStr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub(super) use hot::Part;
pub(super) use unit::Work;

/// Idle time after which a connection is checked before use. Postgres takes longer to start.
const REUSE_WITHOUT_CHECK: Duration = Duration::from_millis(50);

/// Timeout of a short statement, including the wait for a connection.
const SHORT_DEADLINE: Duration = Duration::from_secs(4);

pub(super) type Answers<'e, T> = Pin<Box<dyn Stream<Item = sqlx::Result<T>> + Send + 'e>>;
pub(super) type Answer<'e, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'e>>;

/// The connections of one server. As an executor it serves reads; changes of data are units of work, see
/// [`super::writer`].
#[derive(Debug, Clone)]
pub(super) struct Pool {
    hot: Arc<HotConnections>,
    health: HealthSignal,
    /// Units of work in progress.
    units: TaskTracker,
}

impl Pool {
    /// Opens the first connection, to fail early.
    pub async fn open(hosts: Hosts, connections: u32) -> sqlx::Result<Pool> {
        Pool::with_health(HealthSignal::new(), hosts, connections).await
    }

    /// Another pool to the same database: a connection fault in one puts both in doubt.
    pub async fn beside(&self, hosts: Hosts, connections: u32) -> sqlx::Result<Pool> {
        Pool::with_health(self.health.clone(), hosts, connections).await
    }

    async fn with_health(health: HealthSignal, hosts: Hosts, connections: u32) -> sqlx::Result<Pool> {
        let (before, after) = (health.clone(), health.clone());
        let options = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, life| {
                let health = before.clone();
                Box::pin(async move { health.may_use(connection, life.idle_for).await })
            })
            .after_release(move |connection, _| {
                let health = after.clone();
                Box::pin(async move { health.may_reuse(connection).await })
            });
        let pool = options.connect_with(hosts.writable().await?).await?;
        if hosts.are_several() {
            tokio::spawn(follow(hosts, pool.clone(), health.subscribe()));
        }
        let hot = Arc::new(HotConnections::new(pool, connections, health.clone()));
        Ok(Pool { hot, health, units: TaskTracker::new() })
    }

    /// Awaits a short statement. After a timeout the database counts as unavailable, and the callers behind this one do
    /// not wait for as long as a long statement may take.
    pub async fn with_deadline<T>(&self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        self.health.observe(timeout(SHORT_DEADLINE, statement).await.unwrap_or_else(|_| Err(health::silence())))
    }

    /// Numbers of idle connections and of connections in use.
    pub fn idle_and_used(&self) -> (u32, u32) {
        self.hot.idle_and_used()
    }

    /// Number of connections, of this pool and those beside it, closed because they were returned in a transaction.
    pub fn closed_in_transaction(&self) -> u64 {
        self.health.closed_in_transaction()
    }

    /// Waits for the units of work and the statements in progress, then closes every connection.
    pub async fn close(&self) {
        if !self.units.is_empty() {
            tracing::info!(units = self.units.len(), "waiting for units of work in progress");
        }
        self.units.close();
        self.units.wait().await;
        self.hot.close().await;
    }
}

/// Points the pool to the host that accepts writes, after each fault.
async fn follow(hosts: Hosts, pool: PgPool, mut faults: watch::Receiver<Option<Instant>>) {
    let closed = pool.close_event();
    let watching = async {
        while faults.changed().await.is_ok() {
            loop {
                match hosts.writable().await {
                    Ok(options) => break pool.set_connect_options(options),
                    Err(fault) => tracing::warn!(%fault, "no database host accepts writes; retrying"),
                }
            }
        }
    };
    tokio::select! {
        () = closed => {}
        () = watching => {}
    }
}

impl<'c> Executor<'c> for &'c Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Answers<'e, Part>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let parts = async {
            let mut checkout = self.hot.checkout().await?;
            let parts = checkout.fetch(query).await;
            checkout.checkin(&parts);
            Ok(stream::iter(parts?.into_iter().map(Ok)))
        };
        Box::pin(parts.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async {
            let mut checkout = self.hot.checkout().await?;
            let row = checkout.fetch_optional(query).await;
            checkout.checkin(&row);
            row
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> Answer<'e, <Postgres as sqlx::Database>::Statement>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut checkout = self.hot.checkout().await?;
            let prepared = self.health.with_timeout(checkout.connection().prepare_with(sql, parameters)).await;
            checkout.checkin(&prepared);
            prepared
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut checkout = self.hot.checkout().await?;
            let described = self.health.with_timeout(checkout.connection().describe(sql)).await;
            checkout.checkin(&described);
            described
        })
    }
}
