//! The responses of an operation: its answer, and each way in which it can fail, all with an example.

use super::super::access::Access;
use super::super::answer::{AnswerShape, Component};
use super::super::error::kind_of_missing;
use super::super::route::Route;
use super::example::example;
use super::plain::plain;
use serde_json::{Map, Value, json};

const REQUEST_ID: &str = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";

/// Every response of a route, by status.
pub fn of(route: &Route) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success(route));
    responses.insert("400".to_owned(), bad_input(route));
    if route.access != Access::NONE {
        responses.insert("401".to_owned(), failure("Nobody is known to be calling", "unauthorized", UNAUTHORIZED));
    }
    if route.access.publishable_key {
        let kind = "publishable_keys_must_create_empty_client_sessions";
        responses.insert("403".to_owned(), failure("A publishable key may not do this", kind, "Not with this key"));
    }
    if let Some(noun) = route.not_found.first() {
        let (kind, name, _) = kind_of_missing(*noun);
        responses.insert("404".to_owned(), failure(&format!("{name} not found"), kind, &format!("{name} not found")));
    }
    let only = format!("only {} accepted", route.methods.join(","));
    responses.insert("405".to_owned(), failure("Another method is needed", "method_not_allowed", &only));
    let large = "The request body is over the limit of 1048576 bytes";
    responses.insert("413".to_owned(), failure("The body is too large", "payload_too_large", large));
    let long = "The path and query are over the limit of 32768 bytes; send the parameters as a JSON body";
    responses.insert("414".to_owned(), failure("The address is too long", "uri_too_long", long));
    let often = "More than the 120 requests that are allowed at a time. Try again in 1 s";
    responses.insert("429".to_owned(), failure("The caller comes too often", "rate_limit_exceeded", often));
    let internal = "Internal server error. The log has more under this request id";
    responses.insert("500".to_owned(), failure("A fault of the service", "internal_server_error", internal));
    let away = "The service cannot answer just now. Try again in a moment";
    responses.insert("503".to_owned(), failure("The database is away", "service_unavailable", away));
    responses.into()
}

const UNAUTHORIZED: &str = "No authentication methods succeeded";

fn success(route: &Route) -> Value {
    if let AnswerShape::Stream(component) = route.shape {
        return stream(component);
    }
    let schema = answer(route);
    let mut value = example(&schema);
    if let Some((key, component)) = route.key.zip(super::component(&route.shape)) {
        let thing = example(&super::resource(component));
        value[key] = if matches!(route.shape, AnswerShape::One(_)) { thing } else { json!([thing]) };
    }
    if matches!(route.shape, AnswerShape::Paged(_)) {
        value["pagination"] = json!({ "has_next_page": false, "next_page_cursor": null, "next_page_url": null });
    }
    let content = json!({ "application/json": { "schema": schema, "example": value } });
    json!({ "description": "It went well", "headers": headers(), "content": content })
}

/// Server-sent events: the thing is the data of each.
fn stream(component: Component) -> Value {
    let thing = example(&super::resource(component));
    let example = format!("id: 1795293243805951\ndata: {thing}\n\n");
    let description = format!("Server-sent events; the data of each is one {}", component.name);
    let schema = json!({ "type": "string", "description": description });
    let content = json!({ "text/event-stream": { "schema": schema, "example": example } });
    json!({ "description": "A stream that goes on", "headers": headers(), "content": content })
}

/// The schema of the body of a success.
fn answer(route: &Route) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut properties = Map::new();
    let mut required = Vec::new();
    match route.shape {
        AnswerShape::Void | AnswerShape::Stream(_) => {}
        AnswerShape::Members(schema) => {
            let schema = plain(schema());
            properties = schema["properties"].as_object().cloned().unwrap_or_default();
            required = schema["required"].as_array().cloned().unwrap_or_default();
        }
        AnswerShape::One(component) => {
            properties.insert(route.key.unwrap_or_default().to_owned(), reference(component.name));
        }
        AnswerShape::Many(component) | AnswerShape::Paged(component) | AnswerShape::Pageable(component) => {
            let list = json!({ "type": "array", "items": reference(component.name) });
            properties.insert(route.key.unwrap_or_default().to_owned(), list);
        }
    }
    // Members of its own may be there already, one of them under the key.
    required.extend(route.key.map(Value::from).filter(|key| !required.contains(key)));
    if matches!(route.shape, AnswerShape::Paged(_) | AnswerShape::Pageable(_)) {
        properties.insert("pagination".to_owned(), reference("pagination"));
    }
    if matches!(route.shape, AnswerShape::Paged(_)) {
        required.push("pagination".into());
    }
    properties.insert("ok".to_owned(), json!({ "type": "boolean", "enum": [true] }));
    required.push("ok".into());
    json!({ "type": "object", "properties": properties, "required": required })
}

fn bad_input(route: &Route) -> Value {
    match route.fields.iter().find(|field| field.required) {
        Some(field) => {
            let mut response = failure("The input is wrong", "invalid_input", &format!("{} is required", field.name));
            let tree = json!({ "_errors": [], field.name: { "_errors": ["Required"] } });
            response["content"]["application/json"]["example"]["error"]["validation_errors"] = tree;
            response
        }
        None => failure("The input is wrong", "invalid_json", "Invalid JSON: expected value at line 1 column 1"),
    }
}

fn failure(description: &str, kind: &str, message: &str) -> Value {
    let example = json!({ "error": { "type": kind, "message": message, "request_id": REQUEST_ID }, "ok": false });
    let schema = json!({ "$ref": "#/components/schemas/error" });
    let content = json!({ "application/json": { "schema": schema, "example": example } });
    json!({ "description": description, "headers": headers(), "content": content })
}

fn headers() -> Value {
    json!({ "seam-request-id": { "$ref": "#/components/headers/seam-request-id" } })
}

/// The header of every response.
pub fn header_components() -> Value {
    json!({ "seam-request-id": {
        "description": "The number of the request, in the log and in errors, too",
        "schema": { "type": "string", "format": "uuid" },
    } })
}

/// The envelope of every error. The `allOf` tells command-line clients that it is no resource of the API.
pub fn envelope() -> Value {
    json!({ "allOf": [{
        "type": "object",
        "description": "What went wrong",
        "required": ["error", "ok"],
        "properties": {
            "ok": { "type": "boolean", "enum": [false] },
            "error": {
                "type": "object",
                "required": ["type", "message", "request_id"],
                "properties": {
                    "type": { "type": "string", "description": "What went wrong, for programs" },
                    "message": { "type": "string", "description": "What went wrong, for people" },
                    "data": { "type": "object", "description": "What it is about", "additionalProperties": true },
                    "validation_errors": {
                        "type": "object",
                        "description": "The faults of the input, by field: each node has its own in _errors",
                        "additionalProperties": true,
                    },
                    "request_id": { "type": "string", "format": "uuid" },
                },
            },
        },
    }] })
}
