//! The dialect's part of the OpenAPI document: what its published document says of these calls, and in the same way what
//! stands beside them here. Client generators read it, so every schema has a name of its own and every answer an example.

mod operations;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};

/// How the published document calls the way to show who is calling.
const SCHEME: &str = "CustomHTTPBearer";
const TAG: &str = "diga";

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
            "description": "Phone numbers and their life, in the way of Diga's API.",
            "license": { "name": "MIT OR Apache-2.0" },
            "contact": { "name": "Whoever runs this server" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": [{ "name": TAG, "description": "Phone numbers, in the way of Diga's API" }],
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
                "description": "An API key of a workspace, made by `handset key create`",
            } },
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
    parameters: Vec<Value>,
    body: Option<Body>,
    success: (&'static str, Value),
    /// Beyond those that every call has: status, code, message.
    refusals: &'static [(&'static str, &'static str, &'static str)],
}

/// What a call takes.
struct Body {
    schema: &'static str,
    is_required: bool,
    example: Value,
}

fn described(operation: &Operation) -> Value {
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [TAG],
        "x-response-key": null,
        "security": [{ SCHEME: [] }],
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
