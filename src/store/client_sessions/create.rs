//! Creation of client sessions: by a key, which vouches for them; by a publishable key, which is public; by a sign-in.

use crate::domain::client_session::*;
use crate::domain::id::UserIdentityId;
use crate::domain::password::PasswordHash;
use crate::domain::token::Token;
use crate::domain::workspace::PublishableKeySessions;
use crate::error::{Denial, Error, Reason, Result};
use crate::random::Random;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, TimeDelta, Utc};

/// Lifetime of a session that a publishable key has created, until a key grants it access.
const ANONYMOUS_LIFETIME: TimeDelta = TimeDelta::days(1);

/// Maximum number of such sessions in a workspace. Concurrent requests may exceed it by their number.
const MAX_ANONYMOUS: u32 = 10_000;

/// Attempts to find or create an anonymous session after one that met a concurrent change of it.
const RETRIES: u32 = 3;

/// Outcome of an insert.
#[derive(Debug)]
enum Inserted {
    /// The session as it was created.
    Yes(Box<ClientSession>),
    /// An unrevoked session has the key.
    KeyTaken,
    /// There are [`MAX_ANONYMOUS`] sessions.
    Full,
}

impl Workspace {
    /// Creates a session without access for a caller with the publishable key, or returns the one of its key, if it is
    /// anonymous or the setting of the workspace allows any. A session that a key has created without access is not
    /// returned: the key may give it access later.
    pub async fn create_anonymous_client_session(
        &self,
        key: String,
        new: NewClientSession,
        on_conflict: OnConflict,
        setting: PublishableKeySessions,
        now: DateTime<Utc>,
    ) -> Result<ClientSession> {
        let mut retries = 0..RETRIES;
        loop {
            let inserted = self.insert_anonymous(key.clone(), new.clone(), now).await?;
            if let Inserted::Yes(session) = inserted {
                return Ok(*session);
            }
            return match (self.client_session_by_key(&key).await, on_conflict) {
                (Ok(_), OnConflict::Refuse) => Err(Error::Conflict(Reason::ClientSessionExists)),
                (Ok(session), OnConflict::Reuse)
                    if !session.is_anonymous && setting != PublishableKeySessions::AnyUser =>
                {
                    Err(Error::Forbidden(Denial::ClientSessionHasAccess))
                }
                (Err(Error::NotFound(..)), _) if matches!(inserted, Inserted::Full) => {
                    Err(Error::Conflict(Reason::TooManyAnonymousSessions(MAX_ANONYMOUS)))
                }
                // The session with the key was revoked meanwhile.
                (Err(Error::NotFound(..)), _) if retries.next().is_some() => continue,
                (session, _) => session,
            };
        }
    }

    async fn insert_anonymous(&self, key: String, new: NewClientSession, now: DateTime<Utc>) -> Result<Inserted> {
        let workspace = self.clone();
        let inserted = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.free_key(connection, &key, now).await?;
                workspace.insert_anonymous_session(connection, &key, &new, now).await
            })
        });
        inserted.await
    }

    /// Creates a session of a user identity that has signed in with the password of this hash, and returns its token;
    /// `None` if the user identity has another password by now, or is suspended.
    pub(in crate::store) async fn create_signed_in_session(
        &self,
        person: UserIdentityId,
        hash: &PasswordHash,
        lifetime: TimeDelta,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<Option<Token>> {
        let (id, token): (crate::domain::id::ClientSessionId, _) =
            (random.id(now), Token::client_session(self.id(), random));
        let token_hash = token.hash();
        // The lock waits for a change of the password, which then ends the session or prevents it.
        let inserted = sqlx::query_scalar!(
            r#"
            with person as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = $7 and password_hash = $8 and suspended_at is null
                for share
            ), inserted as (
                insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identity_id,
                    password_of, connected_account_ids, connect_webview_ids, created_at, expires_at)
                select $1, $2::uuid, $3::bytea, $4::bytea, user_identity_id, user_identity_id, '{}'::uuid[],
                    '{}'::uuid[], $5::timestamptz, $6::timestamptz
                from person
                returning client_session_id
            )
            select client_session_id from inserted
            "#,
            self.workspace_id(),
            id.0,
            token_hash.as_bytes(),
            self.store.seal.close(&token, id.0),
            now,
            now + lifetime,
            person.0,
            hash.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        Ok(inserted.map(|_| token))
    }

    /// Revokes an expired session with this key, so that a new one can take it.
    async fn free_key(&self, connection: &mut UnitConnection<'_>, key: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"
            update client_session set revoked_at = $3
            where workspace_id = $1 and normalize(user_identifier_key, nfc) = normalize($2, nfc) and revoked_at is null
                and (expires_at <= $3 or anonymous_until <= $3)
            "#,
            self.workspace_id(),
            key,
            now,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn insert_anonymous_session(
        &self,
        connection: &mut UnitConnection<'_>,
        key: &str,
        new: &NewClientSession,
        now: DateTime<Utc>,
    ) -> Result<Inserted> {
        let hash = new.token.hash();
        let row = sqlx::query!(
            r#"
            with living as materialized (
                select count(*) as count from (
                    select from client_session
                    where workspace_id = $1 and anonymous_until > $6 and revoked_at is null
                    limit $9
                ) as counted
            ), inserted as (
                insert into client_session (workspace_id, client_session_id, token_hash, token_sealed,
                    user_identifier_key, connected_account_ids, connect_webview_ids, created_at, expires_at,
                    anonymous_until)
                select $1, $2::uuid, $3::bytea, $4::bytea, $5::text, '{}'::uuid[], '{}'::uuid[], $6::timestamptz,
                    $7::timestamptz, $8::timestamptz
                from living
                where count < $9
                on conflict do nothing
                returning client_session_id
            )
            select exists (select from inserted) as "is_inserted!", count >= $9 as "is_full!" from living
            "#,
            self.workspace_id(),
            new.client_session_id.0,
            hash.as_bytes(),
            self.store.seal.close(&new.token, new.client_session_id.0),
            key,
            now,
            new.expires_at,
            now + ANONYMOUS_LIFETIME,
            i64::from(MAX_ANONYMOUS),
        )
        .fetch_one(&mut *connection)
        .await?;
        Ok(match (row.is_inserted, row.is_full) {
            (true, _) => Inserted::Yes(Box::new(self.client_session_on(connection, new.client_session_id).await?)),
            (false, true) => Inserted::Full,
            (false, false) => Inserted::KeyTaken,
        })
    }
}
