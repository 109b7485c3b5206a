//! The audit trail: which credential changed what.

use super::id::{DeviceId, WorkspaceId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

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
