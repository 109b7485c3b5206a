//! Authentication: a client session acts as its user identity; an API key acts as the user identity that the request
//! names, and is anonymous without one.

use crate::error::{Denial, Error, Rejection, ResourceKind, Result, Scheme};
use crate::http::App;
use crate::model::id::UserIdentityId;
use crate::model::token::scheme_of;
use crate::store::{Authenticated, Credentials, Origin, Principal, Workspace};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Header that names the user identity for an API key.
const USER: &str = "x-ucwa-user";

/// Prefix of real servers' tokens; optional on ours.
pub const MARK: &str = "cwt=";

/// Authenticates a request and returns its workspace and user identity.
pub async fn admit(
    app: &App,
    headers: &HeaderMap,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<(Workspace, UserIdentityId)> {
    let token = bearer(headers).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let presented = match scheme_of(token) {
        Scheme::ClientSession => Credentials::ClientSession(token),
        // Other kinds of token select their workspace by a header that this dialect does not have.
        Scheme::ApiKey | Scheme::Pass | Scheme::AccessToken | Scheme::ConsoleSession | Scheme::PublishableKey => {
            Credentials::ApiKey(token)
        }
    };
    let Authenticated::Caller(caller) = app.store.authenticate(presented, origin, now).await? else {
        return Err(Error::Unauthenticated(Rejection::MISSING));
    };
    let person = match caller.credential {
        Principal::ClientSession(_, person) => person,
        _ => named(headers)?,
    };
    Ok((caller.workspace, person.ok_or(Error::Forbidden(Denial::Anonymous))?))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    let token = token.strip_prefix(MARK).unwrap_or(token);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// User identity named by the header. A value that is not a UUID is not found.
fn named(headers: &HeaderMap) -> Result<Option<UserIdentityId>> {
    let Some(name) = headers.get(USER) else { return Ok(None) };
    let name = String::from_utf8_lossy(name.as_bytes());
    let id =
        Uuid::parse_str(name.trim()).map_err(|_| Error::NotFound(ResourceKind::UserIdentity, name.into_owned()))?;
    Ok(Some(UserIdentityId(id)))
}
