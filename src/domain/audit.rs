//! The audit trail: which credential changed what.

use super::id::{DeviceId, WorkspaceId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Actions that are not types of events, in alphabetical order.
pub const ACTIONS: [&str; 55] = [
    "access_token.created",
    "access_token.revoked",
    "api_key.created",
    "api_key.revoked",
    "client_session.revoked",
    "credential.assigned",
    "credential.created",
    "credential.deleted",
    "credential.issued",
    "credential.moved",
    "credential.unassigned",
    "credential.updated",
    "delivery.redelivered",
    "device_access.granted",
    "device_access.moved",
    "device_access.revoked",
    "instant_key.created",
    "instant_key.deleted",
    "instant_key.used",
    "number.assigned",
    "number.deleted",
    "number.finished",
    "number.imported",
    "number.release_cancelled",
    "number.release_scheduled",
    "number.released",
    "number.reserved",
    "number.taken_back",
    "number.updated",
    "phone.connected",
    "phone.deleted",
    "phone.disconnected",
    "phone.disowned",
    "phone.moved",
    "phone.readmitted",
    "scim_group.created",
    "scim_group.deleted",
    "scim_group.updated",
    "scim_user.created",
    "scim_user.deleted",
    "scim_user.updated",
    "slot.changed",
    "slot.deleted",
    "slot.filled",
    "user_identity.merged",
    "user_identity.password_set",
    "user_identity.resumed",
    "user_identity.suspended",
    "webhook.created",
    "webhook.deleted",
    "webhook.enabled",
    "webhook.pinged",
    "webhook.redelivered",
    "webhook.secret_rotated",
    "webhook.updated",
];

/// One audited change.
#[derive(Debug, Clone, Serialize)]
pub struct AuditEntry {
    pub workspace_id: WorkspaceId,
    pub audit_id: Uuid,
    pub at: DateTime<Utc>,
    pub request_id: Option<Uuid>,
    pub credential_kind: String,
    pub credential_id: Option<Uuid>,
    pub address: Option<String>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Uuid,
    /// None for a creation.
    pub before: Option<Value>,
    /// None for a deletion.
    pub after: Option<Value>,
}

impl AuditEntry {
    /// Position in the trail of its workspace.
    pub fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.at, self.audit_id)
    }
}

/// Filter of the trail. Conditions are optional and combine with AND.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter {
    /// Changes of this phone and its credentials.
    pub device_id: Option<DeviceId>,
    pub since: Option<DateTime<Utc>>,
    /// Exclusive.
    pub until: Option<DateTime<Utc>>,
}
