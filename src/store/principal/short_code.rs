//! The caller with the short code of an instant key. Whether the instant key can be used is judged where it is.

use super::rejected;
use crate::domain::id::InstantKeyId;
use crate::domain::token::{TokenHash, workspace_of_short_code};
use crate::error::{AuthFailure, Result, Scheme};
use crate::store::{Authenticated, Origin, Principal, Store};

impl Store {
    pub(super) async fn short_code(&self, code: &str, origin: Origin) -> Result<Authenticated> {
        let workspace =
            workspace_of_short_code(code).ok_or_else(|| rejected(Scheme::ShortCode, AuthFailure::Malformed))?;
        let hash = TokenHash::of(code);
        let row = sqlx::query!(
            r#"
            select instant_key_id as "instant_key_id: InstantKeyId", workspace_id, account_id, is_sandbox
            from instant_key join workspace using (workspace_id)
            where instant_key.workspace_id = $1 and code_hash = $2
            "#,
            workspace.0,
            hash.as_bytes(),
        )
        .fetch_optional(self.short())
        .await?
        .ok_or_else(|| rejected(Scheme::ShortCode, AuthFailure::Unknown))?;
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        Ok(self.caller(tenant, Principal::InstantKey(row.instant_key_id), origin))
    }
}
