//! Workspaces and persons under numbers that somebody can type: accounts and extensions.

use super::id::{AccountId, ExtensionId, UserIdentityId, WorkspaceId};

/// A workspace under its number.
#[derive(Debug, Clone)]
pub struct NumberedAccount {
    pub account_id: AccountId,
    pub name: String,
    pub workspace_id: WorkspaceId,
}

/// A person under their number.
#[derive(Debug, Clone)]
pub struct Extension {
    pub extension_id: ExtensionId,
    pub name: String,
    pub user_identity_id: UserIdentityId,
    pub user_identity_key: Option<String>,
}

/// What lists of things with a name are filtered and sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedField {
    Id,
    Name,
}
