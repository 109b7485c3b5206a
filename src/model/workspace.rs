//! A workspace: a tenant of this deployment.

use super::id::WorkspaceId;
use chrono::{DateTime, Utc};

/// What a workspace shows of itself.
#[derive(Debug, Clone)]
pub struct WorkspaceRecord {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub is_sandbox: bool,
    pub publishable_key: String,
    pub connect_partner_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A piece of work that callers may poll for. It is done when the call that started it answers.
#[derive(Debug, Clone)]
pub struct ActionAttempt {
    pub action_attempt_id: super::id::ActionAttemptId,
    pub action_type: String,
}
