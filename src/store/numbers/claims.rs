//! Claims of numbers on a cluster. A number must be unique among all workspaces, so its claim is on a node that the number
//! decides, and not on that of the workspace. A transaction that claims or frees numbers is committed on both.

use crate::domain::id::{PhoneNumberId, WorkspaceId};
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use std::collections::BTreeSet;

impl Workspace {
    /// Claims numbers and returns the ids of those that were free. One after the other in their order, so that workspaces
    /// cannot deadlock.
    pub(super) async fn claim_numbers(
        &self,
        connection: &mut UnitConnection<'_>,
        mut numbers: Vec<(String, PhoneNumberId)>,
    ) -> Result<BTreeSet<PhoneNumberId>> {
        // Of equal numbers, the first request has it.
        numbers.sort_by(|one, other| one.0.cmp(&other.0));
        let mut claimed = BTreeSet::new();
        for (number, id) in numbers {
            let claim = sqlx::query!(
                r#"
                insert into claimed_number (workspace_id, register_id, number) values ($1, $2, $3)
                on conflict do nothing
                "#,
                self.workspace_id(),
                id.0,
                number,
            );
            if claim.execute(&mut *connection).await?.rows_affected() > 0 {
                claimed.insert(id);
            }
        }
        Ok(claimed)
    }
}

/// Frees numbers that are locked, one after the other in their order.
pub(in crate::store) async fn free_numbers(
    connection: &mut UnitConnection<'_>,
    workspace: WorkspaceId,
    mut numbers: Vec<(String, PhoneNumberId)>,
) -> Result<()> {
    numbers.sort();
    for (number, id) in numbers {
        sqlx::query!(
            "delete from claimed_number where workspace_id = $1 and register_id = $2 and number = $3",
            workspace.0,
            id.0,
            number,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
