//! The operator's lists of personal access tokens and console sessions, the end of one console session, and publishable
//! keys.

use crate::domain::id::*;
use crate::domain::token::Token;
use crate::domain::workspace::PublishableKeySessions;
use crate::error::{ResourceKind, Result};
use crate::random::Random;
use crate::store::Store;
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A personal access token as listed, without its secret.
#[derive(Debug, Clone)]
pub struct AccessTokenRecord {
    pub access_token_id: Uuid,
    pub name: String,
    pub hint: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// Up to a minute late.
    pub last_used_at: Option<DateTime<Utc>>,
    /// In order of the names.
    pub workspace_ids: Vec<Uuid>,
    pub workspace_names: Vec<String>,
}

/// A console session as listed, without its JWT.
#[derive(Debug, Clone)]
pub struct ConsoleSessionRecord {
    pub console_session_id: Uuid,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// In order of the names.
    pub workspace_ids: Vec<Uuid>,
    pub workspace_names: Vec<String>,
}

impl Store {
    /// Personal access tokens of one workspace, or all, in order of creation.
    pub async fn access_tokens(&self, workspace: Option<WorkspaceId>) -> Result<Vec<AccessTokenRecord>> {
        Ok(sqlx::query_as!(
            AccessTokenRecord,
            r#"
            select access_token_id, token.name, hint, token.created_at, revoked_at, last_used_at as "last_used_at?",
                array_agg(workspace_id order by workspace.name, workspace_id) as "workspace_ids!",
                array_agg(workspace.name order by workspace.name, workspace_id) as "workspace_names!"
            from access_token as token
            join access_token_workspace using (access_token_id)
            join workspace using (workspace_id)
            left join access_token_use using (access_token_id)
            group by token_hash, access_token_id, token.name, hint, token.created_at, revoked_at, last_used_at
            having $1::uuid is null or bool_or(workspace_id = $1)
            order by token.created_at, access_token_id
            "#,
            workspace.map(|id| id.0),
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Console sessions of one workspace, or all, in order of creation.
    pub async fn console_sessions(&self, workspace: Option<WorkspaceId>) -> Result<Vec<ConsoleSessionRecord>> {
        Ok(sqlx::query_as!(
            ConsoleSessionRecord,
            r#"
            select console_session_id, session.name, session.created_at, expires_at, revoked_at,
                array_agg(workspace_id order by workspace.name, workspace_id) as "workspace_ids!",
                array_agg(workspace.name order by workspace.name, workspace_id) as "workspace_names!"
            from console_session as session
            join console_session_workspace using (console_session_id)
            join workspace using (workspace_id)
            group by console_session_id, session.name, session.created_at, expires_at, revoked_at
            having $1::uuid is null or bool_or(workspace_id = $1)
            order by session.created_at, console_session_id
            "#,
            workspace.map(|id| id.0),
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Revokes a console session. Idempotent.
    pub async fn revoke_console_session(&self, id: ConsoleSessionId, now: DateTime<Utc>) -> Result<()> {
        let revoked = sqlx::query_scalar!(
            r#"
            update console_session set revoked_at = coalesce(revoked_at, $2)
            where console_session_id = $1
            returning console_session_id
            "#,
            id.0,
            now,
        )
        .fetch_optional(self.writer())
        .await?;
        found(revoked, ResourceKind::ConsoleSession, id).map(|_| ())
    }

    /// Sets what a workspace's publishable key may do.
    pub async fn set_publishable_key_sessions(
        &self,
        workspace: WorkspaceId,
        setting: PublishableKeySessions,
    ) -> Result<()> {
        sqlx::query!(
            "update workspace set publishable_key_sessions = $2 where workspace_id = $1",
            workspace.0,
            setting.into_str(),
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Replaces a workspace's publishable key and returns the new one.
    pub async fn rotate_publishable_key(&self, workspace: WorkspaceId, random: &Random) -> Result<Token> {
        let key = Token::publishable_key(random);
        sqlx::query!("update workspace set publishable_key = $2 where workspace_id = $1", workspace.0, key.reveal(),)
            .execute(self.writer())
            .await?;
        Ok(key)
    }
}
