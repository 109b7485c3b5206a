//! ACS credentials of user identities and phones. No access system is connected: Handset stores the holders.

use super::id::{CredentialId, DeviceId, UserIdentityId, WorkspaceId};
use super::page::Paging;
use chrono::{DateTime, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

/// A credential: a multi-phone parent or a phone's child.
#[derive(Debug, Clone)]
pub struct Credential {
    pub workspace_id: WorkspaceId,
    pub acs_credential_id: CredentialId,
    pub parent_acs_credential_id: Option<CredentialId>,
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    /// The phone that holds it, if any.
    pub device_id: Option<DeviceId>,
    pub acs_system_id: Uuid,
    pub access_method: AccessMethod,
    pub is_multi_phone_sync_credential: bool,
    pub allowed_acs_entrance_ids: Vec<Uuid>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    /// When its holder got it; None while it waits for a phone.
    pub issued_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// Access method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AccessMethod {
    Code,
    Card,
    MobileKey,
    CloudKey,
}

/// A credential to create.
#[derive(Debug, Clone)]
pub struct NewCredential {
    pub acs_credential_id: CredentialId,
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    pub acs_system_id: Uuid,
    pub access_method: AccessMethod,
    pub is_multi_phone_sync_credential: bool,
    pub allowed_acs_entrance_ids: Vec<Uuid>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
}

/// Filter of credentials.
#[derive(Debug, Clone, Default)]
pub struct CredentialFilter {
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_user_id: Option<Uuid>,
    pub acs_system_id: Option<Uuid>,
    pub is_multi_phone_sync_credential: Option<bool>,
    /// Part of the display name, or a prefix of an id.
    pub search: Option<String>,
    pub created_before: Option<DateTime<Utc>>,
    pub paging: Paging,
}

impl Credential {
    /// Name.
    pub fn display_name(&self) -> &'static str {
        match self.access_method {
            AccessMethod::Code => "Code",
            AccessMethod::Card => "Card",
            AccessMethod::MobileKey => "Mobile key",
            AccessMethod::CloudKey => "Cloud key",
        }
    }
}
