//! The responses of an operation: its success and each of its errors, all with an example.

use super::super::access::Access;
use super::super::answer::{AnswerShape, Component};
use super::super::error::kind_of_missing;
use super::super::route::Route;
use crate::api::openapi::{Kind, Schemas, component, example, pascal_case, reference};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

const REQUEST_ID: &str = "0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f";

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

/// The responses of all routes.
pub struct Responses {
    /// The schemas that they refer to.
    pub schemas: Schemas,
}

impl Responses {
    pub fn of(routes: &[Route]) -> Responses {
        Responses { schemas: super::schemas(routes) }
    }

    /// Every response of a route, by status.
    pub fn of_route(&self, route: &Route) -> Value {
        let mut responses = Map::new();
        responses.insert("200".to_owned(), self.success(route));
        responses.insert("400".to_owned(), invalid_input(route));
        if route.access != Access::NONE {
            responses.insert("401".to_owned(), unauthorized());
        }
        if route.access.publishable_key {
            let kind = "publishable_keys_must_create_empty_client_sessions";
            let message = "A publishable key cannot do this";
            responses.insert("403".to_owned(), failure("PublishableKeyNotAllowed", message, kind, message));
        }
        if let Some(noun) = route.not_found.first() {
            let (kind, name, _) = kind_of_missing(*noun);
            let message = format!("{name} not found");
            responses.insert("404".to_owned(), failure(&pascal_case(kind), &message, kind, &message));
        }
        for (status, response) in of_every_route() {
            responses.insert(status.to_owned(), response);
        }
        responses.into()
    }

    fn success(&self, route: &Route) -> Value {
        if let AnswerShape::Stream(resource) = route.shape {
            return self.stream(resource);
        }
        let schema = self.envelope(route);
        let mut value = example(&schema, &self.schemas);
        if let Some((key, resource)) = route.key.zip(route.shape.component()) {
            let item = example(&reference(resource.schema), &self.schemas);
            value[key] = if matches!(route.shape, AnswerShape::One(_)) { item } else { json!([item]) };
        }
        if matches!(route.shape, AnswerShape::Paged(_)) {
            value["pagination"] = json!({ "has_next_page": false, "next_page_cursor": null, "next_page_url": null });
        }
        let name = match route.shape {
            AnswerShape::Void => "Ok".to_owned(),
            _ => super::name_of(route),
        };
        let schema = component(Kind::Schema, &format!("{name}Response"), schema);
        component(Kind::Response, &name, response("OK", "application/json", schema, value))
    }

    /// Server-sent events: the resource is the data of each.
    fn stream(&self, resource: Component) -> Value {
        let item = example(&reference(resource.schema), &self.schemas);
        let example = format!("id: 1795293243805951\ndata: {item}\n\n");
        let description = format!("Server-sent events; the data of each is one {}", resource.name);
        let schema = json!({ "type": "string", "description": description });
        let name = format!("{}Stream", resource.schema);
        component(Kind::Response, &name, response("A stream of events", "text/event-stream", schema, example.into()))
    }

    /// The schema of the body of a success.
    fn envelope(&self, route: &Route) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        match route.shape {
            AnswerShape::Void | AnswerShape::Stream(_) => {}
            AnswerShape::Members(schema) => {
                let schema = schema(&mut Schemas::default());
                properties = schema["properties"].as_object().cloned().unwrap_or_default();
                required = schema["required"].as_array().cloned().unwrap_or_default();
            }
            AnswerShape::One(resource) => {
                properties.insert(route.key.unwrap_or_default().to_owned(), reference(resource.schema));
            }
            AnswerShape::Many(resource) | AnswerShape::Paged(resource) | AnswerShape::Pageable(resource) => {
                let list = json!({ "type": "array", "items": reference(resource.schema) });
                properties.insert(route.key.unwrap_or_default().to_owned(), list);
            }
        }
        // Members of its own may be there already, one of them under the key.
        required.extend(route.key.map(Value::from).filter(|key| !required.contains(key)));
        if matches!(route.shape, AnswerShape::Paged(_) | AnswerShape::Pageable(_)) {
            properties.insert("pagination".to_owned(), reference("Pagination"));
        }
        if matches!(route.shape, AnswerShape::Paged(_)) {
            required.push("pagination".into());
        }
        properties.insert("ok".to_owned(), json!({ "type": "boolean", "description": "Always true" }));
        required.push("ok".into());
        json!({ "type": "object", "properties": properties, "required": required })
    }
}

fn unauthorized() -> Value {
    failure("Unauthorized", "Unauthorized", "unauthorized", "No authentication methods succeeded")
}

/// The errors that every route may respond with, by status.
fn of_every_route() -> [(&'static str, Value); 6] {
    let large = "The request body is over the limit of 1048576 bytes";
    let long = "The path and query are over the limit of 32768 bytes; send the parameters as a JSON body";
    let often = "More than the 120 requests that are allowed at a time. Try again in 1 s";
    let internal = "Internal server error. The log has more under this request id";
    let away = "The service cannot answer just now. Try again in a moment";
    let method = "only GET,POST accepted";
    [
        ("405", failure("MethodNotAllowed", "Method not allowed", "method_not_allowed", method)),
        ("413", failure("PayloadTooLarge", "The request body is too large", "payload_too_large", large)),
        ("414", failure("UriTooLong", "The URI is too long", "uri_too_long", long)),
        ("429", failure("TooManyRequests", "Too many requests", "rate_limit_exceeded", often)),
        ("500", failure("InternalServerError", "Internal server error", "internal_server_error", internal)),
        ("503", failure("ServiceUnavailable", "The database is unavailable", "service_unavailable", away)),
    ]
}

fn invalid_input(route: &Route) -> Value {
    let description = "The request is invalid";
    match route.fields.iter().find(|field| field.required) {
        Some(field) => {
            let mut example = error("invalid_input", &format!("{} is required", field.name));
            example["error"]["validation_errors"] = json!({ "_errors": [], field.name: { "_errors": ["Required"] } });
            let name = format!("{}Required", pascal_case(field.name));
            component(Kind::Response, &name, response(description, "application/json", reference(ERROR), example))
        }
        None => {
            let message = "Invalid JSON: expected value at line 1 column 1";
            failure("InvalidRequest", description, "invalid_json", message)
        }
    }
}

/// The name of the schema of errors.
const ERROR: &str = "ErrorResponse";

fn failure(name: &str, description: &str, kind: &str, message: &str) -> Value {
    let response = response(description, "application/json", reference(ERROR), error(kind, message));
    component(Kind::Response, name, response)
}

fn error(kind: &str, message: &str) -> Value {
    json!({ "error": { "type": kind, "message": message, "request_id": REQUEST_ID }, "ok": false })
}

fn response(description: &str, media_type: &str, schema: Value, example: Value) -> Value {
    let content = json!({ media_type: { "schema": schema, "example": example } });
    json!({ "description": description, "headers": { "seam-request-id": request_id() }, "content": content })
}

/// The header of every response.
fn request_id() -> Value {
    let header = json!({
        "description": "The id of the request, also in errors and in the log",
        "schema": { "type": "string", "format": "uuid" },
    });
    component(Kind::Header, "seam-request-id", header)
}
