//! Shares of the connections. A workspace holds at most half of each pool at a time, its client sessions together at
//! most half of that, and one session half of that again. What exceeds a share waits in a queue of its own, so that no
//! workspace waits behind another one's queue, and no key behind the sessions of its workspace. The webhook worker has the
//! share of one more workspace, and in it each workspace's deliveries have half. On a cluster, the workspaces of a node
//! together have no more than one workspace has elsewhere.
//!
//! A permit of an inner share is held while one of an outer share is awaited, and both while a connection is awaited;
//! never the other way round, so there is no deadlock.

mod shares;

pub(super) use shares::Shares;

use super::hosts::ACQUIRE_TIMEOUT;
use super::nodes::Node;
use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

/// Maximum number of statements and units of work that wait in a share's queue.
const MAX_WAITING: usize = 1_024;

/// Maximum number of a workspace's deactivations in progress.
const MAX_URGENT_UNITS: usize = 3;

/// Maximum number of statements to remember as large.
const MAX_LARGE_STATEMENTS: usize = 64;

/// The pools of one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum PoolKind {
    General,
    /// For short statements with generic plans.
    Short,
    /// For deactivation.
    Reserved,
}

/// Number of connections by [`PoolKind`].
pub(super) type PoolSizes = [u32; 3];

/// A statement that waited for its share in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::store) enum Crowded {
    #[error("{MAX_WAITING} statements of this workspace wait for its share of the connections")]
    QueueFull,
    #[error("this workspace's share of the connections was in use for {} s", ACQUIRE_TIMEOUT.as_secs())]
    TimedOut,
    #[error("the database node that has this workspace does not answer")]
    NodeAway,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ShareKey {
    Workspace(Uuid),
    /// The client sessions and users of a workspace together.
    Sessions(Uuid),
    /// One of them.
    Session(Uuid, Uuid),
    /// The webhook worker.
    Worker,
    /// The deliveries of a workspace.
    Deliveries(Uuid),
    /// The workspaces of a node of a cluster.
    Node(i32),
    /// The deliveries of the workspaces of a node.
    NodeDeliveries(i32),
}

/// A share of each pool.
#[derive(Debug)]
pub(in crate::store) struct Share {
    key: ShareKey,
    outer: Option<Arc<Share>>,
    /// The node whose share this is.
    node: Option<Arc<Node>>,
    sizes: PoolSizes,
    permits: [Semaphore; 3],
    waiting: AtomicUsize,
    /// The turn to read a large list, see [`super::rows`].
    large_list: Arc<Semaphore>,
    /// Deactivations in progress. They wait for each other's lock of the workspace's clock anyway; more of them would only
    /// take connections.
    urgent_units: Arc<Semaphore>,
    /// Hashes of the caller's statements whose rows were large the last time.
    large_statements: Mutex<HashSet<u64>>,
    shares: Arc<Shares>,
}

/// Permission to use one connection, of a share and of those around it.
#[derive(Debug)]
pub(in crate::store) struct SharePermit {
    share: Arc<Share>,
    kind: PoolKind,
    /// Number of shares, from the inner one outwards, that have given theirs.
    taken: usize,
}

impl Share {
    fn new(key: ShareKey, outer: Option<Arc<Share>>, node: Option<Arc<Node>>, shares: Arc<Shares>) -> Share {
        let sizes = match &outer {
            // All of it may be one workspace's.
            Some(outer) if outer.node.is_some() => outer.sizes,
            outer => outer.as_ref().map_or(shares.sizes, |outer| outer.sizes).map(|size| size.div_ceil(2)),
        };
        let permits = sizes.map(|size| Semaphore::new(size as usize));
        Share {
            key,
            outer,
            node,
            sizes,
            permits,
            waiting: AtomicUsize::new(0),
            large_list: Arc::new(Semaphore::new(1)),
            urgent_units: Arc::new(Semaphore::new(MAX_URGENT_UNITS)),
            large_statements: Mutex::default(),
            shares,
        }
    }

    fn is_within(&self, outer: Option<&Arc<Share>>) -> bool {
        self.outer.as_ref().map(Arc::as_ptr) == outer.map(Arc::as_ptr)
    }

    /// The share around this one, unless that is a node's.
    fn outer_of_tenant(&self) -> Option<&Arc<Share>> {
        self.outer.as_ref().filter(|outer| !matches!(outer.key, ShareKey::Node(_)))
    }

    /// The node on which the statements of this share run.
    pub fn node(&self) -> Option<&Arc<Node>> {
        self.outward().find_map(|share| share.node.as_ref())
    }

