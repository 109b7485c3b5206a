//! The connections to the database, for as long as they are good. A connection that was lately at work is handed out
//! without a question. One that has rested, or that rested while another one failed, is asked whether it still takes
//! writes; so a restart of Postgres, or a standby in its place, costs those who were in the middle of a statement and
//! nobody after them. No statement waits for ever for a machine that is gone.

mod at_hand;

use super::hosts::Hosts;
use at_hand::AtHand;
use futures_util::{Stream, TryFutureExt, stream};
use sqlx::postgres::{PgPool, PgPoolOptions, PgQueryResult, PgRow, PgTypeInfo};
use sqlx::{Either, Execute, Executor, PgConnection, Postgres, SqlStr};
use std::io;
use std::ops::{Deref, DerefMut};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, timeout};

/// How long a request waits for a connection before it is told that the database is away.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// After so long at rest a connection is asked before it is used; one at work is not. Postgres takes longer to start.
const RESTED: Duration = Duration::from_millis(50);

/// The longest that a good connection takes to say so.
const REPLY: Duration = Duration::from_millis(500);

/// A statement that has no answer by then never will: Postgres itself ends what takes longer than
/// [`super::hosts::LONGEST_STATEMENT`].
const SILENCE: Duration = Duration::from_secs(25);

/// Whoever gives up a statement after so long may have waited for a machine that is gone.
const LONG: Duration = Duration::from_secs(5);

/// Within which a statement answers that takes no time to speak of, a connection for it included.
const PROMPT: Duration = Duration::from_secs(4);

/// For so long after a fault, whatever comes back to the pool is asked, too.
const WARY: Duration = Duration::from_secs(10);

type Answers<'e, T> = Pin<Box<dyn Stream<Item = sqlx::Result<T>> + Send + 'e>>;
/// A row, or what a statement did.
type Part = Either<PgQueryResult, PgRow>;
type Answer<'e, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'e>>;

/// The connections of one server.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    connections: PgPool,
    alarm: Alarm,
    /// Of a pool for single statements only.
    at_hand: Option<Arc<AtHand>>,
}

/// When a connection last failed, and a bell for who must look into it.
#[derive(Debug, Clone)]
struct Alarm(watch::Sender<Option<Instant>>);

impl Pool {
    /// Opens a first connection, to fail early.
    pub async fn open(hosts: Hosts, connections: u32) -> sqlx::Result<Pool> {
        Pool::alarmed(Alarm(watch::Sender::new(None)), hosts, connections).await
    }

    /// Other connections to the same database, for single statements only: what one of either learns, all doubt.
    pub async fn beside(&self, hosts: Hosts, connections: u32) -> sqlx::Result<Pool> {
        let pool = Pool::alarmed(self.alarm.clone(), hosts, connections).await?;
        Ok(Pool { at_hand: Some(Arc::new(AtHand::new(connections))), ..pool })
    }

    async fn alarmed(alarm: Alarm, hosts: Hosts, connections: u32) -> sqlx::Result<Pool> {
        let (before, after) = (alarm.clone(), alarm.clone());
        let options = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, life| {
                let alarm = before.clone();
                Box::pin(async move { alarm.may_use(connection, life.idle_for).await })
            })
            // The pool asks each connection that comes back, and would wait for ever for one that is gone.
            .after_release(move |connection, _| {
                let alarm = after.clone();
                Box::pin(async move { if alarm.within(WARY) { alarm.is_fit(connection).await } else { Ok(true) } })
            });
        let connections = options.connect_with(hosts.writable().await?).await?;
        if hosts.are_several() {
            tokio::spawn(follow(hosts, connections.clone(), alarm.0.subscribe()));
        }
        Ok(Pool { connections, alarm, at_hand: None })
    }

    /// A connection for several statements.
    pub async fn acquire(&self) -> sqlx::Result<sqlx::pool::PoolConnection<Postgres>> {
        self.alarm.hear(self.connections.acquire().await)
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        let inner = self.alarm.bound(self.connections.begin()).await?;
        Ok(Transaction { watch: self.alarm.watch(), inner })
    }

    /// Begins a transaction that only looks, and whose statements all see the same moment.
    pub async fn begin_moment(&self) -> sqlx::Result<Transaction> {
        let begun = self.connections.begin_with("begin isolation level repeatable read read only");
        let inner = self.alarm.bound(begun).await?;
        Ok(Transaction { watch: self.alarm.watch(), inner })
    }

    /// What comes of a statement that takes no time to speak of. Without an answer soon, the database is away: those who
    /// wait behind it are not kept for as long as a long statement may take.
    pub async fn promptly<T>(&self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        self.alarm.hear(timeout(PROMPT, statement).await.unwrap_or_else(|_| Err(silence())))
    }

    /// How many connections rest, and how many are at work.
    pub fn resting_and_working(&self) -> (u32, u32) {
        let in_pool = u32::try_from(self.connections.num_idle()).unwrap_or(u32::MAX);
        let resting = in_pool + self.at_hand.as_ref().map_or(0, |at_hand| at_hand.resting());
        (resting, self.connections.size().saturating_sub(resting))
    }

    /// Waits for the statements under way and lets go of every connection.
    pub async fn close(&self) {
        let closing = self.connections.close();
        if let Some(at_hand) = &self.at_hand {
            at_hand.give_back();
        }
        closing.await;
    }
}

