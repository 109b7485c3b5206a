//! Personal access tokens of a workspace, for an operator who manages only this workspace. A token may reach other
//! workspaces, too: those are counted and never named, and a revocation here leaves them alone.

use super::api_keys::{Creation, MAX_KEYS};
use crate::domain::id::AccessTokenId;
use crate::domain::page::{Page, Paging, Position};
use crate::domain::token::Token;
use crate::error::{ResourceKind, Result};
use crate::random::Random;
use crate::store::Workspace;
use crate::store::sql::found;
use chrono::{DateTime, Utc};

/// A personal access token as an operator of one workspace sees it.
#[derive(Debug, Clone)]
pub struct AccessTokenOfWorkspace {
    pub access_token_id: AccessTokenId,
    pub name: String,
    pub hint: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    /// Number of other workspaces that it reaches.
    pub other_workspaces: i64,
}

impl Workspace {
    /// Personal access tokens that reach the workspace, newest first, with the revoked ones.
    pub async fn access_tokens(&self, paging: &Paging) -> Result<Page<AccessTokenOfWorkspace>> {
        let mut tokens = sqlx::query_as!(
            AccessTokenOfWorkspace,
            r#"
            select access_token_id, name, hint, created_at, revoked_at, last_used_at as "last_used_at?", (
                    select count(*) - 1 from access_token_workspace as other
                    where other.access_token_id = token.access_token_id
                ) as "other_workspaces!"
            from access_token_workspace
            join access_token as token using (access_token_id)
            left join access_token_use using (access_token_id)
            where workspace_id = $1 and ($2::timestamptz is null or (created_at, access_token_id) <= ($2, $3))
            order by created_at desc, access_token_id desc
            limit $4
            "#,
            self.workspace_id(),
            paging.from.map(|place| place.created_at),
            paging.from.map(|place| place.id),
            paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?;
        for token in &mut tokens {
            token.last_used_at = self.store.last_used.of_access_token(token.access_token_id.0, token.last_used_at);
        }
        Ok(paging.cut(tokens, |token| Position { created_at: token.created_at, id: token.access_token_id.0 }))
    }

    /// Creates a personal access token for this workspace, with this id, and returns the secret, which cannot be read again;
    /// None if there is one already. Tokens created concurrently may exceed the limit by their number.
    pub async fn create_access_token(
        &self,
        id: AccessTokenId,
        name: &str,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<Option<Token>> {
        let token = Token::access_token(random);
        let hash = token.hash();
        let outcome = audited!(
            query_as,
            Creation,
            r#"
            with live as materialized (
                select count(*) as count from access_token_workspace join access_token using (access_token_id)
                where workspace_id = $1 and revoked_at is null
            ), created as (
                insert into access_token (token_hash, access_token_id, name, hint, created_at)
                select $4, $5, $6, $7, $2 from live where count < $8
                on conflict (access_token_id) do nothing
                returning access_token_id, name, hint
            ), joined as (
                insert into access_token_workspace (workspace_id, access_token_id)
                select $1, access_token_id from created
            ), changes as (
                select 'access_token.created' as action, access_token_id as subject_id, null::jsonb as before,
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
            token.hint(),
            MAX_KEYS,
        )
        .fetch_one(self.store.writer())
        .await?;
        outcome.of(token)
    }

    /// Ends an access token's access to this workspace: revokes it, or, if it reaches other workspaces, takes this one from
    /// it. Idempotent.
    pub async fn revoke_access_token(&self, id: AccessTokenId, now: DateTime<Utc>) -> Result<()> {
        let known = audited!(
            query_scalar,
            r#"
            with known as materialized (
                select access_token_id, name, hint, (
                        select count(*) from access_token_workspace as other where other.access_token_id = $4
                    ) as workspace_count
                from access_token_workspace join access_token using (access_token_id)
                where workspace_id = $1 and access_token_id = $4
            ), revoked as (
                update access_token set revoked_at = $2
                where access_token_id in (select access_token_id from known where workspace_count = 1)
                    and revoked_at is null
                returning access_token_id
            ), parted as (
                delete from access_token_workspace
                where workspace_id = $1
                    and access_token_id in (select access_token_id from known where workspace_count > 1)
                returning access_token_id
            ), ended as (
                select access_token_id from revoked union all select access_token_id from parted
            ), changes as (
                select 'access_token.revoked' as action, access_token_id as subject_id,
                    jsonb_build_object('name', name, 'hint', hint) as before, null::jsonb as after
                from ended join known using (access_token_id)
            )
            "#,
            "select access_token_id from known",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(known, ResourceKind::AccessToken, id).map(|_| ())
    }
}
