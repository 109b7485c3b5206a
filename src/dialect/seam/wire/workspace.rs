//! Workspaces and action attempts.

use super::{AcsCredential, ClientSession, Device, InstantKey, UserIdentity};
use crate::domain;
use crate::domain::event::Event;
use crate::domain::workspace::PublishableKeySessions;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// A workspace: a tenant of the service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workspace {
    pub workspace_id: Uuid,
    #[schema(example = "Demo")]
    pub name: String,
    /// Deprecated: use `connect_partner_name`.
    pub company_name: String,
    #[schema(required)]
    pub connect_partner_name: Option<String>,
    pub is_sandbox: bool,
    pub is_suspended: bool,
    /// Whether the publishable key may create client sessions.
    pub is_publishable_key_auth_enabled: bool,
    /// The publishable key; absent for client sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "seam_pk1Eq8v3Kd2_7PnQ2mXc9RtYw4ZbL6sHgA1e")]
    pub publishable_key: Option<String>,
    #[schema(value_type = Object)]
    pub connect_webview_customization: Map<String, Value>,
    #[schema(required)]
    pub organization_id: Option<Uuid>,
}

impl From<domain::workspace::WorkspaceRecord> for Workspace {
    fn from(workspace: domain::workspace::WorkspaceRecord) -> Workspace {
        Workspace {
            workspace_id: workspace.workspace_id.0,
            company_name: workspace.connect_partner_name.clone().unwrap_or_else(|| workspace.name.clone()),
            name: workspace.name,
            connect_partner_name: workspace.connect_partner_name,
            is_sandbox: workspace.is_sandbox,
            is_suspended: false,
            is_publishable_key_auth_enabled: workspace.publishable_key_sessions != PublishableKeySessions::Off,
            publishable_key: Some(workspace.publishable_key),
            connect_webview_customization: Map::new(),
            organization_id: None,
        }
    }
}

impl Workspace {
    /// As client sessions see it.
    pub fn for_client_session(self) -> Workspace {
        Workspace { publishable_key: None, ..self }
    }
}

/// The look of Seam's hosted pages. There are none.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomizationProfile {
    pub customization_profile_id: Uuid,
    pub workspace_id: Uuid,
    #[schema(required)]
    pub name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// The resources with an id: at most one, unless ids of several systems are the same.
#[derive(Debug, Serialize)]
pub struct Batch {
    pub devices: Vec<Device>,
    pub events: Vec<Event>,
    pub user_identities: Vec<UserIdentity>,
    pub client_sessions: Vec<ClientSession>,
    pub acs_credentials: Vec<AcsCredential>,
    pub instant_keys: Vec<InstantKey>,
    pub action_attempts: Vec<ActionAttempt>,
    pub workspaces: Vec<Workspace>,
}

impl Batch {
    /// What was found in a workspace, with links of the server with this base URL.
    pub fn new(found: domain::workspace::Found, is_sandbox: bool, base_url: &str) -> Batch {
        let device = |phone| Device::new(phone, is_sandbox);
        let with_link = |key| InstantKey::new(key, base_url);
        Batch {
            devices: found.phone.map(device).into_iter().collect(),
            events: found.event.into_iter().collect(),
            user_identities: found.user_identity.map(UserIdentity::from).into_iter().collect(),
            client_sessions: found.client_session.map(ClientSession::from).into_iter().collect(),
            acs_credentials: found.credential.map(AcsCredential::from).into_iter().collect(),
            instant_keys: found.instant_key.map(with_link).into_iter().collect(),
            action_attempts: found.action_attempt.map(ActionAttempt::from).into_iter().collect(),
            workspaces: found.workspace.map(Workspace::from).into_iter().collect(),
        }
    }
}

/// An action that callers may poll for. It is complete when the call that started it returns.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionAttempt {
    pub action_attempt_id: Uuid,
    #[schema(value_type = ActionAttemptType)]
    pub action_type: String,
    pub status: ActionAttemptStatus,
    #[schema(value_type = Object)]
    pub result: Value,
    #[schema(required, value_type = Option<Object>)]
    pub error: Option<Value>,
}

/// The type of an action attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "the model has it as text")]
pub enum ActionAttemptType {
    ResetSandboxWorkspace,
}

/// The status of an action attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionAttemptStatus {
    Success,
}

impl From<domain::workspace::ActionAttempt> for ActionAttempt {
    fn from(attempt: domain::workspace::ActionAttempt) -> ActionAttempt {
        ActionAttempt {
            action_attempt_id: attempt.action_attempt_id.0,
            action_type: attempt.action_type,
            status: ActionAttemptStatus::Success,
            result: json!({}),
            error: None,
        }
    }
}
