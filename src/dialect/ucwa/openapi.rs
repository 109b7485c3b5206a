//! The dialect's part of the OpenAPI document. Its protocol has no published one, so this describes what is served: every
//! operation under each base path, each response in JSON and XML, with examples.

mod errors;
mod examples;
mod inputs;
mod operations;
mod responses;
mod schemas;

use super::error::ErrorBody;
use crate::api::openapi::{Kind, component, extract_components, pascal_case};
use serde_json::{Map, Value, json};

/// The security scheme.
const SCHEME: &str = "UcwaBearer";
const TAG: &str = "ucwa";

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method] = described(&operation);
    }
    let document = json!({
        "tags": [{ "name": TAG, "description": "The telephone numbers of a user identity, compatible with UCWA 1.0. Paths \
            below /ucwa/oauth/v1 are also served below /ucwa/v1. application/vnd.microsoft.com.ucwa+json and …+xml are \
            accepted and returned like the listed media types" }],
        "paths": paths,
        "components": {
            "schemas": schemas::all().0,
            "securitySchemes": { SCHEME: {
                "type": "http",
                "scheme": "bearer",
                "description": "A client session; a token of /webticket/oauthtoken; or an API key with X-Ucwa-User",
            } },
        },
    });
    extract_components(document)
}

/// One operation.
struct Operation {
    path: String,
    method: &'static str,
    id: String,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Value>,
    /// The request body, by media type.
    body: Option<Value>,
    /// By status; none if it always fails.
    success: Vec<(&'static str, Value)>,
    /// Errors beyond those of every operation.
    errors: Vec<ErrorBody>,
    is_open: bool,
    /// Whether its errors are those of OAuth.
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
        let shared = |parameter: &Value| {
            let name = parameter["name"].as_str().unwrap_or_default();
            let name = pascal_case(name.strip_prefix("X-Ucwa-").unwrap_or(name));
            component(Kind::Parameter, &format!("Ucwa{name}"), parameter.clone())
        };
        value["parameters"] = operation.parameters.iter().map(shared).collect();
    }
    if let Some(body) = &operation.body {
        value["requestBody"] = body.clone();
    }
    value
}
