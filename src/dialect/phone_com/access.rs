//! Authentication and scope. An API key, a pass issued for one, and a member's token have the vendor's scope
//! `account-owner`; a client session has `extension-user`, for one extension.

use super::PREFIX;
use crate::api::route::{Authenticate, Grant, Head, grant_of_caller};
use crate::domain::extension::Extension;
use crate::domain::id::{AccountId, ExtensionId};
use crate::domain::scope::Scope;
use crate::domain::token::scheme_of;
use crate::error::{AuthFailure, Denial, Error, Rejection, ResourceKind, Result, Scheme};
use crate::http::{App, auth};
use crate::store::{Authenticated, Caller, Credentials, Prefetch, Prefetched, Principal, Workspace, WorkspaceSelector};

/// The holder of any token.
pub struct ByToken(pub Authenticated);

impl Authenticate for ByToken {
    async fn authenticate(app: &App, head: &Head, prefetch: Prefetch) -> Result<(ByToken, Prefetched)> {
        let (caller, prefetched) = admit(app, head, None, prefetch).await?;
        Ok((ByToken(caller), prefetched))
    }
}

grant_of_caller!(ByToken);

/// The account in the path, and the caller's scope in it. Another account is not found.
pub struct InAccount {
    pub workspace: Workspace,
    pub scope: Scope,
}

impl Authenticate for InAccount {
    async fn authenticate(app: &App, head: &Head, _: Prefetch) -> Result<(InAccount, Prefetched)> {
        let named = head.param(0);
        let prefetch = number(head.param(1)).map_or(Prefetch::None, |id| Prefetch::Extension(ExtensionId(id)));
        let unknown = || Error::NotFound(ResourceKind::Account, named.to_owned());
        let id = number(named).map(AccountId);
        match admit(app, head, id, prefetch).await {
            Ok((Authenticated::Caller(caller), prefetched)) if Some(caller.workspace.account_id()) == id => {
                Ok((InAccount { scope: scope(&caller), workspace: caller.workspace }, prefetched))
            }
            Ok(_) | Err(Error::Unauthenticated(Rejection { failure: AuthFailure::NotMember, .. })) => Err(unknown()),
            Err(error) => Err(error),
        }
    }
}

grant_of_caller!(InAccount);

/// The extension in the path, which the caller may use.
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

impl Grant for InExtension {
    type Caller = InAccount;

    async fn authorize(
        InAccount { workspace, scope }: InAccount,
        head: &Head,
        prefetched: Prefetched,
    ) -> Result<(InExtension, Prefetched)> {
        let named = head.param(1);
        let found = match number(named).map(ExtensionId) {
            Some(id) => workspace.extension(prefetched, id).await,
            None => Err(Error::NotFound(ResourceKind::Extension, named.to_owned())),
        };
        let is_in_scope = |extension: &Extension| match scope {
            Scope::Workspace => true,
            Scope::Person(person) => extension.user_identity_id == person,
            Scope::Nothing => false,
        };
        match found {
            Ok(extension) if is_in_scope(&extension) => Ok((InExtension { workspace, extension }, Prefetched::Nothing)),
            // 403 in both cases, so that existence is not disclosed.
            Ok(_) | Err(Error::NotFound(..)) if scope != Scope::Workspace => {
                Err(Error::Forbidden(Denial::OtherExtension))
            }
            Ok(extension) => Err(Error::NotFound(ResourceKind::Extension, extension.extension_id.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// Authenticates a request. A token of several workspaces is used for this account.
async fn admit(
    app: &App,
    head: &Head,
    account: Option<AccountId>,
    prefetch: Prefetch,
) -> Result<(Authenticated, Prefetched)> {
    let token = auth::bearer(head.headers()).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let selected = account.map(WorkspaceSelector::Account);
    let credentials = match scheme_of(token) {
        Scheme::ClientSession => Credentials::ClientSession(token),
        Scheme::Pass => Credentials::Pass(token),
        Scheme::AccessToken => Credentials::AccessToken(token, selected),
        Scheme::ConsoleSession => Credentials::ConsoleSession(token, selected),
        // A publishable key is not a bearer token.
        Scheme::ApiKey | Scheme::PublishableKey | Scheme::StreamTicket | Scheme::ScimToken | Scheme::ShortCode => {
            Credentials::ApiKey(token)
        }
    };
    head.authenticate(app, credentials, prefetch).await
}

/// Scope of a caller in its workspace.
pub fn scope(caller: &Caller) -> Scope {
    match caller.credential {
        Principal::ClientSession(_, Some(person)) | Principal::Password(person) => Scope::Person(person),
        Principal::ClientSession(_, None) | Principal::InstantKey(_) => Scope::Nothing,
        Principal::ApiKey(_)
        | Principal::AccessToken(_)
        | Principal::ConsoleSession(_)
        | Principal::PublishableKey(_)
        | Principal::Operator(_)
        | Principal::ScimToken(_) => Scope::Workspace,
    }
}

/// Parses a number in a path: an integer of at least 1.
pub fn number(text: &str) -> Option<i64> {
    let is_of_digits = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|number| is_of_digits && *number > 0)
}
