//! Client sessions: created under a user identifier key, read, widened, revoked and deleted.

mod create;
mod create_by_key;
mod end;
mod overview;
mod summaries;

use crate::domain::client_session::*;
use crate::domain::event::EventType;
use crate::domain::id::{ClientSessionId, UserIdentityId, WorkspaceId};
use crate::error::{AuthFailure, Error, Reason, Rejection, ResourceKind, Result, Scheme};
use crate::store::{Workspace, sql::faults::missing, sql::found};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// Foreign key of a session's user identity.
const PERSON_KEY: &str = "client_session_user_identity_fkey";

/// A row of a session, with its token sealed.
struct Row {
    workspace_id: WorkspaceId,
    client_session_id: ClientSessionId,
    token_sealed: Vec<u8>,
    user_identifier_key: Option<String>,
    user_identity_id: Option<UserIdentityId>,
    connected_account_ids: Vec<Uuid>,
    connect_webview_ids: Vec<Uuid>,
    customer_key: Option<String>,
    device_count: i64,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    is_anonymous: bool,
}

/// Selects sessions; the literal is the rest of the statement.
macro_rules! select_sessions {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            select workspace_id, client_session_id, token_sealed, user_identifier_key,
                user_identity_id as "user_identity_id: UserIdentityId", connected_account_ids, connect_webview_ids,
                customer_key, created_at, least(expires_at, anonymous_until) as "expires_at!",
                anonymous_until is not null as "is_anonymous!", (
                    select count(*) from phone
                    where phone.workspace_id = $1 and phone.user_identity_id = client_session.user_identity_id
                        and phone.deactivated_at is null
                ) as "device_count!"
            from client_session
            "# + $rest
            $(, $argument)*
        )
    };
}

/// Queries with the row `issuer` of the API key, access token or console session that makes the change; none if it is
/// revoked by now. Its lock waits for a revocation, which then ends the sessions of the key or prevents them. **`$1` is the
/// workspace, and `$2` the issuer.**
macro_rules! with_issuer {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query!(
            r#"
            with key as materialized (
                select api_key_id as issuer_id from api_key where api_key_id = $2 and revoked_at is null for share
            ), token as materialized (
                select access_token_id as issuer_id from access_token
                where access_token_id = $2 and revoked_at is null
                for share
            ), session as materialized (
                select console_session_id as issuer_id from console_session
                where console_session_id = $2 and revoked_at is null
                for share
            ), issuer as (
                select issuer_id from key union all select issuer_id from token union all select issuer_id from session
            )
            "# + $rest
            $(, $argument)*
        )
    };
}
pub(super) use with_issuer;

pub(in crate::store) use create_by_key::SessionCreation;
pub use end::EndedSessions;

/// The error of a caller whose key was revoked during the request.
pub(super) fn revoked_issuer() -> Error {
    Error::Unauthenticated(Rejection::of(Scheme::ApiKey, AuthFailure::Revoked))
}

impl Workspace {
    /// The unrevoked session with this id.
    pub async fn client_session(&self, id: ClientSessionId) -> Result<ClientSession> {
        self.client_session_on(&self.store.pool, id).await
    }

