//! Seam: `/phones/*` and what clients of Seam Connect need around it. A route is a value (path, methods, access, input,
//! response), from which the router and the OpenAPI document are both built, so that they cannot differ. The wire
//! format is taken from Seam's published OpenAPI document, its SDKs and its open-source framework.

mod access;
mod acs_credentials;
mod action_attempts;
mod answer;
mod client_sessions;
mod customization_profiles;
mod device_providers;
mod devices;
mod error;
mod event_stream;
mod event_types;
mod events;
mod health;
mod instant_keys;
pub mod message;
mod mobile_credentials;
mod openapi;
mod page;
mod phone_sessions;
mod phones;
pub mod query;
mod resources;
mod route;
mod salto_space;
mod short_codes;
mod simulated_devices;
mod stream_ticket;
mod user_identities;
mod webhooks;
mod wire;
mod workspaces;

pub use user_identities::read_user_identity;

use crate::api;
use crate::error::Error;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use route::Operation;
use std::sync::Arc;

/// The Seam dialect.
pub static DIALECT: Dialect = Dialect {
    name: "seam",
    claims: |_| Claim::Yes,
    request_id_header: "seam-request-id",
    routes: router,
    document: openapi::document,
    client_header: Some("seam-sdk-name"),
    render: error::render,
    allows_origin: |_| true,
    credential_headers: &["authorization", "client-session-token", "seam-client-session-token", "seam-publishable-key"],
};

/// Every route, in the order of the document.
fn routes() -> Vec<Operation> {
    [
        phones::routes(),
        events::routes(),
        event_stream::routes(),
        stream_ticket::routes(),
        user_identities::routes(),
        client_sessions::routes(),
        instant_keys::routes(),
        devices::routes(),
        simulated_devices::routes(),
        device_providers::routes(),
        acs_credentials::routes(),
        workspaces::routes(),
        customization_profiles::routes(),
        action_attempts::routes(),
        webhooks::routes(),
        health::routes(),
        phone_sessions::routes(),
        mobile_credentials::routes(),
        short_codes::routes(),
        salto_space::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn router() -> Router<Arc<App>> {
    api::route::router(routes()).fallback(|| async { Error::NoRoute })
}
