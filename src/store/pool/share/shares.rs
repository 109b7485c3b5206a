//! The shares in use, by key.

use super::{PoolSizes, Share, ShareKey};
use crate::store::pool::nodes::{Node, Nodes};
use crate::store::principal::Principal;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use uuid::Uuid;

/// The shares in use. An entry goes with its last user.
#[derive(Debug)]
pub struct Shares {
    pub sizes: PoolSizes,
    pub nodes: Arc<Nodes>,
    entries: Mutex<Entries>,
}

type Entries = HashMap<ShareKey, Weak<Share>>;

impl Shares {
    pub fn new(sizes: PoolSizes) -> Arc<Shares> {
        Arc::new(Shares { sizes, nodes: Arc::default(), entries: Mutex::default() })
    }

    /// The share of a workspace.
    pub fn of_workspace(self: &Arc<Self>, workspace: Uuid) -> Arc<Share> {
        self.get_workspace(&mut self.entries(), workspace)
    }

    fn get_workspace(self: &Arc<Self>, entries: &mut Entries, workspace: Uuid) -> Arc<Share> {
        let of_node = self.nodes.of(workspace).map(|node| self.get_node(entries, ShareKey::Node, node, None));
        self.get(entries, ShareKey::Workspace(workspace), of_node)
    }

    /// The share of a caller in a workspace: keys have all of the workspace's.
    pub fn of_caller(self: &Arc<Self>, workspace: Uuid, principal: Principal) -> Arc<Share> {
        let session = match principal {
            Principal::ApiKey(_)
            | Principal::AccessToken(_)
            | Principal::ConsoleSession(_)
            | Principal::Operator(_)
            | Principal::ScimToken(_) => return self.of_workspace(workspace),
            Principal::ClientSession(id, _) => Some(id.0),
            Principal::Password(person) => Some(person.0),
            Principal::InstantKey(id) => Some(id.0),
            Principal::PublishableKey(_) => None,
        };
        let mut entries = self.entries();
        let of_workspace = self.get_workspace(&mut entries, workspace);
        let of_sessions = self.get(&mut entries, ShareKey::Sessions(workspace), Some(of_workspace));
        match session {
            Some(id) => self.get(&mut entries, ShareKey::Session(workspace, id), Some(of_sessions)),
            None => of_sessions,
        }
    }

    /// The share of the webhook worker.
    pub fn of_worker(self: &Arc<Self>) -> Arc<Share> {
        self.get(&mut self.entries(), ShareKey::Worker, None)
    }

    /// The share of a workspace's deliveries in that of the webhook worker.
    pub fn of_deliveries(self: &Arc<Self>, workspace: Uuid) -> Arc<Share> {
        let mut entries = self.entries();
        let of_worker = self.get(&mut entries, ShareKey::Worker, None);
        let outer = match self.nodes.of(workspace) {
            Some(node) => self.get_node(&mut entries, ShareKey::NodeDeliveries, node, Some(of_worker)),
            None => of_worker,
        };
        self.get(&mut entries, ShareKey::Deliveries(workspace), Some(outer))
    }

    fn get(self: &Arc<Self>, entries: &mut Entries, key: ShareKey, outer: Option<Arc<Share>>) -> Arc<Share> {
        let known = entries.get(&key).and_then(Weak::upgrade);
        // One whose workspace was moved to another node is replaced.
        if let Some(share) = known.filter(|share| share.is_within(outer.as_ref())) {
            // `share` holds its outer share, so dropping this handle of that one ends none under the lock.
            return share;
        }
        self.insert(entries, key, outer, None)
    }

    fn get_node(
        self: &Arc<Self>,
        entries: &mut Entries,
        key: fn(i32) -> ShareKey,
        node: Arc<Node>,
        outer: Option<Arc<Share>>,
    ) -> Arc<Share> {
        let key = key(node.group);
        let known = entries.get(&key).and_then(Weak::upgrade);
        known.unwrap_or_else(|| self.insert(entries, key, outer, Some(node)))
    }

    fn insert(
        self: &Arc<Self>,
        entries: &mut Entries,
        key: ShareKey,
        outer: Option<Arc<Share>>,
        node: Option<Arc<Node>>,
    ) -> Arc<Share> {
        let share = Arc::new(Share::new(key, outer, node, Arc::clone(self)));
        entries.insert(key, Arc::downgrade(&share));
        share
    }

    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
