//! The OpenAPI document, made from the routes. It is of OpenAPI 3.0 and spells everything out in place, because Seam's
//! command-line client, which learns its commands from this document, understands no other.

mod example;
mod plain;
mod responses;

use super::access::Access;
use super::answer::{AnswerShape, Component, schema_of};
use super::input::Field;
use super::page::Pagination;
use super::route::Route;
use example::example;
use plain::plain;
use serde_json::{Map, Value, json};

/// The document.
pub fn document() -> Value {
    let routes = super::routes();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Handset",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A phones service that you run yourself. These routes are those of Seam's API around phones, \
                so that its clients work unmodified. Parameters go in the query string or in a JSON body, with each \
                method that a route has.",
            "contact": { "name": "Whoever runs this server" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": tags(&routes),
        "paths": paths(&routes),
        "components": {
            "schemas": schemas(&routes),
            "headers": responses::header_components(),
            "securitySchemes": security_schemes(),
        },
    })
}

/// The groups of routes: the first part of their paths.
fn tags(routes: &[Route]) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for route in routes {
        if !names.contains(&tag(route.path)) {
            names.push(tag(route.path));
        }
    }
    names.into_iter().map(|name| json!({ "name": name, "description": format!("Routes under /{name}") })).collect()
}

fn tag(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

fn paths(routes: &[Route]) -> Map<String, Value> {
    let path = |route: &Route| {
        let operations =
            route.methods.iter().map(|method| (method.to_lowercase(), operation(route, method))).collect::<Map<_, _>>();
        (route.path.to_owned(), Value::from(operations))
    };
    routes.iter().map(path).collect()
}

fn operation(route: &Route, method: &str) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route.path, method),
        "summary": route.summary,
        "description": format!("{}.", route.summary),
        "tags": [tag(route.path)],
        "x-response-key": route.key,
        "security": security(route.access),
        "responses": responses::of(route),
    });
    match method {
        "GET" | "DELETE" => operation["parameters"] = route.fields.iter().map(parameter).collect(),
        _ => operation["requestBody"] = body(&route.fields),
    }
    if route.key == Some("action_attempt") && !route.path.starts_with("/action_attempts") {
        operation["x-action-attempt-type"] = "RESET_SANDBOX_WORKSPACE".into();
    }
    if is_internal(route.path) {
        operation["x-undocumented"] = "For the mobile SDK only".into();
    }
    if matches!(route.shape, AnswerShape::Stream(_)) {
        operation["x-undocumented"] = "A stream is for programs that stay".into();
    }
    operation
}

/// Command-line clients know no routes under this prefix.
fn is_internal(path: &str) -> bool {
    path.starts_with("/seam/")
}

/// The path and the method in one camel-case word, as Seam's document has it.
fn operation_id(path: &str, method: &str) -> String {
    let words = path.split(['/', '_']).filter(|word| !word.is_empty()).chain([method]);
    words.enumerate().map(|(index, word)| if index == 0 { word.to_owned() } else { capitalised(word) }).collect()
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + &rest.to_lowercase()
}

fn parameter(field: &Field) -> Value {
    let mut schema = plain(json!(field.schema()));
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut parameter = json!({
        "name": field.name,
        "in": "query",
        "required": field.required,
        "schema": schema,
    });
    if let Some(description) = description {
        parameter["description"] = description;
    }
    if field.required {
        parameter["example"] = example(&schema);
    }
    if schema["type"] == "object" {
        // The wire has dotted keys, `custom_metadata_has.a=b`; this is the nearest that OpenAPI has a name for.
        parameter["style"] = "deepObject".into();
    }
    parameter
}

fn body(fields: &[Field]) -> Value {
    let schema = plain(json!(Field::object(fields)));
    let is_required = fields.iter().any(|field| field.required);
    let example = required_only(&schema);
    json!({
        "required": is_required,
        "content": { "application/json": { "schema": schema, "example": example } },
    })
}

/// An example with what must be there, so that it works as it stands but for its ids.
fn required_only(schema: &Value) -> Value {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.filter(|(name, _)| is_required(name)).map(|(name, schema)| (name.clone(), example(schema))).collect()
}

fn schemas(routes: &[Route]) -> Map<String, Value> {
    let mut schemas = Map::new();
    for route in routes {
        if let Some(component) = component(&route.shape) {
            schemas.entry(component.name).or_insert_with(|| resource(component));
        }
    }
    schemas.insert("pagination".to_owned(), plain(schema_of::<Pagination>()));
    schemas.insert("error".to_owned(), responses::envelope());
    schemas
}

fn component(shape: &AnswerShape) -> Option<Component> {
    match shape {
        AnswerShape::Void | AnswerShape::Members(_) => None,
        AnswerShape::One(component)
        | AnswerShape::Many(component)
        | AnswerShape::Paged(component)
        | AnswerShape::Pageable(component)
        | AnswerShape::Stream(component) => Some(*component),
    }
}

fn resource(component: Component) -> Value {
    let mut schema = plain((component.schema)());
    schema["x-route-path"] = component.route_path.into();
    if is_internal(component.route_path) {
        schema["x-undocumented"] = "For the mobile SDK only".into();
    }
    schema
}

fn security(access: Access) -> Vec<Value> {
    let mut ways = Vec::new();
    if access.api_key {
        ways.push(json!({ "api_key": [] }));
    }
    if access.member {
        ways.push(json!({ "pat_with_workspace": [], "workspace": [] }));
    }
    if access.console {
        ways.push(json!({ "console_session_with_workspace": [], "workspace": [] }));
    }
    if access.account {
        ways.push(json!({ "pat_without_workspace": [] }));
        ways.push(json!({ "console_session_without_workspace": [] }));
    }
    if access.client_session {
        ways.push(json!({ "client_session": [] }));
    }
    if access.publishable_key {
        ways.push(json!({ "publishable_key": [] }));
    }
    ways
}

fn security_schemes() -> Value {
    let bearer = |format: &str, description: &str| json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": description });
    let header = |name: &str, description: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": description });
    let token = "A personal access token, made by `handset token create`";
    let session = "A console session's JWT, made by `handset console-session create`";
    json!({
        "api_key": bearer("seam_…", "An API key of a workspace, made by `handset key create`"),
        "pat_with_workspace": bearer("seam_at1…", token),
        "pat_without_workspace": bearer("seam_at1…", token),
        "console_session_with_workspace": bearer("JWT", session),
        "console_session_without_workspace": bearer("JWT", session),
        "client_session": header("client-session-token", "A client session's token; it may also be sent as a bearer token"),
        "publishable_key": header("seam-publishable-key", "A workspace's publishable key, without any other credential"),
        "workspace": header("seam-workspace", "The id of the workspace that is meant"),
    })
}
