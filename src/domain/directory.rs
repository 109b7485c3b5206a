//! The directory of a workspace: its user identities as other ones see them.

use super::id::UserIdentityId;
use super::presence::Presence;
use super::slot::SlotType;
use super::user_identity::UserIdentity;

/// A user identity as others see it.
#[derive(Debug, Clone)]
pub struct DirectoryEntry {
    pub person: UserIdentity,
    /// Numbers on the contact card, in the order of the slots; none without enterprise voice.
    pub numbers: Vec<(SlotType, String)>,
    /// By the latest application that has made the person available.
    pub presence: Presence,
}

/// The entries to find.
#[derive(Debug, Clone)]
pub enum DirectoryFilter {
    /// One entry.
    Person(UserIdentityId),
    /// All but one's own.
    AllBut(UserIdentityId),
    /// Those with this text in their name, e-mail address or key, or with these digits in a number on the contact card.
    Text { text: String, digits: Option<String> },
}
