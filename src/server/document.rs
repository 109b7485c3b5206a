//! Merges the dialects' parts into the OpenAPI document of the service and serves it without authentication. Clients that
//! generate their commands from it understand one dialect only; they receive that dialect's part.

use crate::dialect;
use crate::error::Error;
use crate::http::{App, Dialect};
use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::LazyLock;

/// The document of all dialects.
pub fn whole() -> Value {
    let mut whole = json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Handset",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A phones service that you run yourself: one registry of phones, and the protocols that \
                existing clients speak.",
            "contact": { "name": "Whoever runs this server" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
    });
    // The fallback dialect, last in the list, has the most clients and comes first.
    for dialect in dialect::ALL.into_iter().rev() {
        merge(&mut whole, (dialect.document)());
    }
    whole
}

/// Merges recursively: objects by member, arrays by entry; of other values the first is kept.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(&name) {
                    Some(known) => merge(known, value),
                    None => _ = into.insert(name, value),
                }
            }
        }
        (Value::Array(into), Value::Array(from)) => {
            let new: Vec<Value> = from.into_iter().filter(|value| !into.contains(value)).collect();
            into.extend(new);
        }
        _ => {}
    }
}

/// The route of the document.
pub fn route() -> Router<Arc<App>> {
    let other_methods = || async { Error::MethodNotAllowed(vec!["GET"]).into_response() };
    Router::new().route("/openapi.json", get(serve).fallback(other_methods))
}

/// Returns the document, or one dialect's part if the request has that dialect's client header.
async fn serve(headers: HeaderMap) -> impl IntoResponse {
    static WHOLE: LazyLock<String> = LazyLock::new(|| whole().to_string());
    let is_asking = |dialect: &&&Dialect| dialect.client_header.is_some_and(|header| headers.contains_key(header));
    let document = match dialect::ALL.iter().find(is_asking) {
        Some(dialect) => (dialect.document)().to_string(),
        None => WHOLE.clone(),
    };
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], document)
}
