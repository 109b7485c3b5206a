//! The operators' web pages at `/console`, rendered on the server. A page or an action is a value ([`action::Action`]: method,
//! path, role, handler); the router is made of the one list of them, and session, role and origin of each request are judged
//! in the one place that serves them. Like a dialect, a page calls the workspace handle and never SQL.

mod account;
mod action;
mod asset;
mod code;
mod contacts;
mod context;
mod cookie;
mod csrf;
mod cursor;
mod deliveries;
mod elements;
mod error;
mod events;
mod field;
mod headers;
mod home;
mod installations;
mod instant_keys;
mod keys;
mod layout;
mod live;
mod lost_phone;
mod lost_phones;
mod numbers;
mod paging;
mod phones;
mod search;
mod secret;
mod sessions;
mod sign_in;
mod slots;
mod sso;
mod status;
mod timeline;
mod users;
mod webhooks;

pub use action::{Access, Action};

use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use axum::http::Method;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::middleware;
use serde_json::Value;
use std::sync::Arc;

/// The path of all pages.
const PREFIX: &str = "/console";

/// The pages as a dialect, for the middleware that all dialects share. It is not one of those in the OpenAPI document.
pub static DIALECT: Dialect = Dialect {
    name: "console",
    claims,
    request_id_header: "x-request-id",
    routes: router,
    document: || Value::Null,
    client_header: None,
    render: error::render,
    allows_origin: |_| false,
    credential_headers: &[],
};

/// Every page and action.
pub fn actions() -> Vec<Action> {
    [
        asset::actions(),
        sign_in::actions(),
        sso::actions(),
        home::actions(),
        account::actions(),
        search::actions(),
        users::actions(),
        phones::actions(),
        lost_phone::actions(),
        lost_phones::actions(),
        installations::actions(),
        timeline::actions(),
        events::actions(),
        webhooks::actions(),
        keys::actions(),
        sessions::actions(),
        instant_keys::actions(),
        numbers::actions(),
        slots::actions(),
        contacts::actions(),
        status::actions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Claims the pages, and a browser's request of the root; API clients do not ask for HTML.
fn claims(parts: &Parts) -> Claim {
    let accepts_html = || parts.headers.get_all(ACCEPT).iter().any(|accept| contains_html(accept.as_bytes()));
    if parts.uri.path() == "/" && parts.method == Method::GET && accepts_html() {
        return Claim::Yes;
    }
    Claim::below(PREFIX, parts)
}

fn contains_html(accept: &[u8]) -> bool {
    accept.split(|byte| *byte == b',').any(|range| {
        let media_type = range.split(|byte| *byte == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"text/html")
    })
}

fn router() -> Router<Arc<App>> {
    action::router(actions()).fallback(|| async { Error::NoRoute }).layer(middleware::map_response(headers::protect))
}
