//! Client sessions of merged user identities, and their access to devices.

use super::Merge;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

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

    /// Access to phones of others. Of several to the same phone, that of the primary or else the first one stays.
    pub(super) async fn move_device_access(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with accessible as materialized (
                select device_id, user_identity_id as holder, granted_at, row_number() over (
                        partition by device_id order by user_identity_id <> $4, granted_at, user_identity_id
                    ) = 1 as is_kept
                from device_access
                where workspace_id = $1 and user_identity_id = any ($5)
            ), moved as (
                insert into device_access (workspace_id, user_identity_id, device_id, granted_at)
                select $1, $4, device_id, granted_at from accessible
                where is_kept and holder <> $4
            ), changes as (
                -- The access of the merged ones is deleted with them.
                select case when is_kept then 'device_access.moved' else 'device_access.revoked' end as action,
                    device_id as subject_id, jsonb_build_object('device_id', device_id, 'user_identity_id', holder) as before,
                    case when is_kept then jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid) end
                        as after
                from accessible
                where holder <> $4
            )
            "#,
            r#"select count(*) as "count!" from changes"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            merge.primary.0,
            &merge.all(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}
