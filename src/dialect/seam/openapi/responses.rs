//! The responses of an operation: its success and each of its errors, which have an example.

use super::super::access::Access;
use super::super::answer::{AnswerShape, Component};
use super::super::error::body_of;
use super::super::route::{EXAMPLE_ID, Operation};
use super::{Names, names_by_content};
use crate::api::openapi::{
    self, ErrorExample, FALLBACK, FALLBACK_NAME, Kind, PUBLIC_FALLBACK_NAME, Schemas, component, example, reference,
};
use crate::error::{Denial, Error, Issue, Problem, Rejection};
use axum::http::{Method, StatusCode};
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

/// Every response of a route, by status. `names` has those of the responses of success.
pub fn of(route: &Operation, names: &Names, schemas: &Schemas) -> Map<String, Value> {
    let access = route.document.access;
    // Conflicts have the status of invalid input, which is the fallback's.
    let own = route.errors.iter().filter(|error| !is_conflict(error));
    let mut errors: Vec<ErrorExample> = own.map(example_of).collect();
    if access.contains(&Access::PublishableKey) {
        errors.push(example_of(&Error::Forbidden(Denial::PublishableKeyGrantsNothing)));
    }
    let mut responses = RESPONSES.errors(errors);
    responses.insert(FALLBACK.to_owned(), fallback(access));
    responses.insert("200".to_owned(), success(route, names, schemas));
    responses
}

/// The codes of conflicts, for the description of an operation: they share the status of invalid input.
pub fn describe_conflicts(route: &Operation) -> Option<String> {
    let code = |error: &Error| {
        let (_, body) = body_of(error, &Method::POST, "/", EXAMPLE_ID);
        body["error"]["type"].as_str().map(|code| format!("`{code}`"))
    };
    let codes: Vec<String> = route.errors.iter().filter(|error| is_conflict(error)).filter_map(code).collect();
    (!codes.is_empty()).then(|| format!("Errors: {}.", codes.join(", ")))
}

fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Conflict(_))
}

fn invalid() -> Error {
    Error::Invalid(vec![Issue::field("device_id", Problem::Missing)])
}

/// The response of the errors that every operation may have.
fn fallback(access: &[Access]) -> Value {
    match access {
        [] => RESPONSES.fallback(PUBLIC_FALLBACK_NAME, &[invalid()], example_of),
        _ => RESPONSES.fallback(FALLBACK_NAME, &[invalid(), Error::Unauthenticated(Rejection::MISSING)], example_of),
    }
}

/// The names of the responses of success, by their schemas. Operations with equal responses share one.
pub fn names(routes: &[Operation]) -> Names {
    names_by_content(routes.iter().map(|route| {
        let shape = route.document.shape;
        let name = match shape {
            AnswerShape::Void => "Ok".to_owned(),
            AnswerShape::One(resource) => resource.schema.to_owned(),
            _ => super::name_of(route),
        };
        (envelope(shape, route.key), name)
    }))
}

/// Without an example: readers compose one from those of the properties.
fn success(route: &Operation, names: &Names, schemas: &Schemas) -> Value {
    let shape = route.document.shape;
    if let AnswerShape::Stream(resource) = shape {
        return stream(resource, schemas);
    }
    let schema = envelope(shape, route.key);
    let name = &names[&schema.to_string()];
    let schema = component(Kind::Schema, &format!("{name}Response"), schema);
    RESPONSES.response(name, "OK", json!({ "application/json": { "schema": schema } }))
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
    let has_code = matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND);
    let code = body["error"]["type"].as_str().filter(|_| has_code).map(str::to_owned);
    let name = match error {
        Error::Forbidden(_) => Some("PublishableKeyNotAllowed"),
        _ => None,
    };
    ErrorExample { status, code, name, schema: "ErrorResponse", body }
}
