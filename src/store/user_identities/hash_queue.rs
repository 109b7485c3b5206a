//! The queue for password hashes. Few run at a time, each client network has a queue of its own, and the queues take
//! turns, so that many sign-ins of one client do not delay those of others. A full queue refuses at once.

use crate::error::{Error, Result};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// Maximum number of concurrent hashes; fewer on a machine with less than eight cores. Each takes 19 MiB and a core.
const MAX_RUNNING: usize = 4;

/// Maximum number of sign-ins of one client network: a few seconds of hashes.
const MAX_OF_CLIENT: usize = 64;

/// Maximum number of sign-ins.
const MAX_ADMITTED: usize = 256;

/// Maximum wait for a permit.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// A client network; `None` is this server's operator.
type Client = Option<IpAddr>;

/// The queue. Its permits are given to the clients in turn.
#[derive(Debug)]
pub(in crate::store) struct HashQueue {
    permits: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Number of sign-ins of each client, of which some do not wait yet.
    admitted: HashMap<Client, usize>,
    total: usize,
    waiting: HashMap<Client, VecDeque<oneshot::Sender<Permit>>>,
    /// The clients of which some wait, the next one first.
    turns: VecDeque<Client>,
}

/// A sign-in that may wait for a permit.
#[derive(Debug)]
pub(in crate::store) struct Admission {
    queue: Arc<HashQueue>,
    client: Client,
}

/// Permission to hash. It belongs in the closure that does: the hash goes on when its request is dropped.
#[derive(Debug)]
struct Permit(Option<Arc<HashQueue>>);

impl Default for HashQueue {
    /// At most half of the cores hash.
    fn default() -> HashQueue {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        HashQueue::new((cores / 2).clamp(1, MAX_RUNNING))
    }
}

impl HashQueue {
    fn new(permits: usize) -> HashQueue {
        HashQueue { permits, state: Mutex::default() }
    }

    /// Admits a sign-in, before anything is looked up for it.
    pub fn enter(self: &Arc<Self>, client: Client) -> Result<Admission> {
        let mut state = self.state();
        let taken = state.admitted.get(&client).copied().unwrap_or_default();
        if taken >= MAX_OF_CLIENT || (state.total >= MAX_ADMITTED && !state.displace(taken)) {
            return Err(full());
        }
        *state.admitted.entry(client).or_default() += 1;
        state.total += 1;
        Ok(Admission { queue: Arc::clone(self), client })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Refuses the last of the client with most that wait, if those are more than `taken`.
    fn displace(&mut self, taken: usize) -> bool {
        let longest = self.waiting.values_mut().max_by_key(|waiting| waiting.len());
        longest.filter(|waiting| waiting.len() > taken).and_then(VecDeque::pop_back).is_some()
    }

    /// The next that waits, with the clients in turn.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        while let Some(client) = self.turns.pop_front() {
            let Some(waiting) = self.waiting.get_mut(&client) else { continue };
            let next = waiting.pop_front();
            if waiting.is_empty() {
                self.waiting.remove(&client);
            } else {
                self.turns.push_back(client);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

impl Admission {
    /// Runs a hash on a blocking thread, when it is its turn.
    pub async fn run<T: Send + 'static>(self, hash: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let permit = self.permit().await?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            hash()
        });
        done.await.map_err(|fault| Error::Internal(Box::new(fault)))
    }

