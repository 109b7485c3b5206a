//! The dialect's part of the OpenAPI document: the vendor's operations of 2017 with later additions, and the two resources
//! in which a client finds its numbers.

mod examples;
mod operations;
mod parameters;
mod responses;
mod schemas;

use crate::api::openapi::{extract_components, reference};
use serde_json::{Map, Value, json};

/// The security schemes.
const SCHEME: &str = "PhoneComOAuth";
const CLIENT: &str = "PhoneComClient";
const TAG: &str = "phone_com";

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(&operation);
    }
    let document = json!({
        "tags": [{ "name": TAG, "description": "Contacts of user identities, compatible with Phone.com's API" }],
        "paths": paths,
        "components": {
            "schemas": schemas::all().0,
            "securitySchemes": {
                SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, an access token, a client session, or a token of /v4/oauth/access-token",
                },
                CLIENT: {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The id of an API key and the key itself; the body may hold both instead",
                },
            },
        },
    });
    extract_components(document)
}

/// One operation.
struct Operation {
    path: &'static str,
    method: &'static str,
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    auth: Auth,
    parameters: Vec<Value>,
    body: Option<Body>,
    success: (&'static str, Value),
}

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Auth {
    Open,
    Client,
    Token,
}

/// A request body.
struct Body {
    schema: &'static str,
    is_required: bool,
    example: Value,
}

fn described(operation: &Operation) -> Value {
    let security = match operation.auth {
        Auth::Open => json!([]),
        Auth::Client => json!([{ CLIENT: [] }]),
        Auth::Token => json!([{ SCHEME: [] }]),
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
            "content": { "application/json": { "schema": reference(body.schema), "example": body.example } },
        });
    }
    value
}
