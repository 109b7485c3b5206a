//! Questions that come at the same time are asked together: whoever comes while others are being answered waits for them
//! and then goes with all who came meanwhile, in one statement. Nobody waits for company: the first asks at once, alone.
//! When many wait, another statement goes beside the one that is under way. So the more there is to do, the less each costs.
//!
//! A question given up (its caller went away) leaves the others alone: the statement runs in a task of its own, which no
//! caller drops. One that
//! Postgres refuses takes nobody along: the others are asked again without it. Only questions that change nothing, or
//! nothing twice, may be gathered.

use crate::error::{Error, Result};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// The most that go together.
pub(super) const MAX_BATCH: usize = 128;

/// The same of lists: with a few there are rows enough to share the cost, and no statement's answer takes much memory.
pub(super) const MAX_LIST_BATCH: usize = 16;

/// So many who wait are enough for another statement beside the one that is under way. With fewer, two smaller statements
/// cost more than one, and everybody's time is lost with it.
const SECOND_BATCH_AT: usize = 16;

/// How many questions were gathered, and in how many statements they were asked.
#[derive(Debug, Default)]
pub(super) struct LookupCounts {
    questions: AtomicU64,
    statements: AtomicU64,
}

impl LookupCounts {
    fn count(&self, questions: usize) {
        self.questions.fetch_add(questions as u64, Relaxed);
        self.statements.fetch_add(u64::from(questions > 0), Relaxed);
    }

    pub fn so_far(&self) -> (u64, u64) {
        (self.questions.load(Relaxed), self.statements.load(Relaxed))
    }
}

/// Something that can be asked together with its like.
pub(super) trait BatchQuery: Clone + Send + 'static {
    /// Questions are gathered with those of the same lane only.
    type BatchKey: Clone + Eq + Hash + Send;
    type Answer: Send + 'static;

    /// How many statements of one lane may be under way.
    const MAX_IN_FLIGHT: usize;

    /// The most of one lane that go together.
    fn max_batch(batch_key: &Self::BatchKey) -> usize;

    fn batch_key(&self) -> Self::BatchKey;

    /// Asks all at once. Gives as many answers, in the same order.
    fn ask(together: Vec<Self>, store: super::Store) -> impl Future<Output = Result<Vec<Self::Answer>>> + Send;
}

/// Where questions of one kind are gathered. Cheap to clone.
pub(super) struct Batcher<Q: BatchQuery>(Arc<Mutex<Batches<Q>>>);

type Batches<Q> = HashMap<<Q as BatchQuery>::BatchKey, BatchKey<Q>>;

/// Those who wait, and how many statements are under way.
struct BatchKey<Q: BatchQuery> {
    waiting: Vec<Waiting<Q>>,
    in_flight: usize,
}

struct Waiting<Q: BatchQuery> {
    question: Q,
    answer: oneshot::Sender<Result<Q::Answer>>,
}

impl<Q: BatchQuery> Batcher<Q> {
    /// Asks, together with whoever asks at the same time.
    pub async fn ask(&self, question: Q, store: &super::Store) -> Result<Q::Answer> {
        let (answer, answered) = oneshot::channel();
        let batch_key = question.batch_key();
        if self.join(&batch_key, Waiting { question, answer }) {
            let turn = BatchRun { gathering: self.clone(), batch_key, is_over: false };
            tokio::spawn(turn.take(store.clone()));
        }
        answered.await.unwrap_or_else(|_| Err(Error::Internal("a gathered question was lost".into())))
    }

    /// Joins those who wait. True: another statement may be under way, and it is the caller's to begin it.
    fn join(&self, batch_key: &Q::BatchKey, waiting: Waiting<Q>) -> bool {
        let mut batches = self.batches();
        let batch_key =
            batches.entry(batch_key.clone()).or_insert_with(|| BatchKey { waiting: Vec::new(), in_flight: 0 });
        batch_key.waiting.push(waiting);
        let begins = batch_key.in_flight == 0
            || batch_key.in_flight < Q::MAX_IN_FLIGHT && batch_key.waiting.len() >= SECOND_BATCH_AT;
        batch_key.in_flight += usize::from(begins);
        begins
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
        f.write_str("Gathering")
    }
}

/// The right to have a statement of a lane under way. It is given back however it ends.
struct BatchRun<Q: BatchQuery> {
    gathering: Batcher<Q>,
    batch_key: Q::BatchKey,
    is_over: bool,
}

impl<Q: BatchQuery> BatchRun<Q> {
    /// Asks for all who wait, until nobody does.
    async fn take(mut self, store: super::Store) {
        while let Some(together) = self.next() {
            // Who has gone away in the meantime is not asked for.
            let here = together.into_iter().filter(|waiting| !waiting.answer.is_closed());
            let (questions, askers): (Vec<Q>, Vec<_>) = here.map(|waiting| (waiting.question, waiting.answer)).unzip();
            store.lookups.count(questions.len());
            let answers = all(questions, &store).await;
            for (asker, answer) in askers.into_iter().zip(answers) {
                // Whoever went away wants no answer.
                let _ = asker.send(answer);
            }
        }
    }

    /// Those who go next. None: nobody waits, and this turn is over; that is one step, so that nobody joins in between
    /// and waits for a turn that has ended.
    fn next(&mut self) -> Option<Vec<Waiting<Q>>> {
        let mut batches = self.gathering.batches();
        let batch_key = batches.get_mut(&self.batch_key)?;
        if !batch_key.waiting.is_empty() {
            let count = batch_key.waiting.len().min(Q::max_batch(&self.batch_key));
            return Some(batch_key.waiting.drain(..count).collect());
        }
        self.is_over = true;
        batch_key.in_flight -= 1;
        if batch_key.in_flight == 0 {
            batches.remove(&self.batch_key);
        }
        None
    }
}

impl<Q: BatchQuery> Drop for BatchRun<Q> {
    /// A turn that ended by a panic. If no other is there to take those who wait, they are told that they are lost.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut batches = self.gathering.batches();
        let Some(batch_key) = batches.get_mut(&self.batch_key) else { return };
        batch_key.in_flight -= 1;
        if batch_key.in_flight == 0 {
            batches.remove(&self.batch_key);
        }
    }
}

/// An answer for each. What fails for all together is asked for one by one, unless the database is away for all.
async fn all<Q: BatchQuery>(questions: Vec<Q>, store: &super::Store) -> Vec<Result<Q::Answer>> {
    let alone = questions.len() == 1;
    let again = if alone { Vec::new() } else { questions.clone() };
    let count = questions.len();
    if count == 0 {
        return Vec::new();
    }
    match Q::ask(questions, store.clone()).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if alone => vec![Err(error)],
        Err(Error::Unavailable(reason)) => (0..count).map(|_| Err(Error::Unavailable(reason.clone()))).collect(),
        Err(_) => {
            let mut answers = Vec::with_capacity(count);
            for question in again {
                let answer = Q::ask(vec![question], store.clone()).await;
                answers.push(answer.and_then(|mut only| only.pop().ok_or_else(lost)));
            }
            answers
        }
    }
}

fn lost() -> Error {
    Error::Internal("a gathered question has no answer".into())
}
