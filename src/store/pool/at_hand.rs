//! Connections that go from one statement straight to the next. sqlx's pool asks each connection that comes back to it
//! whether it lives, and while it does, nobody has that connection; beside a statement that takes next to no time this is
//! long. So those at work do not go back.

use super::{ACQUIRE_TIMEOUT, Heard, Part, Pool, WARY};
use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{Execute, Executor, Postgres};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// After so long a connection goes back to the pool, which replaces those that are old.
const SHIFT: Duration = Duration::from_secs(60);

/// The connections of a pool, all of which are for single statements.
#[derive(Debug)]
pub(super) struct AtHand {
    /// As many as the pool has connections, so nobody who has one waits for the pool.
    places: Semaphore,
    free: Mutex<Vec<Free>>,
}

/// A connection out of the pool, and free.
#[derive(Debug)]
struct Free {
    connection: PoolConnection<Postgres>,
    /// When it left the pool.
    left: Instant,
    /// When its last statement was over.
    since: Instant,
}

/// A connection at work. Dropped in the middle of a statement, it goes back to the pool, which sets it right.
struct Held<'a> {
    connection: PoolConnection<Postgres>,
    left: Instant,
    // Let go of last: whoever comes next finds the connection.
    _place: SemaphorePermit<'a>,
}

impl AtHand {
    pub fn new(connections: u32) -> AtHand {
        AtHand { places: Semaphore::new(connections as usize), free: Mutex::default() }
    }

    /// How many rest.
    pub fn resting(&self) -> u32 {
        u32::try_from(self.free().len()).unwrap_or(u32::MAX)
    }

    /// Gives those that rest back to the pool.
    pub fn give_back(&self) {
        self.free().clear();
    }

    /// All that a statement gives. Its rows are kept until all are there, and the connection is free before the first of
    /// them is looked at.
    pub async fn fetch<'q>(&self, pool: &Pool, query: impl Execute<'q, Postgres> + 'q) -> sqlx::Result<Vec<Part>> {
        let mut held = self.hold(pool).await?;
        let parts = held.connection.fetch_many(query);
        let parts = Heard { watch: pool.alarm.watch(), rows: parts, patience: None }.try_collect().await;
        self.put_back(held, pool, parts)
    }

    /// The first row of a statement.
    pub async fn fetch_optional<'q>(
        &self,
        pool: &Pool,
        query: impl Execute<'q, Postgres> + 'q,
    ) -> sqlx::Result<Option<PgRow>> {
        let mut held = self.hold(pool).await?;
        let row = pool.alarm.bound(held.connection.fetch_optional(query)).await;
        self.put_back(held, pool, row)
    }

    /// A connection that is beyond doubt, or has just been asked.
    async fn hold(&self, pool: &Pool) -> sqlx::Result<Held<'_>> {
        let _place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => match timeout(ACQUIRE_TIMEOUT, self.places.acquire()).await {
                Ok(place) => place.map_err(|_| sqlx::Error::PoolClosed)?,
                Err(_) => return pool.alarm.hear(Err(sqlx::Error::PoolTimedOut)),
            },
        };
        loop {
            let Some(Free { mut connection, left, since }) = self.free().pop() else { break };
            if pool.alarm.may_use(&mut connection, since.elapsed()).await.unwrap_or(false) {
                return Ok(Held { connection, left, _place });
            }
            // Without a farewell, for which the pool would wait.
            drop(connection.detach());
        }
        Ok(Held { connection: pool.acquire().await?, left: Instant::now(), _place })
    }

    /// Puts a connection where the next statement finds it, if nothing speaks against it.
    fn put_back<T>(&self, held: Held<'_>, pool: &Pool, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        let Held { connection, left, _place } = held;
        let since = Instant::now();
        let is_good = matches!(outcome, Ok(_) | Err(sqlx::Error::Database(_)));
        if is_good && since.duration_since(left) < SHIFT && !pool.alarm.within(WARY) {
            let mut free = self.free();
            // Looked at under the lock under which they are given back once the pool is closed.
            if !pool.connections.is_closed() {
                free.push(Free { connection, left, since });
            }
        }
        outcome
    }

    fn free(&self) -> MutexGuard<'_, Vec<Free>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
