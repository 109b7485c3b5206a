//! The nodes of a Citus cluster: which workspaces each one has, and whether it answers. A node that does not answer keeps
//! the connections of its workspaces busy, so these have a share of the pools by node, and are refused at once while it is
//! known to be away. Without Citus, and on a cluster with one node, there is nothing here.

mod hash;

use super::hosts::Hosts;
use super::{Connections, Pools};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

/// Pause between looks at the statements in progress.
const TICK: Duration = Duration::from_millis(500);

/// Age of the placement at which it is read again. A workspace that was moved has the share of its former node until then.
const PLACEMENT_AGE: Duration = Duration::from_secs(10);

/// Time without an answer, while statements are in progress, after which a node is probed.
const SUSPICIOUS_SILENCE: Duration = Duration::from_secs(1);

/// Number of shards to remember; Citus makes 32.
const MAX_SHARDS: usize = 4_096;

/// The nodes, and where the workspaces are.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// The highest hash of each shard, in order, and its node.
    placement: RwLock<Vec<(i32, Arc<Node>)>>,
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    /// Citus's number for it.
    pub group: i32,
    is_away: watch::Sender<bool>,
    /// Permits of the node's shares in use.
    in_progress: AtomicUsize,
    last_answer: Mutex<Instant>,
}

impl Nodes {
    /// The node of a workspace, if there are several nodes.
    pub fn of(&self, workspace: Uuid) -> Option<Arc<Node>> {
        let placement = self.placement.read().unwrap_or_else(PoisonError::into_inner);
        if placement.is_empty() {
            return None;
        }
        let hash = hash::of(workspace);
        let index = placement.partition_point(|(last_hash, _)| *last_hash < hash);
        placement.get(index).map(|(_, node)| Arc::clone(node))
    }

    /// Replaces the placement; the state of nodes stays.
    pub fn replace(&self, shards: &[(i32, i32)]) {
        let mut placement = self.placement.write().unwrap_or_else(PoisonError::into_inner);
        let mut nodes: HashMap<i32, Arc<Node>> = placement.drain(..).map(|(_, node)| (node.group, node)).collect();
        let groups: Vec<i32> = shards.iter().map(|(_, group)| *group).collect();
        if groups.windows(2).all(|pair| pair[0] == pair[1]) {
            return;
        }
        placement.extend(shards.iter().take(MAX_SHARDS).map(|(last_hash, group)| {
            let node = nodes.entry(*group).or_insert_with(|| Arc::new(Node::new(*group)));
            (*last_hash, Arc::clone(node))
        }));
    }

    /// Each node once.
    fn each(&self) -> Vec<Arc<Node>> {
        let placement = self.placement.read().unwrap_or_else(PoisonError::into_inner);
        let mut nodes: Vec<_> = placement.iter().map(|(_, node)| Arc::clone(node)).collect();
        nodes.sort_by_key(|node| node.group);
        nodes.dedup_by_key(|node| node.group);
        nodes
    }
}

impl Node {
    fn new(group: i32) -> Node {
        let last_answer = Mutex::new(Instant::now());
        Node { group, is_away: watch::Sender::new(false), in_progress: AtomicUsize::new(0), last_answer }
    }

    pub fn is_away(&self) -> bool {
        *self.is_away.borrow()
    }

    /// Completes when the node is away.
    pub async fn away(&self) {
        // The sender is part of `self`.
        let _ = self.is_away.subscribe().wait_for(|is_away| *is_away).await;
    }

    /// Notes that a permit was given.
    pub fn began(&self) {
        if self.in_progress.fetch_add(1, Relaxed) == 0 {
            *self.last_answer() = Instant::now();
        }
    }

    /// Notes that a permit was returned, after a statement or without one.
    pub fn ended(&self) {
        self.in_progress.fetch_sub(1, Relaxed);
        *self.last_answer() = Instant::now();
    }

    fn is_suspicious(&self) -> bool {
        self.is_away() || (self.in_progress.load(Relaxed) > 0 && self.last_answer().elapsed() > SUSPICIOUS_SILENCE)
    }

