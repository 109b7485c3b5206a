//! Creation of client sessions by a key, which vouches for them. Concurrent ones in a workspace share a statement.

use super::{Row, revoked_issuer, with_issuer};
use crate::domain::client_session::*;
use crate::domain::id::{ClientSessionId, UserIdentityId};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, array, column, in_order};
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use std::hash::{DefaultHasher, Hash, Hasher};
use uuid::Uuid;

/// A session to create, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct SessionCreation {
    new: NewClientSession,
    on_conflict: OnConflict,
    /// The key that creates it.
    issuer_id: Option<Uuid>,
    at: DateTime<Utc>,
}

/// A session that has the key of the request.
pub(in crate::store) struct SessionOfKey {
    row: Row,
    /// False if it existed before.
    is_new: bool,
}

/// Finds or creates the sessions of requests; the literal follows the locks of what others may change.
///
/// An expired session is revoked, so that a new one can take its key. A key also takes it from a session without access
/// that a publishable key has created: its token is known to others. The lock of the issuer waits for a revocation, which
/// then ends the sessions of the key or prevents them. A request has no row if its issuer is revoked, its user identity
/// is unknown or suspended, or one of them or the session with its key is locked or was changed by another transaction.
macro_rules! create_sessions {
    ($workspace:expr, $requests:expr, $locked:tt) => {
        sqlx::query!(
            r#"
            with requested as materialized (
                select * from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::text[], $6::uuid[], $7::text[], $8::text[],
                    $9::text[], $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::boolean[]) with ordinality as
                    requested (session_id, hash, sealed, key, person, account_ids, webview_ids, customer, at, until, issuer,
                    is_reusing, place)
            ), key as materialized (
                select api_key_id as issuer_id from api_key
                where api_key_id = any ($12) and revoked_at is null
                for share "# + $locked + r#"
            ), token as materialized (
                select access_token_id as issuer_id from access_token
                where access_token_id = any ($12) and revoked_at is null
                for share "# + $locked + r#"
            ), console as materialized (
                select console_session_id as issuer_id from console_session
                where console_session_id = any ($12) and revoked_at is null
                for share "# + $locked + r#"
            ), person as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = any ($6) and suspended_at is null
                for key share "# + $locked + r#"
            ), ready as materialized (
                select requested.*, person is null or person in (select user_identity_id from person) as has_person
                from requested
                where issuer in (
                        select issuer_id from key union all select issuer_id from token union all select issuer_id from console
                    )
            ), taken as materialized (
                select place from ready
                where exists (
                        select from client_session
                        where workspace_id = $1 and normalize(user_identifier_key, nfc) = normalize(key, nfc)
                            and revoked_at is null
                    )
            ), held as materialized (
                select client_session_id, token_sealed, user_identifier_key, user_identity_id, connected_account_ids,
                    connect_webview_ids, customer_key, created_at, expires_at, anonymous_until, issuer_ids
                from client_session
                where workspace_id = $1 and revoked_at is null
                    and normalize(user_identifier_key, nfc) = any (array(select normalize(key, nfc) from ready))
                for no key update "# + $locked + r#"
            ), holder as materialized (
                select place, at, issuer, is_reusing, has_person, held.*, coalesce(expires_at <= at or anonymous_until <= at
                        or (anonymous_until is not null and (
                            select publishable_key_sessions from workspace where workspace_id = $1
                        ) <> 'any-user'), false) as is_stale
                from ready join held on normalize(user_identifier_key, nfc) = normalize(key, nfc)
            ), freed as (
                update client_session set revoked_at = at
                from holder
                where client_session.workspace_id = $1 and is_stale and has_person
                    and client_session.client_session_id = holder.client_session_id
                returning place
            ), extended as (
                update client_session set issuer_ids = client_session.issuer_ids || issuer
                from holder
                where client_session.workspace_id = $1 and not is_stale and is_reusing
                    and client_session.client_session_id = holder.client_session_id
                    and not client_session.issuer_ids @> array[issuer]
            ), inserted as (
                insert into client_session (workspace_id, client_session_id, token_hash, token_sealed,
                    user_identifier_key, user_identity_id, connected_account_ids, connect_webview_ids, customer_key,
                    created_at, expires_at, issuer_ids)
                select $1, session_id, hash, sealed, key, person, account_ids::uuid[], webview_ids::uuid[], customer, at,
                    until, array[issuer]
                from ready
                where has_person
                    and (place not in (select place from taken) or place in (select place from freed))
                on conflict (workspace_id, normalize(user_identifier_key, nfc)) where revoked_at is null do nothing
                returning *
            )
            select place as "place!", is_new as "is_new!", client_session_id as "client_session_id!",
                token_sealed as "token_sealed!", user_identifier_key,
                user_identity_id as "user_identity_id: UserIdentityId", connected_account_ids as "connected_account_ids!",
                connect_webview_ids as "connect_webview_ids!", customer_key, created_at as "created_at!",
                least(expires_at, anonymous_until) as "expires_at!", anonymous_until is not null as "is_anonymous!", (
                    select count(*) from phone
                    where phone.workspace_id = $1 and phone.user_identity_id = session.user_identity_id
                        and phone.deactivated_at is null
                ) as "device_count!"
            from (
                select place, true as is_new, inserted.client_session_id, token_sealed, user_identifier_key,
                    user_identity_id, connected_account_ids, connect_webview_ids, customer_key, created_at, expires_at,
                    anonymous_until
                from inserted join requested on session_id = client_session_id
                union all
                select place, false, client_session_id, token_sealed, user_identifier_key, user_identity_id,
                    connected_account_ids, connect_webview_ids, customer_key, created_at, expires_at, anonymous_until
                from holder
                where not is_stale
            ) as session
            "#,
            $workspace.workspace_id(),
            &column($requests, |request| request.new.client_session_id.0),
            &column($requests, |request| request.new.token.hash().as_bytes().to_vec()),
            &column($requests, |request| $workspace.store.seal.close(&request.new.token, request.new.client_session_id.0)),
            &column($requests, |request| request.new.user_identifier_key.as_deref()) as _,
            &column($requests, |request| request.new.user_identity_id.map(|id| id.0)) as _,
            &column($requests, |request| array(&request.new.connected_account_ids)),
            &column($requests, |request| array(&request.new.connect_webview_ids)),
            &column($requests, |request| request.new.customer_key.as_deref()) as _,
            &column($requests, |request| request.at),
            &column($requests, |request| request.new.expires_at),
            &column($requests, |request| request.issuer_id) as _,
            &column($requests, |request| request.on_conflict == OnConflict::Reuse),
        )
        .fetch_all($workspace.store.writer())
        .await
        .map(|rows| {
            let sessions = rows.into_iter().map(|row| {
                let session = Row {
                    workspace_id: $workspace.id(),
                    client_session_id: ClientSessionId(row.client_session_id),
                    token_sealed: row.token_sealed,
                    user_identifier_key: row.user_identifier_key,
                    user_identity_id: row.user_identity_id,
                    connected_account_ids: row.connected_account_ids,
                    connect_webview_ids: row.connect_webview_ids,
                    customer_key: row.customer_key,
                    device_count: row.device_count,
                    created_at: row.created_at,
                    expires_at: row.expires_at,
                    is_anonymous: row.is_anonymous,
                };
                (row.place, Some(SessionOfKey { row: session, is_new: row.is_new }))
            });
            in_order($requests.len(), || None, sessions)
        })
    };
}

