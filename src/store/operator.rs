//! Operator commands, across workspaces: create workspaces and the credentials that let callers in. None reads a
//! tenant's rows.

mod members;

use crate::domain::id::*;
use crate::domain::token::{Token, TokenHash};
use crate::domain::workspace::{PublishableKeySessions, WorkspaceRecord};
use crate::error::{ResourceKind, Result};
use crate::random::Random;
use crate::store::sql::found;
use crate::store::workspace::select_workspaces;
use crate::store::{NewWorkspace, Store, principal::console};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use members::{AccessTokenRecord, ConsoleSessionRecord};

/// An API key as listed, without its secret.
#[derive(Debug, Clone)]
pub struct ApiKeyRecord {
    pub api_key_id: ApiKeyId,
    pub workspace_id: WorkspaceId,
    pub workspace_name: String,
    pub name: String,
    pub hint: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// Up to a minute late.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Creates a workspace.
    pub async fn create_workspace(&self, new: &NewWorkspace, now: DateTime<Utc>) -> Result<()> {
        self.insert_workspace(new.clone(), now).await.map(|_| ())
    }

    /// Claims the creation of the demo, a workspace with this id: true once, and only while there is no workspace.
    pub async fn claim_demo(&self, workspace: WorkspaceId, now: DateTime<Utc>) -> Result<bool> {
        let claimed = sqlx::query!(
            r#"
            update deployment set demo_made_at = $1, demo_workspace_id = $2
            where demo_made_at is null and not exists (select from workspace)
            "#,
            now,
            workspace.0,
        )
        .execute(self.writer())
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// All workspaces, in order of creation.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRecord>> {
        Ok(select_workspaces!("order by created_at, workspace_id").fetch_all(&self.pool).await?)
    }

    /// The workspace whose id is `name`; if there is none, those that are called so. Tenants choose the names, which need
    /// not be unique, so a name never stands in the way of an id.
    pub async fn workspaces_called(&self, name: &str) -> Result<Vec<WorkspaceRecord>> {
        Ok(select_workspaces!(
            "where workspace_id = $2
                or normalize(name, nfc) = normalize($1, nfc) and not exists (select from workspace as of_id where of_id.workspace_id = $2)
            order by created_at, workspace_id",
            name,
            Uuid::parse_str(name).ok(),
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Creates an API key of a workspace. Returns its id and the secret, which cannot be read again.
    pub async fn create_api_key(
        &self,
        workspace: &WorkspaceRecord,
        name: &str,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<(ApiKeyId, Token)> {
        let id: ApiKeyId = random.id(now);
        let key = Token::api_key(workspace.is_sandbox, random);
        insert_token!("api_key", self, id, key, workspace, name, now);
        Ok((id, key))
    }

    /// API keys of one workspace, or of all.
    pub async fn api_keys(&self, workspace: Option<WorkspaceId>) -> Result<Vec<ApiKeyRecord>> {
        Ok(sqlx::query_as!(
            ApiKeyRecord,
            r#"
            select api_key_id, workspace_id, workspace.name as workspace_name, api_key.name, hint,
                api_key.created_at, revoked_at, last_used_at as "last_used_at?"
            from api_key join workspace using (workspace_id) left join api_key_use using (api_key_id)
            where $1::uuid is null or workspace_id = $1
            order by api_key.created_at, api_key_id
            "#,
            workspace.map(|id| id.0),
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Revokes the API key with this id or secret. Idempotent.
    pub async fn revoke_api_key(&self, id_or_key: &str, now: DateTime<Utc>) -> Result<ApiKeyId> {
        let revoked = revoke_token!("api_key", self, id_or_key, now);
        found(revoked.map(ApiKeyId), ResourceKind::ApiKey, "")
    }

    /// Creates a personal access token for `workspaces`.
    pub async fn create_access_token(
        &self,
        name: &str,
        workspaces: &[WorkspaceId],
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<(AccessTokenId, Token)> {
        let id: AccessTokenId = random.id(now);
        let token = Token::access_token(random);
        let hash = token.hash();
        sqlx::query_scalar!(
            r#"
            with token as (
                insert into access_token (token_hash, access_token_id, name, hint, created_at)
                values ($1, $2, $3, $4, $5)
                returning access_token_id
            ), joined as (
                insert into access_token_workspace (access_token_id, workspace_id)
                select access_token_id, workspace_id from token cross join unnest($6::uuid[]) as member (workspace_id)
            )
            select access_token_id from token
            "#,
            hash.as_bytes(),
            id.0,
            name,
            token.hint(),
            now,
            &workspaces.iter().map(|id| id.0).collect::<Vec<_>>(),
        )
        .fetch_one(self.writer())
        .await?;
        Ok((id, token))
    }

    /// Revokes the access token with this id or secret. Idempotent.
    pub async fn revoke_access_token(&self, id_or_token: &str, now: DateTime<Utc>) -> Result<AccessTokenId> {
        let revoked = revoke_token!("access_token", self, id_or_token, now);
        found(revoked.map(AccessTokenId), ResourceKind::AccessToken, "")
    }

    /// Opens a console session for `workspaces` and signs its JWT; creates the first key if there is none.
    pub async fn create_console_session(
        &self,
        name: &str,
        workspaces: &[WorkspaceId],
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        random: &Random,
    ) -> Result<(ConsoleSessionId, Token)> {
        let (key, secret) = match self.newest_console_key().await? {
            Some(known) => known,
            None => self.rotate_console_key(false, now, random).await?,
        };
        let id: ConsoleSessionId = random.id(now);
        sqlx::query_scalar!(
            r#"
            with session as (
                insert into console_session (console_session_id, name, created_at, expires_at)
                values ($1, $2, $3, $4)
                returning console_session_id
            ), joined as (
                insert into console_session_workspace (console_session_id, workspace_id)
                select console_session_id, workspace_id
                from session cross join unnest($5::uuid[]) as member (workspace_id)
            )
            select console_session_id from session
            "#,
            id.0,
            name,
            now,
            expires_at,
            &workspaces.iter().map(|id| id.0).collect::<Vec<_>>(),
        )
        .fetch_one(self.writer())
        .await?;
        Ok((id, console::sign(id, key, &secret, now, expires_at)?))
    }

    /// Creates a signing key. Older ones still verify what they signed, unless they are retired.
    pub async fn rotate_console_key(
        &self,
        retire_older: bool,
        now: DateTime<Utc>,
        random: &Random,
    ) -> Result<(ConsoleKeyId, Token)> {
        let id: ConsoleKeyId = random.id(now);
        let secret = Token::signing_secret(random);
        sqlx::query_scalar!(
            r#"
            with retired as (
                update console_key set retired_at = $3 where $4 and retired_at is null
            ), created as (
                insert into console_key (console_key_id, secret_sealed, created_at) values ($1, $2, $3)
                returning console_key_id
            )
            select console_key_id from created
            "#,
            id.0,
            self.seal.close(&secret, id.0),
            now,
            retire_older,
        )
        .fetch_one(self.writer())
        .await?;
        Ok((id, secret))
    }

    async fn newest_console_key(&self) -> Result<Option<(ConsoleKeyId, Token)>> {
        let row = sqlx::query!(
            r#"
            select console_key_id, secret_sealed from console_key
            where retired_at is null
            order by created_at desc, console_key_id desc
            limit 1
            "#,
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok((ConsoleKeyId(row.console_key_id), self.seal.open(&row.secret_sealed, row.console_key_id)?)))
            .transpose()
    }
}
