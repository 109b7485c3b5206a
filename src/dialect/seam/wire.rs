//! Things as Seam's wire shows them, named as there. What Handset does not have and clients require is there and empty.

use crate::model;
use crate::model::id::WorkspaceId;
use crate::model::metadata::Metadata;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::{Builder, Uuid};

/// A fault of a resource. Handset has none to tell of; the list is there because clients read it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fault {
    pub created_at: DateTime<Utc>,
    pub error_code: String,
    pub message: String,
}

/// A warning about a resource. Handset has none to tell of; the list is there because clients read it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Warning {
    pub created_at: DateTime<Utc>,
    pub warning_code: String,
    pub message: String,
}

/// A phone: a handset with a mobile-access app on it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = phone)]
pub struct Phone {
    pub device_id: Uuid,
    #[schema(inline)]
    pub device_type: DeviceType,
    /// The nickname, else the model.
    #[schema(example = "Samsung Galaxy S10")]
    pub display_name: String,
    /// Absent when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nickname: Option<String>,
    pub workspace_id: Uuid,
    pub created_at: DateTime<Utc>,
    #[schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({ "internal_account_id": "user-1" }))]
    pub custom_metadata: Metadata,
    #[schema(inline)]
    pub errors: Vec<Fault>,
    #[schema(inline)]
    pub warnings: Vec<Warning>,
    #[schema(inline)]
    pub properties: PhoneProperties,
}

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceType {
    IosPhone,
    AndroidPhone,
}

impl From<model::phone::OperatingSystem> for DeviceType {
    fn from(system: model::phone::OperatingSystem) -> DeviceType {
        match system {
            model::phone::OperatingSystem::Ios => DeviceType::IosPhone,
            model::phone::OperatingSystem::Android => DeviceType::AndroidPhone,
        }
    }
}

/// What the mobile credential services know of a phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub assa_abloy_credential_service_metadata: Option<AssaAbloyCredentialService>,
}

/// What ASSA ABLOY's credential service knows of a phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssaAbloyCredentialService {
    pub has_active_endpoint: bool,
    #[schema(inline)]
    pub endpoints: Vec<AssaAbloyEndpoint>,
}

/// One endpoint of a phone in ASSA ABLOY's credential service.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssaAbloyEndpoint {
    #[schema(example = "1")]
    pub endpoint_id: String,
    pub is_active: bool,
}

impl From<&model::phone::Phone> for PhoneProperties {
    fn from(phone: &model::phone::Phone) -> PhoneProperties {
        PhoneProperties {
            assa_abloy_credential_service_metadata: phone.assa_abloy_metadata.as_ref().map(|metadata| {
                let endpoint_id = metadata.seos_tsm_endpoint_id.to_string();
                let endpoints = vec![AssaAbloyEndpoint { endpoint_id, is_active: true }];
                AssaAbloyCredentialService { has_active_endpoint: true, endpoints }
            }),
        }
    }
}

impl From<model::phone::Phone> for Phone {
    fn from(phone: model::phone::Phone) -> Phone {
        Phone {
            device_id: phone.device_id.0,
            device_type: phone.operating_system.into(),
            display_name: phone.display_name().to_owned(),
            workspace_id: phone.workspace_id.0,
            created_at: phone.created_at,
            errors: Vec::new(),
            warnings: Vec::new(),
            properties: (&phone).into(),
            nickname: phone.nickname,
            custom_metadata: phone.custom_metadata,
        }
    }
}

/// A phone as a device, for clients that look at all devices alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = device)]
pub struct Device {
    pub device_id: Uuid,
    #[schema(inline)]
    pub device_type: DeviceType,
    #[schema(example = "Samsung Galaxy S10")]
    pub display_name: String,
    /// Absent when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub nickname: Option<String>,
    pub workspace_id: Uuid,
    /// Phones have no connected account; this is the same id for all of a workspace.
    pub connected_account_id: Uuid,
    pub created_at: DateTime<Utc>,
    #[schema(value_type = std::collections::BTreeMap<String, Value>, example = json!({ "internal_account_id": "user-1" }))]
    pub custom_metadata: Metadata,
    #[schema(inline)]
    pub errors: Vec<Fault>,
    #[schema(inline)]
    pub warnings: Vec<Warning>,
    pub is_managed: bool,
    pub space_ids: Vec<Uuid>,
    #[schema(example = json!(["phone"]))]
    pub capabilities_supported: Vec<&'static str>,
    #[schema(value_type = Object)]
    pub location: Map<String, Value>,
    #[schema(inline)]
    pub properties: DeviceProperties,
}