impl SharedWrite for SessionCreation {
    type Outcome = SessionOfKey;

    /// Of one user identifier key a session at a time, so that each finds the one before it.
    fn exclusive_key(&self) -> Option<Uuid> {
        let mut hasher = DefaultHasher::new();
        self.new.user_identifier_key.as_ref()?.hash(&mut hasher);
        Some(Uuid::from_u64_pair(hasher.finish(), 0))
    }

    async fn write(
        workspace: Workspace,
        requests: Vec<SessionCreation>,
        waits: bool,
    ) -> Result<Vec<Option<SessionOfKey>>> {
        if !waits {
            return Ok(create_sessions!(workspace, &requests, "skip locked")?);
        }
        let outcomes = create_sessions!(workspace, &requests, "")?;
        for (request, outcome) in requests.iter().zip(&outcomes) {
            if outcome.is_none() {
                workspace.check_may_create(request).await?;
            }
        }
        Ok(outcomes)
    }
}

impl Workspace {
    /// Creates a session. `on_conflict` decides if its key is taken; a session that is reused counts as extended by the
    /// caller, which gets its token. An unknown user identity is `NotFound`.
    pub async fn create_client_session(
        &self,
        new: NewClientSession,
        on_conflict: OnConflict,
        now: DateTime<Utc>,
    ) -> Result<ClientSession> {
        let creation = SessionCreation { new, on_conflict, issuer_id: self.issuer_id(), at: now };
        match self.write(creation).await? {
            SessionOfKey { is_new: false, .. } if on_conflict == OnConflict::Refuse => {
                Err(Error::Conflict(Reason::ClientSessionExists))
            }
            SessionOfKey { row, .. } => self.opened(row),
        }
    }

    /// Refuses a request whose issuer is revoked or whose user identity is unknown or suspended.
    async fn check_may_create(&self, request: &SessionCreation) -> Result<()> {
        let person = request.new.user_identity_id;
        let row = with_issuer!(
            r#"
            select exists (select from issuer) as "has_issuer!", $3::uuid is null or exists (
                    select from user_identity where workspace_id = $1 and user_identity_id = $3
                ) as "has_person!", exists (
                    select from user_identity
                    where workspace_id = $1 and user_identity_id = $3 and suspended_at is not null
                ) as "is_suspended!"
            "#,
            self.workspace_id(),
            request.issuer_id,
            person.map(|id| id.0),
        )
        .fetch_one(self.store.writer())
        .await?;
        match person {
            _ if !row.has_issuer => Err(revoked_issuer()),
            _ if row.is_suspended => Err(Error::Conflict(Reason::UserIdentitySuspended)),
            Some(person) => found(row.has_person.then_some(()), ResourceKind::UserIdentity, person),
            None => Ok(()),
        }
    }
}
