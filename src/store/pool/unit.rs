//! Units of work. Each runs in its own task, which outlives a dropped request: once it has a connection it completes,
//! even if its caller has gone. So `begin` is never cancelled midway either, after which sqlx 0.9 would hand out a
//! connection that is still in the transaction. There are at most as many units as connections.

use super::connections::{Answer, Answers};
use super::health::{HealthSignal, silence};
use super::hot::{Checkout, Part};
use super::shard::ShardStatements;
use super::{Connections, Pools};
use crate::error::Result;
use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgArguments, PgRow, PgTypeInfo};
use sqlx::{Connection, Execute, Executor, PgConnection, Postgres, SqlStr};
use std::ops::{Deref, DerefMut};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Timeout of a unit of several statements, the same as that of a request.
const UNIT_LIMIT: Duration = Duration::from_secs(30);

/// Begins a transaction that reads from one snapshot.
const SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// The work of a unit on its connection. The trait only names the bound, see [`Connections::transact`].
pub(in crate::store) trait Work<T>:
    for<'c> FnOnce(&'c mut UnitConnection<'c>) -> BoxFuture<'c, Result<T>> + Send + 'static
{
}

impl<T, W> Work<T> for W where W: for<'c> FnOnce(&'c mut UnitConnection<'c>) -> BoxFuture<'c, Result<T>> + Send + 'static
{}

/// The connection of a unit. On a cluster it sends statements of several parts to the node of their workspace.
#[derive(Debug)]
pub(in crate::store) struct UnitConnection<'c> {
    connection: &'c mut PgConnection,
    /// None on one Postgres, and for reads.
    shards: Option<&'c ShardStatements>,
}

impl Deref for UnitConnection<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection
    }
}

impl DerefMut for UnitConnection<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection
    }
}

impl<'c> Executor<'c> for &'c mut UnitConnection<'_> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, mut query: E) -> Answers<'e, Part>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let Some(shards) = self.shards else { return self.connection.fetch_many(query) };
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        let parts = async move {
            let sql = shards.sent(self.connection, sql).await?;
            Ok(self.connection.fetch_many((sql, arguments?)))
        };
        Box::pin(parts.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, mut query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let Some(shards) = self.shards else { return self.connection.fetch_optional(query) };
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        Box::pin(async move {
            let sql = shards.sent(self.connection, sql).await?;
            self.connection.fetch_optional((sql, arguments?)).await
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
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}

impl Connections {
    /// Runs one statement; calls `done` after success.
    pub async fn statement(
        &self,
        sql: SqlStr,
        arguments: Option<PgArguments>,
        done: impl FnOnce() + Send + 'static,
    ) -> sqlx::Result<Vec<Part>> {
        let pools = Arc::clone(&self.pools);
        self.in_task(move |mut checkout, answer| async move {
            let parts = async {
                let sql = pools.sent(checkout.connection(), sql).await?;
                checkout.fetch((sql, arguments)).await
            };
            let parts = parts.await.inspect(|_| done());
            finish(checkout, answer, parts).await;
        })
        .await?
    }

    /// Like [`Connections::statement`], for its first row.
    pub async fn first_row(
        &self,
        sql: SqlStr,
        arguments: Option<PgArguments>,
        done: impl FnOnce() + Send + 'static,
    ) -> sqlx::Result<Option<PgRow>> {
        let pools = Arc::clone(&self.pools);
        self.in_task(move |mut checkout, answer| async move {
            let row = async {
                let sql = pools.sent(checkout.connection(), sql).await?;
                checkout.fetch_optional((sql, arguments)).await
            };
            let row = row.await.inspect(|_| done());
            finish(checkout, answer, row).await;
        })
        .await?
    }

    /// Runs statements that each commit by themselves; calls `done` after all have succeeded.
    pub async fn run<T: Send + 'static>(&self, work: impl Work<T>, done: impl FnOnce() + Send + 'static) -> Result<T> {
        let pools = Arc::clone(&self.pools);
        self.in_task(move |mut checkout, answer| async move {
            let mut unit = UnitConnection { connection: checkout.connection(), shards: pools.shards.as_ref() };
            let outcome = limited(&pools.health, work(&mut unit)).await.inspect(|_| done());
            finish(checkout, answer, outcome).await;
        })
        .await?
    }

    /// Runs statements in one transaction, started by `begin`; calls `done` after the commit. Rolls back if `work`
    /// fails.
    pub async fn transact<T: Send + 'static>(
        &self,
        begin: &'static str,
        work: impl Work<T>,
        done: impl FnOnce() + Send + 'static,
    ) -> Result<T> {
        let pools = Arc::clone(&self.pools);
        self.in_task(move |mut checkout, answer| async move {
            let transaction = transaction(&pools, checkout.connection(), begin, work);
            let outcome = limited(&pools.health, transaction).await.inspect(|_| done());
            // The caller may have gone. It does not wait for the check.
            let _ = answer.send(outcome);
            checkout.checkin_checked().await;
        })
        .await?
    }

    /// Runs several units of work, one after the other, in a task of their own: each returns its connection before the
    /// next one, and all are run even if the caller has gone.
    pub async fn in_sequence<T: Send + 'static>(
        &self,
        units: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self.pools.units.spawn(units).await {
            Ok(outcome) => outcome,
            Err(fault) if fault.is_panic() => resume_unwind(fault.into_panic()),
            Err(_) => Err(sqlx::Error::PoolClosed.into()),
        }
    }

    /// Reads from one consistent snapshot, in one transaction.
    pub async fn snapshot<T: Send + 'static>(&self, work: impl Work<T>) -> Result<T> {
        self.transact(SNAPSHOT, work, || {}).await
    }

    /// Awaits a task's answer. If dropped before there is a connection, nothing has begun; if dropped later, the task
    /// continues. So it does if its node is away meanwhile: what becomes of it is not known then.
    async fn in_task<T, F>(&self, work: impl FnOnce(Checkout, oneshot::Sender<T>) -> F) -> sqlx::Result<T>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let checkout = self.while_node_answers(self.checkout()).await?;
        let mut watch = self.pools.health.watch();
        let (answer, answered) = oneshot::channel();
        let task = self.pools.units.spawn(work(checkout, answer));
        let outcome = self.while_node_answers(async {
            match answered.await {
                Ok(outcome) => Ok(outcome),
                Err(_) => match task.await {
                    Err(fault) if fault.is_panic() => resume_unwind(fault.into_panic()),
                    _ => Err(sqlx::Error::PoolClosed),
                },
            }
        });
        let outcome = outcome.await;
        watch.is_over = true;
        outcome
    }
}

