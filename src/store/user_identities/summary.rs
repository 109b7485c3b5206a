//! What an operator sees of a user identity beside its own properties.

use crate::domain::id::UserIdentityId;
use crate::domain::user_identity::UserIdentitySummary;
use crate::error::{ResourceKind, Result};
use crate::store::{Workspace, sql::found};
use std::collections::BTreeMap;
use uuid::Uuid;

struct Named {
    user_identity_id: UserIdentityId,
    name: String,
}

impl Workspace {
    /// Names of user identities. Unknown ones have none.
    pub async fn user_identity_names(&self, ids: &[UserIdentityId]) -> Result<BTreeMap<UserIdentityId, String>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = extension_name!(query_as(
            Named,
            r#"select user_identity_id as "user_identity_id: UserIdentityId", "#,
            r#" as "name!" from user_identity where workspace_id = $1 and user_identity_id = any ($2)"#,
            self.workspace_id(),
            &ids,
        ))
        .fetch_all(&self.store.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.user_identity_id, row.name)).collect())
    }

    /// What belongs to a user identity, as numbers, and what a company's directory says of it.
    pub async fn user_identity_summary(&self, id: UserIdentityId) -> Result<UserIdentitySummary> {
        let row = sqlx::query_as!(
            UserIdentitySummary,
            r#"
            select contact_count as contacts, extension_id, enterprise_voice, (
                    select count(*) from phone
                    where phone.workspace_id = $1 and phone.user_identity_id = $2 and deactivated_at is null
                ) as "phones!", (
                    select count(*) from credential where credential.workspace_id = $1 and credential.user_identity_id = $2
                ) as "credentials!", (
                    select count(*) from client_session
                    where client_session.workspace_id = $1 and client_session.user_identity_id = $2 and revoked_at is null
                ) as "client_sessions!", user_name as "scim_user_name?", external_id as "scim_external_id?",
                deleted_at as "scim_deleted_at?", suspended_at, coalesce((
                    select array_agg(display_name order by display_name)
                    from scim_group_member join scim_group using (workspace_id, scim_group_id)
                    where scim_group_member.workspace_id = $1 and scim_group_member.user_identity_id = $2
                ), '{}') as "groups!"
            from user_identity as person left join scim_user using (workspace_id, user_identity_id)
            where person.workspace_id = $1 and person.user_identity_id = $2
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::UserIdentity, id)
    }
}
