//! Health of the database connections: how a fault of one affects the others, how long a reply may take, and whether a
//! connection may be reused.

use super::REUSE_WITHOUT_CHECK;
use super::hosts;
use crate::error::{Error, Result};
use crate::store::sql::faults;
use futures_util::Stream;
use sqlx::{Connection, PgConnection};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, timeout};

/// Timeout of a connection check.
const REPLY_TIMEOUT: Duration = Duration::from_millis(500);

/// Timeout of any reply. Postgres itself ends a statement after [`hosts::LONGEST_STATEMENT`], which is less.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(25);

/// A statement cancelled after so long may have been sent to a host that is gone.
const SUSPICIOUS_WAIT: Duration = Duration::from_secs(5);

/// Time after a fault during which every connection is checked before reuse.
pub(super) const SUSPICION_WINDOW: Duration = Duration::from_secs(10);

type Rows<'e, T> = Pin<Box<dyn Stream<Item = sqlx::Result<T>> + Send + 'e>>;

/// Last connection fault, shared by the pools of one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct HealthSignal {
    last_fault: watch::Sender<Option<Instant>>,
    /// Number of connections closed because Postgres had them in a transaction when they were returned.
    closed_in_transaction: Arc<AtomicU64>,
    /// Number of statements that got no connection in time.
    acquire_timeouts: Arc<AtomicU64>,
}

/// A statement in progress. If dropped before `is_over`, its caller cancelled it.
#[derive(Debug)]
pub(super) struct InProgress {
    health: HealthSignal,
    began: Instant,
    pub is_over: bool,
}

impl HealthSignal {
    pub fn new() -> HealthSignal {
        HealthSignal {
            last_fault: watch::Sender::new(None),
            closed_in_transaction: Arc::default(),
            acquire_timeouts: Arc::default(),
        }
    }

    fn raise(&self) {
        self.last_fault.send_replace(Some(Instant::now()));
    }

    /// Signals each fault.
    pub fn subscribe(&self) -> watch::Receiver<Option<Instant>> {
        self.last_fault.subscribe()
    }

    /// Number of connections closed because they were returned in a transaction.
    pub fn closed_in_transaction(&self) -> u64 {
        self.closed_in_transaction.load(Relaxed)
    }

    /// Number of statements that got no connection in time.
    pub fn acquire_timeouts(&self) -> u64 {
        self.acquire_timeouts.load(Relaxed)
    }

    /// Starts to watch a statement.
    pub fn watch(&self) -> InProgress {
        InProgress { health: self.clone(), began: Instant::now(), is_over: false }
    }

    /// True if there was a fault within the last `time`.
    pub fn within(&self, time: Duration) -> bool {
        self.last_fault.borrow().is_some_and(|raised| raised.elapsed() <= time)
    }

    /// Passes on the outcome of a statement, and records a connection fault. A pool timeout puts no connection in
    /// doubt, but the database may have moved to another host.
    pub fn observe<T>(&self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        outcome.inspect_err(|fault| match fault {
            sqlx::Error::PoolTimedOut => {
                self.acquire_timeouts.fetch_add(1, Relaxed);
                self.last_fault.send_modify(|_| {});
            }
            fault if faults::is_of_connection(fault) => self.raise(),
            _ => {}
        })
    }

    /// Like [`HealthSignal::observe`], for a unit of work, whose statements run on the connection itself.
    pub fn observe_unit<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.inspect_err(|error| {
            if let Error::Unavailable(_) = error {
                self.raise();
            }
        })
    }

    /// Awaits a statement for at most [`SILENCE_TIMEOUT`], then observes the outcome.
    pub async fn with_timeout<T>(&self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        self.within_limit(SILENCE_TIMEOUT, statement).await
    }

    /// Awaits a statement for at most `limit`, then observes the outcome.
    pub async fn within_limit<T>(
        &self,
        limit: Duration,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        let statement = pin!(timeout(limit, statement));
        // Dropped before the statement and its connection.
        let mut watch = self.watch();
        let outcome = self.observe(statement.await.unwrap_or_else(|_| Err(silence())));
        watch.is_over = true;
        outcome
    }

    /// True if a connection that has been idle for so long may be used.
    pub async fn may_use(&self, connection: &mut PgConnection, idle: Duration) -> sqlx::Result<bool> {
        let is_beyond_doubt = idle < REUSE_WITHOUT_CHECK && !self.within(idle);
        if is_beyond_doubt { Ok(true) } else { self.takes_writes(connection).await }
    }

    /// True if a returned connection may be reused: it accepts writes, which is checked after a fault only, and
    /// Postgres has it outside of any transaction.
    pub async fn may_reuse(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        if self.within(SUSPICION_WINDOW) && !self.takes_writes(connection).await? {
            return Ok(false);
        }
        let is_idle = self.with_timeout(is_outside_transaction(connection)).await?;
        if !is_idle {
            self.closed_in_transaction.fetch_add(1, Relaxed);
            tracing::warn!("closed a database connection that was returned in a transaction");
        }
        Ok(is_idle)
    }

    async fn takes_writes(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        let asked = timeout(REPLY_TIMEOUT, hosts::takes_writes(connection)).await;
        let takes_writes = self.observe(asked.unwrap_or_else(|_| Err(silence())))?;
        if !takes_writes {
            self.raise();
        }
        Ok(takes_writes)
    }
}

/// True if Postgres reports the connection outside of any transaction, by the status in `ReadyForQuery`. Of sqlx's
/// public functions `begin_with` alone reads it: with a statement that begins nothing it fails unless the status is "in
/// a transaction". A failed transaction refuses the statement itself.
async fn is_outside_transaction(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match connection.begin_with("select").await {
        Err(sqlx::Error::BeginFailed) => Ok(true),
        Ok(_) | Err(sqlx::Error::InvalidSavePointStatement | sqlx::Error::Database(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

pub(super) fn silence() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

impl Drop for InProgress {
    fn drop(&mut self) {
        if !self.is_over && self.began.elapsed() > SUSPICIOUS_WAIT {
            self.health.raise();
        }
    }
}

/// The rows of a statement, with a timeout of [`SILENCE_TIMEOUT`] for each.
pub(super) struct TimedRows<'e, T> {
    // Dropped before the statement and its connection.
    watch: InProgress,
    rows: Rows<'e, T>,
    /// Runs while a row is awaited.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<'e, T> TimedRows<'e, T> {
    pub fn new(health: &HealthSignal, rows: Rows<'e, T>) -> TimedRows<'e, T> {
        TimedRows { watch: health.watch(), rows, timer: None }
    }
}

impl<T> Stream for TimedRows<'_, T> {
    type Item = sqlx::Result<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<sqlx::Result<T>>> {
        let this = self.get_mut();
        if this.watch.is_over {
            return Poll::Ready(None);
        }
        let row = match this.rows.as_mut().poll_next(context) {
            Poll::Ready(row) => row,
            Poll::Pending => {
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(SILENCE_TIMEOUT)));
                ready!(timer.as_mut().poll(context));
                Some(Err(silence()))
            }
        };
        this.timer = None;
        let row = row.map(|row| this.watch.health.observe(row));
        this.watch.is_over = row.as_ref().is_none_or(|row| row.is_err());
        Poll::Ready(row)
    }
}
