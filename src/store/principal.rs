//! From a credential to a [`Workspace`]: one statement per kind. Errors carry the exact reason, which each dialect
//! words, or withholds, at its edge.

pub(super) mod console;
mod passes;
mod scim_token;
mod short_code;
mod stream_ticket;
mod tokens;

use crate::domain::id::*;
use crate::domain::scope::Scope;
use crate::domain::token::{Token, TokenHash, scheme_of};
use crate::domain::workspace::PublishableKeySessions;
use crate::error::{AuthFailure, Denial, Error, Rejection, Result, Scheme};
use crate::store::sql::audited::Actor;
use crate::store::workspace::{AccountCredential, WorkspaceRow};
use crate::store::{Account, Origin, Prefetch, Prefetched, Store, Workspace};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Credentials of a request.
#[derive(Debug, Clone, Copy)]
pub enum Credentials<'a> {
    ApiKey(&'a str),
    /// A temporary substitute for an API key.
    Pass(&'a str),
    /// A personal access token, and the workspace that the request selects, if any.
    AccessToken(&'a str, Option<WorkspaceSelector>),
    /// A console session's JWT, and the workspace that the request selects, if any.
    ConsoleSession(&'a str, Option<WorkspaceSelector>),
    ClientSession(&'a str),
    PublishableKey(&'a str),
    /// The token of a company's directory.
    ScimToken(&'a str),
    /// The short code of an instant key.
    ShortCode(&'a str),
}

impl Credentials<'_> {
    /// A token in a dialect that has no means to select a workspace: a client session, or else an API key.
    pub fn of_workspace(token: &str) -> Credentials<'_> {
        match scheme_of(token) {
            Scheme::ClientSession => Credentials::ClientSession(token),
            Scheme::ApiKey
            | Scheme::Pass
            | Scheme::AccessToken
            | Scheme::ConsoleSession
            | Scheme::PublishableKey
            | Scheme::StreamTicket
            | Scheme::ScimToken
            | Scheme::ShortCode => Credentials::ApiKey(token),
        }
    }
}

/// The workspace that a request selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceSelector {
    Workspace(WorkspaceId),
    Account(AccountId),
}

impl WorkspaceSelector {
    fn keys(selector: Option<WorkspaceSelector>) -> (Option<Uuid>, Option<i64>) {
        match selector {
            None => (None, None),
            Some(WorkspaceSelector::Workspace(id)) => (Some(id.0), None),
            Some(WorkspaceSelector::Account(id)) => (None, Some(id.0)),
        }
    }
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub enum Authenticated {
    /// A caller in a workspace.
    Caller(Caller),
    /// A caller that has not selected a workspace.
    Account(Account),
}

/// A caller in a workspace, with its credential.
#[derive(Debug, Clone)]
pub struct Caller {
    pub workspace: Workspace,
    pub credential: Principal,
}

/// A verified credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    ApiKey(ApiKeyId),
    AccessToken(AccessTokenId),
    ConsoleSession(ConsoleSessionId),
    /// A client session, and its user identity; without one it reaches no user identity's rows.
    ClientSession(ClientSessionId, Option<UserIdentityId>),
    /// A workspace's publishable key, and what it may do; never [`PublishableKeySessions::Off`].
    PublishableKey(PublishableKeySessions),
    /// A user identity, by its own password.
    Password(UserIdentityId),
    /// A person who uses the console.
    Operator(OperatorId),
    /// A company's directory, by its token.
    ScimToken(ScimTokenId),
    /// The holder of the link of an instant key.
    InstantKey(InstantKeyId),
}

impl Principal {
    /// The kind and the id of the credential, as in the audit trail and the log. A password's id is its user identity's.
    pub fn kind_and_id(self) -> (&'static str, Option<Uuid>) {
        match self {
            Principal::ApiKey(id) => ("api_key", Some(id.0)),
            Principal::AccessToken(id) => ("access_token", Some(id.0)),
            Principal::ConsoleSession(id) => ("console_session", Some(id.0)),
            Principal::ClientSession(id, _) => ("client_session", Some(id.0)),
            Principal::PublishableKey(_) => ("publishable_key", None),
            Principal::Password(person) => ("password", Some(person.0)),
            Principal::Operator(id) => ("operator_account", Some(id.0)),
            Principal::ScimToken(id) => ("scim_token", Some(id.0)),
            Principal::InstantKey(id) => ("instant_key", Some(id.0)),
        }
    }

    /// The part of the workspace that it reaches.
    pub fn scope(self) -> Scope {
        match self {
            Principal::ApiKey(_)
            | Principal::AccessToken(_)
            | Principal::ConsoleSession(_)
            | Principal::Operator(_)
            | Principal::ScimToken(_) => Scope::Workspace,
            Principal::ClientSession(_, Some(person)) | Principal::Password(person) => Scope::Person(person),
            Principal::ClientSession(_, None) | Principal::PublishableKey(_) | Principal::InstantKey(_) => {
                Scope::Nothing
            }
        }
    }
}

impl Authenticated {
    /// The credential, and the workspace if one is selected.
    pub fn principal(&self) -> (Principal, Option<WorkspaceId>) {
        match self {
            Authenticated::Caller(caller) => (caller.credential, Some(caller.workspace.id())),
            Authenticated::Account(account) => (account.principal(), None),
        }
    }
}

impl Store {
    /// Authenticates a caller. An unknown, expired or revoked credential is `Unauthenticated` with the reason. Changes
    /// in the workspace are audited as the caller's, and as coming from `origin`.
    pub async fn authenticate(
        &self,
        presented: Credentials<'_>,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Authenticated> {
        Ok(self.authenticate_with(presented, Prefetch::None, origin, now).await?.0)
    }

    /// As [`Store::authenticate`], and reads the rows of `prefetch` in the same statement where it can.
    pub async fn authenticate_with(
        &self,
        presented: Credentials<'_>,
        prefetch: Prefetch,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<(Authenticated, Prefetched)> {
        let authenticated = match presented {
            Credentials::ApiKey(key) => self.api_key(key, prefetch, origin).await?,
            Credentials::Pass(pass) => (self.pass(pass, origin, now).await?, Prefetched::Nothing),
            Credentials::AccessToken(token, selector) => {
                (self.access_token(token, selector, origin).await?, Prefetched::Nothing)
            }
            Credentials::ConsoleSession(jwt, selector) => {
                (self.console_session(jwt, selector, origin, now).await?, Prefetched::Nothing)
            }
            Credentials::ClientSession(token) => (self.client_session(token, origin, now).await?, Prefetched::Nothing),
            Credentials::PublishableKey(key) => (self.publishable_key(key, origin).await?, Prefetched::Nothing),
            Credentials::ScimToken(token) => (self.scim_token(token, origin).await?, Prefetched::Nothing),
            Credentials::ShortCode(code) => (self.short_code(code, origin).await?, Prefetched::Nothing),
        };
        self.last_used.record(authenticated.0.principal().0, now);
        Ok(authenticated)
    }

    async fn pass(&self, pass: &str, origin: Origin, now: DateTime<Utc>) -> Result<Authenticated> {
        let hash = TokenHash::of(pass);
        let row = sqlx::query!(
            r#"
            select api_key_id, revoked_at, expires_at, workspace_id, account_id, is_sandbox
            from api_key_pass as pass join api_key using (api_key_id) join workspace using (workspace_id)
            where pass.token_hash = $1
            "#,
            hash.as_bytes(),
        )
        .fetch_optional(self.short())
        .await?
        .ok_or_else(|| rejected(Scheme::Pass, AuthFailure::Unknown))?;
        check(Scheme::Pass, row.revoked_at, Some(row.expires_at), now)?;
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        Ok(self.caller(tenant, Principal::ApiKey(ApiKeyId(row.api_key_id)), origin))
    }

    async fn access_token(
        &self,
        token: &str,
        selector: Option<WorkspaceSelector>,
        origin: Origin,
    ) -> Result<Authenticated> {
        let hash = TokenHash::of(token);
        let (workspace, account) = WorkspaceSelector::keys(selector);
        let row = sqlx::query!(
            r#"
            select token.access_token_id, token.revoked_at, workspace.workspace_id as "workspace_id?",
                workspace.account_id as "account_id?", workspace.is_sandbox as "is_sandbox?"
            from access_token as token
            left join (access_token_workspace as member join workspace using (workspace_id))
                on member.access_token_id = token.access_token_id
                    and (workspace.workspace_id = $2 or workspace.account_id = $3)
            where token.token_hash = $1
            "#,
            hash.as_bytes(),
            workspace,
            account,
        )
        .fetch_optional(self.short())
        .await?
        .ok_or_else(|| rejected(Scheme::AccessToken, AuthFailure::Unknown))?;
        if row.revoked_at.is_some() {
            return Err(rejected(Scheme::AccessToken, AuthFailure::Revoked));
        }
        let member = tenant(row.workspace_id, row.account_id, row.is_sandbox);
        self.member(AccountCredential::AccessToken(AccessTokenId(row.access_token_id)), selector, member, origin)
    }

    async fn console_session(
        &self,
        jwt: &str,
        selector: Option<WorkspaceSelector>,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Authenticated> {
        let (workspace, account) = WorkspaceSelector::keys(selector);
        let unverified =
            console::Claimed::of(jwt).ok_or_else(|| rejected(Scheme::ConsoleSession, AuthFailure::Malformed))?;
        let row = sqlx::query!(
            r#"
            select key.secret_sealed, session.expires_at, session.revoked_at, workspace.workspace_id as "workspace_id?",
                workspace.account_id as "account_id?", workspace.is_sandbox as "is_sandbox?"
            from console_key as key
            cross join console_session as session
            left join (console_session_workspace as member join workspace using (workspace_id))
                on member.console_session_id = session.console_session_id
                    and (workspace.workspace_id = $3 or workspace.account_id = $4)
            where key.console_key_id = $1 and key.retired_at is null and session.console_session_id = $2
            "#,
            unverified.key.0,
            unverified.session.0,
            workspace,
            account,
        )
        .fetch_optional(self.short())
        .await?
        .ok_or_else(|| rejected(Scheme::ConsoleSession, AuthFailure::Unknown))?;
        let secret = self.seal.open(&row.secret_sealed, unverified.key.0)?;
        if !console::is_genuine(jwt, &secret) {
            return Err(rejected(Scheme::ConsoleSession, AuthFailure::Unknown));
        }
        check(Scheme::ConsoleSession, row.revoked_at, Some(row.expires_at), now)?;
        let member = tenant(row.workspace_id, row.account_id, row.is_sandbox);
        self.member(AccountCredential::ConsoleSession(unverified.session), selector, member, origin)
    }

    async fn client_session(&self, token: &str, origin: Origin, now: DateTime<Utc>) -> Result<Authenticated> {
        let row = self.look_up_session(token).await?;
        let row = row.ok_or_else(|| rejected(Scheme::ClientSession, AuthFailure::Unknown))?;
        check(Scheme::ClientSession, row.revoked_at, Some(row.expires_at), now)?;
        let credential = Principal::ClientSession(ClientSessionId(row.client_session_id), row.user_identity_id);
        Ok(self.caller(row.tenant, credential, origin))
    }

    async fn publishable_key(&self, key: &str, origin: Origin) -> Result<Authenticated> {
        let row = sqlx::query!(
            r#"
            select workspace_id, account_id, is_sandbox,
                publishable_key_sessions as "publishable_key_sessions: PublishableKeySessions"
            from workspace
            where publishable_key = $1
            "#,
            key,
        )
        .fetch_optional(self.short())
        .await?
        .ok_or_else(|| rejected(Scheme::PublishableKey, AuthFailure::Unknown))?;
        let credential = match row.publishable_key_sessions {
            PublishableKeySessions::Off => return Err(Error::Forbidden(Denial::PublishableKeyOff)),
            setting => Principal::PublishableKey(setting),
        };
        Ok(self.caller((row.workspace_id, row.account_id, row.is_sandbox), credential, origin))
    }

    pub(super) fn caller(&self, tenant: WorkspaceRow, credential: Principal, origin: Origin) -> Authenticated {
        let store = self.of_caller(WorkspaceId(tenant.0), credential);
        let workspace = Workspace::new(store, tenant, Actor::new(credential, origin));
        Authenticated::Caller(Caller { workspace, credential })
    }

    /// A caller in the selected workspace, of which it has to be a member.
    fn member(
        &self,
        credential: AccountCredential,
        selector: Option<WorkspaceSelector>,
        member: Option<WorkspaceRow>,
        origin: Origin,
    ) -> Result<Authenticated> {
        let scheme = match credential {
            AccountCredential::AccessToken(_) => Scheme::AccessToken,
            AccountCredential::ConsoleSession(_) => Scheme::ConsoleSession,
        };
        match (selector, member) {
            (None, _) => Ok(Authenticated::Account(Account { store: self.clone(), credential })),
            (Some(_), Some(tenant)) => Ok(self.caller(tenant, credential.principal(), origin)),
            (Some(_), None) => Err(rejected(scheme, AuthFailure::NotMember)),
        }
    }

    /// The workspace of a key that this process has just created, which does not count as a use of the key.
    pub async fn workspace_of_key(&self, key: &Token) -> Result<Workspace> {
        match self.api_key(key.reveal(), Prefetch::None, Origin::default()).await?.0 {
            Authenticated::Caller(caller) => Ok(caller.workspace),
            Authenticated::Account(_) => Err(Error::Unauthenticated(Rejection::MISSING)),
        }
    }
}

/// Checks that a credential is neither revoked nor expired.
fn check(
    scheme: Scheme,
    revoked_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    match (revoked_at, expires_at) {
        (Some(_), _) => Err(rejected(scheme, AuthFailure::Revoked)),
        (None, Some(expires_at)) if expires_at <= now => Err(rejected(scheme, AuthFailure::Expired)),
        (None, _) => Ok(()),
    }
}

fn tenant(workspace_id: Option<Uuid>, account_id: Option<i64>, is_sandbox: Option<bool>) -> Option<WorkspaceRow> {
    Some((workspace_id?, account_id?, is_sandbox?))
}

pub(super) fn rejected(scheme: Scheme, failure: AuthFailure) -> Error {
    Error::Unauthenticated(Rejection::of(scheme, failure))
}
