//! Sign-in of user identities by name and password. Hashes run outside the async workers, few at a time and in turn, because
//! each takes 19 MiB and tens of milliseconds.

use crate::domain::event::EventType;
use crate::domain::id::{UserIdentityId, WorkspaceId};
use crate::domain::password::{Password, PasswordHash, SignIn, SignedIn};
use crate::error::{ResourceKind, Result};
use crate::random::Random;
use crate::store::pool::UnitConnection;
use crate::store::sql::audited::Actor;
use crate::store::sql::found;
use crate::store::{Origin, Principal, Store, Workspace};
use chrono::{DateTime, Utc};
use std::sync::LazyLock;
use uuid::Uuid;

/// Number of hashes that each sign-in verifies, so that its duration tells nothing about the name. A name without a
/// workspace may have as many user identities that are tried, the oldest ones.
const TRIED: usize = 4;

/// Hash to verify where there is no user identity.
pub(in crate::store) static DUMMY_HASH: LazyLock<PasswordHash> =
    LazyLock::new(|| Password::given("").hash(&Random::system()));

/// A user identity with the name of a sign-in.
struct Candidate {
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    user_identity_id: Uuid,
    password_hash: String,
}

impl Store {
    /// Whether a user identity has a password.
    pub async fn has_passwords(&self) -> Result<bool> {
        let has = sqlx::query_scalar!(
            r#"select exists (select 1 from user_identity where password_hash is not null) as "has!""#
        );
        Ok(has.fetch_one(&self.pool).await?)
    }

