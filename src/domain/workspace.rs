//! A workspace: a tenant of this deployment.

use super::id::WorkspaceId;
use chrono::{DateTime, Utc};

/// A workspace's record.
#[derive(Debug, Clone)]
pub struct WorkspaceRecord {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub is_sandbox: bool,
    pub publishable_key: String,
    pub connect_partner_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A task that clients may poll. It is finished when the request that started it returns.
#[derive(Debug, Clone)]
pub struct ActionAttempt {
    pub action_attempt_id: super::id::ActionAttemptId,
    pub action_type: String,
}
