//! A workspace: a tenant of this deployment.

use super::client_session::ClientSession;
use super::credential::Credential;
use super::event::Event;
use super::id::{ActionAttemptId, WorkspaceId};
use super::instant_key::InstantKey;
use super::page::Paging;
use super::phone::Phone;
use super::user_identity::UserIdentity;
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr};

/// A workspace's record.
#[derive(Debug, Clone)]
pub struct WorkspaceRecord {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub is_sandbox: bool,
    pub publishable_key: String,
    pub publishable_key_sessions: PublishableKeySessions,
    pub connect_partner_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// The client sessions that a workspace's publishable key may open. The key is public: pages and apps contain it. The
/// names are those that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum PublishableKeySessions {
    /// None.
    Off,
    /// New ones, and existing ones without access.
    Anonymous,
    /// Existing ones with access, too: a caller that knows the user identifier key of a user becomes that user.
    AnyUser,
}

impl PublishableKeySessions {
    /// The setting of a new workspace.
    pub fn default_for(is_sandbox: bool) -> PublishableKeySessions {
        if is_sandbox { PublishableKeySessions::Anonymous } else { PublishableKeySessions::Off }
    }
}

/// A task that clients may poll. It is finished when the request that started it returns.
#[derive(Debug, Clone)]
pub struct ActionAttempt {
    pub action_attempt_id: ActionAttemptId,
    pub action_type: String,
    pub created_at: DateTime<Utc>,
}

/// Filter of action attempts.
#[derive(Debug, Clone, Default)]
pub struct ActionAttemptFilter {
    pub action_attempt_ids: Option<Vec<ActionAttemptId>>,
    pub paging: Paging,
}

/// What a workspace has with one id, whatever its kind.
#[derive(Debug, Default)]
pub struct Found {
    pub phone: Option<Phone>,
    pub event: Option<Event>,
    pub user_identity: Option<UserIdentity>,
    pub client_session: Option<ClientSession>,
    pub credential: Option<Credential>,
    pub instant_key: Option<InstantKey>,
    pub action_attempt: Option<ActionAttempt>,
    pub workspace: Option<WorkspaceRecord>,
}
