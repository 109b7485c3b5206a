//! Limits of the rows that requests hold in memory. The first [`FREE`] bytes of a statement count nothing. Of requests with
//! more, one at a time reads on, until its response is made; the others wait for a short time. Of a workspace one waits for
//! that, and the rest for their workspace's turn, so that another workspace waits for one list. No statement holds a
//! connection while it waits: it starts again later. One whose rows were large the last time waits before it starts. A
//! statement over the maximum ends with an error for the client. Decoding and encoding a large list take up to 0.1 s, which
//! a thread of its own spends, so that the async workers go on with other requests.
//!
//! What runs outside of requests, as the sweeper and the command line do, is not limited.

use super::connections::{Answer, Answers};
use super::hot::Part;
use super::share::{Share, SharePermit};
use futures_util::{Stream, TryFutureExt, TryStreamExt, stream};
use sqlx::postgres::{PgRow, PgTypeInfo};
use sqlx::{Either, Execute, Executor, PgConnection, Postgres, Row, SqlStr};
use std::cell::RefCell;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{block_in_place, yield_now};
use tokio::time::timeout;

/// Bytes of a statement's rows that need no share.
const FREE: usize = 1024 * 1024;

/// Maximum without a share: of a batch, or a page that is read in a unit of work.
const MAX_UNCOUNTED: usize = 4 * FREE;

/// Maximum of one statement: ten thousand phones, the largest page, with some metadata. The rows, the values made of them,
/// of which some repeat a column, and the response are in memory, in part at the same time.
const MAX_STATEMENT: usize = 8 * FREE;

/// Timeout of the wait for a share; less than the deadline of short statements.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// Timeout of the rows that need a share, so that a slow search does not keep it.
const MAX_READ: Duration = Duration::from_secs(2);

tokio::task_local! {
    static SCOPE: Scope;
}

/// What the current task reads rows for.
enum Scope {
    /// A request, with its share if it has one.
    Request(RefCell<Option<RowShare>>),
    /// Several requests, none of which waits for the rows of another.
    Batch,
}

/// Runs a request until its response is made; outside of the async workers once it has read a large list.
pub(in crate::store) async fn of_request<T>(request: impl Future<Output = T>) -> T {
    let mut request = pin!(request);
    let polled = poll_fn(|context| match has_large_list() {
        true => block_in_place(|| request.as_mut().poll(context)),
        false => request.as_mut().poll(context),
    });
    SCOPE.scope(Scope::Request(RefCell::default()), polled).await
}

/// Whether the rest of the request takes long. A runtime of one thread has no other that could go on.
fn has_large_list() -> bool {
    let is_read = with_share(|share| share.as_ref().is_some_and(|share| share.is_read)).unwrap_or_default();
    is_read && Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread
}

/// Runs statements that several requests share.
pub(in crate::store) async fn of_batch<T>(batch: impl Future<Output = T>) -> T {
    SCOPE.scope(Scope::Batch, batch).await
}

/// Rows that are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::store) enum RowsRefused {
    #[error("the rows of a statement are too large")]
    TooLarge,
    /// A statement of a caller starts again with a share.
    #[error("large lists of others are being read")]
    Busy,
    #[error("large lists of others were read for {} s", MAX_WAIT.as_secs())]
    TimedOut,
    #[error("a large list was not read within {} s", MAX_READ.as_secs())]
    TooSlow,
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

/// True for a statement that starts again with a share.
pub(super) fn is_busy<T>(outcome: &sqlx::Result<T>) -> bool {
    matches!(outcome, Err(sqlx::Error::Configuration(cause)) if matches!(cause.downcast_ref(), Some(RowsRefused::Busy)))
}

/// The share of all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct LargeLists(Arc<Semaphore>);

/// Permission to read a large list.
#[derive(Debug)]
struct RowShare {
    /// Whether rows have needed it.
    is_used: bool,
    /// Whether all rows of a large list are in memory.
    is_read: bool,
    _of_all: OwnedSemaphorePermit,
    /// The workspace's turn, for statements within its share of the connections.
    _turn: Option<OwnedSemaphorePermit>,
}

/// A statement of a request that has no share yet.
pub(super) struct Unshared<'c> {
    lists: &'c LargeLists,
    caller: &'c Share,
    statement: u64,
}