    /// Creates a client session of the oldest user identity with this name and password; `None` if either is wrong. A
    /// password that several have is no error: the difference would tell one tenant the password of another one's user.
    pub async fn sign_in(
        &self,
        sign_in: SignIn<'_>,
        origin: Origin,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<Option<SignedIn>> {
        // Postgres cannot store U+0000, so no name contains it.
        if sign_in.name.contains('\0') {
            return Ok(None);
        }
        let admission = self.hash_queue.enter(origin.client_network())?;
        let candidates = self.sign_in_candidates(sign_in.name, sign_in.client_id).await?;
        let hashes = candidates.iter().map(|candidate| PasswordHash(candidate.password_hash.clone()));
        let hashes: Vec<PasswordHash> =
            hashes.chain(std::iter::repeat_with(|| DUMMY_HASH.clone())).take(TRIED).collect();
        let password = Password::given(sign_in.password);
        let matches = admission.run(move || hashes.iter().map(|hash| hash.fits(&password)).collect::<Vec<bool>>());
        let matches = matches.await?;
        let is_failed_elsewhere = matches[..candidates.len()].contains(&false);
        let matching = candidates.into_iter().zip(matches).find(|(_, is_match)| *is_match);
        let Some((candidate, _)) = matching else { return Ok(None) };
        let (person, hash) = (UserIdentityId(candidate.user_identity_id), PasswordHash(candidate.password_hash));
        let tenant = (candidate.workspace_id, candidate.account_id, candidate.is_sandbox);
        let principal = Principal::Password(person);
        let store = self.of_caller(WorkspaceId(candidate.workspace_id), principal);
        let workspace = Workspace::new(store, tenant, Actor::new(principal, origin));
        let token = workspace.create_signed_in_session(person, &hash, sign_in.lifetime, random, now).await?;
        Ok(token.map(|token| SignedIn {
            workspace_id: workspace.id(),
            user_identity_id: person,
            token,
            is_failed_elsewhere,
        }))
    }

    /// User identities with this name and a password, the oldest first, so that later ones displace none.
    async fn sign_in_candidates(&self, name: &str, client_id: Option<Uuid>) -> Result<Vec<Candidate>> {
        if self.is_distributed
            && let Some(workspace) = self.workspace_of_client(client_id).await?
        {
            return self.sign_in_candidates_of(workspace, name).await;
        }
        Ok(sqlx::query_as!(
            Candidate,
            r#"
            with client as materialized (
                select workspace_id from api_key where api_key_id = $2
                union all
                select workspace_id from workspace where workspace_id = $2
            )
            select workspace_id, account_id, is_sandbox, user_identity_id, password_hash as "password_hash!"
            from user_identity join workspace using (workspace_id)
            where password_hash is not null and suspended_at is null
                and (email_address_folded = folded($1) or normalize(user_identity_key, nfc) = normalize($1, nfc))
                and (not exists (select from client) or workspace_id in (select workspace_id from client))
            group by workspace_id, account_id, is_sandbox, user_identity_id, password_hash
            order by min(user_identity.created_at), user_identity_id
            limit $3
            "#,
            name,
            client_id,
            TRIED as i64,
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// The workspace that a client id names: that of an API key, or itself.
    async fn workspace_of_client(&self, client_id: Option<Uuid>) -> Result<Option<WorkspaceId>> {
        let Some(client_id) = client_id else { return Ok(None) };
        let workspace = sqlx::query_scalar!(
            r#"
            select workspace_id as "workspace_id!: WorkspaceId" from api_key where api_key_id = $1
            union all
            select workspace_id from workspace where workspace_id = $1
            "#,
            client_id,
        );
        Ok(workspace.fetch_optional(&self.pool).await?)
    }

    /// As [`Store::sign_in_candidates`], of one workspace, which one node has.
    async fn sign_in_candidates_of(&self, workspace: WorkspaceId, name: &str) -> Result<Vec<Candidate>> {
        Ok(sqlx::query_as!(
            Candidate,
            r#"
            select workspace_id, account_id, is_sandbox, user_identity_id, password_hash as "password_hash!"
            from user_identity join workspace using (workspace_id)
            where user_identity.workspace_id = $1 and password_hash is not null
                and (email_address_folded = folded($2) or normalize(user_identity_key, nfc) = normalize($2, nfc))
            order by user_identity.created_at, user_identity_id
            limit $3
            "#,
            workspace.0,
            name,
            TRIED as i64,
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Sets the password of a user identity in any workspace, as [`Workspace::set_password`] does.
    pub async fn set_password_anywhere(
        &self,
        person: UserIdentityId,
        password: Password,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let row = sqlx::query!(
            r#"
            select workspace_id, account_id, is_sandbox from user_identity join workspace using (workspace_id)
            where user_identity_id = $1
            "#,
            person.0,
        )
        .fetch_optional(&self.pool)
        .await?;
        let row = found(row, ResourceKind::UserIdentity, person)?;
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        Workspace::new(self.clone(), tenant, Actor::OPERATOR).set_password(person, password, random, now).await
    }
}

impl Workspace {
    /// Sets the password of a user identity, deletes the client sessions that were signed in with the old one, and emits
    /// `client_session.deleted` for each.
    pub async fn set_password(
        &self,
        person: UserIdentityId,
        password: Password,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let random = random.clone();
        let admission = self.store.hash_queue.enter(self.client_network())?;
        let hash = admission.run(move || password.hash(&random)).await?;
        let workspace = self.clone();
        let set = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                // Waits for the sign-ins in progress, so that the statement sees their sessions.
                workspace.lock_user_identity(connection, person).await?;
                workspace.replace_password(connection, person, &hash, now).await
            })
        });
        set.await
    }

    async fn replace_password(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let set = audited!(
            emit_events,
            query_scalar,
            r#"
            with changed as (
                update user_identity set password_hash = $5
                where workspace_id = $1 and user_identity_id = $4
                returning user_identity_id
            ), ended as (
                delete from client_session
                where workspace_id = $1 and password_of = $4 and revoked_at is null and expires_at > $2
                returning client_session_id, user_identity_id
            ), changes as (
                select 'user_identity.password_set' as action, user_identity_id as subject_id, null::jsonb as before,
                    jsonb_build_object('client_sessions_ended', (select count(*) from ended)) as after
                from changed
            ), new_events as (
                select name_uuid(client_session_id, $6::text) as event_id, $6::text as event_type, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id) as details
                from ended
            )
            "#,
            "select user_identity_id from changed",
            self.workspace_id(),
            now,
            self.context(&[EventType::ClientSessionDeleted]),
            person.0,
            hash.0,
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_optional(connection)
        .await?;
        found(set, ResourceKind::UserIdentity, person).map(|_| ())
    }
}