    pub(super) async fn client_session_on(
        &self,
        executor: impl PgExecutor<'_>,
        id: ClientSessionId,
    ) -> Result<ClientSession> {
        let row = select_sessions!(
            "where workspace_id = $1 and client_session_id = $2 and revoked_at is null",
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(executor)
        .await?;
        self.opened(found(row, ResourceKind::ClientSession, id)?)
    }

    /// The unrevoked session with this key.
    pub async fn client_session_by_key(&self, key: &str) -> Result<ClientSession> {
        let row = select_sessions!(
            "where workspace_id = $1 and normalize(user_identifier_key, nfc) = normalize($2, nfc) and revoked_at is null",
            self.workspace_id(),
            key,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        self.opened(found(row, ResourceKind::ClientSession, key)?)
    }

    /// Unrevoked sessions that match a filter, in order of creation.
    pub async fn client_sessions(&self, filter: &ClientSessionFilter) -> Result<Vec<ClientSession>> {
        let rows = select_sessions!(
            "where workspace_id = $1 and revoked_at is null
                and ($2::uuid is null or client_session_id = $2)
                and ($3::text is null or normalize(user_identifier_key, nfc) = normalize($3, nfc))
                and (not $4 or case when $5::uuid is null then user_identity_id is null
                    else user_identity_id = any (array(
                        select $5
                        union all
                        select user_identity_id from merged_user_identity
                        where workspace_id = $1 and merged_user_identity_id = $5)) end)
                and (not $6 or case when $7::uuid is null then connect_webview_ids = '{}'
                    else $7 = any (connect_webview_ids) end)
                and (not $8 or user_identifier_key is null)
            order by created_at, client_session_id",
            self.workspace_id(),
            filter.client_session_id.map(|id| id.0),
            filter.user_identifier_key,
            filter.user_identity_id.is_some(),
            filter.user_identity_id.flatten().map(|id| id.0),
            filter.connect_webview_id.is_some(),
            filter.connect_webview_id.flatten(),
            filter.without_user_identifier_key,
        )
        .fetch_all(&self.store.pool)
        .await?;
        rows.into_iter().map(|row| self.opened(row)).collect()
    }

    /// Extends a session: another user identity, more accounts, more views. It is no longer an anonymous one then, unless
    /// it has expired.
    pub async fn widen_client_session(
        &self,
        id: ClientSessionId,
        grant: &ClientSessionGrant,
        now: DateTime<Utc>,
    ) -> Result<ClientSession> {
        let row = with_issuer!(
            r#"
            , person as materialized (
                -- Waits for a suspension.
                select suspended_at is not null as is_suspended from user_identity
                where workspace_id = $1 and user_identity_id = $4
                for key share
            ), changed as (
                update client_session
                set user_identity_id = coalesce($4, user_identity_id),
                    connected_account_ids = array(
                        select unnest(connected_account_ids) union select unnest($5::uuid[]) order by 1),
                    connect_webview_ids = array(
                        select unnest(connect_webview_ids) union select unnest($6::uuid[]) order by 1),
                    issuer_ids = array(select unnest(issuer_ids) union select issuer_id from issuer order by 1),
                    anonymous_until = case when anonymous_until <= $7 then anonymous_until end
                where workspace_id = $1 and client_session_id = $3 and revoked_at is null
                    and exists (select from issuer) and not exists (select from person where is_suspended)
                returning client_session_id
            )
            select exists (select from changed) as "is_changed!", exists (select from issuer) as "has_issuer!",
                exists (select from person where is_suspended) as "is_suspended!"
            "#,
            self.workspace_id(),
            self.issuer_id(),
            id.0,
            grant.user_identity_id.map(|id| id.0),
            &grant.connected_account_ids,
            &grant.connect_webview_ids,
            now,
        )
        .fetch_one(self.store.writer())
        .await
        .map_err(|fault| missing(fault, PERSON_KEY, ResourceKind::UserIdentity, grant.user_identity_id))?;
        if !row.has_issuer {
            return Err(revoked_issuer());
        }
        if row.is_suspended {
            return Err(Error::Conflict(Reason::UserIdentitySuspended));
        }
        found(row.is_changed.then_some(()), ResourceKind::ClientSession, id)?;
        self.client_session(id).await
    }

    /// Revokes a session, whose token is then rejected. Idempotent.
    pub async fn revoke_client_session(&self, id: ClientSessionId, now: DateTime<Utc>) -> Result<()> {
        let known = audited!(
            query_scalar,
            r#"
            with known as materialized (
                select client_session_id, user_identity_id, revoked_at from client_session
                where workspace_id = $1 and client_session_id = $4
            ), revoked as (
                update client_session set revoked_at = $2
                where workspace_id = $1 and client_session_id = $4 and revoked_at is null
                returning client_session_id
            ), changes as (
                select 'client_session.revoked' as action, client_session_id as subject_id,
                    jsonb_build_object('user_identity_id', user_identity_id) as before,
                    jsonb_build_object('user_identity_id', user_identity_id, 'revoked_at', $2::timestamptz) as after
                from revoked join known using (client_session_id)
            )
            "#,
            "select client_session_id from known",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(known, ResourceKind::ClientSession, id).map(|_| ())
    }

    /// Deletes a session and emits `client_session.deleted`.
    pub async fn delete_client_session(&self, id: ClientSessionId, now: DateTime<Utc>) -> Result<()> {
        let deleted = emit_events!(
            query_scalar,
            r#"
            with deleted as (
                delete from client_session
                where workspace_id = $1 and client_session_id = $4
                returning user_identity_id, client_session_id
            ), new_events as (
                select name_uuid(client_session_id, $5::text) as event_id, $5::text as event_type, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id) as details
                from deleted
            )
            "#,
            "select client_session_id from deleted",
            self.workspace_id(),
            now,
            self.context(&[EventType::ClientSessionDeleted]),
            id.0,
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_optional(self.store.emitter())
        .await?;
        found(deleted, ResourceKind::ClientSession, id).map(|_| ())
    }

    fn opened(&self, row: Row) -> Result<ClientSession> {
        Ok(ClientSession {
            token: self.store.seal.open(&row.token_sealed, row.client_session_id.0)?,
            workspace_id: row.workspace_id,
            client_session_id: row.client_session_id,
            user_identifier_key: row.user_identifier_key,
            user_identity_id: row.user_identity_id,
            connected_account_ids: row.connected_account_ids,
            connect_webview_ids: row.connect_webview_ids,
            customer_key: row.customer_key,
            device_count: row.device_count,
            created_at: row.created_at,
            expires_at: row.expires_at,
            is_anonymous: row.is_anonymous,
        })
    }
}
