//! Action attempts that clients may poll.

use crate::error::{ResourceKind, Result};
use crate::model::id::ActionAttemptId;
use crate::model::workspace::ActionAttempt;
use crate::store::Workspace;
use crate::store::sql::found;

impl Workspace {
    /// The action attempt with this id.
    pub async fn action_attempt(&self, id: ActionAttemptId) -> Result<ActionAttempt> {
        let row = sqlx::query_as!(
            ActionAttempt,
            r#"
            select action_attempt_id, action_type from action_attempt
            where workspace_id = $1 and action_attempt_id = $2
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::ActionAttempt, id)
    }
}
