//! Phone.com: `/v4/accounts/…`, the contacts and contact groups of an extension. A workspace is an account and a user
//! identity an extension, each with a number; the two resources that list those numbers are ours. Sources: the vendor's
//! documents of 2017, whose shapes these are; newer ones where they add to them; its open-source server library; real
//! clients.

mod access;
mod accounts;
mod answer;
mod contact_groups;
mod contacts;
mod error;
mod input;
mod oauth;
mod openapi;
mod probes;
mod route;
mod wire;

pub use input::contact::read_contact;

use crate::api;
use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use std::sync::Arc;

/// Prefix of all paths.
const PREFIX: &str = "/v4";

/// The Phone.com dialect.
pub static DIALECT: Dialect = Dialect {
    name: "phone_com",
    claims: |parts| Claim::below(PREFIX, parts),
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    render: error::render,
    allows_origin: |_| true,
    credential_headers: &["authorization"],
};

/// Every route, in the order of the document.
fn routes() -> Vec<route::Operation> {
    let routes = [probes::routes(), oauth::routes(), accounts::routes(), contacts::routes(), contact_groups::routes()];
    routes.into_iter().flatten().collect()
}

fn router() -> Router<Arc<App>> {
    api::route::router(routes()).fallback(|| async { Error::NoRoute })
}
