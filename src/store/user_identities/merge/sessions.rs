//! Client sessions of merged user identities, and their access to devices.

use super::Merge;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;

impl Workspace {
    /// Client sessions, and what a later change of the password ends.
    pub(super) async fn move_sessions(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<()> {
        sqlx::query!(
            r#"
            update client_session
            set user_identity_id = case when user_identity_id = any ($3) then $2 else user_identity_id end,
                password_of = case when password_of = any ($3) then $2 else password_of end
            where workspace_id = $1 and (user_identity_id = any ($3) or password_of = any ($3))
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.merged(),
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Access to phones of others.
    pub(super) async fn move_device_access(&self, connection: &mut UnitConnection<'_>, merge: &Merge) -> Result<()> {
        sqlx::query!(
            r#"
            with accessible as materialized (
                select device_id, min(granted_at) as granted_at from device_access
                where workspace_id = $1 and user_identity_id = any ($3)
                group by device_id
            )
            insert into device_access (workspace_id, user_identity_id, device_id, granted_at)
            select $1, $2, device_id, granted_at from accessible
            on conflict (workspace_id, user_identity_id, device_id) do nothing
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.merged(),
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
