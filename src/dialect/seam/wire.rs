//! Seam's resources, with Seam's names. What clients require and Handset does not have is empty.

mod access_system;
mod credential;
mod instant_key;
mod person;
mod phone;
mod webhook;
mod workspace;

pub use access_system::{AcsEntrance, AcsSystem, AcsUser, EnrollmentAutomation, UnmanagedUserIdentity};
pub use credential::AcsCredential;
pub use instant_key::{InstantKey, InstantKeyPreview};
pub use person::{ClientSession, UserIdentity};
pub use phone::{Device, DeviceProvider, Phone};
pub use webhook::{Webhook, WebhookDelivery};
pub use workspace::{ActionAttempt, Batch, CustomizationProfile, Workspace};

use crate::domain::id::WorkspaceId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::{Builder, Uuid};

/// An error of a resource. The list is always empty; clients require it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResourceError)]
pub struct Fault {
    pub created_at: DateTime<Utc>,
    pub error_code: String,
    pub message: String,
}

/// A warning about a resource. The list is always empty; clients require it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResourceWarning)]
pub struct Warning {
    pub created_at: DateTime<Utc>,
    pub warning_code: String,
    pub message: String,
}

/// A placeholder for an id that clients require: constant per workspace and name (RFC 9562, version 8).
pub fn placeholder_id(workspace: WorkspaceId, name: &str) -> Uuid {
    let hash: [u8; 32] = Sha256::new().chain_update(workspace.0).chain_update(name).finalize().into();
    let (bytes, _) = hash.split_first_chunk().expect("32 bytes have a first 16");
    Builder::from_custom_bytes(*bytes).into_uuid()
}
