//! The part of a workspace that a caller can access: a key all of it, a client session its user identity's.

use super::id::UserIdentityId;
use uuid::Uuid;

/// The part of a workspace that a query covers. Resources outside of it are not found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Workspace,
    Person(UserIdentityId),
    /// A session without a user identity.
    Nothing,
}

impl Scope {
    /// Whether resources of `owner` are in scope.
    pub fn includes(self, owner: Option<UserIdentityId>) -> bool {
        match self {
            Scope::Workspace => true,
            Scope::Person(id) => owner == Some(id),
            Scope::Nothing => false,
        }
    }

    /// The required owner, for a condition of the form *no owner is required, or it is this one*. The nil UUID owns
    /// nothing.
    pub fn owner(self) -> Option<Uuid> {
        match self {
            Scope::Workspace => None,
            Scope::Person(id) => Some(id.0),
            Scope::Nothing => Some(Uuid::nil()),
        }
    }
}
