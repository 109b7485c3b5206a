//! SCIM 2.0: `/scim/v2/…`, the users and groups of a company's directory (RFC 7643, RFC 7644), with cursors (RFC 9865). A user is
//! a user identity; one that becomes inactive or is deleted loses its phones. Sources beside the RFCs: the provisioning
//! documents of Entra ID, Okta and Google, whose habits are accepted.

mod access;
mod answer;
mod bulk;
mod cursor;
mod discovery;
mod error;
mod filter;
mod groups;
mod input;
mod openapi;
mod patch;
mod path;
mod projection;
mod resource;
mod route;
mod schema;
mod search;
mod users;

use crate::api;
use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use std::sync::Arc;

/// Prefix of all paths.
const PREFIX: &str = "/scim/v2";

/// The SCIM dialect.
pub static DIALECT: Dialect = Dialect {
    name: "scim",
    claims: |parts| Claim::below(PREFIX, parts),
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    render: error::render,
    // Directories are servers; no page of a browser calls.
    allows_origin: |_| false,
    credential_headers: &["authorization"],
};

/// Every route, in the order of the document.
fn routes() -> Vec<route::Operation> {
    let routes = [users::routes(), groups::routes(), search::routes(), bulk::routes(), discovery::routes()];
    routes.into_iter().flatten().collect()
}

fn router() -> Router<Arc<App>> {
    api::route::router(routes()).fallback(|| async { Error::NoRoute })
}
