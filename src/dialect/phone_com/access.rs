//! Authentication and scope. An API key, a pass issued for one, and a member's token have the vendor's scope
//! `account-owner`; a client session has `extension-user`, for one extension.

use super::PREFIX;
use crate::error::{AuthFailure, Denial, Error, Rejection, ResourceKind, Result, Scheme};
use crate::http::App;
use crate::model::extension::Extension;
use crate::model::id::{AccountId, ExtensionId};
use crate::model::scope::Scope;
use crate::model::token::scheme_of;
use crate::store::{
    Authenticated, Caller, Credentials, Origin, Prefetch, Prefetched, Principal, Workspace, WorkspaceSelector,
};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};

/// An account and the caller's scope in it.
pub struct InAccount {
    pub workspace: Workspace,
    pub scope: Scope,
    prefetched: Prefetched,
}

/// An extension that the caller may use.
pub struct InExtension {
    pub workspace: Workspace,
    pub extension: Extension,
}

impl InExtension {
    /// Path of the extension.
    pub fn path(&self) -> String {
        format!("{PREFIX}/accounts/{}/extensions/{}", self.workspace.account_id(), self.extension.extension_id)
    }
}

/// Authenticates a request. A token of several workspaces is used for the account `meant`.
pub async fn admit(
    app: &App,
    headers: &HeaderMap,
    meant: Option<AccountId>,
    prefetch: Prefetch,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<(Authenticated, Prefetched)> {
    let token = bearer(headers).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let meant = meant.map(WorkspaceSelector::Account);
    let presented = match scheme_of(token) {
        Scheme::ClientSession => Credentials::ClientSession(token),
        Scheme::Pass => Credentials::Pass(token),
        Scheme::AccessToken => Credentials::AccessToken(token, meant),
        Scheme::ConsoleSession => Credentials::ConsoleSession(token, meant),
        // A publishable key is not a bearer token.
        Scheme::ApiKey | Scheme::PublishableKey => Credentials::ApiKey(token),
    };
    app.store.authenticate_with(presented, prefetch, origin, now).await
}

/// Authenticates a request to the account in the path. Another account is not found.
pub async fn admit_to_account(
    app: &App,
    headers: &HeaderMap,
    named: &str,
    prefetch: Prefetch,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<InAccount> {
    let unknown = || Error::NotFound(ResourceKind::Account, named.to_owned());
    let id = number(named).map(AccountId);
    match admit(app, headers, id, prefetch, origin, now).await {
        Ok((Authenticated::Caller(caller), prefetched)) if Some(caller.workspace.account_id()) == id => {
            Ok(InAccount { scope: scope(&caller), workspace: caller.workspace, prefetched })
        }
        Ok(_) | Err(Error::Unauthenticated(Rejection { failure: AuthFailure::NotMember, .. })) => Err(unknown()),
        Err(error) => Err(error),
    }
}

impl InAccount {
    /// Returns the extension in the path, if it is in scope.
    pub async fn extension(self, named: &str) -> Result<InExtension> {
        let found = match number(named).map(ExtensionId) {
            Some(id) => self.workspace.extension(self.prefetched, id).await,
            None => Err(Error::NotFound(ResourceKind::Extension, named.to_owned())),
        };
        let is_in_reach = |extension: &Extension| match self.scope {
            Scope::Workspace => true,
            Scope::Person(person) => extension.user_identity_id == person,
            Scope::Nothing => false,
        };
        match found {
            Ok(extension) if is_in_reach(&extension) => Ok(InExtension { workspace: self.workspace, extension }),
            // 403 in both cases, so that existence is not disclosed.
            Ok(_) | Err(Error::NotFound(..)) if self.scope != Scope::Workspace => {
                Err(Error::Forbidden(Denial::OtherExtension))
            }
            Ok(extension) => Err(Error::NotFound(ResourceKind::Extension, extension.extension_id.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// Prefetch for a path with an extension.
pub fn prefetch(named: &str) -> Prefetch {
    number(named).map_or(Prefetch::None, |id| Prefetch::Extension(ExtensionId(id)))
}

/// Scope of a caller in its workspace.
pub fn scope(caller: &Caller) -> Scope {
    match caller.credential {
        Principal::ClientSession(_, Some(person)) | Principal::Password(person) => Scope::Person(person),
        Principal::ClientSession(_, None) => Scope::Nothing,
        Principal::ApiKey(_) | Principal::AccessToken(_) | Principal::ConsoleSession(_) | Principal::PublishableKey => {
            Scope::Workspace
        }
    }
}

/// Parses a number in a path: an integer of at least 1.
pub fn number(text: &str) -> Option<i64> {
    let is_of_digits = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|number| is_of_digits && *number > 0)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