impl Unshared<'_> {
    /// A statement of the current task, unless its rows are not limited or the request has a share already.
    pub fn of<'c>(lists: &'c LargeLists, caller: Option<&'c Arc<Share>>, sql: &str) -> Option<Unshared<'c>> {
        let (caller, Limit::Request { has_share: false }) = (caller?, scope()?) else { return None };
        let mut hasher = DefaultHasher::new();
        sql.hash(&mut hasher);
        Some(Unshared { lists, caller, statement: hasher.finish() })
    }

    /// Whether the rows of this caller's statement were large the last time.
    pub fn expects_large_list(&self) -> bool {
        self.caller.expects_large_list(self.statement)
    }

    /// Waits for a share.
    pub async fn wait(&self) -> sqlx::Result<()> {
        self.caller.note_list(self.statement, true);
        match timeout(MAX_WAIT, self.lists.take(&self.caller.large_list())).await {
            Ok(share) => keep(share),
            Err(_) => return Err(RowsRefused::TimedOut.into()),
        }
        Ok(())
    }

    /// Notes whether the rows were large, and releases a share that was not needed.
    pub fn end(self) {
        let is_large = with_share(|share| share.take_if(|share| !share.is_used).is_none() && share.is_some());
        self.caller.note_list(self.statement, is_large.unwrap_or_default());
    }
}

impl LargeLists {
    pub fn new() -> LargeLists {
        LargeLists(Arc::new(Semaphore::new(1)))
    }

    /// The parts of a statement's result, within the limits of the current task.
    pub async fn collect(
        &self,
        parts: impl Stream<Item = sqlx::Result<Part>>,
        of_share: Option<&SharePermit>,
    ) -> sqlx::Result<Vec<Part>> {
        let (mut parts, mut collected, mut bytes) = (pin!(parts), Vec::new(), 0);
        while let Some(part) = parts.try_next().await? {
            bytes += size(&part);
            collected.push(part);
            if bytes > FREE {
                return match scope() {
                    None => rest(parts, collected, usize::MAX - bytes).await,
                    Some(Limit::Batch) => rest(parts, collected, MAX_UNCOUNTED.saturating_sub(bytes)).await,
                    Some(Limit::Request { has_share }) => {
                        if !has_share {
                            let share = self.try_take(of_share.map(SharePermit::large_list));
                            keep(share.ok_or(RowsRefused::Busy)?);
                        }
                        with_share(|share| share.iter_mut().for_each(|share| share.is_used = true));
                        let rest = rest(parts, collected, MAX_STATEMENT.saturating_sub(bytes));
                        let rows =
                            timeout(MAX_READ, rest).await.unwrap_or_else(|_| Err(RowsRefused::TooSlow.into()))?;
                        with_share(|share| share.iter_mut().for_each(|share| share.is_read = true));
                        // The next poll of the request, which decodes the rows, is outside of the workers.
                        yield_now().await;
                        Ok(rows)
                    }
                };
            }
        }
        Ok(collected)
    }

    /// Waits for the workspace's turn, then for a share.
    async fn take(&self, turn: &Arc<Semaphore>) -> RowShare {
        let turn = acquire(turn).await;
        RowShare { is_used: false, is_read: false, _of_all: acquire(&self.0).await, _turn: Some(turn) }
    }

    /// A share, if it is free.
    fn try_take(&self, turn: Option<Arc<Semaphore>>) -> Option<RowShare> {
        let turn = match turn {
            Some(turn) => Some(turn.try_acquire_owned().ok()?),
            None => None,
        };
        let of_all = Arc::clone(&self.0).try_acquire_owned().ok()?;
        Some(RowShare { is_used: false, is_read: false, _of_all: of_all, _turn: turn })
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(semaphore).acquire_owned().await.expect("the semaphores are never closed")
}

/// Adds the other parts, if they have at most this many bytes.
async fn rest(
    mut parts: Pin<&mut impl Stream<Item = sqlx::Result<Part>>>,
    mut collected: Vec<Part>,
    mut limit: usize,
) -> sqlx::Result<Vec<Part>> {
    while let Some(part) = parts.try_next().await? {
        limit = limit.checked_sub(size(&part)).ok_or(RowsRefused::TooLarge)?;
        collected.push(part);
    }
    Ok(collected)
}

/// The limit of the current task; none outside of requests.
enum Limit {
    Request { has_share: bool },
    Batch,
}

fn scope() -> Option<Limit> {
    let limit = |scope: &Scope| match scope {
        Scope::Request(share) => Limit::Request { has_share: share.borrow().is_some() },
        Scope::Batch => Limit::Batch,
    };
    SCOPE.try_with(limit).ok()
}

/// Keeps a share until the request's response is made.
fn keep(share: RowShare) {
    with_share(|kept| kept.replace(share));
}

/// Uses the request's share; `None` outside of requests.
fn with_share<T>(with: impl FnOnce(&mut Option<RowShare>) -> T) -> Option<T> {
    let with = |scope: &Scope| match scope {
        Scope::Request(share) => Some(with(&mut share.borrow_mut())),
        Scope::Batch => None,
    };
    SCOPE.try_with(with).ok().flatten()
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
            let parts = of_batch(LargeLists::new().collect(self.0.fetch_many(query), None)).await?;
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
