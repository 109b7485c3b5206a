//! The trail of who did what to which phone, as it is read.

use super::id::{DeviceId, WorkspaceId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// One change.
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
    /// None: there was nothing before.
    pub before: Option<Value>,
    /// None: there is nothing after.
    pub after: Option<Value>,
}

impl AuditEntry {
    /// Where it stands in the trail of its workspace.
    pub fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.at, self.audit_id)
    }
}

/// Which changes are asked for. Everything is optional, conditions add up.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter {
    /// Those of this phone, and of the credentials on it.
    pub device_id: Option<DeviceId>,
    pub since: Option<DateTime<Utc>>,
    /// Without those of this very moment.
    pub until: Option<DateTime<Utc>>,
}