/// Ends a unit without a transaction of its own. Answers first, so that a check delays no caller. After success the
/// connection needs none, since Postgres ends the transaction of a single statement with it; a check is a round trip in
/// which no other statement can have the connection.
async fn finish<T, E>(
    checkout: Checkout,
    answer: oneshot::Sender<std::result::Result<T, E>>,
    outcome: std::result::Result<T, E>,
) {
    let is_complete = outcome.is_ok();
    // The caller may have gone.
    let _ = answer.send(outcome);
    match is_complete {
        true => checkout.checkin(&Ok(())),
        false => checkout.checkin_checked().await,
    }
}

async fn limited<T>(health: &HealthSignal, unit: impl Future<Output = Result<T>>) -> Result<T> {
    match timeout(UNIT_LIMIT, unit).await {
        Ok(outcome) => health.observe_unit(outcome),
        Err(_) => Ok(health.observe(Err(silence()))?),
    }
}

async fn transaction<T>(
    Pools { health, shards, .. }: &Pools,
    connection: &mut PgConnection,
    begin: &'static str,
    work: impl Work<T>,
) -> Result<T> {
    let mut transaction = health.with_timeout(connection.begin_with(begin)).await?;
    let outcome = {
        // A call on the shard takes a lock, which is refused to one that only reads.
        let shards = shards.as_ref().filter(|_| begin != SNAPSHOT);
        let mut unit = UnitConnection { connection: &mut transaction, shards };
        work(&mut unit).await
    };
    match outcome {
        Ok(value) => {
            health.with_timeout(transaction.commit()).await?;
            Ok(value)
        }
        Err(error) => {
            // If this fails, too, the connection is lost, and its transaction with it.
            let _ = health.with_timeout(transaction.rollback()).await;
            Err(error)
        }
    }
}
