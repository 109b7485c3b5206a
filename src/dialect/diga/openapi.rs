//! The dialect's part of the OpenAPI document: the operations of its published document, and those that this service adds.

mod schemas;

use super::error::body_of;
use super::phones::{self, EXAMPLE};
use super::route::{Operation, Success};
use crate::api::input::Field;
use crate::api::openapi::*;
use crate::error::{Denial, Error, Format, Issue, Place, Problem, Rejection};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// The security scheme, as the published document calls it.
const SCHEME: &str = "CustomHTTPBearer";
const TAG: &str = "diga";
const RESPONSES: Responses = Responses { prefix: "Diga", request_id: "x-request-id" };

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let mut schemas = schemas::all();
    let mut operations = Vec::new();
    for route in phones::routes() {
        for operation in route.operations {
            if let Some(body) = &operation.document.rules.body {
                schemas.0.insert(body.schema.to_owned(), json!(Field::object(body.description, &body.fields)));
                body.fields.iter().for_each(|field| field.shape.define(&mut schemas));
            }
            operations.push((route.path.to_string(), operation.methods[0], described(&route.path, operation)));
        }
    }
    extract_components(json!({
        "tags": [{ "name": TAG, "description": "Phone numbers, compatible with Diga's API" }],
        "paths": paths(operations),
        "components": {
            "schemas": schemas.0,
            "securitySchemes": { SCHEME: {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key of a workspace, created with `handset key create`",
            } },
        },
    }))
}

fn described(path: &str, Operation { document, .. }: Operation) -> Value {
    let named = |name: &str, field: &Field, place: &str| {
        let mut parameter = parameter(field, place);
        parameter["name"] = name.into();
        component(Kind::Parameter, &format!("Diga{}", pascal_case(name)), parameter)
    };
    let mut parameters: Vec<Value> =
        path_names(path).zip(&document.rules.path).map(|(name, field)| named(name, field, "path")).collect();
    parameters.extend(document.rules.query.iter().map(|field| named(field.name, field, "query")));
    let body = document
        .rules
        .body
        .as_ref()
        .map(|body| json_body(body.schema, body.is_required, document.example.unwrap_or_default()));
    Description {
        id: document.id.to_owned(),
        summary: document.summary,
        description: document.description.to_owned(),
        tag: TAG,
        security: json!([{ SCHEME: [] }]),
        parameters,
        body,
        responses: responses(document.success, document.errors),
    }
    .into()
}

fn responses(success: Success, errors: Vec<Error>) -> Map<String, Value> {
    let (status, response) = match success {
        Success::Phone => ("200", RESPONSES.json("Phone", "OK", "DigaPhone", schemas::phone_example())),
        Success::Page => ("200", RESPONSES.json("PhonePage", "OK", "DigaPhonePage", schemas::page_example())),
        Success::NoContent => ("204", RESPONSES.response("NoContent", "No Content", Value::Null)),
    };
    let own = errors.into_iter().chain([
        Error::Unauthenticated(Rejection::MISSING),
        Error::Forbidden(Denial::ClientSession),
        Error::Invalid(vec![invalid()]),
    ]);
    let mut responses = RESPONSES.errors(own.chain(errors_of_every_operation()).map(|error| example_of(&error)));
    responses.insert(status.to_owned(), response);
    responses
}

fn example_of(error: &Error) -> ErrorExample {
    let (status, body) = body_of(error);
    let has_codes = matches!(status, StatusCode::NOT_FOUND | StatusCode::CONFLICT);
    let schema = match error {
        Error::Invalid(_) => "DigaValidationError",
        Error::MethodNotAllowed(_) => "DigaRouterError",
        _ => "DigaError",
    };
    let code = body.error_code.filter(|_| has_codes).map(str::to_owned);
    ErrorExample { status, code, name: None, schema, body: json!(body) }
}

fn invalid() -> Issue {
    let reason = Format::Uuid("invalid length: found 3".to_owned());
    let issue = Issue::field("phone_id", Problem::Format(reason));
    Issue { place: Place::Path, input: EXAMPLE.to_string()[..3].into(), ..issue }
}
