//! Things looked up one by one, together with whoever looks for others of their kind in the same workspace at the same
//! time: one statement for all of them, which touches the rows of one workspace only.

use super::gather::{self, Gathering, Question};
use super::{Store, Workspace};
use crate::error::Result;
use crate::model::contact::Contact;
use crate::model::extension::Extension;
use crate::model::id::WorkspaceId;
use crate::model::listing::Listed;
use crate::model::number::Register;
use crate::model::phone::Phone;
use crate::model::subscriber::Subscriber;

/// A kind of thing that is looked up one by one.
pub(super) trait Point: Send + Sized + 'static {
    /// By what.
    type Key: Clone + Send + Sync + 'static;

    /// The most that are looked up in one statement.
    const MOST: usize = gather::MOST;

    /// Looks up all of them in one statement. Gives as many answers, in the same order.
    fn all(keys: Vec<Self::Key>, workspace: &Workspace) -> impl Future<Output = Result<Vec<Option<Self>>>> + Send;

    /// Where those who look for such things meet.
    fn meeting(points: &Points) -> &Gathering<Wanted<Self>>;
}

/// Where things of each kind are looked for.
#[derive(Debug, Default)]
pub(super) struct Points {
    pub phones: Gathering<Wanted<Phone>>,
    pub registers: Gathering<Wanted<Register>>,
    pub subscribers: Gathering<Wanted<Subscriber>>,
    pub extensions: Gathering<Wanted<Extension>>,
    pub contacts: Gathering<Wanted<Contact>>,
    pub contact_pages: Gathering<Wanted<Listed<Contact>>>,
}

/// A thing that somebody looks for.
pub(super) struct Wanted<P: Point> {
    workspace: Workspace,
    key: P::Key,
}

impl<P: Point> Clone for Wanted<P> {
    fn clone(&self) -> Wanted<P> {
        Wanted { workspace: self.workspace.clone(), key: self.key.clone() }
    }
}

impl<P: Point> Question for Wanted<P> {
    type Lane = WorkspaceId;
    type Answer = Option<P>;

    const ABREAST: usize = 2;

    fn most(_: &WorkspaceId) -> usize {
        P::MOST
    }

    fn lane(&self) -> WorkspaceId {
        self.workspace.id()
    }

    async fn ask(together: Vec<Wanted<P>>, _: Store) -> Result<Vec<Option<P>>> {
        let Some(Wanted { workspace, .. }) = together.first().cloned() else { return Ok(Vec::new()) };
        P::all(together.into_iter().map(|wanted| wanted.key).collect(), &workspace).await
    }
}

impl Workspace {
    /// The thing with this key, if there is one.
    pub(super) async fn look_up<P: Point>(&self, key: P::Key) -> Result<Option<P>> {
        P::meeting(&self.store.points).ask(Wanted { workspace: self.clone(), key }, &self.store).await
    }
}

/// For each of the keys the thing that has it.
pub(super) fn each<K: PartialEq, T: Clone>(keys: &[K], things: &[T], key: impl Fn(&T) -> K) -> Vec<Option<T>> {
    keys.iter().map(|wanted| things.iter().find(|thing| key(thing) == *wanted).cloned()).collect()
}
