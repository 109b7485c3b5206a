//! Tokens of directories: created, listed and revoked by the operator. A token is of one workspace.

use crate::domain::id::{ScimTokenId, WorkspaceId};
use crate::domain::scim::ScimToken;
use crate::domain::token::{Token, TokenHash};
use crate::domain::workspace::WorkspaceRecord;
use crate::error::{ResourceKind, Result};
use crate::random::Random;
use crate::store::Store;
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Store {
    /// Creates a token of a directory. Returns its id and the secret, which cannot be read again.
    pub async fn create_scim_token(
        &self,
        workspace: &WorkspaceRecord,
        name: &str,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<(ScimTokenId, Token)> {
        let (id, token): (ScimTokenId, _) = (random.id(now), Token::scim(random));
        insert_token!("scim_token", self, id, token, workspace, name, now);
        Ok((id, token))
    }

    /// Tokens of directories of one workspace, or of all.
    pub async fn scim_tokens(&self, workspace: Option<WorkspaceId>) -> Result<Vec<ScimToken>> {
        let mut tokens = sqlx::query_as!(
            ScimToken,
            r#"
            select scim_token_id, workspace_id, workspace.name as workspace_name, scim_token.name, hint,
                scim_token.created_at, revoked_at, last_used_at
            from scim_token join workspace using (workspace_id)
            where $1::uuid is null or workspace_id = $1
            order by scim_token.created_at, scim_token_id
            "#,
            workspace.map(|id| id.0),
        )
        .fetch_all(&self.pool)
        .await?;
        for token in &mut tokens {
            token.last_used_at = self.last_used.of_scim_token(token.scim_token_id.0, token.last_used_at);
        }
        Ok(tokens)
    }

    /// Revokes the token of a directory with this id or secret. Idempotent. Users and groups stay.
    pub async fn revoke_scim_token(&self, id_or_token: &str, now: DateTime<Utc>) -> Result<ScimTokenId> {
        let revoked = revoke_token!("scim_token", self, id_or_token, now);
        found(revoked.map(ScimTokenId), ResourceKind::ScimToken, "")
    }
}