    async fn permit(self) -> Result<Permit> {
        let permit = {
            let mut state = self.queue.state();
            if state.running < self.queue.permits {
                state.running += 1;
                return Ok(Permit(Some(Arc::clone(&self.queue))));
            }
            let (sender, receiver) = oneshot::channel();
            let waiting = state.waiting.entry(self.client).or_default();
            // Those that have gone away.
            waiting.retain(|waiting| !waiting.is_closed());
            waiting.push_back(sender);
            if !state.turns.contains(&self.client) {
                state.turns.push_back(self.client);
            }
            receiver
        };
        match tokio::time::timeout(MAX_WAIT, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(full()),
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.total -= 1;
        if let Some(admitted) = state.admitted.get_mut(&self.client) {
            *admitted -= 1;
            if *admitted == 0 {
                state.admitted.remove(&self.client);
            }
        }
    }
}

impl Drop for Permit {
    /// Hands the permit to the next that still waits.
    fn drop(&mut self) {
        let Some(queue) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = queue.state();
                let next = state.next();
                if next.is_none() {
                    state.running -= 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Permit(Some(Arc::clone(&queue)))) {
                Ok(()) => return,
                // It has gone away. This permit is not released, but handed to the one after.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}

fn full() -> Error {
    Error::Unavailable("too many passwords are waiting to be checked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::sync::mpsc;

    fn client(number: u8) -> Client {
        Some(Ipv4Addr::new(198, 51, 100, number).into())
    }

    /// Waits until this many wait for a permit.
    async fn until_waiting(queue: &HashQueue, count: usize) {
        while queue.state().waiting.values().map(VecDeque::len).sum::<usize>() < count {
            tokio::task::yield_now().await;
        }
    }

    fn is_empty(queue: &HashQueue) -> bool {
        let state = queue.state();
        state.running == 0 && state.total == 0 && state.admitted.is_empty() && state.waiting.is_empty()
    }

    #[tokio::test]
    async fn a_hash_keeps_its_permit_when_its_caller_goes_away() {
        let queue = Arc::new(HashQueue::new(1));
        let ((begin, begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let admission = queue.enter(client(1)).expect("it is empty");
        let caller = tokio::spawn(admission.run(move || {
            begin.send(()).expect("the test waits");
            released.recv()
        }));
        tokio::task::spawn_blocking(move || begun.recv()).await.expect("no panic").expect("it hashes");
        caller.abort();
        assert!(caller.await.expect_err("it was dropped").is_cancelled());
        assert_eq!(queue.state().running, 1);
        let next = tokio::spawn(queue.enter(client(1)).expect("it is admitted").run(|| ()));
        until_waiting(&queue, 1).await;
        drop(release);
        next.await.expect("no panic").expect("a permit");
        assert_eq!(queue.state().running, 0);
    }

    #[tokio::test]
    async fn clients_take_turns_and_those_that_went_away_are_skipped() {
        let queue = Arc::new(HashQueue::new(1));
        let first = queue.enter(client(1)).expect("it is admitted").permit().await.expect("a permit");
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        let wait = |number: u8| {
            let (admission, done) = (queue.enter(client(number)).expect("it is admitted"), done.clone());
            tokio::spawn(async move {
                let permit = admission.permit().await.expect("a permit");
                done.send(number).expect("the test reads");
                drop(permit);
            })
        };
        let mut waiting = Vec::new();
        for (count, number) in [1, 1, 1, 1, 2, 3].into_iter().enumerate() {
            waiting.push(wait(number));
            until_waiting(&queue, count + 1).await;
        }
        waiting[1].abort();
        drop(first);
        let mut served = Vec::new();
        for _ in 0..5 {
            served.push(order.recv().await.expect("another one"));
        }
        assert_eq!(served, [1, 2, 3, 1, 1]);
        for task in waiting {
            let _ = task.await;
        }
        assert!(is_empty(&queue));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_a_new_client_displaces_the_last_of_the_client_with_most() {
        let queue = Arc::new(HashQueue::new(1));
        let running = queue.enter(client(0)).expect("it is admitted").permit().await.expect("a permit");
        let mut waiting = Vec::new();
        for number in 0..MAX_ADMITTED {
            let admission =
                queue.enter(client(u8::try_from(number / MAX_OF_CLIENT).expect("few"))).expect("it is admitted");
            waiting.push(tokio::spawn(async { admission.permit().await.map(drop) }));
        }
        until_waiting(&queue, MAX_ADMITTED).await;
        assert!(queue.enter(client(0)).is_err(), "over the maximum of a client");
        let newcomer = queue.enter(client(9)).expect("it has none");
        let newcomer = tokio::spawn(async { newcomer.permit().await.map(drop) });
        until_waiting(&queue, MAX_ADMITTED).await;
        drop(running);
        newcomer.await.expect("no panic").expect("it has its turn");
        let mut refused = 0;
        for task in waiting {
            refused += usize::from(task.await.expect("no panic").is_err());
        }
        assert_eq!(refused, 1);
        assert!(is_empty(&queue));
    }
}
