//! The end of instant keys: deleted by the workspace, or pruned when they cannot be used any more.

use crate::domain::event::EventType;
use crate::domain::id::InstantKeyId;
use crate::domain::instant_key::{KEPT_EXPIRED, MAX_FINISHED};
use crate::domain::token::TokenHash;
use crate::error::Result;
use crate::store::pool::UnitConnection;
use crate::store::{Store, Workspace};
use chrono::{DateTime, Utc};

/// Finished instant keys that a creation deletes at most, more than it adds.
const PRUNED_BY_CREATION: i64 = 100;

/// Instant keys on each side of a new one that its creation looks at.
const SEEN_BY_CREATION: i64 = 20;

impl Workspace {
    /// Deletes an instant key with its client sessions, and emits `client_session.deleted` for each.
    pub async fn delete_instant_key(&self, id: InstantKeyId, now: DateTime<Utc>) -> Result<()> {
        let workspace = self.clone();
        let deleted = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                // The lock waits for a use, whose session the next statements see.
                workspace.lock_instant_key(connection, id).await?;
                workspace.instant_key_on(&mut *connection, id).await?;
                workspace.delete_with_sessions(connection, id, now).await
            })
        });
        deleted.await
    }

    async fn delete_with_sessions(
        &self,
        connection: &mut UnitConnection<'_>,
        id: InstantKeyId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with deleted as (
                delete from instant_key
                where workspace_id = $1 and instant_key_id = $4
                returning instant_key_id, client_session_id, further_client_session_ids, max_use_count, use_count, expires_at
            ), ended as (
                delete from client_session
                using deleted
                where workspace_id = $1 and client_session.client_session_id
                    = any (further_client_session_ids || deleted.client_session_id)
                returning client_session.client_session_id, user_identity_id
            ), changes as (
                select 'instant_key.deleted' as action, instant_key_id as subject_id,
                    jsonb_build_object('user_identity_id', (select user_identity_id from ended limit 1),
                        'max_use_count', max_use_count, 'use_count', use_count, 'expires_at', expires_at) as before,
                    null::jsonb as after
                from deleted
            ), new_events as (
                select name_uuid(client_session_id, $5::text) as event_id, $5::text as event_type, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id) as details
                from ended
            )
            "#,
            "select instant_key_id from deleted",
            self.workspace_id(),
            now,
            self.context(&[EventType::ClientSessionDeleted]),
            id.0,
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Deletes the oldest of the instant keys that are used up or have expired, beyond the number that is kept. Their client
    /// sessions stay. One that another request has locked is passed over.
    pub(super) async fn prune_finished_instant_keys(
        &self,
        connection: &mut UnitConnection<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            with surplus as materialized (
                select instant_key_id from instant_key
                where workspace_id = $1 and case when use_count >= max_use_count then used_at else expires_at end <= $2
                order by case when use_count >= max_use_count then used_at else expires_at end desc
                offset $3
                limit $4
            ), held as materialized (
                select instant_key_id from instant_key
                where workspace_id = $1 and instant_key_id = any (array(select instant_key_id from surplus))
                for update skip locked
            )
            delete from instant_key
            using held
            where workspace_id = $1 and instant_key.instant_key_id = held.instant_key_id
            "#,
            self.workspace_id(),
            now,
            MAX_FINISHED,
            PRUNED_BY_CREATION,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Deletes instant keys that have ended, which no answer tells from ones that never were. Nothing marks them, so each creation
    /// looks at others: hashes of codes are random. Few are left of those that have ended, in proportion to all.
    pub(super) async fn prune_ended_instant_keys(
        &self,
        connection: &mut UnitConnection<'_>,
        code: &TokenHash,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            with seen as materialized (
                (
                    select instant_key_id, further_client_session_ids || client_session_id as session_ids from instant_key
                    where workspace_id = $1 and code_hash > $2
                    order by code_hash
                    limit $3
                )
                union all
                (
                    select instant_key_id, further_client_session_ids || client_session_id from instant_key
                    where workspace_id = $1 and code_hash < $2
                    order by code_hash desc
                    limit $3
                )
            ), ended as materialized (
                select instant_key_id from seen
                where cardinality(session_ids) > (
                    select count(*) from client_session
                    where workspace_id = $1 and revoked_at is null and client_session_id = any (session_ids)
                )
            ), held as materialized (
                select instant_key_id from instant_key
                where workspace_id = $1 and instant_key_id = any (array(select instant_key_id from ended))
                for update skip locked
            )
            delete from instant_key
            using held
            where workspace_id = $1 and instant_key.instant_key_id = held.instant_key_id
            "#,
            self.workspace_id(),
            code.as_bytes(),
            SEEN_BY_CREATION,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

impl Store {
    /// Deletes some of the instant keys that have long expired, in all workspaces; returns their number. Their client sessions
    /// have expired with them.
    pub async fn prune_instant_keys(&self, now: DateTime<Utc>, count: i64) -> Result<u64> {
        let pruned = sqlx::query!(
            r#"
            with expired as materialized (
                select workspace_id, instant_key_id from instant_key where expires_at <= $1 limit $2
            )
            delete from instant_key
            using expired
            where instant_key.workspace_id = expired.workspace_id
                and instant_key.instant_key_id = expired.instant_key_id
            "#,
            now - KEPT_EXPIRED,
            count,
        )
        .execute(self.writer())
        .await?;
        Ok(pruned.rows_affected())
    }
}