    fn last_answer(&self) -> MutexGuard<'_, Instant> {
        self.last_answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the outcome of a probe.
    pub fn note(&self, answers: bool) {
        *self.last_answer() = Instant::now();
        if self.is_away.send_replace(!answers) == answers {
            match answers {
                true => tracing::info!(group = self.group, "cluster node answers again"),
                false => tracing::warn!(group = self.group, "cluster node does not answer; refusing its workspaces"),
            }
        }
    }
}

impl Connections {
    /// Keeps the placement up to date, and probes nodes that are suspicious, until the pools are closed. Two tasks: while a node
    /// is away, the placement may have to wait for a connection.
    pub fn follow_nodes(&self, hosts: Hosts) {
        tokio::spawn(follow_placement(Arc::downgrade(&self.pools)));
        tokio::spawn(probe_nodes(Arc::downgrade(&self.pools), hosts));
    }
}

async fn follow_placement(pools: Weak<Pools>) {
    while let Some(pools) = open(&pools) {
        let nodes = Arc::clone(&pools.shares.nodes);
        match read_placement(pools).await {
            Ok(shards) => nodes.replace(&shards),
            // A database that is not migrated yet has none.
            Err(fault) => tracing::debug!(%fault, "cannot read the placement of the workspaces"),
        }
        sleep(PLACEMENT_AGE).await;
    }
}

async fn probe_nodes(pools: Weak<Pools>, hosts: Hosts) {
    while let Some(pools) = open(&pools) {
        let nodes = pools.shares.nodes.each();
        drop(pools);
        // All at once, since one that hangs takes the whole time of a probe.
        let suspicious = nodes.into_iter().filter(|node| node.is_suspicious());
        join_all(suspicious.map(async |node| {
            if let Some(answers) = hosts.reaches_node(node.group).await {
                node.note(answers);
            }
        }))
        .await;
        sleep(TICK).await;
    }
}

/// The pools, unless they are closed.
fn open(pools: &Weak<Pools>) -> Option<Arc<Pools>> {
    pools.upgrade().filter(|pools| !pools.is_closed())
}

async fn read_placement(pools: Arc<Pools>) -> sqlx::Result<Vec<(i32, i32)>> {
    let connections = Connections::of_server(pools);
    let shards = sqlx::query!(r#"select last_hash as "last_hash!", group_id as "group_id!" from cluster_shards()"#)
        .fetch_all(&connections)
        .await?;
    Ok(shards.into_iter().map(|shard| (shard.last_hash, shard.group_id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_placement_tells_the_node_of_each_hash() {
        let nodes = Nodes::default();
        let workspace = Uuid::from_u128(0x0199_a5c6_7d5e_7a00_8000_3f1c_2b4d_5e6f);
        assert!(nodes.of(workspace).is_none(), "nothing is known yet");
        nodes.replace(&[(-1, 1), (i32::MAX, 1)]);
        assert!(nodes.of(workspace).is_none(), "one node has all");
        let hash = hash::of(workspace);
        nodes.replace(&[(hash - 1, 1), (hash, 2), (i32::MAX, 1)]);
        let node = nodes.of(workspace).expect("there are two");
        assert_eq!(node.group, 2);
        node.note(false);
        nodes.replace(&[(hash - 1, 1), (hash, 2), (i32::MAX, 3)]);
        assert!(nodes.of(workspace).is_some_and(|node| node.is_away()), "its state stays");
        assert_eq!(nodes.each().iter().map(|node| node.group).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_node_is_suspicious_while_its_statements_are_silent() {
        let node = Node::new(1);
        let long_ago = Instant::now().checked_sub(2 * SUSPICIOUS_SILENCE).expect("the machine runs for longer");
        *node.last_answer() = long_ago;
        assert!(!node.is_suspicious(), "nothing is in progress");
        node.began();
        assert!(!node.is_suspicious(), "it has just begun");
        *node.last_answer() = long_ago;
        assert!(node.is_suspicious());
        node.began();
        assert!(node.is_suspicious(), "another one is no answer");
        node.ended();
        assert!(!node.is_suspicious(), "one has ended");
        node.note(false);
        assert!(node.is_suspicious() && node.is_away(), "it is probed until it answers");
        node.note(true);
        assert!(!node.is_away());
    }
}
