//! A client session: the token of one person, for an app or a browser.

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
    /// How many living phones its person has.
    pub device_count: i64,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A session about to be made.
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

/// What to do when a living session has the same user identifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Answer with that session.
    Reuse,
    /// Refuse.
    Refuse,
}

/// Which sessions a list shows, or which one is meant.
#[derive(Debug, Clone, Default)]
pub struct ClientSessionFilter {
    pub client_session_id: Option<ClientSessionId>,
    pub user_identifier_key: Option<String>,
    /// Inner None: sessions without a person.
    pub user_identity_id: Option<Option<UserIdentityId>>,
    /// Inner None: sessions without a view.
    pub connect_webview_id: Option<Option<Uuid>>,
    pub without_user_identifier_key: bool,
}

/// More that a session may see.
#[derive(Debug, Clone, Default)]
pub struct ClientSessionGrant {
    pub user_identity_id: Option<UserIdentityId>,
    pub connected_account_ids: Vec<Uuid>,
    pub connect_webview_ids: Vec<Uuid>,
}
