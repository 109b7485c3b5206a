//! Batches concurrent lookups: a lookup that arrives while a statement is in flight waits for it and then shares one
//! statement with all that arrived meanwhile. There is no delay: the first lookup runs at once, alone. When many wait,
//! another statement starts beside the one in flight. So the cost of a lookup falls as load rises. A batch may get its
//! connection before its queries are taken; then those that arrive while it waits for one share the statement, too.
//!
//! A cancelled lookup does not affect the others: the statement runs in its own task, which no caller drops. If
//! Postgres refuses a batch, its lookups run again one by one. Only lookups that change nothing, or are idempotent, may
//! be batched.

use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::pool::{Crowded, rows};
use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Maximum batch size.
pub(in crate::store) const MAX_BATCH: usize = 128;

/// Maximum batch size of lists: a few have rows enough to share the cost, and no result takes much memory.
pub(in crate::store) const MAX_LIST_BATCH: usize = 16;

/// Waiting lookups that justify another statement beside the one in flight. With fewer, two smaller statements cost
/// more than one and slow all callers.
const SECOND_BATCH_AT: usize = 16;

/// Numbers of batched lookups and of their statements.
#[derive(Debug, Default)]
pub(in crate::store) struct LookupCounts {
    queries: AtomicU64,
    statements: AtomicU64,
}

impl LookupCounts {
    fn count(&self, queries: usize) {
        self.queries.fetch_add(queries as u64, Relaxed);
        self.statements.fetch_add(u64::from(queries > 0), Relaxed);
    }

    pub fn so_far(&self) -> (u64, u64) {
        (self.queries.load(Relaxed), self.statements.load(Relaxed))
    }
}

/// A query that can be batched with others of its type.
pub(in crate::store) trait BatchQuery: Clone + Send + 'static {
    /// Only queries with equal keys are batched.
    type BatchKey: Clone + Eq + Hash + Send + Sync;
    type Answer: Send + 'static;

    /// Maximum number of statements in flight per key.
    const MAX_IN_FLIGHT: usize;

    /// Maximum number of waiting queries per key; further ones are refused.
    const MAX_WAITING: usize = 16_384;

    /// Maximum batch size for a key.
    fn max_batch(batch_key: &Self::BatchKey) -> usize;

    fn batch_key(&self) -> Self::BatchKey;

    /// Queries with equal keys are not in one batch.
    fn exclusive_key(&self) -> Option<Uuid> {
        None
    }

    /// The store on which a batch with this key runs, once that can begin. Waits before the queries are taken.
    fn ready_store(_: &Self::BatchKey, store: &Store) -> impl Future<Output = Result<Store>> + Send {
        ready(Ok(store.clone()))
    }

    /// Runs all at once. Returns as many answers, in the same order.
    fn ask(batch: Vec<Self>, store: Store) -> impl Future<Output = Result<Vec<Self::Answer>>> + Send;
}

/// Batches queries of one type. Cheap to clone.
pub(in crate::store) struct Batcher<Q: BatchQuery>(Arc<Mutex<Batches<Q>>>);

type Batches<Q> = HashMap<<Q as BatchQuery>::BatchKey, BatchKey<Q>>;

type Senders<Q> = Vec<oneshot::Sender<Result<<Q as BatchQuery>::Answer>>>;

/// Waiting queries, and the number of statements in flight.
struct BatchKey<Q: BatchQuery> {
    waiting: Vec<Waiting<Q>>,
    in_flight: usize,
}

struct Waiting<Q: BatchQuery> {
    query: Q,
    answer: oneshot::Sender<Result<Q::Answer>>,
}

impl<Q: BatchQuery> Batcher<Q> {
    /// Answers a query, batched with concurrent ones.
    pub async fn ask(&self, query: Q, store: &Store) -> Result<Q::Answer> {
        let (answer, answered) = oneshot::channel();
        let batch_key = query.batch_key();
        if self.join(&batch_key, Waiting { query, answer })? {
            let run = BatchRun { batcher: self.clone(), batch_key, is_over: false };
            tokio::spawn(run.take(store.clone()));
        }
        answered.await.unwrap_or_else(|_| Err(Error::Internal("a batched query was lost".into())))
    }

    /// Adds a waiting query. True if the caller must start another statement.
    fn join(&self, batch_key: &Q::BatchKey, waiting: Waiting<Q>) -> Result<bool> {
        let mut batches = self.batches();
        let batch_key =
            batches.entry(batch_key.clone()).or_insert_with(|| BatchKey { waiting: Vec::new(), in_flight: 0 });
        if batch_key.waiting.len() >= Q::MAX_WAITING {
            return Err(sqlx::Error::from(Crowded::QueueFull).into());
        }
        batch_key.waiting.push(waiting);
        let starts = batch_key.in_flight == 0
            || batch_key.in_flight < Q::MAX_IN_FLIGHT && batch_key.waiting.len() >= SECOND_BATCH_AT;
        batch_key.in_flight += usize::from(starts);
        Ok(starts)
    }

