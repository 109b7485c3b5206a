//! Single sign-on: to the provider, and back. Between the two, a sealed cookie of ten minutes keeps what the sign-in needs,
//! so that the server stores nothing for it and any server of the deployment finishes it.

use super::action::Action;
use super::context::PageRequest;
use super::cookie;
use super::layout::{Redirect, plain_page};
use super::sign_in::{enter, own_page};
use crate::domain::operator::{SsoIdentity, is_email};
use crate::domain::token::Token;
use crate::error::{AuthFailure, Error, Rejection, Result};
use crate::sso::{Sso, SsoAttempt, SsoUser, role_of};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use maud::html;
use std::sync::Arc;

/// The page at which a sign-in begins.
pub const BEGIN: &str = "/console/sso";

const CALLBACK: &str = "/console/sso/callback";

/// How long a user may take at the provider.
const ATTEMPT: TimeDelta = TimeDelta::minutes(10);

pub fn actions() -> Vec<Action> {
    vec![Action::public(Method::GET, BEGIN, begin), Action::public(Method::GET, CALLBACK, finish)]
}

fn provider(request: &PageRequest) -> Result<Arc<Sso>> {
    request.app.sso.clone().ok_or(Error::NoRoute)
}

fn callback(request: &PageRequest) -> String {
    request.base_url() + CALLBACK
}

async fn begin(request: PageRequest) -> Result<Response> {
    let sso = provider(&request)?;
    let next = own_page(request.query.get("next").unwrap_or_default());
    let begun = sso.begin(callback(&request), next, request.now + ATTEMPT, &request.app.random).await;
    let (address, attempt) = match begun {
        Ok(begun) => begun,
        Err(fault) => {
            tracing::warn!(%fault, "single sign-on failed");
            return Ok(refused(&request, StatusCode::SERVICE_UNAVAILABLE, UNREACHABLE));
        }
    };
    let contents = serde_json::to_string(&attempt).map_err(|fault| Error::Internal(Box::new(fault)))?;
    let sealed = request.app.store.seal_sso_attempt(&Token::from(contents));
    let is_secure = request.is_secure();
    let cookie = cookie::set(cookie::SSO, &sealed, ATTEMPT, is_secure);
    let cookie = cookie.ok_or_else(|| Error::Internal("the cookie of the sign-in is too long".into()))?;
    Ok(Redirect::to(address, is_secure).cookie(cookie).into_response())
}

const UNREACHABLE: &str =
    "The provider of the single sign-on does not answer as it should. The server's log says more.";

const STALE: &str = "This sign-in took too long, or was begun in another browser. Begin again.";

const DENIED: &str = "The provider did not sign you in.";

const NOT_VALID: &str = "The provider's answer is not valid. The server's log says more.";

const NO_ROLE: &str = "You have no role here. An administrator can add you, or put you in a group that has one.";

async fn finish(request: PageRequest) -> Result<Response> {
    let sso = provider(&request)?;
    let judged = judge(&request, &sso);
    // Attempts with a made-up state count as failed authentications.
    match request.app.authenticate(request.origin, judged).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(says)) => Ok(refused(&request, StatusCode::FORBIDDEN, says)),
        Err(Error::Unauthenticated(_)) => Ok(refused(&request, StatusCode::UNAUTHORIZED, STALE)),
        Err(error) => Err(error),
    }
}

/// The session of the provider's answer, or what to tell the user.
async fn judge(request: &PageRequest, sso: &Sso) -> Result<Result<Response, &'static str>> {
    let attempt =
        attempt(request).ok_or(Error::Unauthenticated(Rejection { scheme: None, failure: AuthFailure::Unknown }))?;
    let Some(code) = request.query.get("code") else {
        tracing::info!(reason = request.query.get("error").unwrap_or("none"), "the provider denied a single sign-on");
        return Ok(Err(DENIED));
    };
    let user = match sso.finish(&attempt, code.to_owned(), callback(request), request.now).await {
        Ok(user) => user,
        Err(fault) => {
            tracing::warn!(%fault, "single sign-on failed");
            return Ok(Err(NOT_VALID));
        }
    };
    let Some(identity) = identity(sso, user) else { return Ok(Err(NO_ROLE)) };
    let (app, origin) = (&request.app, request.origin);
    let opened = app.store.sign_in_by_sso(identity, origin, request.now, &app.random).await?;
    Ok(opened.map_or(Err(NO_ROLE), |opened| {
        let mut response = enter(request, &opened, &attempt.next);
        let removed: HeaderValue = cookie::remove(cookie::SSO, request.is_secure());
        response.headers_mut().append(axum::http::header::SET_COOKIE, removed);
        Ok(response)
    }))
}

/// The attempt of this browser, if the answer is for it and it has not expired.
fn attempt(request: &PageRequest) -> Option<SsoAttempt> {
    let sealed = cookie::read(&request.headers, cookie::SSO, request.is_secure())?;
    let contents = request.app.store.open_sso_attempt(&sealed)?;
    let attempt: SsoAttempt = serde_json::from_str(contents.reveal()).ok()?;
    let is_living = request.now.timestamp() < attempt.expires_at;
    let state = request.query.get("state").unwrap_or_default();
    // Hashes are compared, so the time tells nothing of the state.
    let is_for_it = Token::from(state.to_owned()).hash() == Token::from(attempt.state.clone()).hash();
    (is_living && is_for_it).then_some(attempt)
}

/// Who the user is here; `None` without an e-mail address.
fn identity(sso: &Sso, user: SsoUser) -> Option<SsoIdentity> {
    let role = role_of(&sso.settings().roles, &user);
    let SsoUser { subject, email, is_email_verified, .. } = user;
    let (email, is_short) = (email.filter(|email| is_email(email))?, subject.chars().count() <= 1_000);
    is_short.then_some(SsoIdentity { subject, email, is_email_verified, role })
}

fn refused(request: &PageRequest, status: StatusCode, says: &str) -> Response {
    let body = html! {
        h1 { "Single sign-on" }
        p.alert role="alert" { (says) }
        p { a href=(BEGIN) { "Begin again" } " or " a href="/console/sign-in" { "sign in with a password" } }
    };
    let page = plain_page("Single sign-on", body).status(status);
    page.cookie(cookie::remove(cookie::SSO, request.is_secure())).into_response()
}
