//! The dialect's part of the OpenAPI document: the vendor's operations of 2017 with later additions, and the two resources
//! in which a client finds its numbers.

pub mod examples;
mod schemas;

use super::error::{ErrorBody, body_of};
use super::oauth;
use super::route::{Auth, Operation, PhoneCom};
use crate::api::input::Field;
use crate::api::openapi::*;
use crate::error::{AuthFailure, BodyFault, Denial, Error, Issue, Problem, Rejection, ResourceKind, Scheme};
use chrono::DateTime;
use serde_json::{Map, Value, json};

/// The security schemes.
const SCHEME: &str = "PhoneComOAuth";
const CLIENT: &str = "PhoneComClient";
pub const RESPONSES: Responses = Responses { prefix: "PhoneCom", request_id: "x-request-id", media_type: JSON };

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let bearer = "An API key, an access token, a client session, or a token of /v4/oauth/access-token";
    let client = "The id of an API key and the key itself; the body may hold both instead";
    let security_schemes =
        json!({ SCHEME: security_scheme("bearer", bearer), CLIENT: security_scheme("basic", client) });
    let description = "Contacts of user identities, compatible with Phone.com's API";
    PhoneCom::document(description, super::routes(), schemas::all(), security_schemes)
}

impl Described for PhoneCom {
    const TAG: &'static str = "phone_com";
    const RESPONSES: Responses = RESPONSES;

    fn security(operation: &Operation) -> Value {
        match operation.document {
            Auth::Open => json!([]),
            Auth::Client => json!([{ CLIENT: [] }]),
            Auth::Token => json!([{ SCHEME: [] }]),
        }
    }

    fn path_parameter(name: &str, _: Option<&Field>) -> Value {
        number(name)
    }

    fn parameters(operation: &Operation) -> Vec<Value> {
        if !takes_preconditions(operation) {
            return Vec::new();
        }
        let description = "The ETag of the client's copy; the request fails with 412 if it is no longer current";
        vec![optional_parameter("If-Match", "header", description, json!({ "type": "string" }))]
    }

    fn errors(operation: &Operation) -> Map<String, Value> {
        let of_oauth = oauth::examples().into_iter().filter(|_| operation.document == Auth::Client);
        let mut responses = RESPONSES.errors(errors(operation).iter().map(example_of).chain(of_oauth));
        let unknown = Rejection::of(Scheme::ApiKey, AuthFailure::Unknown);
        let fallback = match operation.document {
            Auth::Token => {
                let own = [Error::Unauthenticated(unknown), Error::Forbidden(Denial::OtherExtension)];
                RESPONSES.fallback(FALLBACK_NAME, &own, example_of)
            }
            Auth::Open | Auth::Client => RESPONSES.fallback(PUBLIC_FALLBACK_NAME, &[], example_of),
        };
        responses.insert(FALLBACK.to_owned(), fallback);
        responses
    }
}

/// Whether an operation changes a record that a GET shows with its entity tag.
fn takes_preconditions(operation: &Operation) -> bool {
    operation.path.ends_with('}') && operation.methods != ["GET"]
}

/// A number in a path.
fn number(name: &str) -> Value {
    let description = match name {
        "account_id" => "The number of the account; see `/v4/accounts`",
        "extension_id" => "The number of the extension; see the account's `extensions`",
        "contact_id" => "The number of the contact",
        _ => "The number of the contact group",
    };
    path_parameter(name, description, json!({ "type": "integer", "format": "int64", "minimum": 1 }), 1)
}

/// The errors of preconditions and of invalid input.
fn errors(operation: &Operation) -> Vec<Error> {
    if operation.document != Auth::Token {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if operation.path.contains('{') {
        errors.push(Error::NotFound(ResourceKind::Contact, "999999".to_owned()));
    }
    if takes_preconditions(operation) {
        errors.push(Error::PreconditionFailed);
    }
    if operation.rules.body.is_some() {
        errors.push(Error::Unreadable(BodyFault::Syntax("it must be a JSON object".to_owned())));
        errors.push(Error::Invalid(vec![Issue::field("name", Problem::Missing)]));
    }
    if !operation.rules.query.is_empty() {
        let message = "\"abc\" is no whole number";
        errors.push(Error::Invalid(vec![Issue::field("filters.id", Problem::Rule(message.into()))]));
    }
    errors
}

fn example_of(error: &Error) -> ErrorExample {
    let body = body_of(error);
    let name = match error {
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
