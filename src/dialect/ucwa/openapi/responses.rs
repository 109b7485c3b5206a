//! How a call can end, each with an example.

use super::super::error::{ErrorBody, said};
use super::super::resource::Resource;
use super::Operation;
use super::schemas::reference;
use crate::error::{Error, Throttle};
use chrono::DateTime;
use serde_json::{Map, Value, json};

/// Every response of a call, by status.
pub fn of(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, success) in &operation.success {
        responses.insert((*status).to_owned(), success.clone());
    }
    if operation.parameters.iter().any(|parameter| parameter["name"] == "If-None-Match") {
        responses.insert("304".to_owned(), empty("What the client has is current"));
    }
    if !operation.is_open {
        responses.insert("401".to_owned(), challenge());
    }
    match operation.is_oauth {
        true => refuse_in_oauth(&mut responses),
        false => operation
            .refusals
            .iter()
            .chain(&common(operation.method))
            .for_each(|failure| refuse(&mut responses, failure)),
    }
    responses.into()
}

/// What every call may answer.
fn common(method: &'static str) -> [ErrorBody; 5] {
    let method = if method == "get" { "GET" } else { "POST" };
    [
        Error::MethodNotAllowed(vec![method]),
        Error::TooLarge(1 << 20),
        Error::Throttled(Throttle { limit: 120, remaining: 0, reset: DateTime::UNIX_EPOCH, retry_after: 30 }),
        Error::Internal("an example".into()),
        Error::Unavailable(String::new()),
    ]
    .map(|error| said(&error))
}

fn refuse(responses: &mut Map<String, Value>, failure: &ErrorBody) {
    let example = failure.json();
    let content = json!({
        "application/json": { "schema": reference("UcwaError"), "example": example },
        "application/xml": { "schema": reference("UcwaXml"), "example": text(failure.xml()) },
    });
    let refused = || json!({ "description": "Refused:", "headers": headers(), "content": content });
    // Where one status has several reasons, the first is the example and each is told.
    let response = responses.entry(failure.status().as_str()).or_insert_with(refused);
    let told = format!("{} `{}`.", response["description"].as_str().unwrap_or_default(), failure.name());
    response["description"] = told.into();
}

/// Where tokens are given, words are OAuth's.
fn refuse_in_oauth(responses: &mut Map<String, Value>) {
    let faults = "No token is given: `invalid_grant`, `invalid_request` or `unsupported_grant_type`";
    for (status, description, fault) in [
        ("400", faults, "invalid_grant"),
        ("405", "It is asked for with POST", "invalid_request"),
        ("413", "The body is too large", "invalid_request"),
        ("429", "The caller comes too often", "temporarily_unavailable"),
        ("500", "A fault of the service", "server_error"),
        ("503", "The database is away", "temporarily_unavailable"),
    ] {
        responses.insert(status.to_owned(), json_only(description, "UcwaTokenError", json!({ "error": fault })));
    }
}

/// A resource, in each of the forms.
pub fn response(description: &str, schema: &str, example: &Resource) -> Value {
    let json = json!({ "schema": reference(schema), "example": example.json() });
    let xml = json!({ "schema": reference("UcwaXml"), "example": text(example.xml()) });
    let content = json!({ "application/json": json, "application/xml": xml });
    json!({ "description": description, "headers": headers(), "content": content })
}

fn text(xml: Vec<u8>) -> String {
    String::from_utf8(xml).expect("what is written is UTF-8")
}

/// An answer in JSON only.
pub fn json_only(description: &str, schema: &str, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema), "example": example } });
    json!({ "description": description, "headers": headers(), "content": content })
}

/// An answer without anything in it.
pub fn empty(description: &str) -> Value {
    json!({ "description": description, "headers": headers() })
}

/// The same with a header that says something of what is answered.
pub fn with_header(mut response: Value, name: &str, description: &str) -> Value {
    response["headers"][name] = json!({ "description": description, "schema": { "type": "string" } });
    response
}

fn challenge() -> Value {
    let page = json!({ "schema": reference("UcwaPage"), "example": "<!DOCTYPE html><html><body>…</body></html>" });
    let response = json!({
        "description": "Nobody is known to be calling. Two WWW-Authenticate headers say where a token is to be had",
        "headers": headers(),
        "content": { "text/html": page },
    });
    with_header(response, "WWW-Authenticate", "`Bearer …`, and in a second header `MsRtcOAuth href=\"…\"`")
}

fn headers() -> Value {
    json!({ "x-request-id": { "$ref": "#/components/headers/x-request-id" } })
}