    /// The workspace's id; none of the worker.
    pub fn workspace(&self) -> Option<Uuid> {
        match self.key {
            ShareKey::Workspace(id) | ShareKey::Sessions(id) | ShareKey::Session(id, _) | ShareKey::Deliveries(id) => {
                Some(id)
            }
            ShareKey::Worker | ShareKey::Node(_) | ShareKey::NodeDeliveries(_) => None,
        }
    }

    /// The workspace's turn to read a large list.
    pub fn large_list(&self) -> Arc<Semaphore> {
        self.outer_of_tenant().map_or_else(|| Arc::clone(&self.large_list), |outer| outer.large_list())
    }

    /// Waits for a place among the workspace's deactivations in progress.
    pub async fn urgent_unit(&self) -> Result<OwnedSemaphorePermit, Crowded> {
        let outer = std::iter::successors(Some(self), |share| share.outer_of_tenant().map(Arc::as_ref));
        let whole = outer.last().unwrap_or(self);
        if let Ok(permit) = Arc::clone(&whole.urgent_units).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = QueuePlace::of(&whole.waiting)?;
        let permit = timeout(ACQUIRE_TIMEOUT, Arc::clone(&whole.urgent_units).acquire_owned()).await;
        Ok(permit.map_err(|_| Crowded::TimedOut)?.expect("the semaphores are never closed"))
    }

    /// Whether the rows of a statement were large the last time.
    pub fn expects_large_list(&self, statement: u64) -> bool {
        self.large_statements().contains(&statement)
    }

    /// Notes whether the rows of a statement were large.
    pub fn note_list(&self, statement: u64, is_large: bool) {
        let mut statements = self.large_statements();
        if !is_large {
            statements.remove(&statement);
        } else if statements.len() < MAX_LARGE_STATEMENTS {
            statements.insert(statement);
        }
    }

    fn large_statements(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.large_statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outermost share but that of the node.
    pub fn whole(self: &Arc<Self>) -> Arc<Share> {
        self.outer_of_tenant().map_or_else(|| Arc::clone(self), Share::whole)
    }

    /// Waits for a permit of this share and of those around it.
    pub async fn acquire(self: &Arc<Self>, kind: PoolKind) -> Result<SharePermit, Crowded> {
        if self.node().is_some_and(|node| node.is_away()) {
            return Err(Crowded::NodeAway);
        }
        let mut permit = SharePermit { share: Arc::clone(self), kind, taken: 0 };
        if self.outward().all(|share| share.try_take(&mut permit)) {
            return Ok(permit);
        }
        let waiting = async {
            for share in self.outward().skip(permit.taken) {
                share.take(&mut permit).await?;
            }
            Ok(())
        };
        timeout(ACQUIRE_TIMEOUT, waiting).await.unwrap_or(Err(Crowded::TimedOut))?;
        Ok(permit)
    }

    fn outward(&self) -> impl Iterator<Item = &Share> {
        std::iter::successors(Some(self), |share| share.outer.as_deref())
    }

    fn try_take(&self, permit: &mut SharePermit) -> bool {
        let taken = self.permits[permit.kind as usize].try_acquire().map(|own| own.forget());
        if taken.is_ok() {
            self.note_taken(permit);
        }
        taken.is_ok()
    }

    async fn take(&self, permit: &mut SharePermit) -> Result<(), Crowded> {
        let _place = QueuePlace::of(&self.waiting)?;
        let own = self.permits[permit.kind as usize].acquire().await.expect("a share is never closed");
        own.forget();
        self.note_taken(permit);
        Ok(())
    }

    fn note_taken(&self, permit: &mut SharePermit) {
        permit.taken += 1;
        if let Some(node) = &self.node {
            node.began();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut entries = self.shares.entries();
        // Another share may have taken its place.
        if entries.get(&self.key).is_some_and(|entry| entry.strong_count() == 0) {
            entries.remove(&self.key);
        }
    }
}

impl SharePermit {
    /// The node on which the statement runs.
    pub fn node(&self) -> Option<Arc<Node>> {
        self.share.node().cloned()
    }

    /// The workspace's turn to read a large list.
    pub fn large_list(&self) -> Arc<Semaphore> {
        self.share.large_list()
    }
}

impl Drop for SharePermit {
    fn drop(&mut self) {
        for share in self.share.outward().take(self.taken) {
            share.permits[self.kind as usize].add_permits(1);
            if let Some(node) = &share.node {
                node.ended();
            }
        }
    }
}

/// A place in a queue.
struct QueuePlace<'w>(&'w AtomicUsize);

impl QueuePlace<'_> {
    fn of(waiting: &AtomicUsize) -> Result<QueuePlace<'_>, Crowded> {
        let place = QueuePlace(waiting);
        if waiting.fetch_add(1, Relaxed) < MAX_WAITING { Ok(place) } else { Err(Crowded::QueueFull) }
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ClientSessionId;
    use crate::store::principal::Principal;

