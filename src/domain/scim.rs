//! Users and groups as a company's directory describes them by SCIM (RFC 7643), and the tokens of directories.

use super::id::{ScimGroupId, ScimTokenId, UserIdentityId, WorkspaceId};
use super::page::Position;
use super::slot::SlotType;
use super::user_identity::UserIdentity;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Maximum number of groups of a workspace. Concurrent requests may exceed it by their number.
pub const MAX_GROUPS: i64 = 10_000;

/// Maximum number of members of a group.
pub const MAX_MEMBERS: usize = 10_000;

/// A token by which a directory calls, without its secret.
#[derive(Debug, Clone)]
pub struct ScimToken {
    pub scim_token_id: ScimTokenId,
    pub workspace_id: WorkspaceId,
    pub workspace_name: String,
    pub name: String,
    pub hint: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// Up to a minute late.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A user identity with what a directory says of it.
#[derive(Debug, Clone)]
pub struct ScimUser {
    pub person: UserIdentity,
    pub suspended_at: Option<DateTime<Utc>>,
    /// None before a directory has described the user identity.
    pub record: Option<ScimRecord>,
    /// The numbers of the slots that have one of their own.
    pub numbers: Vec<(SlotType, String)>,
    /// The number in the work slot that the workspace has assigned.
    pub managed_number: Option<String>,
    /// In order of name.
    pub groups: Vec<ScimGroupName>,
}

/// What a directory says of a user identity.
#[derive(Debug, Clone, PartialEq)]
pub struct ScimRecord {
    pub user_name: String,
    pub external_id: Option<String>,
    /// The attributes as given, without those that have a field.
    pub attributes: Map<String, Value>,
    pub updated_at: DateTime<Utc>,
}

impl ScimUser {
    /// The name by which the directory knows it: its own, else the key, the e-mail address, the id.
    pub fn user_name(&self) -> String {
        let own = self.record.as_ref().map(|record| &record.user_name);
        let known = [own, self.person.user_identity_key.as_ref(), self.person.email_address.as_ref()];
        let named = known.into_iter().flatten().find(|name| !name.is_empty());
        named.cloned().unwrap_or_else(|| self.person.user_identity_id.to_string())
    }

    /// Whether the person is let in.
    pub fn is_active(&self) -> bool {
        self.suspended_at.is_none()
    }

    /// The number of a slot's own; empty if it has none.
    pub fn number(&self, slot_type: SlotType) -> &str {
        self.numbers.iter().find(|(own, _)| *own == slot_type).map_or("", |(_, number)| number)
    }

    /// The last change by a directory, else the creation.
    pub fn last_modified(&self) -> DateTime<Utc> {
        self.record.as_ref().map_or(self.person.created_at, |record| record.updated_at.max(self.person.created_at))
    }

    /// Its position in the order of creation.
    pub fn position(&self) -> Position {
        Position { created_at: self.person.created_at, id: self.person.user_identity_id.0 }
    }
}

/// All that a directory says of a user, after a change.
#[derive(Debug, Clone)]
pub struct ScimUserChange {
    pub user_name: String,
    pub external_id: Option<String>,
    pub attributes: Map<String, Value>,
    /// All e-mail addresses.
    pub emails: Vec<String>,
    pub is_active: bool,
    /// The address of the user identity.
    pub email_address: Option<String>,
    pub full_name: Option<String>,
    /// The number of each slot; empty for none. That of a managed work slot is ignored.
    pub numbers: Vec<(SlotType, String)>,
}

/// A group by its id and name.
#[derive(Debug, Clone)]
pub struct ScimGroupName {
    pub scim_group_id: ScimGroupId,
    pub display_name: String,
}

/// A group of user identities.
#[derive(Debug, Clone)]
pub struct ScimGroup {
    pub scim_group_id: ScimGroupId,
    pub display_name: String,
    pub external_id: Option<String>,
    pub attributes: Map<String, Value>,
    /// In order of their ids.
    pub members: Vec<UserIdentityId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ScimGroup {
    /// Its position in the order of creation.
    pub fn position(&self) -> Position {
        Position { created_at: self.created_at, id: self.scim_group_id.0 }
    }
}

/// All that a directory says of a group, after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct ScimGroupChange {
    pub display_name: String,
    pub external_id: Option<String>,
    pub attributes: Map<String, Value>,
    pub members: Vec<UserIdentityId>,
}

/// Users that an index finds, among which a filter's are.
#[derive(Debug, Clone)]
pub enum ScimUserProbe {
    Any,
    Id(UserIdentityId),
    UserName(String),
    ExternalId(String),
    Email(String),
    ModifiedSince(DateTime<Utc>),
}

/// Groups that an index finds, among which a filter's are.
#[derive(Debug, Clone)]
pub enum ScimGroupProbe {
    Any,
    Id(ScimGroupId),
    DisplayName(String),
    ExternalId(String),
    Member(UserIdentityId),
}

/// A part of a list in order of creation.
#[derive(Debug, Clone, Copy)]
pub struct ScimWindow {
    /// Only what follows this position.
    pub after: Option<Position>,
    pub offset: i64,
    pub limit: i64,
}
