//! User identities and their client sessions.

use super::{Fault, Warning};
use crate::domain;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A user identity: a person with phones, client sessions and credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserIdentity {
    pub user_identity_id: Uuid,
    #[schema(required, example = "jane_doe")]
    pub user_identity_key: Option<String>,
    #[schema(required, format = "email", example = "jane@example.com")]
    pub email_address: Option<String>,
    #[schema(required, example = "+15551234567")]
    pub phone_number: Option<String>,
    #[schema(required, example = "Jane Doe")]
    pub full_name: Option<String>,
    /// The full name, or else the e-mail address, the phone number or the key.
    #[schema(example = "Jane Doe", min_length = 1)]
    pub display_name: String,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub acs_user_ids: Vec<Uuid>,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
    /// The former ids of user identities that were merged into this one. Each still names it.
    pub merged_user_identity_ids: Vec<Uuid>,
    /// The former keys of user identities that were merged into this one. Each still names it.
    pub merged_user_identity_keys: Vec<String>,
}

impl From<domain::user_identity::UserIdentity> for UserIdentity {
    fn from(person: domain::user_identity::UserIdentity) -> UserIdentity {
        UserIdentity {
            display_name: person.display_name().to_owned(),
            user_identity_id: person.user_identity_id.0,
            user_identity_key: person.user_identity_key,
            email_address: person.email_address,
            phone_number: person.phone_number,
            full_name: person.full_name,
            created_at: person.created_at,
            workspace_id: person.workspace_id.0,
            acs_user_ids: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            merged_user_identity_ids: person.merged_user_identity_ids,
            merged_user_identity_keys: person.merged_user_identity_keys,
        }
    }
}

/// A client session: a token of one user identity, for an app or a browser.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientSession {
    pub client_session_id: Uuid,
    pub workspace_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[schema(example = "seam_cst1Eq8v3Kd2_7PnQ2mXc9RtYw4ZbL6sHgA1e")]
    pub token: String,
    #[schema(required, example = "jane_doe")]
    pub user_identifier_key: Option<String>,
    /// The number of phones of the user identity.
    pub device_count: i64,
    pub connected_account_ids: Vec<Uuid>,
    pub connect_webview_ids: Vec<Uuid>,
    /// Deprecated: a list with `user_identity_id`.
    pub user_identity_ids: Vec<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_identity_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub customer_key: Option<String>,
}

impl From<domain::client_session::ClientSession> for ClientSession {
    fn from(session: domain::client_session::ClientSession) -> ClientSession {
        let user_identity_id = session.user_identity_id.map(|id| id.0);
        ClientSession {
            client_session_id: session.client_session_id.0,
            workspace_id: session.workspace_id.0,
            created_at: session.created_at,
            expires_at: session.expires_at,
            token: session.token.reveal().to_owned(),
            user_identifier_key: session.user_identifier_key,
            device_count: session.device_count,
            connected_account_ids: session.connected_account_ids,
            connect_webview_ids: session.connect_webview_ids,
            user_identity_ids: user_identity_id.into_iter().collect(),
            user_identity_id,
            customer_key: session.customer_key,
        }
    }
}
