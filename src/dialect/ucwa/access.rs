//! Who is calling, and for whom: whoever holds the client session of a person is that person; an API key of a workspace
//! speaks for the person whom it names, and without one for nobody.

use crate::error::{Denial, Error, Rejection, ResourceKind, Result, Scheme};
use crate::http::App;
use crate::model::id::UserIdentityId;
use crate::model::token::scheme_of;
use crate::store::{Authenticated, Credentials, Origin, Principal, Workspace};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The header by which a key names its person.
const USER: &str = "x-ucwa-user";

/// What real servers' tokens begin with; ours are the same with and without it.
pub const MARK: &str = "cwt=";

/// Lets the caller in as a person, or says why not.
pub async fn admit(
    app: &App,
    headers: &HeaderMap,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<(Workspace, UserIdentityId)> {
    let token = bearer(headers).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let presented = match scheme_of(token) {
        Scheme::ClientSession => Credentials::ClientSession(token),
        // Other kinds of token name their workspace by a header that this dialect does not have.
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

/// The person whom a key names. What is no id names nobody there is.
fn named(headers: &HeaderMap) -> Result<Option<UserIdentityId>> {
    let Some(name) = headers.get(USER) else { return Ok(None) };
    let name = String::from_utf8_lossy(name.as_bytes());
    let id =
        Uuid::parse_str(name.trim()).map_err(|_| Error::NotFound(ResourceKind::UserIdentity, name.into_owned()))?;
    Ok(Some(UserIdentityId(id)))
}
