//! Diga: `/v1/phone/…`, the managed phone numbers. The original is built with FastAPI and pydantic: validation errors are
//! a list under `detail`, reproduced to the letter; errors of the service itself are an envelope with an `error_code`.
//! Sources: the published document and the behaviour of FastAPI.

mod access;
mod answer;
mod error;
mod input;
mod openapi;
mod phones;
mod route;
mod validation;
mod wire;

use crate::api;
use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use std::sync::Arc;

/// Prefix of all paths.
const PREFIX: &str = "/v1";

/// The Diga dialect.
pub static DIALECT: Dialect = Dialect {
    name: "diga",
    claims: |parts| Claim::below(PREFIX, parts),
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    render: error::render,
    allows_origin: |origin| !is_local(origin),
    credential_headers: &["authorization"],
};

/// FastAPI would redirect from one spelling of a path to the other; here both are served.
fn router() -> Router<Arc<App>> {
    api::route::router(phones::routes()).fallback(|| async { Error::NoRoute })
}

/// Whether an origin is of the browser's own machine, to which the original is not open.
fn is_local(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host.strip_prefix(local).is_some_and(|port| port.is_empty() || port.starts_with(':')))
}
