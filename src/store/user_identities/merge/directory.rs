//! What a company's directory says of merged user identities.

use super::Merge;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Makes the primary a member of the groups, and deletes the records: that of the primary stays, since its id is the one
    /// by which the directory changes the person from now on.
    pub(super) async fn move_directory_records(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            with joined as materialized (
                select distinct scim_group_id from scim_group_member
                where workspace_id = $1 and user_identity_id = any ($3)
            )
            insert into scim_group_member (workspace_id, scim_group_id, user_identity_id)
            select $1, scim_group_id, $2 from joined
            on conflict (workspace_id, scim_group_id, user_identity_id) do nothing
            "#,
            self.workspace_id(),
            merge.primary.0,
            &merge.merged(),
        )
        .execute(&mut *connection)
        .await?;
        audited!(
            query_scalar,
            r#"
            with deleted as (
                delete from scim_user
                where workspace_id = $1 and user_identity_id = any ($4)
                returning user_identity_id, attributes, user_name, external_id
            ), changes as (
                select 'scim_user.deleted' as action, user_identity_id as subject_id,
                    attributes || jsonb_build_object('user_name', user_name, 'external_id', external_id) as before,
                    null::jsonb as after
                from deleted
            )
            "#,
            r#"select count(*) as "count!" from changes"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            &merge.merged(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}
