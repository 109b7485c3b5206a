//! Connections that go from one statement straight to the next. sqlx's pool pings each returned connection before
//! another statement can use it, which takes as long as a short statement. So a connection whose statement is complete
//! is kept here.

use super::ACQUIRE_TIMEOUT;
use super::health::{HealthSignal, SUSPICION_WINDOW, TimedRows};
use super::nodes::Node;
use super::rows::{self, LargeLists};
use super::share::SharePermit;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgPool, PgQueryResult, PgRow};
use sqlx::{Either, Execute, Executor, PgConnection, Postgres};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Age at which a connection returns to sqlx's pool, which replaces old ones.
const MAX_AGE: Duration = Duration::from_secs(60);

/// A row, or a statement's result.
pub(in crate::store) type Part = Either<PgQueryResult, PgRow>;

/// All connections of a pool.
#[derive(Debug)]
pub(super) struct HotConnections {
    pool: PgPool,
    health: HealthSignal,
    large_lists: LargeLists,
    /// One permit per connection of the pool.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

/// An idle connection.
#[derive(Debug)]
struct Idle {
    connection: PoolConnection<Postgres>,
    /// When it left sqlx's pool.
    left_pool: Instant,
    /// When its last statement completed.
    since: Instant,
}

/// A connection in use. [`Checkout::checkin`] keeps it for the next statement. If dropped during a statement, it goes
/// to sqlx's pool, which takes it only if Postgres has it outside of any transaction.
pub(super) struct Checkout {
    connection: Held,
    left_pool: Instant,
    hot: Arc<HotConnections>,
    // Dropped last, so that the next statement finds the connection.
    _permit: OwnedSemaphorePermit,
    of_share: Option<SharePermit>,
    _of_units: Option<OwnedSemaphorePermit>,
}

/// The connection of a checkout. If dropped while its node is away, it is closed at once: sqlx's pool would wait for the
/// end of its statement, and have one connection less for the workspaces of other nodes.
struct Held {
    /// None once it was taken.
    connection: Option<PoolConnection<Postgres>>,
    node: Option<Arc<Node>>,
}

impl Held {
    fn take(mut self) -> PoolConnection<Postgres> {
        self.connection.take().expect("it is taken once")
    }
}

impl Deref for Held {
    type Target = PoolConnection<Postgres>;

    fn deref(&self) -> &PoolConnection<Postgres> {
        self.connection.as_ref().expect("it is taken last")
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PoolConnection<Postgres> {
        self.connection.as_mut().expect("it is taken last")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.node.as_ref().is_some_and(|node| node.is_away()) {
            drop(self.connection.take().map(PoolConnection::detach));
        }
    }
}

impl HotConnections {
    pub fn new(pool: PgPool, connections: u32, health: HealthSignal, large_lists: LargeLists) -> HotConnections {
        let permits = Arc::new(Semaphore::new(connections as usize));
        HotConnections { pool, health, large_lists, permits, idle: Mutex::default() }
    }

    /// Numbers of idle connections and of those in use.
    pub fn idle_and_used(&self) -> (u32, u32) {
        let idle = self.pool.num_idle() + self.idle().len();
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        (idle, self.pool.size().saturating_sub(idle))
    }

    /// Waits for permission to use a connection of this pool.
    pub async fn acquire_permit(&self) -> sqlx::Result<OwnedSemaphorePermit> {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => Ok(permit),
            Err(_) => match timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await {
                Ok(permit) => permit.map_err(|_| sqlx::Error::PoolClosed),
                Err(_) => self.health.observe(Err(sqlx::Error::PoolTimedOut)),
            },
        }
    }

    /// Checks out a connection that is beyond doubt or just checked. Cancel safe: a connection under check returns to
    /// sqlx's pool, and the permits are released.
    pub async fn checkout(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        of_share: Option<SharePermit>,
    ) -> sqlx::Result<Checkout> {
        let hot = Arc::clone(self);
        let node = of_share.as_ref().and_then(SharePermit::node);
        let held = |connection| Held { connection: Some(connection), node };
        loop {
            let Some(Idle { mut connection, left_pool, since }) = self.idle().pop() else { break };
            if self.health.may_use(&mut connection, since.elapsed()).await.unwrap_or(false) {
                let connection = held(connection);
                return Ok(Checkout { connection, left_pool, hot, _permit: permit, of_share, _of_units: None });
            }
            // Closed without `Terminate`, for which sqlx's pool would wait.
            drop(connection.detach());
        }
        let connection = held(self.health.observe(self.pool.acquire().await)?);
        Ok(Checkout { connection, left_pool: Instant::now(), hot, _permit: permit, of_share, _of_units: None })
    }

    /// Waits for connections in use, then closes all.
    pub async fn close(&self) {
        let closing = self.pool.close();
        self.idle().clear();
        closing.await;
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkout {
    /// Keeps a place among units in progress until the connection is returned.
    pub fn with(self, of_units: Option<OwnedSemaphorePermit>) -> Checkout {
        Checkout { _of_units: of_units, ..self }
    }

    /// All parts of a statement's result, within the limits of a request's rows.
    pub async fn fetch<'q>(&mut self, query: impl Execute<'q, Postgres> + 'q) -> sqlx::Result<Vec<Part>> {
        let parts = self.connection.fetch_many(query);
        self.hot.large_lists.collect(TimedRows::new(&self.hot.health, parts), self.of_share.as_ref()).await
    }

    /// The first row of a statement.
    pub async fn fetch_optional<'q>(&mut self, query: impl Execute<'q, Postgres> + 'q) -> sqlx::Result<Option<PgRow>> {
        self.hot.health.with_timeout(self.connection.fetch_optional(query)).await
    }

    /// The connection itself.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Returns a connection after a single statement with this outcome. Postgres ends the transaction of a single
    /// statement with it, so no check is needed.
    pub fn checkin<T>(self, outcome: &sqlx::Result<T>) {
        if outcome.as_ref().err().is_some_and(rows::has_rows_left) {
            // Closed, so that Postgres sends no more.
            drop(self.connection.take().detach());
        } else if matches!(outcome, Ok(_) | Err(sqlx::Error::Database(_))) && !self.hot.health.within(SUSPICION_WINDOW)
        {
            self.keep();
        }
    }

    /// Returns a connection after any other use. It is kept if Postgres has it outside of any transaction.
    pub async fn checkin_checked(mut self) {
        let health = self.hot.health.clone();
        match health.may_reuse(&mut self.connection).await {
            Ok(true) => self.keep(),
            // Closed without `Terminate`, for which sqlx's pool would wait.
            Ok(false) | Err(_) => drop(self.connection.take().detach()),
        }
    }

    fn keep(self) {
        let Checkout { connection, left_pool, hot, _permit, of_share: _of_share, _of_units } = self;
        let (connection, since) = (connection.take(), Instant::now());
        if since.duration_since(left_pool) < MAX_AGE {
            let mut idle = hot.idle();
            // Checked under the lock under which `close` clears the list.
            if !hot.pool.is_closed() {
                idle.push(Idle { connection, left_pool, since });
            }
        }
    }
}
