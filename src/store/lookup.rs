//! Things looked up one by one, together with whoever looks for others of their kind in the same workspace at the same
//! time: one statement for all of them, which touches the rows of one workspace only.

use super::batcher::{self, BatchQuery, Batcher};
use super::{Store, Workspace};
use crate::error::Result;
use crate::model::contact::Contact;
use crate::model::extension::Extension;
use crate::model::id::WorkspaceId;
use crate::model::listing::Listed;
use crate::model::number::PhoneNumber;
use crate::model::phone::Phone;
use crate::model::subscriber::Subscriber;

/// A kind of thing that is looked up one by one.
pub(super) trait Lookup: Send + Sized + 'static {
    /// By what.
    type Key: Clone + Send + Sync + 'static;

    /// The most that are looked up in one statement.
    const MAX_BATCH: usize = batcher::MAX_BATCH;

    /// Looks up all of them in one statement. Gives as many answers, in the same order.
    fn all(keys: Vec<Self::Key>, workspace: &Workspace) -> impl Future<Output = Result<Vec<Option<Self>>>> + Send;

    /// Where those who look for such things meet.
    fn batcher(batchers: &Batchers) -> &Batcher<LookupRequest<Self>>;
}

/// Where things of each kind are looked for.
#[derive(Debug, Default)]
pub(super) struct Batchers {
    pub phones: Batcher<LookupRequest<Phone>>,
    pub registers: Batcher<LookupRequest<PhoneNumber>>,
    pub subscribers: Batcher<LookupRequest<Subscriber>>,
    pub extensions: Batcher<LookupRequest<Extension>>,
    pub contacts: Batcher<LookupRequest<Contact>>,
    pub contact_pages: Batcher<LookupRequest<Listed<Contact>>>,
}

/// A thing that somebody looks for.
pub(super) struct LookupRequest<P: Lookup> {
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

    async fn ask(together: Vec<LookupRequest<P>>, _: Store) -> Result<Vec<Option<P>>> {
        let Some(LookupRequest { workspace, .. }) = together.first().cloned() else { return Ok(Vec::new()) };
        P::all(together.into_iter().map(|requests| requests.key).collect(), &workspace).await
    }
}

impl Workspace {
    /// The thing with this key, if there is one.
    pub(super) async fn look_up<P: Lookup>(&self, key: P::Key) -> Result<Option<P>> {
        P::batcher(&self.store.batchers).ask(LookupRequest { workspace: self.clone(), key }, &self.store).await
    }
}

/// For each of the keys the thing that has it.
pub(super) fn each<K: PartialEq, T: Clone>(keys: &[K], things: &[T], key: impl Fn(&T) -> K) -> Vec<Option<T>> {
    keys.iter().map(|requests| things.iter().find(|thing| key(thing) == *requests).cloned()).collect()
}
