//! The OpenAPI document of the whole service, assembled from the parts of the dialects, and how it is served. Some clients
//! build their commands from it and read one dialect in OpenAPI 3.0 only: they get the part of their dialect.

mod page;
mod served;

use crate::api::openapi::lowered;
use crate::build_info;
use crate::dialect;
use crate::error::Error;
use crate::http::{App, Dialect};
use axum::Router;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use served::Served;
use std::sync::{Arc, LazyLock};

/// The document of all dialects.
pub fn whole() -> Value {
    let mut whole = frame();
    // The dialect that claims all other requests comes first.
    for dialect in dialect::ALL.into_iter().rev() {
        merge(&mut whole, (dialect.document)());
    }
    whole
}

/// The part of one dialect, in OpenAPI 3.0.
pub fn part_of(dialect: &Dialect) -> Value {
    let mut part = frame();
    merge(&mut part, (dialect.document)());
    lowered(&part)
}

/// What is true of the service as a whole.
fn frame() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Handset",
            "version": build_info::VERSION,
            "description": "A self-hosted phones service: one registry of phones, and the protocols of existing clients.\n\n\
                The response `default` of an operation is for the errors that any operation of its protocol may have, and \
                names their statuses. Each response has the id of the request in a header, which `default` describes.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "contact": { "name": "The operator of this server" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
    })
}

/// Adds what is new: objects member by member, lists entry by entry; of anything else the first stands.
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

/// The routes of the document, and of its page.
pub fn routes() -> Router<Arc<App>> {
    let other_methods = || async { Error::MethodNotAllowed(vec!["GET"]).into_response() };
    Router::new().route("/openapi.json", get(serve).fallback(other_methods)).merge(page::routes())
}

/// The whole document, or the part of the dialect whose client asks for it.
async fn serve(headers: HeaderMap) -> Response {
    static WHOLE: LazyLock<Served> = LazyLock::new(|| Served::json(&whole()));
    static PARTS: LazyLock<Vec<(HeaderName, Served)>> = LazyLock::new(|| {
        let own_header = |dialect: &'static Dialect| Some((dialect, HeaderName::from_static(dialect.client_header?)));
        let dialects = dialect::ALL.into_iter().filter_map(own_header);
        dialects.map(|(dialect, header)| (header, Served::json(&part_of(dialect)))).collect()
    });
    let varying: Vec<HeaderName> = PARTS.iter().map(|(header, _)| header.clone()).collect();
    let part = PARTS.iter().find(|(header, _)| headers.contains_key(header));
    part.map_or(&*WHOLE, |(_, part)| part).respond(&headers, &varying)
}
