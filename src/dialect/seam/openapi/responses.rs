//! The responses of an operation: its success and each of its errors, all with an example.

use super::super::access::Access;
use super::super::answer::{AnswerShape, Component};
use super::super::error::body_of;
use super::super::route::{EXAMPLE_ID, Operation};
use crate::api::openapi::{
    self, ErrorExample, FALLBACK, Kind, Schemas, component, errors_of_every_operation, example, reference,
};
use crate::error::{Denial, Error, Issue, Problem, Rejection};
use axum::http::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorResponse {
    error: ErrorDetails,
    /// Always false.
    ok: bool,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetails {
    /// A code for programs.
    r#type: String,
    /// A message for people.
    message: String,
    /// Details that depend on the type.
    #[schema(value_type = Option<Object>, nullable = false)]
    data: Option<Value>,
    /// The issues of the input by field; each node has its own in `_errors`.
    #[schema(value_type = Option<Object>, nullable = false)]
    validation_errors: Option<Value>,
    request_id: Uuid,
}

const RESPONSES: openapi::Responses =
    openapi::Responses { prefix: "", request_id: "seam-request-id", media_type: openapi::JSON };

/// Every response of a route, by status.
pub fn of(route: &Operation, schemas: &Schemas) -> Map<String, Value> {
    let access = route.document.access;
    let mut errors = vec![Error::Invalid(vec![Issue::field("device_id", Problem::Missing)])];
    if !access.is_empty() {
        errors.push(Error::Unauthenticated(Rejection::MISSING));
    }
    if access.contains(&Access::PublishableKey) {
        errors.push(Error::Forbidden(Denial::PublishableKeyGrantsNothing));
    }
    let own = route.errors.iter().filter(|error| !is_conflict(error));
    let mut responses = RESPONSES.errors(errors.iter().chain(own).map(example_of));
    responses.insert(FALLBACK.to_owned(), RESPONSES.fallback(errors_of_every_operation().iter().map(example_of)));
    responses.insert("200".to_owned(), success(route, schemas));
    responses
}

/// The codes of conflicts, for the description of an operation: they share the status of invalid input.
pub fn describe_conflicts(route: &Operation) -> String {
    let code = |error: &Error| {
        let (_, body) = body_of(error, &Method::POST, "/", EXAMPLE_ID);
        body["error"]["type"].as_str().map(|code| format!("`{code}`"))
    };
    let codes: Vec<String> = route.errors.iter().filter(|error| is_conflict(error)).filter_map(code).collect();
    if codes.is_empty() { String::new() } else { format!(" Errors: {}.", codes.join(", ")) }
}

fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Conflict(_))
}

fn success(route: &Operation, schemas: &Schemas) -> Value {
    let shape = route.document.shape;
    if let AnswerShape::Stream(resource) = shape {
        return stream(resource, schemas);
    }
    let schema = envelope(shape, route.key);
    let mut value = example(&schema, schemas);
    if let Some((key, resource)) = route.key.zip(shape.component()) {
        let item = example(&reference(resource.schema), schemas);
        value[key] = if matches!(shape, AnswerShape::One(_)) { item } else { json!([item]) };
    }
    if matches!(shape, AnswerShape::Paged(_)) {
        value["pagination"] = json!({ "has_next_page": false, "next_page_cursor": null, "next_page_url": null });
    }
    let name = match shape {
        AnswerShape::Void => "Ok".to_owned(),
        // Operations that respond with one resource share the response.
        AnswerShape::One(resource) => resource.schema.to_owned(),
        _ => super::name_of(route),
    };
    let schema = component(Kind::Schema, &format!("{name}Response"), schema);
    RESPONSES.response(&name, "OK", json!({ "application/json": { "schema": schema, "example": value } }))
}

/// Server-sent events: the resource is the data of each.
fn stream(resource: Component, schemas: &Schemas) -> Value {
    let item = example(&reference(resource.schema), schemas);
    let example = format!("id: 1795293243805951\ndata: {item}\n\n");
    let description = format!("Server-sent events; the data of each is one {}", resource.name);
    let schema = json!({ "type": "string", "description": description });
    let name = format!("{}Stream", resource.schema);
    let content = json!({ "text/event-stream": { "schema": schema, "example": example } });
    RESPONSES.response(&name, "A stream of events", content)
}

/// The schema of the body of a success.
fn envelope(shape: AnswerShape, key: Option<&str>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let key = key.unwrap_or_default().to_owned();
    match shape {
        AnswerShape::Void | AnswerShape::Stream(_) => {}
        AnswerShape::Members(schema) => {
            let schema = schema(&mut Schemas::default());
            properties = schema["properties"].as_object().cloned().unwrap_or_default();
            required = schema["required"].as_array().cloned().unwrap_or_default();
        }
        AnswerShape::One(resource) => _ = properties.insert(key.clone(), reference(resource.schema)),
        AnswerShape::Many(resource) | AnswerShape::Paged(resource) | AnswerShape::Pageable(resource) => {
            properties.insert(key.clone(), json!({ "type": "array", "items": reference(resource.schema) }));
        }
    }
    // Members of its own may be there already, one of them under the key.
    if !key.is_empty() && !required.contains(&key.as_str().into()) {
        required.push(key.into());
    }
    if matches!(shape, AnswerShape::Paged(_) | AnswerShape::Pageable(_)) {
        properties.insert("pagination".to_owned(), reference("Pagination"));
    }
    if matches!(shape, AnswerShape::Paged(_)) {
        required.push("pagination".into());
    }
    properties.insert("ok".to_owned(), json!({ "type": "boolean", "description": "Always true" }));
    required.push("ok".into());
    json!({ "type": "object", "properties": properties, "required": required })
}

fn example_of(error: &Error) -> ErrorExample {
    let (status, body) = body_of(error, &Method::POST, "/", EXAMPLE_ID);
    let code = match error {
        Error::Invalid(_) | Error::NotFound(..) => body["error"]["type"].as_str().map(str::to_owned),
        _ => None,
    };
    let name = match error {
        Error::Forbidden(_) => Some("PublishableKeyNotAllowed"),
        _ => None,
    };
    ErrorExample { status, code, name, schema: "ErrorResponse", body }
}
