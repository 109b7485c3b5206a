//! The caller with the token of a company's directory.

use super::rejected;
use crate::domain::id::ScimTokenId;
use crate::domain::token::TokenHash;
use crate::error::{AuthFailure, Result, Scheme};
use crate::store::{Authenticated, Origin, Principal, Store};

impl Store {
    pub(super) async fn scim_token(&self, token: &str, origin: Origin) -> Result<Authenticated> {
        let hash = TokenHash::of(token);
        let row = sqlx::query!(
            r#"
            select scim_token_id as "scim_token_id: ScimTokenId", revoked_at, workspace_id, account_id, is_sandbox
            from scim_token join workspace using (workspace_id)
            where token_hash = $1
            "#,
            hash.as_bytes(),
        )
        .fetch_optional(self.short())
        .await?
        .ok_or_else(|| rejected(Scheme::ScimToken, AuthFailure::Unknown))?;
        if row.revoked_at.is_some() {
            return Err(rejected(Scheme::ScimToken, AuthFailure::Revoked));
        }
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        Ok(self.caller(tenant, Principal::ScimToken(row.scim_token_id), origin))
    }
}
