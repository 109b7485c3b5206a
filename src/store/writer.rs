//! The only way to change data. A [`Writer`] is an executor of a single statement, or runs several; either way it is a
//! unit of work that completes once begun, see [`crate::store::pool`]. The pool itself is for reads: a test finds statements
//! that change data and are executed on it.

use crate::error::Result;
use crate::store::Store;
use crate::store::pool::{Answer, Answers, Part, Work};
use futures_util::{TryFutureExt, stream};
use sqlx::postgres::{PgRow, PgTypeInfo};
use sqlx::{Execute, Executor, Postgres, SqlStr};

/// Executes units of work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'s> {
    store: &'s Store,
    /// Whether subscribers are notified of new events when the unit is committed.
    emits_events: bool,
}

impl Store {
    /// Writer for changes that cause no events.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer { store: self, emits_events: false }
    }

    /// Writer for changes that cause events.
    pub(super) fn emitter(&self) -> Writer<'_> {
        Writer { store: self, emits_events: true }
    }
}

impl Writer<'_> {
    /// Runs statements in one transaction, which commits if `work` succeeds.
    pub async fn transact<T: Send + 'static>(self, work: impl Work<T>) -> Result<T> {
        self.transact_with("begin", work).await
    }

    /// Like [`Writer::transact`], in a transaction that `begin` starts.
    pub async fn transact_with<T: Send + 'static>(self, begin: &'static str, work: impl Work<T>) -> Result<T> {
        self.store.pool.transact(begin, work, self.notification()).await
    }

    /// Runs statements that each commit by themselves.
    pub async fn run<T: Send + 'static>(self, work: impl Work<T>) -> Result<T> {
        self.store.pool.run(work, self.notification()).await
    }

    /// Part of the unit, so that subscribers are notified even if the caller has gone.
    fn notification(self) -> impl FnOnce() + Send + 'static {
        let store = self.emits_events.then(|| self.store.clone());
        move || {
            if let Some(store) = store {
                store.notify(store.pool.workspace());
            }
        }
    }
}

impl<'s> Executor<'s> for Writer<'s> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, mut query: E) -> Answers<'e, Part>
    where
        's: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        let parts = async move {
            let parts = self.store.pool.statement(sql, arguments?, self.notification()).await?;
            Ok(stream::iter(parts.into_iter().map(Ok)))
        };
        Box::pin(parts.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, mut query: E) -> Answer<'e, Option<PgRow>>
    where
        's: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        Box::pin(async move { self.store.pool.first_row(sql, arguments?, self.notification()).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> Answer<'e, <Postgres as sqlx::Database>::Statement>
    where
        's: 'e,
    {
        self.store.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        's: 'e,
    {
        self.store.pool.describe(sql)
    }
}
