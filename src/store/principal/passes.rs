//! Passes: temporary tokens that stand for an API key.

use crate::domain::token::Token;
use crate::error::{Error, Rejection, Result};
use crate::store::{Caller, Principal};
use chrono::{DateTime, Utc};

impl Caller {
    /// Makes `pass` valid until `expires_at` for a caller with an API key, and deletes that key's expired passes. It
    /// ends earlier if the key is revoked.
    pub async fn issue_pass(&self, pass: &Token, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<()> {
        let Principal::ApiKey(key) = self.credential else {
            return Err(Error::Unauthenticated(Rejection::MISSING));
        };
        let hash = pass.hash();
        sqlx::query_scalar!(
            r#"
            with expired as (
                delete from api_key_pass where api_key_id = $2 and expires_at <= $3
            ), created as (
                insert into api_key_pass (token_hash, api_key_id, created_at, expires_at) values ($1, $2, $3, $4)
                returning api_key_id
            )
            select api_key_id from created
            "#,
            hash.as_bytes(),
            key.0,
            now,
            expires_at,
        )
        .fetch_one(self.workspace.store.writer())
        .await?;
        Ok(())
    }
}
