//! Credentials of user identities and phones.

use super::{Fault, Warning, placeholder_id};
use crate::api::openapi::enum_schema;
use crate::domain;
use crate::domain::credential::AccessMethod;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A credential: what a user identity or a phone can open.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcsCredential {
    pub acs_credential_id: Uuid,
    /// The multi-phone sync credential that this credential of a phone belongs to.
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
    #[schema(value_type = AccessMethod)]
    pub access_method: &'static str,
    #[schema(example = "Mobile key")]
    pub display_name: String,
    pub is_managed: bool,
    pub is_multi_phone_sync_credential: bool,
    /// Whether it was issued to its holder.
    pub is_issued: bool,
    #[schema(required)]
    pub issued_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub starts_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ends_at: Option<DateTime<Utc>>,
    /// The PIN, of credentials with the access method `code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "123456")]
    pub code: Option<String>,
    pub created_at: DateTime<Utc>,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
}

enum_schema!(AccessMethod, "AccessMethod", "The access method of a credential.");

impl From<domain::credential::Credential> for AcsCredential {
    fn from(credential: domain::credential::Credential) -> AcsCredential {
        AcsCredential {
            display_name: credential.display_name().to_owned(),
            acs_credential_id: credential.acs_credential_id.0,
            parent_acs_credential_id: credential.parent_acs_credential_id.map(|id| id.0),
            user_identity_id: credential.user_identity_id.map(|id| id.0),
            acs_user_id: credential.acs_user_id,
            acs_system_id: credential.acs_system_id,
            connected_account_id: placeholder_id(credential.workspace_id, "connected_account"),
            workspace_id: credential.workspace_id.0,
            access_method: credential.access_method.into_str(),
            is_managed: true,
            is_multi_phone_sync_credential: credential.is_multi_phone_sync_credential,
            is_issued: credential.issued_at.is_some(),
            issued_at: credential.issued_at,
            starts_at: credential.starts_at,
            ends_at: credential.ends_at,
            code: credential.code.map(|code| code.reveal().to_owned()),
            created_at: credential.created_at,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
