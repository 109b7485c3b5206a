//! The dialect's part of the OpenAPI document: the operations of its published document, and those that this service adds.

mod schemas;

pub use schemas::phone_example;

use super::error::{ErrorBody, body_of};
use super::phones::{self, EXAMPLE};
use super::route::{Diga, Operation};
use crate::api::input::Field;
use crate::api::openapi::*;
use crate::error::{Denial, Error, Format, Issue, Problem, Rejection, RequestPart};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// The security scheme, as the published document calls it.
const SCHEME: &str = "CustomHTTPBearer";
pub const RESPONSES: Responses = Responses { prefix: "Diga", request_id: "x-request-id", media_type: JSON };

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let scheme = security_scheme("bearer", "An API key of a workspace, created with `handset key create`");
    let description = "Phone numbers, compatible with Diga's API";
    Diga::document(description, phones::routes(), schemas::all(), json!({ SCHEME: scheme }))
}

impl Described for Diga {
    const TAG: &'static str = "diga";
    const RESPONSES: Responses = RESPONSES;

    fn security(_: &Operation) -> Value {
        json!([{ SCHEME: [] }])
    }

    fn path_parameter(name: &str, field: Option<&Field>) -> Value {
        let mut parameter = field.map_or(Value::Null, |field| parameter(field, "path"));
        parameter["name"] = name.into();
        parameter
    }

    fn errors(operation: &Operation) -> Map<String, Value> {
        let invalid = Error::Invalid(vec![invalid()]);
        let mut responses = RESPONSES.errors(operation.errors.iter().chain([&invalid]).map(example_of));
        let own = [Error::Unauthenticated(Rejection::MISSING), Error::Forbidden(Denial::ClientSession)];
        responses.insert(FALLBACK.to_owned(), RESPONSES.fallback(FALLBACK_NAME, &own, example_of));
        responses
    }
}

fn example_of(error: &Error) -> ErrorExample {
    let (status, body) = body_of(error);
    let has_codes = matches!(status, StatusCode::NOT_FOUND | StatusCode::CONFLICT);
    let schema = match error {
        Error::Invalid(_) => "DigaValidationError",
        Error::MethodNotAllowed(_) => "DigaRouterError",
        _ => "DigaError",
    };
    let code = match &body {
        ErrorBody::Service(error) if has_codes => Some(error.error_code.clone().into_owned()),
        _ => None,
    };
    ErrorExample { status, code, name: None, schema, body: json!(body) }
}

fn invalid() -> Issue {
    let reason = Format::Uuid("invalid length: found 3".to_owned());
    let issue = Issue::field("phone_id", Problem::Format(reason));
    Issue { place: RequestPart::Path, input: EXAMPLE.to_string()[..3].into(), ..issue }
}
