//! Limits of the rows that requests hold in memory. The first [`FREE`] bytes of a statement count nothing. A statement with
//! more takes the maximum of one list from the budget of all, in one step, so that two that wait for more cannot block each
//! other; it returns the rest with its last row, and its share when the response is made. Of a workspace, one request at a
//! time has a share, so that others find one. A statement over the maximum ends with an error for the client.
//!
//! What runs outside of requests, as the sweeper and the command line do, is not limited.

use super::connections::{Answer, Answers};
use super::hot::Part;
use super::share::SharePermit;
use futures_util::{Stream, TryFutureExt, TryStreamExt, stream};
use sqlx::postgres::{PgRow, PgTypeInfo};
use sqlx::{Either, Execute, Executor, PgConnection, Postgres, Row, SqlStr};
use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Bytes of a statement's rows that need no share.
const FREE: usize = 1024 * 1024;

/// Maximum without a share: of a batch, or a page that is read in a unit of work.
const MAX_UNCOUNTED: usize = 4 * FREE;

/// Maximum of one statement: ten thousand phones, the largest page, with some metadata. The rows, the values made of them,
/// of which some repeat a column, and the response are in memory, in part at the same time.
const MAX_STATEMENT: usize = 8 * FREE;

/// Maximum of all statements with shares.
const MAX_OF_ALL: usize = 2 * MAX_STATEMENT;

/// Unit of the budget.
const KIB: usize = 1024;

/// Timeout of the wait for a share. Postgres and a connection wait, too; less than the deadline of short statements.
const MAX_WAIT: Duration = Duration::from_secs(2);

tokio::task_local! {
    static SCOPE: Scope;
}

/// What the current task reads rows for.
enum Scope {
    /// A request, with the shares that it has.
    Request(RefCell<Vec<RowShare>>),
    /// Several requests, none of which waits for the rows of another.
    Batch,
}

/// Runs a request until its response is made.
pub(in crate::store) async fn of_request<T>(request: impl Future<Output = T>) -> T {
    SCOPE.scope(Scope::Request(RefCell::default()), request).await
}

/// Runs statements that several requests share.
pub(in crate::store) async fn of_batch<T>(batch: impl Future<Output = T>) -> T {
    SCOPE.scope(Scope::Batch, batch).await
}

/// Rows that are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::store) enum RowsRefused {
    #[error("the rows of a statement are over {0} bytes")]
    TooLarge(usize),
    #[error("large lists of others were read for {} s", MAX_WAIT.as_secs())]
    TimedOut,
}

impl From<RowsRefused> for sqlx::Error {
    /// No connection is in doubt.
    fn from(refused: RowsRefused) -> sqlx::Error {
        sqlx::Error::Configuration(Box::new(refused))
    }
}

/// True for a fault after which rows of the statement are left.
pub(super) fn has_rows_left(fault: &sqlx::Error) -> bool {
    matches!(fault, sqlx::Error::Configuration(cause) if cause.is::<RowsRefused>())
}

/// The budget of all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct RowBudget(Arc<Semaphore>);

/// A part of the budget.
#[derive(Debug)]
struct RowShare {
    /// The workspace's turn; none for the further shares of a request.
    _turn: Option<OwnedSemaphorePermit>,
    of_all: OwnedSemaphorePermit,
}

impl RowBudget {
    pub fn new() -> RowBudget {
        RowBudget(Arc::new(Semaphore::new(MAX_OF_ALL / KIB)))
    }

    /// The parts of a statement's result, within the limits of the current task.
    pub async fn collect(
        &self,
        parts: impl Stream<Item = sqlx::Result<Part>>,
        of_share: Option<&SharePermit>,
    ) -> sqlx::Result<Vec<Part>> {
        let mut parts = pin!(parts);
        let (mut collected, mut bytes, mut limit, mut share) = (Vec::new(), 0, FREE, None);
        while let Some(part) = parts.try_next().await? {
            bytes += size(&part);
            if bytes > limit {
                (limit, share) = match scope() {
                    None => (usize::MAX, None),
                    Some(Limit::Batch) if limit == FREE => (MAX_UNCOUNTED, None),
                    Some(Limit::Request { has_share }) if limit == FREE => {
                        (MAX_STATEMENT, Some(self.take(of_share.filter(|_| !has_share)).await?))
                    }
                    Some(_) => return Err(RowsRefused::TooLarge(limit).into()),
                };
                if bytes > limit {
                    return Err(RowsRefused::TooLarge(limit).into());
                }
            }
            collected.push(part);
        }
        if let Some(share) = share {
            keep(share.of_size(bytes));
        }
        Ok(collected)
    }

    /// Waits for the maximum of a statement.
    async fn take(&self, of_share: Option<&SharePermit>) -> sqlx::Result<RowShare> {
        let taken = timeout(MAX_WAIT, async {
            let turn = match of_share {
                Some(of_share) => Some(of_share.large_list().acquire_owned().await?),
                None => None,
            };
            let count = u32::try_from(MAX_STATEMENT / KIB).expect("the maximum is small");
            let of_all = Arc::clone(&self.0).acquire_many_owned(count).await?;
            Ok::<_, tokio::sync::AcquireError>(RowShare { _turn: turn, of_all })
        });
        match taken.await {
            Ok(share) => Ok(share.expect("the budget is never closed")),
            Err(_) => Err(RowsRefused::TimedOut.into()),
        }
    }
}

impl RowShare {
    /// Returns what is more than this many bytes.
    fn of_size(mut self, bytes: usize) -> RowShare {
        drop(self.of_all.split(self.of_all.num_permits().saturating_sub(bytes.div_ceil(KIB))));
        self
    }
}

/// The limit of the current task; none outside of requests.
enum Limit {
    Request { has_share: bool },
    Batch,
}

fn scope() -> Option<Limit> {
    let limit = |scope: &Scope| match scope {
        Scope::Request(shares) => Limit::Request { has_share: !shares.borrow().is_empty() },
        Scope::Batch => Limit::Batch,
    };
    SCOPE.try_with(limit).ok()
}

/// Keeps a share until the request's response is made.
fn keep(share: RowShare) {
    let _ = SCOPE.try_with(|scope| {
        if let Scope::Request(shares) = scope {
            shares.borrow_mut().push(share);
        }
    });
}

/// Roughly the memory that a part takes: the values, which Postgres sends one after another, and where each is.
fn size(part: &Part) -> usize {
    let Either::Right(row) = part else { return 0 };
    let value = |column| row.try_get_raw(column).ok()?.as_bytes().ok();
    let first = (0..row.len()).find_map(value);
    let last = (0..row.len()).rev().find_map(value);
    let values = match (first, last) {
        (Some(first), Some(last)) => last.as_ptr_range().end.addr().saturating_sub(first.as_ptr().addr()),
        _ => 0,
    };
    values + size_of::<PgRow>() + row.len() * size_of::<Option<std::ops::Range<u32>>>()
}

/// The connection of a unit of work, for a page of a request: its rows have a maximum.
pub(in crate::store) struct Page<'c>(pub &'c mut PgConnection);

impl std::fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Page")
    }
}

impl<'c> Executor<'c> for Page<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Answers<'e, Part>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        // No share is needed up to this maximum.
        let parts = async move {
            let parts = of_batch(RowBudget::new().collect(self.0.fetch_many(query), None)).await?;
            Ok(stream::iter(parts.into_iter().map(Ok)))
        };
        Box::pin(parts.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.0.fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> Answer<'e, <Postgres as sqlx::Database>::Statement>
    where
        'c: 'e,
    {
        self.0.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        self.0.describe(sql)
    }
}
