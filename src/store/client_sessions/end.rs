//! The end of client sessions with what they come from: a revoked key, or a day without access.

use crate::domain::event::EventType;
use crate::error::Result;
use crate::store::sql::audited::Actor;
use crate::store::{Store, Workspace};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Sessions that end in one statement.
const BATCH: i64 = 1_000;

/// Which client sessions end with an API key, an access token or a console session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedSessions {
    /// Those that it created or extended.
    Issued,
    /// All in its workspaces: it could read their tokens.
    All,
}

impl Store {
    /// Deletes client sessions of an API key, an access token or a console session, emits `client_session.deleted` for
    /// each, and returns their number. Each batch commits; to continue after an interruption, repeat it.
    pub async fn end_client_sessions_of(
        &self,
        issuer: Uuid,
        sessions: EndedSessions,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let workspaces = sqlx::query!(
            r#"
            select workspace_id, account_id, is_sandbox from workspace
            where workspace_id in (
                select workspace_id from api_key where api_key_id = $1
                union all
                select workspace_id from access_token_workspace where access_token_id = $1
                union all
                select workspace_id from console_session_workspace where console_session_id = $1
            )
            "#,
            issuer,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut count = 0;
        for row in workspaces {
            let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
            let workspace = Workspace::new(self.clone(), tenant, Actor::OPERATOR);
            count += workspace.end_client_sessions_of(issuer, sessions, now).await?;
        }
        Ok(count)
    }

    /// Deletes some of the sessions that a publishable key has created and that have expired without access, in all
    /// workspaces; returns their number.
    pub async fn prune_anonymous_client_sessions(&self, now: DateTime<Utc>, count: i64) -> Result<u64> {
        let pruned = sqlx::query!(
            r#"
            with expired as materialized (
                select workspace_id, client_session_id from client_session where anonymous_until <= $1 limit $2
            )
            delete from client_session
            using expired
            where client_session.workspace_id = expired.workspace_id
                and client_session.client_session_id = expired.client_session_id
            "#,
            now,
            count,
        )
        .execute(self.writer())
        .await?;
        Ok(pruned.rows_affected())
    }
}

impl Workspace {
    /// Deletes this workspace's client sessions of an API key, an access token or a console session, as
    /// [`Store::end_client_sessions_of`].
    pub async fn end_client_sessions_of(
        &self,
        issuer: Uuid,
        sessions: EndedSessions,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut count = 0;
        loop {
            match self.end_some_client_sessions_of(issuer, sessions, now).await? {
                0 => return Ok(count),
                ended => count += ended,
            }
        }
    }

    async fn end_some_client_sessions_of(
        &self,
        issuer: Uuid,
        sessions: EndedSessions,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let ended = emit_events!(
            query_scalar,
            r#"
            with chosen as materialized (
                select client_session_id from client_session
                where workspace_id = $1 and issuer_ids @> $4::uuid[] and revoked_at is null and expires_at > $2
                limit $6
            ), ended as (
                delete from client_session
                using chosen
                where workspace_id = $1 and client_session.client_session_id = chosen.client_session_id
                returning client_session.client_session_id, user_identity_id
            ), new_events as (
                select name_uuid(client_session_id, $5::text) as event_id, $5::text as event_type, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id) as details
                from ended
            )
            "#,
            r#"select count(*) as "count!" from ended"#,
            self.workspace_id(),
            now,
            self.context(&[EventType::ClientSessionDeleted]),
            // Each array contains the empty one.
            if sessions == EndedSessions::All { &[][..] } else { &[issuer][..] },
            EventType::ClientSessionDeleted.into_str(),
            BATCH,
        )
        .fetch_one(self.store.emitter())
        .await?;
        Ok(ended.unsigned_abs())
    }
}
