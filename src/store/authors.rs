//! Names of the credentials that made changes, for those who read the audit trail.

use crate::error::Result;
use crate::store::Workspace;
use std::collections::BTreeMap;
use uuid::Uuid;

struct Named {
    id: Uuid,
    name: String,
}

impl Workspace {
    /// Names of credentials that stand in this workspace's audit trail: of keys and tokens their own, of an operator the e-mail
    /// address, of a client session, an instant key or a password its user identity's. Those that are gone have none.
    pub async fn author_names(&self, ids: &[Uuid]) -> Result<BTreeMap<Uuid, String>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = sqlx::query_as!(
            Named,
            r#"
            select api_key_id as "id!", name as "name!" from api_key where workspace_id = $1 and api_key_id = any ($2)
            union all
            select access_token_id, name from access_token where access_token_id = any ($2)
            union all
            select console_session_id, name from console_session where console_session_id = any ($2)
            union all
            select operator_id, email from operator where operator_id = any ($2)
            union all
            select scim_token_id, name from scim_token where workspace_id = $1 and scim_token_id = any ($2)
            union all
            select client_session_id, coalesce(nullif(full_name, ''), email_address, phone_number, user_identity_key, 'User identity')
            from client_session join user_identity using (workspace_id, user_identity_id)
            where client_session.workspace_id = $1 and client_session_id = any ($2)
            union all
            select instant_key_id, coalesce(nullif(full_name, ''), email_address, phone_number, user_identity_key, 'User identity')
            from instant_key join client_session using (workspace_id, client_session_id)
                join user_identity using (workspace_id, user_identity_id)
            where instant_key.workspace_id = $1 and instant_key_id = any ($2)
            union all
            select user_identity_id, coalesce(nullif(full_name, ''), email_address, phone_number, user_identity_key, 'User identity')
            from user_identity
            where workspace_id = $1 and user_identity_id = any ($2)
            "#,
            self.workspace_id(),
            ids,
        )
        .fetch_all(&self.store.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }
}
