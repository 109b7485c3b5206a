//! Lookups by key, batched with concurrent lookups of the same type in the same workspace: one statement for all, which
//! touches the rows of one workspace only.

use super::Batched;
use super::batcher::{self, BatchQuery};
use crate::domain::id::WorkspaceId;
use crate::error::Result;
use crate::store::{Store, Workspace};

/// A type whose values are looked up by key.
pub(in crate::store) trait Lookup: Send + Sized + 'static {
    /// The key.
    type Key: Clone + Send + Sync + 'static;

    /// Maximum number of keys in one statement.
    const MAX_BATCH: usize = batcher::MAX_BATCH;

    /// Looks up all keys in one statement. Returns as many results, in the same order.
    fn all(keys: Vec<Self::Key>, workspace: &Workspace) -> impl Future<Output = Result<Vec<Option<Self>>>> + Send;
}

/// A pending lookup.
pub(in crate::store) struct LookupRequest<P: Lookup> {
    workspace: Workspace,
    key: P::Key,
}

impl<P: Lookup> Clone for LookupRequest<P> {
    fn clone(&self) -> LookupRequest<P> {
        LookupRequest { workspace: self.workspace.clone(), key: self.key.clone() }
    }
}

impl<P: Lookup> BatchQuery for LookupRequest<P> {
    type BatchKey = WorkspaceId;
    type Answer = Option<P>;

    const MAX_IN_FLIGHT: usize = 2;

    fn max_batch(_: &WorkspaceId) -> usize {
        P::MAX_BATCH
    }

    fn batch_key(&self) -> WorkspaceId {
        self.workspace.id()
    }

    async fn ask(batch: Vec<LookupRequest<P>>, _: Store) -> Result<Vec<Option<P>>> {
        let Some(LookupRequest { workspace, .. }) = batch.first() else { return Ok(Vec::new()) };
        // The statement serves several callers, so it runs within the share of all.
        let workspace = workspace.with_whole_share();
        P::all(batch.into_iter().map(|request| request.key).collect(), &workspace).await
    }
}

impl Workspace {
    /// The value with this key, if there is one.
    pub(in crate::store) async fn look_up<P: Lookup>(&self, key: P::Key) -> Result<Option<P>>
    where
        LookupRequest<P>: Batched<Answer = Option<P>>,
    {
        self.store.ask(LookupRequest { workspace: self.clone(), key }).await
    }
}

/// The value for each of the keys.
pub(in crate::store) fn each<K: PartialEq, T: Clone>(
    keys: &[K],
    things: &[T],
    key: impl Fn(&T) -> K,
) -> Vec<Option<T>> {
    keys.iter().map(|sought| things.iter().find(|thing| key(thing) == *sought).cloned()).collect()
}
