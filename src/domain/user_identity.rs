//! User identities: persons of a workspace, who own phones, client sessions and credentials.

use super::id::{UserIdentityId, WorkspaceId};
use super::page::Paging;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Maximum number of user identities that are merged into one, over all merges.
pub const MAX_MERGED: i64 = 1_000;

/// Maximum number of rows of a kind that a merge moves, so that it ends within the time of a request.
pub const MAX_MOVED: i64 = 20_000;

/// Maximum number of phones and credentials that a merge moves. This and the following limits keep the time short for which it
/// holds the clock of the workspace, where each other change with an event waits.
pub const MAX_MOVED_CREDENTIALS: i64 = 2_000;

/// Maximum number of credentials that a merge issues to phones, each with an event.
pub const MAX_ISSUED: i64 = 1_000;

/// Maximum number of deliveries of those events.
pub const MAX_ISSUED_DELIVERIES: i64 = 5_000;

/// A stored user identity.
#[derive(Debug, Clone)]
pub struct UserIdentity {
    pub workspace_id: WorkspaceId,
    pub user_identity_id: UserIdentityId,
    pub user_identity_key: Option<String>,
    pub email_address: Option<String>,
    pub phone_number: Option<String>,
    pub full_name: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Ids of the user identities that were merged into it, in order; empty where they are not shown.
    pub merged_user_identity_ids: Vec<Uuid>,
    /// Their keys.
    pub merged_user_identity_keys: Vec<String>,
}

impl UserIdentity {
    /// The name, else the e-mail address, the phone number, the key.
    pub fn display_name(&self) -> &str {
        [&self.full_name, &self.email_address, &self.phone_number, &self.user_identity_key]
            .into_iter()
            .find_map(|name| name.as_deref().filter(|name| !name.is_empty()))
            .unwrap_or("User identity")
    }
}

/// What belongs to a user identity, as numbers, and what a company's directory says of it.
#[derive(Debug, Clone)]
pub struct UserIdentitySummary {
    pub extension_id: i64,
    pub enterprise_voice: bool,
    pub contacts: i64,
    /// Active ones.
    pub phones: i64,
    pub credentials: i64,
    /// Those that are not revoked; some may have expired.
    pub client_sessions: i64,
    /// The name in the directory; None if none has described it.
    pub scim_user_name: Option<String>,
    pub scim_external_id: Option<String>,
    /// Since when the directory does not know it.
    pub scim_deleted_at: Option<DateTime<Utc>>,
    /// Since when its person is not let in.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Names of its groups in the directory.
    pub groups: Vec<String>,
}

/// Fields of a user identity. The key, the e-mail address and the phone number are unique in the workspace.
#[derive(Debug, Clone, Default)]
pub struct UserIdentityFields {
    pub user_identity_key: Option<String>,
    pub email_address: Option<String>,
    pub phone_number: Option<String>,
    pub full_name: Option<String>,
    /// Permission to use voice; None is yes.
    pub enterprise_voice: Option<bool>,
}

/// A change: outer None keeps a field, inner None clears it.
#[derive(Debug, Clone, Default)]
pub struct UserIdentityChange {
    pub user_identity_key: Option<Option<String>>,
    pub email_address: Option<Option<String>>,
    pub phone_number: Option<Option<String>>,
    pub full_name: Option<Option<String>>,
    pub enterprise_voice: Option<bool>,
}

/// Filter of user identities.
#[derive(Debug, Clone, Default)]
pub struct UserIdentityFilter {
    pub user_identity_ids: Option<Vec<UserIdentityId>>,
    /// Part of the name, e-mail address, phone number or key, or a prefix of the id.
    pub search: Option<String>,
    pub created_before: Option<DateTime<Utc>>,
    pub paging: Paging,
}

/// User identities to merge into a primary one, as a request names them.
#[derive(Debug, Clone)]
pub enum MergeRequest {
    ById { primary: UserIdentityId, merged: Vec<UserIdentityId> },
    ByKey { primary: String, merged: Vec<String> },
}
