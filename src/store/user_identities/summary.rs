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

    /// What belongs to a user identity, as numbers.
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
                ) as "client_sessions!"
            from user_identity
            where workspace_id = $1 and user_identity_id = $2
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::UserIdentity, id)
    }
}
