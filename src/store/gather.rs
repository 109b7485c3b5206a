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
pub(super) const MOST: usize = 128;

/// The same of lists: with a few there are rows enough to share the cost, and no statement's answer takes much memory.
pub(super) const MOST_LISTS: usize = 16;

/// So many who wait are enough for another statement beside the one that is under way. With fewer, two smaller statements
/// cost more than one, and everybody's time is lost with it.
const CROWD: usize = 16;

/// How many questions were gathered, and in how many statements they were asked.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    questions: AtomicU64,
    statements: AtomicU64,
}

impl Lookups {
    fn count(&self, questions: usize) {
        self.questions.fetch_add(questions as u64, Relaxed);
        self.statements.fetch_add(u64::from(questions > 0), Relaxed);
    }

    pub fn so_far(&self) -> (u64, u64) {
        (self.questions.load(Relaxed), self.statements.load(Relaxed))
    }
}

/// Something that can be asked together with its like.
pub(super) trait Question: Clone + Send + 'static {
    /// Questions are gathered with those of the same lane only.
    type Lane: Clone + Eq + Hash + Send;
    type Answer: Send + 'static;

    /// How many statements of one lane may be under way.
    const ABREAST: usize;

    /// The most of one lane that go together.
    fn most(lane: &Self::Lane) -> usize;

    fn lane(&self) -> Self::Lane;

    /// Asks all at once. Gives as many answers, in the same order.
    fn ask(together: Vec<Self>, store: super::Store) -> impl Future<Output = Result<Vec<Self::Answer>>> + Send;
}

/// Where questions of one kind are gathered. Cheap to clone.
pub(super) struct Gathering<Q: Question>(Arc<Mutex<Lanes<Q>>>);

type Lanes<Q> = HashMap<<Q as Question>::Lane, Lane<Q>>;

/// Those who wait, and how many statements are under way.
struct Lane<Q: Question> {
    waiting: Vec<Waiting<Q>>,
    under_way: usize,
}

struct Waiting<Q: Question> {
    question: Q,
    answer: oneshot::Sender<Result<Q::Answer>>,
}

impl<Q: Question> Gathering<Q> {
    /// Asks, together with whoever asks at the same time.
    pub async fn ask(&self, question: Q, store: &super::Store) -> Result<Q::Answer> {
        let (answer, answered) = oneshot::channel();
        let lane = question.lane();
        if self.join(&lane, Waiting { question, answer }) {
            let turn = Turn { gathering: self.clone(), lane, is_over: false };
            tokio::spawn(turn.take(store.clone()));
        }
        answered.await.unwrap_or_else(|_| Err(Error::Internal("a gathered question was lost".into())))
    }

    /// Joins those who wait. True: another statement may be under way, and it is the caller's to begin it.
    fn join(&self, lane: &Q::Lane, waiting: Waiting<Q>) -> bool {
        let mut lanes = self.lanes();
        let lane = lanes.entry(lane.clone()).or_insert_with(|| Lane { waiting: Vec::new(), under_way: 0 });
        lane.waiting.push(waiting);
        let begins = lane.under_way == 0 || lane.under_way < Q::ABREAST && lane.waiting.len() >= CROWD;
        lane.under_way += usize::from(begins);
        begins
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, Lanes<Q>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Question> Default for Gathering<Q> {
    fn default() -> Self {
        Gathering(Arc::default())
    }
}

impl<Q: Question> Clone for Gathering<Q> {
    fn clone(&self) -> Self {
        Gathering(Arc::clone(&self.0))
    }
}

impl<Q: Question> std::fmt::Debug for Gathering<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gathering")
    }
}

/// The right to have a statement of a lane under way. It is given back however it ends.
struct Turn<Q: Question> {
    gathering: Gathering<Q>,
    lane: Q::Lane,
    is_over: bool,
}

impl<Q: Question> Turn<Q> {
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
        let mut lanes = self.gathering.lanes();
        let lane = lanes.get_mut(&self.lane)?;
        if !lane.waiting.is_empty() {
            let count = lane.waiting.len().min(Q::most(&self.lane));
            return Some(lane.waiting.drain(..count).collect());
        }
        self.is_over = true;
        lane.under_way -= 1;
        if lane.under_way == 0 {
            lanes.remove(&self.lane);
        }
        None
    }
}

impl<Q: Question> Drop for Turn<Q> {
    /// A turn that ended by a panic. If no other is there to take those who wait, they are told that they are lost.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut lanes = self.gathering.lanes();
        let Some(lane) = lanes.get_mut(&self.lane) else { return };
        lane.under_way -= 1;
        if lane.under_way == 0 {
            lanes.remove(&self.lane);
        }
    }
}

/// An answer for each. What fails for all together is asked for one by one, unless the database is away for all.
async fn all<Q: Question>(questions: Vec<Q>, store: &super::Store) -> Vec<Result<Q::Answer>> {
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