    fn principal(session: u128) -> Principal {
        Principal::ClientSession(ClientSessionId(Uuid::from_u128(session)), None)
    }

    #[tokio::test]
    async fn a_share_is_half_of_the_one_around_it_and_ends_with_its_last_user() {
        let shares = Shares::new([12, 4, 2]);
        let workspace = Uuid::from_u128(1);
        let of_session = shares.of_caller(workspace, principal(2));
        let of_workspace = shares.of_workspace(workspace);
        assert_eq!((of_workspace.sizes, of_session.sizes), ([6, 2, 1], [2, 1, 1]));
        let held = [of_session.acquire(PoolKind::General).await, of_session.acquire(PoolKind::General).await];
        assert!(held.iter().all(Result::is_ok));
        // Another session has the rest of the sessions' three.
        let other = shares.of_caller(workspace, principal(3));
        let third = other.acquire(PoolKind::General).await;
        assert!(third.is_ok());
        assert_eq!(of_workspace.permits[0].available_permits(), 3, "the rest is for keys");
        assert_eq!(other.outer.as_ref().expect("there is one").permits[0].available_permits(), 0);
        drop((held, third));
        assert_eq!(of_workspace.permits[0].available_permits(), 6);
        drop((of_session, other));
        assert_eq!(shares.entries().len(), 1);
        drop(of_workspace);
        assert_eq!(shares.entries().len(), 0);
    }

    #[tokio::test]
    async fn the_workspaces_of_a_node_leave_the_other_nodes_their_connections() {
        let shares = Shares::new([12, 4, 2]);
        // All ids below hash to one side of zero or the other.
        shares.nodes.replace(&[(-1, 1), (i32::MAX, 2)]);
        let all: Vec<Uuid> = (0..16).map(Uuid::from_u128).collect();
        let on = |group| {
            let is_on = |id: &&Uuid| shares.nodes.of(**id).is_some_and(|node| node.group == group);
            all.iter().filter(is_on).copied().collect::<Vec<Uuid>>()
        };
        let (one, two) = (on(1), on(2));
        let of_workspace = shares.of_workspace(one[0]);
        assert_eq!(of_workspace.sizes, [6, 2, 1], "one workspace may have all of its node's share");
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(of_workspace.acquire(PoolKind::General).await.expect("it is the node's share"));
        }
        let neighbour = shares.of_workspace(one[1]);
        assert!(futures_util::poll!(Box::pin(neighbour.acquire(PoolKind::General))).is_pending());
        assert!(shares.of_workspace(two[0]).acquire(PoolKind::General).await.is_ok(), "another node's");
        let of_deliveries = shares.of_deliveries(one[0]);
        assert_eq!(of_deliveries.sizes, [3, 1, 1]);
        assert!(of_deliveries.acquire(PoolKind::General).await.is_ok());

        shares.nodes.of(one[0]).expect("it has one").note(false);
        assert_eq!(neighbour.acquire(PoolKind::General).await.err(), Some(Crowded::NodeAway));
        assert!(shares.of_workspace(two[0]).acquire(PoolKind::General).await.is_ok());
        assert!(Arc::ptr_eq(&of_workspace.whole(), &of_workspace), "limits of a workspace are not its node's");
        assert_eq!(of_workspace.urgent_units.available_permits(), MAX_URGENT_UNITS);
        drop(of_workspace.urgent_unit().await);

        // Its workspaces are moved.
        shares.nodes.replace(&[(-1, 3), (i32::MAX, 2)]);
        assert!(shares.of_workspace(one[0]).acquire(PoolKind::General).await.is_ok());
        drop(held);
    }

    #[tokio::test]
    async fn a_dropped_wait_returns_the_permits_that_it_had() {
        let shares = Shares::new([4, 2, 2]);
        let workspace = Uuid::from_u128(1);
        let of_workspace = shares.of_workspace(workspace);
        let all = [of_workspace.acquire(PoolKind::General).await, of_workspace.acquire(PoolKind::General).await];
        let of_session = shares.of_caller(workspace, principal(2));
        {
            let mut waiting = Box::pin(of_session.acquire(PoolKind::General));
            assert!(futures_util::poll!(&mut waiting).is_pending());
            assert_eq!(of_workspace.waiting.load(Relaxed), 1);
            assert_eq!(of_session.permits[0].available_permits(), 0);
        }
        assert_eq!((of_workspace.waiting.load(Relaxed), of_session.permits[0].available_permits()), (0, 1));
        drop(all);
        assert!(of_session.acquire(PoolKind::General).await.is_ok());
    }
}
