//! Client sessions: tokens of a user identity, for apps and browsers.

use super::id::{ClientSessionId, UserIdentityId, WorkspaceId};
use super::token::Token;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A session with its token, which the protocol shows on every read.
#[derive(Debug, Clone)]
pub struct ClientSession {
    pub workspace_id: WorkspaceId,
    pub client_session_id: ClientSessionId,
    pub token: Token,
    pub user_identifier_key: Option<String>,
    pub user_identity_id: Option<UserIdentityId>,
    pub connected_account_ids: Vec<Uuid>,
    pub connect_webview_ids: Vec<Uuid>,
    pub customer_key: Option<String>,
    /// Active phones of its user identity.
    pub device_count: i64,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Whether a publishable key has created it and no key has granted it anything.
    pub is_anonymous: bool,
}

/// A session without its token.
#[derive(Debug, Clone)]
pub struct ClientSessionSummary {
    pub client_session_id: ClientSessionId,
    pub user_identifier_key: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// An active session as an operator sees it, without its token.
#[derive(Debug, Clone)]
pub struct ClientSessionOverview {
    pub client_session_id: ClientSessionId,
    pub user_identity_id: Option<UserIdentityId>,
    /// Name of its user identity.
    pub user_name: Option<String>,
    pub user_identifier_key: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Whether a publishable key has created it and no key has granted it anything.
    pub is_anonymous: bool,
}

/// A session to create.
#[derive(Debug, Clone)]
pub struct NewClientSession {
    pub client_session_id: ClientSessionId,
    pub token: Token,
    pub user_identifier_key: Option<String>,
    pub user_identity_id: Option<UserIdentityId>,
    pub connected_account_ids: Vec<Uuid>,
    pub connect_webview_ids: Vec<Uuid>,
    pub customer_key: Option<String>,
    pub expires_at: DateTime<Utc>,
}

/// Behaviour when an active session has the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Return that session.
    Reuse,
    /// Fail.
    Refuse,
}

/// Filter of a list, or selector of one session.
#[derive(Debug, Clone, Default)]
pub struct ClientSessionFilter {
    pub client_session_id: Option<ClientSessionId>,
    pub user_identifier_key: Option<String>,
    /// Inner None: no user identity.
    pub user_identity_id: Option<Option<UserIdentityId>>,
    /// Inner None: no connect webview.
    pub connect_webview_id: Option<Option<Uuid>>,
    pub without_user_identifier_key: bool,
}

/// Access to add to a session.
#[derive(Debug, Clone, Default)]
pub struct ClientSessionGrant {
    pub user_identity_id: Option<UserIdentityId>,
    pub connected_account_ids: Vec<Uuid>,
    pub connect_webview_ids: Vec<Uuid>,
}
