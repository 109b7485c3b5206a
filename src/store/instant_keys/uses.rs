//! The use of an instant key: a client session for a phone.

use super::no_instant_key;
use crate::domain::client_session::ClientSession;
use crate::domain::id::{ClientSessionId, InstantKeyId, UserIdentityId};
use crate::domain::instant_key::*;
use crate::domain::token::Token;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
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

/// A client session of an instant key.
struct Session {
    client_session_id: Uuid,
    user_identity_id: Option<UserIdentityId>,
    issuer_ids: Vec<Uuid>,
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
                // A later statement, which sees the sessions of the uses that the lock has waited for.
                let issuer_ids = workspace.check_sessions(connection, &key, person).await?;
                key.check(now)?;
                let session = match key.use_count {
                    0 => ClientSessionId(key.client_session_id),
                    _ => {
                        workspace.insert_session_of_use(connection, &key, (&new, person, issuer_ids), now).await?;
                        new.0
                    }
                };
                workspace.count_use(connection, id, (session, person), now).await?;
                workspace.client_session_on(connection, session).await
            })
        });
        used.await
    }

    /// Locks the person of an instant key, who is not let in if suspended.
    async fn lock_person_of_instant_key(
        &self,
        connection: &mut PgConnection,
        id: InstantKeyId,
    ) -> Result<UserIdentityId> {
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
            Err(Error::NotFound(..) | Error::Conflict(Reason::UserIdentitySuspended)) => Err(no_instant_key()),
            locked => locked.map(|_| person),
        }
    }

    pub(super) async fn lock_instant_key(
        &self,
        connection: &mut PgConnection,
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

    /// Checks that the instant key has not ended, and locks the keys that vouch for it, which are returned.
    async fn check_sessions(
        &self,
        connection: &mut PgConnection,
        key: &Locked,
        person: UserIdentityId,
    ) -> Result<Vec<Uuid>> {
        let ids: Vec<Uuid> = key.further_client_session_ids.iter().copied().chain([key.client_session_id]).collect();
        let sessions = sqlx::query_as!(
            Session,
            r#"
            select client_session_id, user_identity_id as "user_identity_id: UserIdentityId", issuer_ids
            from client_session
            where workspace_id = $1 and client_session_id = any ($2) and revoked_at is null
            "#,
            self.workspace_id(),
            &ids,
        )
        .fetch_all(&mut *connection)
        .await?;
        let first = sessions.iter().find(|session| session.client_session_id == key.client_session_id);
        // Another person may have got the session since the first statement.
        let first = first.filter(|session| session.user_identity_id == Some(person) && sessions.len() == ids.len());
        let issuer_ids = first.ok_or_else(no_instant_key)?.issuer_ids.clone();
        match self.lock_issuers(connection, &issuer_ids).await? {
            true => Ok(issuer_ids),
            false => Err(no_instant_key()),
        }
    }

    async fn insert_session_of_use(
        &self,
        connection: &mut PgConnection,
        key: &Locked,
        (new, person, issuer_ids): (&(ClientSessionId, Token), UserIdentityId, Vec<Uuid>),
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (id, token) = new;
        let hash = token.hash();
        sqlx::query!(
            r#"
            insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identity_id,
                connected_account_ids, connect_webview_ids, created_at, expires_at, issuer_ids)
            values ($1, $2, $3, $4, $5, '{}', '{}', $6, $7, $8)
            "#,
            self.workspace_id(),
            id.0,
            hash.as_bytes(),
            self.store.seal.close(token, id.0),
            person.0,
            now,
            key.expires_at,
            &issuer_ids,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn count_use(
        &self,
        connection: &mut PgConnection,
        id: InstantKeyId,
        (session, person): (ClientSessionId, UserIdentityId),
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with used as (
                update instant_key
                set use_count = use_count + 1, used_at = $2,
                    further_client_session_ids = case
                        when use_count = 0 then further_client_session_ids
                        else further_client_session_ids || $5::uuid end
                where workspace_id = $1 and instant_key_id = $4
                returning instant_key_id, use_count
            ), changes as (
                select 'instant_key.used' as action, instant_key_id as subject_id,
                    jsonb_build_object('user_identity_id', $6::uuid, 'use_count', use_count - 1) as before,
                    jsonb_build_object('user_identity_id', $6::uuid, 'use_count', use_count, 'client_session_id', $5::uuid)
                        as after
                from used
            )
            "#,
            "select use_count from used",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            session.0,
            person.0,
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}

impl Locked {
    fn check(&self, now: DateTime<Utc>) -> Result<()> {
        let uses = InstantKeyUses {
            max_use_count: self.max_use_count,
            use_count: self.use_count,
            used_at: self.used_at,
            expires_at: self.expires_at,
        };
        match uses.status(now) {
            InstantKeyStatus::Ready => Ok(()),
            InstantKeyStatus::Expired => Err(Error::Conflict(Reason::InstantKeyExpired)),
            InstantKeyStatus::Used => Err(Error::Conflict(Reason::InstantKeyUsed)),
        }
    }
}
