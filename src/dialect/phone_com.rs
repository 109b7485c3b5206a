//! Phone.com: `/v4/accounts/…`, the contacts and contact groups that an extension keeps. A workspace is an account and a
//! person an extension, each under a number; the two resources by which a client finds those numbers are ours. Facts come
//! from the vendor's documents of 2017, whose shapes these are, from newer ones where they add to them, and from what its
//! open-source server library and real clients do.

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

use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use axum::routing::any;
use std::sync::Arc;

/// Where its paths begin.
const PREFIX: &str = "/v4";

/// The dialect, as a value.
pub static DIALECT: Dialect = Dialect {
    name: "phone_com",
    claims: |parts| Claim::below(PREFIX, parts),
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    render: error::render,
    credential_headers: &["authorization"],
};

/// Every path, with and without a slash at the end.
fn router() -> Router<Arc<App>> {
    [probes::ROUTES, oauth::ROUTES, accounts::ROUTES, contacts::ROUTES, contact_groups::ROUTES]
        .into_iter()
        .flatten()
        .fold(Router::new(), |router, route| {
            let serve = any(move |app, request| route.serve(app, request));
            let path = format!("{PREFIX}{}", route.path);
            router.route(&path, serve.clone()).route(&format!("{path}/"), serve)
        })
        .fallback(|| async { Error::NoRoute })
}
