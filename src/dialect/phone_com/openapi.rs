//! The dialect's part of the OpenAPI document: the vendor's calls of 2017 with what newer ones add, and beside them the two
//! resources where a client finds its numbers. Client generators read it, so every schema has a name of its own and every
//! answer an example.

mod operations;
mod parameters;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};

/// How the vendor's document calls the ways to show who is calling.
const SCHEME: &str = "PhoneComOAuth";
const CLIENT: &str = "PhoneComClient";
const TAG: &str = "phone_com";

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(&operation);
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Handset",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Contacts and contact groups, in the way of Phone.com's API.",
            "license": { "name": "MIT OR Apache-2.0" },
            "contact": { "name": "Whoever runs this server" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": [{ "name": TAG, "description": "Contacts of persons, in the way of Phone.com's API" }],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "headers": { "x-request-id": {
                "description": "The number of this request; the server's log has it, too",
                "schema": { "type": "string", "format": "uuid" },
            } },
            "securitySchemes": {
                SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, an access token, a client session, or what /v4/oauth/access-token gives",
                },
                CLIENT: {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The id of an API key and the key itself; both may stand in the body instead",
                },
            },
        },
    })
}

/// One call, before it is written down.
struct Operation {
    path: &'static str,
    method: &'static str,
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    door: Door,
    parameters: Vec<Value>,
    body: Option<Body>,
    success: (&'static str, Value),
}

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Client,
    Token,
}

/// What a call takes.
struct Body {
    schema: &'static str,
    is_required: bool,
    example: Value,
}

fn described(operation: &Operation) -> Value {
    let security = match operation.door {
        Door::Open => json!([]),
        Door::Client => json!([{ CLIENT: [] }]),
        Door::Token => json!([{ SCHEME: [] }]),
    };
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [TAG],
        "security": security,
        "responses": responses::of(operation),
    });
    if !operation.parameters.is_empty() {
        value["parameters"] = operation.parameters.clone().into();
    }
    if let Some(body) = &operation.body {
        value["requestBody"] = json!({
            "required": body.is_required,
            "content": { "application/json": { "schema": schemas::reference(body.schema), "example": body.example } },
        });
    }
    value
}
