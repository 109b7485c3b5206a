//! Diga: `/v1/phone/…`, the registers of phone numbers. Its API is one of FastAPI and pydantic, and so are its faults:
//! what is wrong with a request's shape is a list under `detail`, to the letter, while what its service itself says is
//! an envelope with an `error_code`. Facts come from its published document and from what that framework does.

mod access;
mod answer;
mod error;
mod fault;
mod input;
mod openapi;
mod phones;
mod route;
mod wire;

use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use axum::routing::any;
use std::sync::Arc;

/// Where its paths begin.
const PREFIX: &str = "/v1";

/// The dialect, as a value.
pub static DIALECT: Dialect = Dialect {
    name: "diga",
    claims: |parts| Claim::below(PREFIX, parts),
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    render: error::render,
    credential_headers: &["authorization"],
};

/// Every path, with and without a slash at the end; where the framework would redirect, both are answered.
fn router() -> Router<Arc<App>> {
    phones::ROUTES
        .iter()
        .fold(Router::new(), |router, route| {
            let serve = any(move |app, request| route.serve(app, request));
            let path = format!("{PREFIX}{}", route.path);
            router.route(&path, serve.clone()).route(&format!("{path}/"), serve)
        })
        .fallback(|| async { Error::NoRoute })
}
