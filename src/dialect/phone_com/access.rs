//! Who may call, and how far they get. A key of a workspace, a pass that stands for one, and a member's token are an account's
//! owner; a client session is the user of one extension (the vendor's scopes `account-owner` and `extension-user`).

use super::PREFIX;
use crate::error::{Denial, Error, Noun, Rejection, Result, Scheme, Why};
use crate::http::App;
use crate::model::extension::Extension;
use crate::model::id::{AccountId, ExtensionId};
use crate::model::reach::Reach;
use crate::model::token::scheme_of;
use crate::store::{Authenticated, Caller, Credential, Errand, Meant, Origin, Presented, Workspace};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};

/// An account, as far as the caller reaches.
pub struct InAccount {
    pub workspace: Workspace,
    pub reach: Reach,
}

/// An extension that the caller may use.
pub struct InExtension {
    pub workspace: Workspace,
    pub extension: Extension,
}

impl InExtension {
    /// Where the extension is.
    pub fn path(&self) -> String {
        format!("{PREFIX}/accounts/{}/extensions/{}", self.workspace.account_id(), self.extension.extension_id)
    }
}

/// Lets the caller in, or says why not. A token of several workspaces is used for the account that is meant.
pub async fn admit(
    app: &App,
    headers: &HeaderMap,
    meant: Option<AccountId>,
    errand: Errand,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Authenticated> {
    let token = bearer(headers).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let meant = meant.map(Meant::Account);
    let presented = match scheme_of(token) {
        Scheme::ClientSession => Presented::ClientSession(token),
        Scheme::Pass => Presented::Pass(token),
        Scheme::AccessToken => Presented::AccessToken(token, meant),
        Scheme::ConsoleSession => Presented::ConsoleSession(token, meant),
        // A publishable key is none as a bearer token.
        Scheme::ApiKey | Scheme::PublishableKey => Presented::ApiKey(token),
    };
    app.store.authenticate_for(presented, errand, origin, now).await
}

/// Lets the caller into the account that the path names. Another's is not found.
pub async fn admit_to_account(
    app: &App,
    headers: &HeaderMap,
    named: &str,
    errand: Errand,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<InAccount> {
    let unknown = || Error::NotFound(Noun::Account, named.to_owned());
    let id = number(named).map(AccountId);
    match admit(app, headers, id, errand, origin, now).await {
        Ok(Authenticated::Caller(caller)) if Some(caller.workspace.account_id()) == id => {
            Ok(InAccount { reach: reach(&caller), workspace: caller.workspace })
        }
        Ok(_) | Err(Error::Unauthenticated(Rejection { why: Why::NotMember, .. })) => Err(unknown()),
        Err(error) => Err(error),
    }
}

impl InAccount {
    /// Lets the caller use the extension that the path names.
    pub async fn extension(self, named: &str) -> Result<InExtension> {
        let found = match number(named).map(ExtensionId) {
            Some(id) => self.workspace.extension(id).await,
            None => Err(Error::NotFound(Noun::Extension, named.to_owned())),
        };
        let is_in_reach = |extension: &Extension| match self.reach {
            Reach::Workspace => true,
            Reach::Person(person) => extension.user_identity_id == person,
            Reach::Nobody => false,
        };
        match found {
            Ok(extension) if is_in_reach(&extension) => Ok(InExtension { workspace: self.workspace, extension }),
            // Whether there is such an extension is no matter of somebody else's.
            Ok(_) | Err(Error::NotFound(..)) if self.reach != Reach::Workspace => {
                Err(Error::Forbidden(Denial::OtherExtension))
            }
            Ok(extension) => Err(Error::NotFound(Noun::Extension, extension.extension_id.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// What somebody comes for who names an extension.
pub fn errand(named: &str) -> Errand {
    number(named).map_or(Errand::None, |id| Errand::Extension(ExtensionId(id)))
}

/// How much of the workspace a caller reaches.
pub fn reach(caller: &Caller) -> Reach {
    match caller.credential {
        Credential::ClientSession(_, Some(person)) | Credential::Password(person) => Reach::Person(person),
        Credential::ClientSession(_, None) => Reach::Nobody,
        Credential::ApiKey(_)
        | Credential::AccessToken(_)
        | Credential::ConsoleSession(_)
        | Credential::PublishableKey => Reach::Workspace,
    }
}

/// A number that something in a path may have: a whole one from 1.
pub fn number(text: &str) -> Option<i64> {
    let is_of_digits = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|number| is_of_digits && *number > 0)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