    fn batches(&self) -> std::sync::MutexGuard<'_, Batches<Q>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: BatchQuery> Default for Batcher<Q> {
    fn default() -> Self {
        Batcher(Arc::default())
    }
}

impl<Q: BatchQuery> Clone for Batcher<Q> {
    fn clone(&self) -> Self {
        Batcher(Arc::clone(&self.0))
    }
}

impl<Q: BatchQuery> std::fmt::Debug for Batcher<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batcher")
    }
}

/// Permit for a statement in flight. Returned however it ends.
struct BatchRun<Q: BatchQuery> {
    batcher: Batcher<Q>,
    batch_key: Q::BatchKey,
    is_over: bool,
}

impl<Q: BatchQuery> BatchRun<Q> {
    /// Runs all waiting queries, until none is left.
    async fn take(mut self, store: Store) {
        while self.has_next() {
            let of_batch = Q::ready_store(&self.batch_key, &store).await;
            let (queries, senders) = self.next();
            store.lookups.count(queries.len());
            let answers = rows::of_batch(all(queries, of_batch, &self.batch_key, &store)).await;
            for (sender, answer) in senders.into_iter().zip(answers) {
                // The caller may have gone.
                let _ = sender.send(answer);
            }
        }
    }

    /// False if no query waits, and this run is over; one lock covers both, so that no query joins a run that has ended.
    fn has_next(&mut self) -> bool {
        let mut batches = self.batcher.batches();
        let Some(batch_key) = batches.get_mut(&self.batch_key) else { return false };
        // Without queries whose caller has gone.
        batch_key.waiting.retain(|waiting| !waiting.answer.is_closed());
        if !batch_key.waiting.is_empty() {
            return true;
        }
        self.is_over = true;
        batch_key.in_flight -= 1;
        if batch_key.in_flight == 0 {
            batches.remove(&self.batch_key);
        }
        false
    }

    /// The next batch; another run may have left none.
    fn next(&self) -> (Vec<Q>, Senders<Q>) {
        let mut batches = self.batcher.batches();
        let waiting = batches.get_mut(&self.batch_key).map(|batch_key| &mut batch_key.waiting);
        let batch = waiting.map(|waiting| first_batch(waiting, Q::max_batch(&self.batch_key))).unwrap_or_default();
        let present = batch.into_iter().filter(|waiting| !waiting.answer.is_closed());
        present.map(|waiting| (waiting.query, waiting.answer)).unzip()
    }
}

/// The first waiting queries of which no two exclude each other, at most `limit`.
fn first_batch<Q: BatchQuery>(waiting: &mut Vec<Waiting<Q>>, limit: usize) -> Vec<Waiting<Q>> {
    let (mut taken, mut keys) = (0, HashSet::new());
    let batch = waiting.extract_if(.., |waiting| {
        let is_next = taken < limit && waiting.query.exclusive_key().is_none_or(|key| keys.insert(key));
        taken += usize::from(is_next);
        is_next
    });
    batch.collect()
}

impl<Q: BatchQuery> Drop for BatchRun<Q> {
    /// Ends a run that panicked. If no other is in flight, the waiting queries are dropped and fail.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut batches = self.batcher.batches();
        let Some(batch_key) = batches.get_mut(&self.batch_key) else { return };
        batch_key.in_flight -= 1;
        if batch_key.in_flight == 0 {
            batches.remove(&self.batch_key);
        }
    }
}

/// An answer for each. If a batch fails, its queries run one by one, unless the database is unavailable or too slow.
async fn all<Q: BatchQuery>(
    queries: Vec<Q>,
    of_batch: Result<Store>,
    batch_key: &Q::BatchKey,
    store: &Store,
) -> Vec<Result<Q::Answer>> {
    let is_single = queries.len() == 1;
    let again = if is_single { Vec::new() } else { queries.clone() };
    let count = queries.len();
    if count == 0 {
        return Vec::new();
    }
    match ask(queries, of_batch).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if is_single => vec![Err(error)],
        Err(Error::StatementTimeout) => (0..count).map(|_| Err(Error::StatementTimeout)).collect(),
        Err(Error::Unavailable(reason)) => (0..count).map(|_| Err(Error::Unavailable(reason.clone()))).collect(),
        Err(_) => {
            let mut answers = Vec::with_capacity(count);
            for query in again {
                let answer = ask(vec![query], Q::ready_store(batch_key, store).await).await;
                answers.push(answer.and_then(|mut only| only.pop().ok_or_else(lost)));
            }
            answers
        }
    }
}

async fn ask<Q: BatchQuery>(queries: Vec<Q>, store: Result<Store>) -> Result<Vec<Q::Answer>> {
    Q::ask(queries, store?).await
}

fn lost() -> Error {
    Error::Internal("a batched query has no answer".into())
}