/// Points the pool to the host that takes writes, whenever there was a fault.
async fn follow(hosts: Hosts, connections: PgPool, mut alarm: watch::Receiver<Option<Instant>>) {
    let closed = connections.close_event();
    let watching = async {
        while alarm.changed().await.is_ok() {
            loop {
                match hosts.writable().await {
                    Ok(options) => break connections.set_connect_options(options),
                    Err(fault) => tracing::warn!(%fault, "no database host takes writes; looking on"),
                }
            }
        }
    };
    tokio::select! {
        () = closed => {}
        () = watching => {}
    }
}

impl Alarm {
    fn raise(&self) {
        self.0.send_replace(Some(Instant::now()));
    }

    /// Begins to watch a statement.
    fn watch(&self) -> Watch {
        Watch { alarm: self.clone(), began: Instant::now(), is_over: false }
    }

    /// Whether there was a fault within the last so and so much time.
    fn within(&self, time: Duration) -> bool {
        self.0.borrow().is_some_and(|raised| raised.elapsed() <= time)
    }

    /// Passes on what came of a statement, and remembers a fault of the connection. That there was none to be had says
    /// nothing of the others, but may mean that the database is elsewhere.
    fn hear<T>(&self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        outcome.inspect_err(|fault| match fault {
            sqlx::Error::PoolTimedOut => self.0.send_modify(|_| {}),
            fault if super::fault::is_of_connection(fault) => self.raise(),
            _ => {}
        })
    }

    /// The same for what is to come, if it comes in time.
    async fn bound<T>(&self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        let statement = pin!(timeout(SILENCE, statement));
        // Let go of before the statement and its connection are.
        let mut watch = self.watch();
        let outcome = self.hear(statement.await.unwrap_or_else(|_| Err(silence())));
        watch.is_over = true;
        outcome
    }

    /// Whether a connection that has rested for so long may be used. One that was lately at work is not asked.
    async fn may_use(&self, connection: &mut PgConnection, rested: Duration) -> sqlx::Result<bool> {
        let is_beyond_doubt = rested < RESTED && !self.within(rested);
        if is_beyond_doubt { Ok(true) } else { self.is_fit(connection).await }
    }

    /// Whether a connection answers and takes writes.
    async fn is_fit(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        let asked = timeout(REPLY, super::hosts::takes_writes(connection)).await;
        let is_fit = self.hear(asked.unwrap_or_else(|_| Err(silence())))?;
        if !is_fit {
            self.raise();
        }
        Ok(is_fit)
    }
}

fn silence() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

impl<'c> Executor<'c> for &'c Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Answers<'e, Part>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        if let Some(at_hand) = &self.at_hand {
            let parts = at_hand.fetch(self, query).map_ok(|parts| stream::iter(parts.into_iter().map(Ok)));
            return Box::pin(parts.try_flatten_stream());
        }
        let rows: Answers<'e, _> = self.connections.fetch_many(query);
        Box::pin(Heard { watch: self.alarm.watch(), rows, patience: None })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match &self.at_hand {
            Some(at_hand) => Box::pin(at_hand.fetch_optional(self, query)),
            None => Box::pin(self.alarm.bound(self.connections.fetch_optional(query))),
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> Answer<'e, <Postgres as sqlx::Database>::Statement>
    where
        'c: 'e,
    {
        Box::pin(self.alarm.bound(self.connections.prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        Box::pin(self.alarm.bound(self.connections.describe(sql)))
    }
}

/// The rows of a statement as they come, as long as they come.
struct Heard<'e, T> {
    // Let go of before the statement and its connection are.
    watch: Watch,
    rows: Answers<'e, T>,
    /// While a row is waited for: how much longer.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<T> Stream for Heard<'_, T> {
    type Item = sqlx::Result<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<sqlx::Result<T>>> {
        let heard = self.get_mut();
        if heard.watch.is_over {
            return Poll::Ready(None);
        }
        let row = match heard.rows.as_mut().poll_next(context) {
            Poll::Ready(row) => row,
            Poll::Pending => {
                let patience = heard.patience.get_or_insert_with(|| Box::pin(sleep(SILENCE)));
                ready!(patience.as_mut().poll(context));
                Some(Err(silence()))
            }
        };
        heard.patience = None;
        let row = row.map(|row| heard.watch.alarm.hear(row));
        heard.watch.is_over = row.as_ref().is_none_or(|row| row.is_err());
        Poll::Ready(row)
    }
}

/// A transaction, which is rolled back unless it is committed.
#[derive(Debug)]
pub(super) struct Transaction {
    // Before the connection, which goes back to the pool when it is dropped.
    watch: Watch,
    inner: sqlx::Transaction<'static, Postgres>,
}

/// Sees to it that what is given up because nobody answers is known for what it is.
#[derive(Debug)]
struct Watch {
    alarm: Alarm,
    began: Instant,
    is_over: bool,
}

impl Transaction {
    pub async fn commit(mut self) -> sqlx::Result<()> {
        let alarm = self.watch.alarm.clone();
        let outcome = alarm.bound(self.inner.commit()).await;
        self.watch.is_over = true;
        outcome
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.is_over && self.began.elapsed() > LONG {
            self.alarm.raise();
        }
    }
}
