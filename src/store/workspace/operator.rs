//! The handle of a workspace for the operator at the command line, who has the database and needs no credential.

use crate::domain::id::WorkspaceId;
use crate::error::{ResourceKind, Result};
use crate::store::sql::audited::Actor;
use crate::store::sql::found;
use crate::store::{Store, Workspace};

impl Store {
    /// The workspace with this id. Changes are audited as the operator's.
    pub async fn workspace_of_operator(&self, id: WorkspaceId) -> Result<Workspace> {
        let row = sqlx::query!("select account_id, is_sandbox from workspace where workspace_id = $1", id.0)
            .fetch_optional(&self.pool)
            .await?;
        let row = found(row, ResourceKind::Workspace, id)?;
        Ok(Workspace::new(self.of_workspace(id), (id.0, row.account_id, row.is_sandbox), Actor::OPERATOR))
    }
}
