//! The dialect's part of the OpenAPI document. Its protocol was never described in that way, so this says what is served
//! here: every call under each of the addresses that clients know it by, each answer in both of its forms, with examples.

mod examples;
mod inputs;
mod operations;
mod refusals;
mod responses;
mod schemas;

use super::error::ErrorBody;
use serde_json::{Map, Value, json};

/// How the document calls the way to show who is calling.
const SCHEME: &str = "UcwaBearer";
const TAG: &str = "ucwa";

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method] = described(&operation);
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Handset",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A person's own telephone numbers, in the way of UCWA 1.0.",
            "license": { "name": "MIT OR Apache-2.0" },
            "contact": { "name": "Whoever runs this server" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": [{ "name": TAG, "description": "A person's own telephone numbers, in the way of UCWA 1.0. Paths below \
            /ucwa/oauth/v1 are served below /ucwa/v1, too; application/vnd.microsoft.com.ucwa+json and …+xml are taken and \
            given like the types that are listed" }],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "headers": { "x-request-id": {
                "description": "The number of this request; the server's log has it, too",
                "schema": { "type": "string", "format": "uuid" },
            } },
            "securitySchemes": { SCHEME: {
                "type": "http",
                "scheme": "bearer",
                "description": "A person's client session, or what /webticket/oauthtoken gave for their name and password; \
                    or an API key of the workspace beside X-Ucwa-User",
            } },
        },
    })
}

/// One call, before it is written down.
struct Operation {
    path: String,
    method: &'static str,
    id: String,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Value>,
    /// What it takes, by type.
    body: Option<Value>,
    /// By status; none if it is always refused.
    success: Vec<(&'static str, Value)>,
    /// Beyond those that every call has.
    refusals: Vec<ErrorBody>,
    is_open: bool,
    /// Whether its refusals are in OAuth's words.
    is_oauth: bool,
}

fn described(operation: &Operation) -> Value {
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [TAG],
        "x-response-key": null,
        "security": if operation.is_open { json!([]) } else { json!([{ SCHEME: [] }]) },
        "responses": responses::of(operation),
    });
    if !operation.parameters.is_empty() {
        value["parameters"] = operation.parameters.clone().into();
    }
    if let Some(body) = &operation.body {
        value["requestBody"] = body.clone();
    }
    value
}
