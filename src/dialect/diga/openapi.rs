//! The dialect's part of the OpenAPI document: the operations of its published document, and those that this service adds.

mod operations;
mod responses;
mod schemas;

use crate::api::openapi::{Kind, component, extract_components, pascal_case, reference};
use serde_json::{Map, Value, json};

/// The security scheme, as the published document calls it.
const SCHEME: &str = "CustomHTTPBearer";
const TAG: &str = "diga";

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(&operation);
    }
    let document = json!({
        "tags": [{ "name": TAG, "description": "Phone numbers, compatible with Diga's API" }],
        "paths": paths,
        "components": {
            "schemas": schemas::all().0,
            "securitySchemes": { SCHEME: {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key of a workspace, created with `handset key create`",
            } },
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
    parameters: Vec<Value>,
    body: Option<Body>,
    success: (&'static str, Value),
    /// Errors beyond those of every operation: status, code, message.
    errors: &'static [(&'static str, &'static str, &'static str)],
}

/// A request body.
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
        let shared = |parameter: &Value| {
            let name = pascal_case(parameter["name"].as_str().unwrap_or_default());
            component(Kind::Parameter, &format!("Diga{name}"), parameter.clone())
        };
        value["parameters"] = operation.parameters.iter().map(shared).collect();
    }
    if let Some(body) = &operation.body {
        value["requestBody"] = json!({
            "required": body.is_required,
            "content": { "application/json": { "schema": reference(body.schema), "example": body.example } },
        });
    }
    value
}
