//! Workspaces and user identities by short numbers: accounts and extensions.

use super::id::{AccountId, ExtensionId, UserIdentityId, WorkspaceId};

/// A workspace as an account.
#[derive(Debug, Clone)]
pub struct NumberedAccount {
    pub account_id: AccountId,
    pub name: String,
    pub workspace_id: WorkspaceId,
}

/// A user as an extension.
#[derive(Debug, Clone)]
pub struct Extension {
    pub extension_id: ExtensionId,
    pub name: String,
    pub user_identity_id: UserIdentityId,
    pub user_identity_key: Option<String>,
}

/// Filter and sort fields of named resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedField {
    Id,
    Name,
}