/// What a device is like.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceProperties {
    pub name: String,
    pub online: bool,
    pub manufacturer: String,
    #[schema(inline)]
    pub appearance: Appearance,
    #[schema(inline)]
    pub model: DeviceModel,
    #[serde(flatten)]
    #[schema(inline)]
    pub phone: PhoneProperties,
}

/// How a device calls itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appearance {
    pub name: String,
}

/// Which model a device is.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceModel {
    pub display_name: String,
    pub manufacturer_display_name: String,
}

impl From<model::phone::Phone> for Device {
    fn from(phone: model::phone::Phone) -> Device {
        let properties = DeviceProperties {
            name: phone.display_name().to_owned(),
            online: true,
            manufacturer: phone.device_manufacturer.clone(),
            appearance: Appearance { name: phone.device_model.clone() },
            model: DeviceModel {
                display_name: phone.device_model.clone(),
                manufacturer_display_name: phone.device_manufacturer.clone(),
            },
            phone: (&phone).into(),
        };
        let connected_account_id = constant_of(phone.workspace_id, "connected_account");
        let phone = Phone::from(phone);
        Device {
            device_id: phone.device_id,
            device_type: phone.device_type,
            display_name: phone.display_name,
            nickname: phone.nickname,
            workspace_id: phone.workspace_id,
            connected_account_id,
            created_at: phone.created_at,
            custom_metadata: phone.custom_metadata,
            errors: phone.errors,
            warnings: phone.warnings,
            is_managed: true,
            space_ids: Vec::new(),
            capabilities_supported: vec!["phone"],
            location: Map::new(),
            properties,
        }
    }
}

/// An id that clients require and that Handset has nothing for: the same for all of a workspace (RFC 9562, version 8).
pub fn constant_of(workspace: WorkspaceId, name: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::new().chain_update(workspace.0).chain_update(name).finalize().into();
    let (bytes, _) = hash.split_first_chunk().expect("32 bytes have a first 16");
    Builder::from_custom_bytes(*bytes).into_uuid()
}

/// A person whose phones, client sessions and credentials the workspace keeps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = user_identity)]
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
    /// The name, else the e-mail address, the phone number, the key.
    #[schema(example = "Jane Doe", min_length = 1)]
    pub display_name: String,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub acs_user_ids: Vec<Uuid>,
    #[schema(inline)]
    pub errors: Vec<Fault>,
    #[schema(inline)]
    pub warnings: Vec<Warning>,
    pub merged_user_identity_ids: Vec<Uuid>,
    pub merged_user_identity_keys: Vec<String>,
}

impl From<model::user_identity::UserIdentity> for UserIdentity {
    fn from(person: model::user_identity::UserIdentity) -> UserIdentity {
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
            merged_user_identity_ids: Vec::new(),
            merged_user_identity_keys: Vec::new(),
        }
    }
}

/// The token of one person, for an app or a browser.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = client_session)]
pub struct ClientSession {
    pub client_session_id: Uuid,
    pub workspace_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[schema(example = "seam_cst1Eq8v3Kd2_7PnQ2mXc9RtYw4ZbL6sHgA1e")]
    pub token: String,
    #[schema(required, example = "jane_doe")]
    pub user_identifier_key: Option<String>,
    /// How many phones the person has.
    pub device_count: i64,
    pub connected_account_ids: Vec<Uuid>,
    pub connect_webview_ids: Vec<Uuid>,
    /// Deprecated: the person of user_identity_id, in a list.
    pub user_identity_ids: Vec<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_identity_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub customer_key: Option<String>,
}

