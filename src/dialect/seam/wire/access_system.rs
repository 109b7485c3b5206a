//! What access systems have. None is connected, so lists of these are empty.

use super::{Fault, Warning};
use crate::domain::user_identity::UserIdentity;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// An entrance of an access system.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcsEntrance {
    pub acs_entrance_id: Uuid,
    pub acs_system_id: Uuid,
    pub connected_account_id: Uuid,
    #[schema(example = "Front door")]
    pub display_name: String,
    pub created_at: DateTime<Utc>,
    pub space_ids: Vec<Uuid>,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
}

/// An access system.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcsSystem {
    pub acs_system_id: Uuid,
    pub connected_account_id: Uuid,
    pub connected_account_ids: Vec<Uuid>,
    #[schema(example = "Headquarters")]
    pub name: String,
    #[schema(example = "https://example.com/logo.png")]
    pub image_url: String,
    #[schema(example = "Logo")]
    pub image_alt_text: String,
    pub is_credential_manager: bool,
    #[schema(value_type = Object)]
    pub location: Map<String, Value>,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
}

/// A user of an access system.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcsUser {
    pub acs_user_id: Uuid,
    pub acs_system_id: Uuid,
    pub connected_account_id: Uuid,
    #[schema(example = "Jane Doe")]
    pub display_name: String,
    pub is_managed: bool,
    #[schema(required)]
    pub last_successful_sync_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
}

/// What enrolls the phones of a user identity in an access system.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrollmentAutomation {
    pub enrollment_automation_id: Uuid,
    pub credential_manager_acs_system_id: Uuid,
    pub user_identity_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
}

/// A user identity that only an access system knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnmanagedUserIdentity {
    pub user_identity_id: Uuid,
    #[schema(required, format = "email", example = "jane@example.com")]
    pub email_address: Option<String>,
    #[schema(required, example = "+15551234567")]
    pub phone_number: Option<String>,
    #[schema(required, example = "Jane Doe")]
    pub full_name: Option<String>,
    #[schema(example = "Jane Doe", min_length = 1)]
    pub display_name: String,
    pub acs_user_ids: Vec<Uuid>,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Warning>,
}

impl From<UserIdentity> for UnmanagedUserIdentity {
    fn from(person: UserIdentity) -> UnmanagedUserIdentity {
        UnmanagedUserIdentity {
            display_name: person.display_name().to_owned(),
            user_identity_id: person.user_identity_id.0,
            email_address: person.email_address,
            phone_number: person.phone_number,
            full_name: person.full_name,
            acs_user_ids: Vec::new(),
            created_at: person.created_at,
            workspace_id: person.workspace_id.0,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }
}
