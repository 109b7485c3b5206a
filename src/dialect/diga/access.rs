//! Authentication by an API key of a workspace as the bearer token. A key belongs to one project and may do everything
//! in it; a client session is valid but forbidden here.

use crate::error::{Denial, Error, Rejection, Result, Scheme};
use crate::http::App;
use crate::model::token::scheme_of;
use crate::store::{Authenticated, Credentials, Origin, Principal, Workspace};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Utc};

/// Authenticates a request and returns its workspace.
pub async fn admit(app: &App, headers: &HeaderMap, origin: Origin, now: DateTime<Utc>) -> Result<Workspace> {
    let token = bearer(headers).ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let presented = match scheme_of(token) {
        Scheme::ClientSession => Credentials::ClientSession(token),
        // Other kinds of token select their workspace by a header that this dialect does not have.
        Scheme::ApiKey | Scheme::Pass | Scheme::AccessToken | Scheme::ConsoleSession | Scheme::PublishableKey => {
            Credentials::ApiKey(token)
        }
    };
    match app.store.authenticate(presented, origin, now).await? {
        Authenticated::Caller(caller) if matches!(caller.credential, Principal::ApiKey(_)) => Ok(caller.workspace),
        Authenticated::Caller(_) => Err(Error::Forbidden(Denial::ClientSession)),
        Authenticated::Account(_) => Err(Error::Unauthenticated(Rejection::MISSING)),
    }
}

/// Bearer token, parsed as FastAPI does: the scheme ends at the first space and is case-insensitive.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
