//! Phones: handsets with the app, owned by a user identity.

use super::id::{ClientSessionId, CredentialId, DeviceId, EventId, UserIdentityId, WorkspaceId};
use super::metadata::{Metadata, MetadataChange, MetadataFilter};
use super::page::Paging;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// Maximum number of active phones, of a user identity and of an installation. Registrations of one installation for
/// several user identities at the same time may exceed it by their number.
pub const MAX_PHONES: i64 = 100;

/// Maximum number of active phones that a user identity is granted access to.
pub const MAX_DEVICE_ACCESS: i64 = 1_000;

/// A registered phone.
#[derive(Debug, Clone)]
pub struct Phone {
    pub workspace_id: WorkspaceId,
    pub device_id: DeviceId,
    /// None only if the user identity was deleted.
    pub user_identity_id: Option<UserIdentityId>,
    pub operating_system: OperatingSystem,
    pub os_version: String,
    pub device_manufacturer: String,
    pub device_model: String,
    pub nickname: Option<String>,
    pub custom_metadata: Metadata,
    pub assa_abloy_metadata: Option<AssaAbloyMetadata>,
    pub created_at: DateTime<Utc>,
    pub deactivated_at: Option<DateTime<Utc>>,
    /// Since when it is offline, as a sandbox simulates it; None if it is online.
    pub disconnected_at: Option<DateTime<Utc>>,
}

/// What the event of a simulation has beside the phone.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedEvent {
    pub event_id: EventId,
    pub connected_account_id: Uuid,
    pub at: DateTime<Utc>,
}

/// Code of the error of a phone that is offline.
pub const DISCONNECTED: &str = "device_disconnected";

/// Message of the error of a phone that is offline.
pub const DISCONNECTED_MESSAGE: &str = "The phone is offline";

impl Phone {
    /// The nickname, else the model. In SQL: `coalesce(nickname, device_model)`.
    pub fn display_name(&self) -> &str {
        self.nickname.as_deref().unwrap_or(&self.device_model)
    }

    /// Manufacturer and model. Some models begin with their manufacturer.
    pub fn model(&self) -> String {
        match self.device_model.starts_with(&self.device_manufacturer) {
            true => self.device_model.clone(),
            false => format!("{} {}", self.device_manufacturer, self.device_model),
        }
    }
}

/// A phone with what only the workspace's operators see of it.
#[derive(Debug, Clone)]
pub struct PhoneDetails {
    pub phone: Phone,
    pub custom_sdk_installation_id: Option<String>,
    pub deactivation_reason: Option<String>,
    /// When its installation was allowed to register again.
    pub readmitted_at: Option<DateTime<Utc>>,
    /// Its event `phone.deactivated`.
    pub deactivation_event_id: Option<EventId>,
}

impl PhoneDetails {
    /// Whether its installation may not register again.
    pub fn is_barred(&self) -> bool {
        self.phone.deactivated_at.is_some() && self.readmitted_at.is_none() && self.custom_sdk_installation_id.is_some()
    }
}

/// What ends with a phone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhoneTies {
    pub credentials: i64,
    /// Client sessions that spoke for it.
    pub client_sessions: i64,
}

/// Operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum OperatingSystem {
    Ios,
    Android,
}

/// Simulated mobile credential service data of a sandbox phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AssaAbloyMetadata {
    pub application_version: String,
    pub seos_applet_version: String,
    pub ble_capability: bool,
    pub hce_capability: bool,
    pub nfc_capability: bool,
    pub seos_tsm_endpoint_id: f64,
}

/// A phone to register, or to find by its installation.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its id if it is new.
    pub device_id: DeviceId,
    pub user_identity_id: UserIdentityId,
    pub custom_sdk_installation_id: Option<String>,
    /// The client session that speaks for the phone, and ends with it.
    pub client_session_id: Option<ClientSessionId>,
    pub operating_system: OperatingSystem,
    pub os_version: String,
    pub device_manufacturer: String,
    pub device_model: String,
    pub assa_abloy_metadata: Option<AssaAbloyMetadata>,
}

/// A change of nickname and metadata.
#[derive(Debug, Clone, Default)]
pub struct PhoneChange {
    /// Outer None keeps it, inner None clears it.
    pub nickname: Option<Option<String>>,
    pub custom_metadata: MetadataChange,
}

/// Filter of phones. Conditions are optional and combine with AND.
#[derive(Debug, Clone, Default)]
pub struct PhoneFilter {
    pub device_ids: Option<Vec<DeviceId>>,
    pub user_identity_ids: Option<Vec<UserIdentityId>>,
    /// Phones that hold this credential or a child of it.
    pub acs_credential_id: Option<CredentialId>,
    pub operating_systems: Option<Vec<OperatingSystem>>,
    pub manufacturer: Option<String>,
    /// Part of a name or of a metadata value, or a prefix of an id.
    pub search: Option<String>,
    pub custom_metadata_has: MetadataFilter,
    pub created_before: Option<DateTime<Utc>>,
    pub include_deactivated: bool,
    pub paging: Paging,
}