impl From<model::client_session::ClientSession> for ClientSession {
    fn from(session: model::client_session::ClientSession) -> ClientSession {
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

/// What a person or a phone may open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = acs_credential)]
pub struct AcsCredential {
    pub acs_credential_id: Uuid,
    /// On a phone's child of a multi-phone sync credential: that credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parent_acs_credential_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_identity_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acs_user_id: Option<Uuid>,
    pub acs_system_id: Uuid,
    pub connected_account_id: Uuid,
    pub workspace_id: Uuid,
    #[schema(inline)]
    pub access_method: AccessMethod,
    #[schema(example = "Mobile key")]
    pub display_name: String,
    pub is_managed: bool,
    pub is_multi_phone_sync_credential: bool,
    /// Whether it has got to its holder.
    pub is_issued: bool,
    #[schema(required)]
    pub issued_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub starts_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ends_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    #[schema(inline)]
    pub errors: Vec<Fault>,
    #[schema(inline)]
    pub warnings: Vec<Warning>,
}

/// How a credential opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessMethod {
    Code,
    Card,
    MobileKey,
    CloudKey,
}

impl From<model::credential::AccessMethod> for AccessMethod {
    fn from(method: model::credential::AccessMethod) -> AccessMethod {
        use model::credential::AccessMethod as M;
        match method {
            M::Code => AccessMethod::Code,
            M::Card => AccessMethod::Card,
            M::MobileKey => AccessMethod::MobileKey,
            M::CloudKey => AccessMethod::CloudKey,
        }
    }
}

impl From<model::credential::Credential> for AcsCredential {
    fn from(credential: model::credential::Credential) -> AcsCredential {
        AcsCredential {
            display_name: credential.display_name().to_owned(),
            acs_credential_id: credential.acs_credential_id.0,
            parent_acs_credential_id: credential.parent_acs_credential_id.map(|id| id.0),
            user_identity_id: credential.user_identity_id.map(|id| id.0),
            acs_user_id: credential.acs_user_id,
            acs_system_id: credential.acs_system_id,
            connected_account_id: constant_of(credential.workspace_id, "connected_account"),
            workspace_id: credential.workspace_id.0,
            access_method: credential.access_method.into(),
            is_managed: true,
            is_multi_phone_sync_credential: credential.is_multi_phone_sync_credential,
            is_issued: credential.issued_at.is_some(),
            issued_at: credential.issued_at,
            starts_at: credential.starts_at,
            ends_at: credential.ends_at,
            created_at: credential.created_at,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workspace)]
pub struct Workspace {
    pub workspace_id: Uuid,
    #[schema(example = "Demo")]
    pub name: String,
    /// Deprecated: use connect_partner_name.
    pub company_name: String,
    #[schema(required)]
    pub connect_partner_name: Option<String>,
    pub is_sandbox: bool,
    pub is_suspended: bool,
    pub is_publishable_key_auth_enabled: bool,
    #[schema(example = "seam_pk1Eq8v3Kd2_7PnQ2mXc9RtYw4ZbL6sHgA1e")]
    pub publishable_key: String,
    #[schema(value_type = Object)]
    pub connect_webview_customization: Map<String, Value>,
    #[schema(required)]
    pub organization_id: Option<Uuid>,
}

impl From<model::workspace::WorkspaceRecord> for Workspace {
    fn from(workspace: model::workspace::WorkspaceRecord) -> Workspace {
        Workspace {
            workspace_id: workspace.workspace_id.0,
            company_name: workspace.connect_partner_name.clone().unwrap_or_else(|| workspace.name.clone()),
            name: workspace.name,
            connect_partner_name: workspace.connect_partner_name,
            is_sandbox: workspace.is_sandbox,
            is_suspended: false,
            is_publishable_key_auth_enabled: true,
            publishable_key: workspace.publishable_key,
            connect_webview_customization: Map::new(),
            organization_id: None,
        }
    }
}

/// Where a workspace wants to hear of its events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = webhook)]
pub struct Webhook {
    pub webhook_id: Uuid,
    #[schema(format = "uri", example = "https://example.com/webhooks")]
    pub url: String,
    #[schema(example = json!(["*"]))]
    pub event_types: Vec<String>,
    /// Signs what is delivered.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
}

impl From<model::webhook::Webhook> for Webhook {
    fn from(webhook: model::webhook::Webhook) -> Webhook {
        Webhook {
            webhook_id: webhook.webhook_id.0,
            url: webhook.url,
            event_types: webhook.event_types,
            secret: webhook.secret.reveal().to_owned(),
        }
    }
}

/// A piece of work that callers may poll for. It is done when the call that started it answers.
#[derive(Debug, Serialize)]
pub struct ActionAttempt {
    pub action_attempt_id: Uuid,
    pub action_type: String,
    pub status: &'static str,
    pub result: Value,
    pub error: Option<Value>,
}

impl From<model::workspace::ActionAttempt> for ActionAttempt {
    fn from(attempt: model::workspace::ActionAttempt) -> ActionAttempt {
        ActionAttempt {
            action_attempt_id: attempt.action_attempt_id.0,
            action_type: attempt.action_type,
            status: "success",
            result: json!({}),
            error: None,
        }
    }
}

/// Something that others must hear of, in the form that all events have everywhere.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Event(pub model::event::Event);
