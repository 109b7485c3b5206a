//! The dialect's part of the OpenAPI document.

pub mod examples;
mod schemas;

use super::error::body_of;
use super::route::{Operation, Scim};
use crate::api::input::Field;
use crate::api::openapi::*;
use crate::error::*;
use serde_json::{Map, Value, json};

const SCHEME: &str = "ScimToken";
pub const RESPONSES: Responses =
    Responses { prefix: "Scim", request_id: "x-request-id", media_type: super::answer::MEDIA_TYPE };

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let scheme =
        security_scheme("bearer", "A token of a company's directory, created with `handset scim-token create`");
    let description = "Users and groups of a company's directory, by SCIM 2.0";
    Scim::document(description, super::routes(), schemas::all(), json!({ SCHEME: scheme }))
}

impl Described for Scim {
    const TAG: &'static str = "scim";
    const RESPONSES: Responses = RESPONSES;

    fn security(_: &Operation) -> Value {
        json!([{ SCHEME: [] }])
    }

    fn path_parameter(name: &str, _: Option<&Field>) -> Value {
        path_parameter(name, "The id of the resource", json!({ "type": "string" }), examples::ID)
    }

    fn parameters(operation: &Operation) -> Vec<Value> {
        let header = |name, description| optional_parameter(name, "header", description, json!({ "type": "string" }));
        match (operation.document.is_conditional, operation.methods) {
            (false, _) => Vec::new(),
            (true, ["GET"]) => vec![header("If-None-Match", "The ETag of the client's copy; 304 if it is current")],
            (true, _) => {
                let description =
                    "The ETag of the client's copy; the request fails with 412 if it is no longer current";
                vec![header("If-Match", description)]
            }
        }
    }

    fn errors(operation: &Operation) -> Map<String, Value> {
        let mut errors = Vec::new();
        let has_parameters = !operation.rules.parameters.is_empty();
        if operation.path.ends_with("/{id}") && operation.document.is_conditional && operation.methods != ["GET"] {
            errors.push(Error::PreconditionFailed);
        }
        if !operation.example.is_null() {
            errors.push(Error::Unreadable(BodyFault::Syntax("it must be a JSON object".to_owned())));
            errors.push(Error::Invalid(vec![Issue::field("userName", Problem::Missing)]));
        } else if has_parameters {
            errors.push(Error::Invalid(vec![Issue::field("filter", Problem::Rule("a filter is expected".into()))]));
        }
        let mut responses = RESPONSES.errors(operation.errors.iter().chain(&errors).map(example_of));
        let own = [Error::Unauthenticated(Rejection::of(Scheme::ScimToken, AuthFailure::Unknown))];
        responses.insert(FALLBACK.to_owned(), RESPONSES.fallback(FALLBACK_NAME, &own, example_of));
        if operation.document.is_conditional && operation.methods == ["GET"] {
            responses.insert("304".to_owned(), RESPONSES.response("NotModified", "Not Modified", Value::Null));
        }
        responses
    }
}

fn example_of(error: &Error) -> ErrorExample {
    let (status, body) = body_of(error);
    let name = match error {
        Error::NotFound(ResourceKind::ScimGroup, _) => Some("UnknownGroup"),
        Error::NotFound(ResourceKind::Schema, _) => Some("UnknownSchema"),
        Error::NotFound(ResourceKind::ResourceType, _) => Some("UnknownResourceType"),
        Error::NotFound(..) => Some("UnknownUser"),
        _ => None,
    };
    ErrorExample { status, code: body.scim_type().map(str::to_owned), name, schema: "ScimError", body: json!(body) }
}

/// A body of this schema, in both media types.
pub fn body(schema: &str, example: Value) -> Value {
    let content = json!({ "schema": reference(schema), "example": example });
    component(
        Kind::RequestBody,
        schema,
        request_body(true, json!({ "application/json": content, super::answer::MEDIA_TYPE: content })),
    )
}

/// A response with a body of this schema.
pub fn resource(name: &str, description: &str, schema: &str, example: Value) -> Value {
    RESPONSES.json(name, description, schema, Some(example))
}

/// A response with a list of one resource.
pub fn list(name: &str, resource: Value) -> Value {
    RESPONSES.json(name, "OK", "ScimList", Some(examples::list(resource)))
}

/// Errors of lists, beside that of the filter.
pub fn list_errors() -> [Error; 3] {
    let count = Problem::Rule("a whole number is expected".into());
    [
        Error::ListTooLarge,
        Error::Invalid(vec![Issue::field("cursor", Problem::Format(Format::Cursor))]),
        Error::Invalid(vec![Issue::field("count", count)]),
    ]
}

/// Errors of operations on a resource, beside those of its values.
pub fn patch_errors() -> [Error; 3] {
    let path = Problem::Rule("\"favorite\" is no attribute".into());
    [
        Error::Invalid(vec![Issue::field("id", Problem::ReadOnly)]),
        Error::Invalid(vec![Issue::field("path", Problem::NoTarget)]),
        Error::Invalid(vec![Issue::field("path", path)]),
    ]
}

/// The error of more operations than a request may have.
pub fn too_many_operations(most: usize) -> Error {
    let problem = Problem::Length { limit: Limit::AtMost(most), unit: Unit::Items };
    Error::Invalid(vec![Issue::field("Operations", problem)])
}

/// 204.
pub fn no_content() -> Value {
    RESPONSES.response("NoContent", "No Content", Value::Null)
}
