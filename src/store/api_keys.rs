//! API keys of a workspace, for an operator who manages only this workspace: listed, created and revoked.

use crate::domain::id::ApiKeyId;
use crate::domain::page::{Page, Paging, Position};
use crate::domain::token::Token;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::random::Random;
use crate::store::sql::found;
use crate::store::{ApiKeyRecord, Workspace};
use chrono::{DateTime, Utc};

/// Maximum number of API keys, or of access tokens, of a workspace that are in use, from which on none is created here.
pub(super) const MAX_KEYS: i64 = 1_000;

impl Workspace {
    /// API keys, newest first, with the revoked ones.
    pub async fn api_keys(&self, paging: &Paging) -> Result<Page<ApiKeyRecord>> {
        let mut keys = sqlx::query_as!(
            ApiKeyRecord,
            r#"
            select api_key_id, workspace_id, workspace.name as workspace_name, api_key.name, hint, api_key.created_at,
                revoked_at, last_used_at as "last_used_at?"
            from api_key join workspace using (workspace_id) left join api_key_use using (api_key_id)
            where workspace_id = $1 and ($2::timestamptz is null or (api_key.created_at, api_key_id) <= ($2, $3))
            order by api_key.created_at desc, api_key_id desc
            limit $4
            "#,
            self.workspace_id(),
            paging.from.map(|place| place.created_at),
            paging.from.map(|place| place.id),
            paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?;
        for key in &mut keys {
            key.last_used_at = self.store.last_used.of_api_key(key.api_key_id.0, key.last_used_at);
        }
        Ok(paging.cut(keys, |key| Position { created_at: key.created_at, id: key.api_key_id.0 }))
    }

    /// Creates an API key with this id, and returns the secret, which cannot be read again; None if there is one already.
    /// Keys created concurrently may exceed the limit by their number.
    pub async fn create_api_key(
        &self,
        id: ApiKeyId,
        name: &str,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<Token>> {
        let key = Token::api_key(self.is_sandbox, random);
        let hash = key.hash();
        let outcome = audited!(
            query_as,
            Creation,
            r#"
            with live as materialized (
                select count(*) as count from api_key where workspace_id = $1 and revoked_at is null
            ), created as (
                insert into api_key (workspace_id, token_hash, api_key_id, name, hint, created_at)
                select $1, $4, $5, $6, $7, $2 from live where count < $8
                on conflict (api_key_id) do nothing
                returning api_key_id, name, hint
            ), changes as (
                select 'api_key.created' as action, api_key_id as subject_id, null::jsonb as before,
                    jsonb_build_object('name', name, 'hint', hint) as after
                from created
            )
            "#,
            r#"select exists (select from created) as "is_created!", count >= $8 as "is_full!" from live"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            hash.as_bytes(),
            id.0,
            name,
            key.hint(),
            MAX_KEYS,
        )
        .fetch_one(self.store.writer())
        .await?;
        outcome.of(key)
    }

    /// Revokes an API key. Idempotent.
    pub async fn revoke_api_key(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
        let known = audited!(
            query_scalar,
            r#"
            with known as materialized (
                select api_key_id, name, hint from api_key where workspace_id = $1 and api_key_id = $4
            ), revoked as (
                update api_key set revoked_at = $2
                where workspace_id = $1 and api_key_id = $4 and revoked_at is null
                returning api_key_id
            ), changes as (
                select 'api_key.revoked' as action, api_key_id as subject_id,
                    jsonb_build_object('name', name, 'hint', hint) as before, null::jsonb as after
                from revoked join known using (api_key_id)
            )
            "#,
            "select api_key_id from known",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(known, ResourceKind::ApiKey, id).map(|_| ())
    }
}

/// Outcome of a creation.
pub(super) struct Creation {
    pub is_created: bool,
    /// Whether the limit was reached.
    pub is_full: bool,
}

impl Creation {
    /// The secret if it was created; None if the id is in use.
    pub fn of(self, secret: Token) -> Result<Option<Token>> {
        match self {
            Creation { is_created: true, .. } => Ok(Some(secret)),
            Creation { is_full: true, .. } => Err(Error::Conflict(Reason::TooManyKeys(MAX_KEYS))),
            Creation { .. } => Ok(None),
        }
    }
}
