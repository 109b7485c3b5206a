//! The use of an instant key: a client session for a phone.

use super::no_instant_key;
use crate::domain::client_session::ClientSession;
use crate::domain::id::{ClientSessionId, InstantKeyId, UserIdentityId};
use crate::domain::instant_key::*;
use crate::domain::token::Token;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An instant key whose row is locked.
pub(super) struct Locked {
    client_session_id: Uuid,
    further_client_session_ids: Vec<Uuid>,
    max_use_count: i64,
    use_count: i64,
    used_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

impl Workspace {
    /// Uses an instant key: counts the use and returns its client session. That of the first use was created with the instant
    /// key; for a further one, a client session with this id and token is.
    pub async fn use_instant_key(
        &self,
        id: InstantKeyId,
        new: (ClientSessionId, Token),
        now: DateTime<Utc>,
    ) -> Result<ClientSession> {
        let workspace = self.clone();
        let used = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                let person = workspace.lock_person_of_instant_key(connection, id).await?;
                let key = workspace.lock_instant_key(connection, id).await?.ok_or_else(no_instant_key)?;
                if let Some(reason) = key.refusal(now) {
                    // Of one that has ended, nothing more is told.
                    return match workspace.instant_key_on(&mut *connection, id).await {
                        Err(Error::NotFound(..)) => Err(no_instant_key()),
                        known => known.and(Err(Error::Conflict(reason))),
                    };
                }
                let used = workspace.count_use(connection, (id, &key), person, &new, now).await?;
                workspace.client_session_on(connection, used.ok_or_else(no_instant_key)?).await
            })
        });
        used.await
    }

    /// Locks the person of an instant key, who is not let in if suspended.
    async fn lock_person_of_instant_key(
        &self,
        connection: &mut UnitConnection<'_>,
        id: InstantKeyId,
    ) -> Result<UserIdentityId> {
        loop {
            let person = sqlx::query_scalar!(
                r#"
                select user_identity_id as "user_identity_id!: UserIdentityId"
                from instant_key join client_session using (workspace_id, client_session_id)
                where instant_key.workspace_id = $1 and instant_key_id = $2 and user_identity_id is not null
                "#,
                self.workspace_id(),
                id.0,
            )
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(no_instant_key)?;
            match self.lock_active_user_identities(connection, &[person], true).await {
                // Merged or deleted meanwhile: the session is the primary's, or gone.
                Err(Error::NotFound(..)) => {}
                Err(Error::Conflict(Reason::UserIdentitySuspended)) => return Err(no_instant_key()),
                locked => return locked.map(|_| person),
            }
        }
    }

    pub(super) async fn lock_instant_key(
        &self,
        connection: &mut UnitConnection<'_>,
        id: InstantKeyId,
    ) -> Result<Option<Locked>> {
        Ok(sqlx::query_as!(
            Locked,
            r#"
            select client_session_id, further_client_session_ids, max_use_count, use_count, used_at, expires_at
            from instant_key
            where workspace_id = $1 and instant_key_id = $2
            for update
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(connection)
        .await?)
    }

    /// Counts a use and returns its client session; `None` if the instant key has ended. The lock of its client sessions waits
    /// for what ends them, and has it wait for this use, whose session ends then, too. It is the last one, to be short.
    async fn count_use(
        &self,
        connection: &mut UnitConnection<'_>,
        (id, key): (InstantKeyId, &Locked),
        person: UserIdentityId,
        (session, token): &(ClientSessionId, Token),
        now: DateTime<Utc>,
    ) -> Result<Option<ClientSessionId>> {
        let ids: Vec<Uuid> = key.further_client_session_ids.iter().copied().chain([key.client_session_id]).collect();
        let hash = token.hash();
        let used = audited!(
            query_scalar,
            r#"
            with sessions as materialized (
                select client_session_id, user_identity_id, issuer_ids from client_session
                where workspace_id = $1 and client_session_id = any ($5) and revoked_at is null
                for key share
            ), first as materialized (
                -- Another person may have got the session since the person was locked.
                select client_session_id, user_identity_id, issuer_ids from sessions
                where client_session_id = $6 and user_identity_id = $7
                    and (select count(*) from sessions) = cardinality($5::uuid[])
            ), inserted as (
                insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identity_id,
                    connected_account_ids, connect_webview_ids, created_at, expires_at, issuer_ids)
                select $1, $8::uuid, $9::bytea, $10::bytea, user_identity_id, '{}'::uuid[], '{}'::uuid[], $2, $11::timestamptz,
                    issuer_ids
                from first
                where $12
                returning client_session_id
            ), used as (
                update instant_key
                set use_count = use_count + 1, used_at = $2,
                    further_client_session_ids = case
                        when $12 then further_client_session_ids || $8::uuid
                        else further_client_session_ids end
                from first
                where workspace_id = $1 and instant_key_id = $4
                returning instant_key_id, use_count, case when $12 then $8::uuid else first.client_session_id end as session_id
            ), changes as (
                select 'instant_key.used' as action, instant_key_id as subject_id,
                    jsonb_build_object('user_identity_id', $7::uuid, 'use_count', use_count - 1) as before,
                    jsonb_build_object('user_identity_id', $7::uuid, 'use_count', use_count, 'client_session_id', session_id)
                        as after
                from used
            )
            "#,
            r#"select session_id as "session_id!: ClientSessionId" from used"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            &ids,
            key.client_session_id,
            person.0,
            session.0,
            hash.as_bytes(),
            self.store.seal.close(token, session.0),
            key.expires_at,
            key.use_count > 0,
        );
        Ok(used.fetch_optional(connection).await?)
    }
}

impl Locked {
    /// Why it cannot be used, if so.
    fn refusal(&self, now: DateTime<Utc>) -> Option<Reason> {
        let uses = InstantKeyUses {
            max_use_count: self.max_use_count,
            use_count: self.use_count,
            used_at: self.used_at,
            expires_at: self.expires_at,
        };
        match uses.status(now) {
            InstantKeyStatus::Ready => None,
            InstantKeyStatus::Expired => Some(Reason::InstantKeyExpired),
            InstantKeyStatus::Used => Some(Reason::InstantKeyUsed),
        }
    }
}
