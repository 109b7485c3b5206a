//! How much of a workspace a caller reaches: a key of the workspace all of it, a client session its person's part.

use super::id::UserIdentityId;
use uuid::Uuid;

/// The part of a workspace that a question is about. What is out of reach is answered like what does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Workspace,
    Person(UserIdentityId),
    /// A client session without a person.
    Nobody,
}

impl Scope {
    /// Whether what this person owns is within reach.
    pub fn includes(self, owner: Option<UserIdentityId>) -> bool {
        match self {
            Scope::Workspace => true,
            Scope::Person(id) => owner == Some(id),
            Scope::Nobody => false,
        }
    }

    /// The owner that a thing must have, for a condition of the form *no owner is asked for, or it is this one*.
    /// Nobody is the nil UUID, which is no person's.
    pub fn owner(self) -> Option<Uuid> {
        match self {
            Scope::Workspace => None,
            Scope::Person(id) => Some(id.0),
            Scope::Nobody => Some(Uuid::nil()),
        }
    }
}
