//! The dialect's part of the OpenAPI document: the vendor's operations of 2017 with later additions, and the two resources
//! in which a client finds its numbers.

pub mod examples;
mod schemas;

use super::error::{ErrorBody, body_of};
use super::oauth;
use super::route::{Auth, Document, Operation};
use crate::api::input::Field;
use crate::api::openapi::*;
use crate::error::{AuthFailure, BodyFault, Denial, Error, Issue, Problem, Rejection, ResourceKind, Scheme};
use chrono::DateTime;
use serde_json::{Map, Value, json};

/// The security schemes.
const SCHEME: &str = "PhoneComOAuth";
const CLIENT: &str = "PhoneComClient";
const TAG: &str = "phone_com";
const RESPONSES: Responses = Responses { prefix: "PhoneCom", request_id: "x-request-id" };

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let mut schemas = schemas::all();
    let mut operations = Vec::new();
    for route in super::routes() {
        for operation in route.operations {
            if let Some(body) = &operation.document.rules.body {
                schemas.0.insert(body.schema.to_owned(), json!(Field::object(body.description, &body.fields)));
                body.fields.iter().for_each(|field| field.shape.define(&mut schemas));
            }
            operations.push((route.path.to_string(), operation.methods[0], described(&route.path, operation)));
        }
    }
    extract_components(json!({
        "tags": [{ "name": TAG, "description": "Contacts of user identities, compatible with Phone.com's API" }],
        "paths": paths(operations),
        "components": {
            "schemas": schemas.0,
            "securitySchemes": {
                SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, an access token, a client session, or a token of /v4/oauth/access-token",
                },
                CLIENT: {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The id of an API key and the key itself; the body may hold both instead",
                },
            },
        },
    }))
}

fn described(path: &str, operation: Operation) -> Value {
    let document = operation.document;
    let named = |parameter: Value| {
        let name = pascal_case(parameter["name"].as_str().unwrap_or_default());
        component(Kind::Parameter, &format!("PhoneCom{name}"), parameter)
    };
    let parameters = path_names(path).map(number).chain(document.rules.query.iter().cloned()).map(named).collect();
    let body = match (&document.rules.body, document.auth) {
        (Some(body), _) => Some((body.schema, body.is_required)),
        (None, Auth::Client) => Some(("PhoneComTokenRequest", true)),
        (None, _) => None,
    };
    let example = document.example.clone().unwrap_or_default();
    Description {
        id: document.id.to_owned(),
        summary: document.summary,
        description: document.description.to_owned(),
        tag: TAG,
        security: match document.auth {
            Auth::Open => json!([]),
            Auth::Client => json!([{ CLIENT: [] }]),
            Auth::Token => json!([{ SCHEME: [] }]),
        },
        parameters,
        body: body.map(|(schema, is_required)| json_body(schema, is_required, example)),
        responses: responses(path, &document),
    }
    .into()
}

/// A number in a path.
fn number(name: &str) -> Value {
    let description = match name {
        "account_id" => "The number of the account; see `/v4/accounts`",
        "extension_id" => "The number of the extension; see the account's `extensions`",
        "contact_id" => "The number of the contact",
        _ => "The number of the contact group",
    };
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": { "type": "integer", "format": "int64", "minimum": 1 },
        "example": 1,
    })
}

fn responses(path: &str, document: &Document) -> Map<String, Value> {
    let mut examples: Vec<ErrorExample> =
        errors(path, document).into_iter().chain(errors_of_every_operation()).map(example_of).collect();
    if document.auth == Auth::Client {
        examples.extend(oauth::examples());
    }
    let mut responses = RESPONSES.errors(examples);
    let (schema, example) = &document.answer;
    let name = schema.trim_start_matches(RESPONSES.prefix);
    let (status, success) = match document.creates {
        true => ("201", RESPONSES.json(&format!("{name}Created"), "Created", schema, example.clone())),
        false => ("200", RESPONSES.json(name, "OK", schema, example.clone())),
    };
    responses.insert(status.to_owned(), success);
    responses
}

/// The errors of callers that may not call, and of invalid input.
fn errors(path: &str, document: &Document) -> Vec<Error> {
    if document.auth != Auth::Token {
        return Vec::new();
    }
    let unknown = Rejection::of(Scheme::ApiKey, AuthFailure::Unknown);
    let mut errors = vec![Error::Unauthenticated(unknown), Error::Forbidden(Denial::OtherExtension)];
    if path.contains('{') {
        errors.push(Error::NotFound(ResourceKind::Contact, "999999".to_owned()));
    }
    if document.rules.body.is_some() {
        errors.push(Error::Unreadable(BodyFault::Syntax("it must be a JSON object".to_owned())));
        errors.push(Error::Invalid(vec![Issue::field("name", Problem::Missing)]));
    }
    if !document.rules.query.is_empty() {
        let message = "\"abc\" is no whole number";
        errors.push(Error::Invalid(vec![Issue::field("filters.id", Problem::Rule(message.into()))]));
    }
    errors
}

fn example_of(error: Error) -> ErrorExample {
    let body = body_of(&error);
    let name = match &error {
        Error::Invalid(issues) if issues.iter().any(|issue| issue.problem == Problem::Missing) => Some("InvalidValues"),
        Error::Invalid(_) => Some("InvalidQuery"),
        Error::Unreadable(_) => Some("InvalidBody"),
        _ => None,
    };
    example(name, body)
}

/// An error as an example.
pub fn example(name: Option<&'static str>, body: ErrorBody) -> ErrorExample {
    let (status, body) = (body.status(), json!(body.timed(DateTime::UNIX_EPOCH)));
    ErrorExample { status, code: None, name, schema: "PhoneComError", body }
}
