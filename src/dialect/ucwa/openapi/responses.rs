//! The responses of an operation, each with an example.

use super::super::error::{ErrorBody, said};
use super::super::resource::Resource;
use super::Operation;
use crate::api::openapi::{Kind, component, pascal_case, reference};
use crate::error::{Error, Throttle};
use axum::http::StatusCode;
use chrono::DateTime;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Every response of an operation, by status.
pub fn of(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, success) in &operation.success {
        responses.insert((*status).to_owned(), success.clone());
    }
    if operation.parameters.iter().any(|parameter| parameter["name"] == "If-None-Match") {
        responses.insert("304".to_owned(), empty("UcwaNotModified", "Not modified"));
    }
    if !operation.is_open {
        responses.insert("401".to_owned(), challenge());
    }
    match operation.is_oauth {
        true => refuse_in_oauth(&mut responses),
        false => {
            let common = common();
            let mut errors: Vec<&ErrorBody> = operation.errors.iter().chain(&common).collect();
            // Those with a subcode first: they make the better example.
            errors.sort_by_key(|error| (!error.name().contains('/'), error.name()));
            let statuses: BTreeSet<StatusCode> = errors.iter().map(|error| error.status()).collect();
            for status in statuses {
                let of_status: Vec<&ErrorBody> =
                    errors.iter().copied().filter(|error| error.status() == status).collect();
                responses.insert(status.as_str().to_owned(), failure(status, &of_status));
            }
        }
    }
    responses.into()
}

/// The errors of every operation.
fn common() -> [ErrorBody; 5] {
    [
        Error::MethodNotAllowed(vec!["GET"]),
        Error::TooLarge(1 << 20),
        Error::Throttled(Throttle { limit: 120, remaining: 0, reset: DateTime::UNIX_EPOCH, retry_after: 30 }),
        Error::Internal("an example".into()),
        Error::Unavailable(String::new()),
    ]
    .map(|error| said(&error))
}

/// The response of a status with several errors: the first is the example, and the description names each.
fn failure(status: StatusCode, errors: &[&ErrorBody]) -> Value {
    let example = errors[0];
    let content = json!({
        "application/json": { "schema": reference("UcwaError"), "example": example.json() },
        "application/xml": { "schema": reference("UcwaXml"), "example": text(example.xml()) },
    });
    let mut names: Vec<String> = errors.iter().map(|error| error.name()).collect();
    names.dedup();
    let reason = pascal_case(status.canonical_reason().unwrap_or_default());
    let subcodes: Vec<&str> = match names.as_slice() {
        [only] => only.split_once('/').map(|(_, subcode)| subcode).into_iter().collect(),
        several => several.iter().map(|name| name.split_once('/').map_or("General", |(_, subcode)| subcode)).collect(),
    };
    let codes: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let response = json!({ "description": codes.join(", "), "headers": headers(), "content": content });
    component(Kind::Response, &format!("Ucwa{reason}{}", subcodes.join("Or")), response)
}

/// The errors of OAuth.
fn refuse_in_oauth(responses: &mut Map<String, Value>) {
    let codes = "`invalid_grant`, `invalid_request` or `unsupported_grant_type`";
    for (status, name, description, code) in [
        ("400", "UcwaTokenInvalidRequest", codes, "invalid_grant"),
        ("405", "UcwaTokenMethodNotAllowed", "Method not allowed", "invalid_request"),
        ("413", "UcwaTokenPayloadTooLarge", "The request body is too large", "invalid_request"),
        ("429", "UcwaTokenTooManyRequests", "Too many requests", "temporarily_unavailable"),
        ("500", "UcwaTokenInternalServerError", "Internal server error", "server_error"),
        ("503", "UcwaTokenServiceUnavailable", "The database is unavailable", "temporarily_unavailable"),
    ] {
        responses.insert(status.to_owned(), json_only(name, description, "UcwaTokenError", json!({ "error": code })));
    }
}

/// A resource in JSON and XML, with these headers.
pub fn response(name: &str, schema: &str, extra: &[(&str, &str)], example: &Resource) -> Value {
    let json = json!({ "schema": reference(schema), "example": example.json() });
    let xml = json!({ "schema": reference("UcwaXml"), "example": text(example.xml()) });
    let content = json!({ "application/json": json, "application/xml": xml });
    let mut headers = headers();
    for (header, description) in extra {
        headers[header] = json!({ "description": description, "schema": { "type": "string" } });
    }
    component(Kind::Response, name, json!({ "description": "OK", "headers": headers, "content": content }))
}

fn text(xml: Vec<u8>) -> String {
    String::from_utf8(xml).expect("what is written is UTF-8")
}

/// A response in JSON only.
pub fn json_only(name: &str, description: &str, schema: &str, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema), "example": example } });
    component(Kind::Response, name, json!({ "description": description, "headers": headers(), "content": content }))
}

/// A response without a body.
pub fn empty(name: &str, description: &str) -> Value {
    component(Kind::Response, name, json!({ "description": description, "headers": headers() }))
}

fn challenge() -> Value {
    let page = json!({ "schema": reference("UcwaPage"), "example": "<!DOCTYPE html><html><body>…</body></html>" });
    let mut headers = headers();
    headers["WWW-Authenticate"] = json!({
        "description": "`Bearer …`, and in a second header `MsRtcOAuth href=\"…\"`",
        "schema": { "type": "string" },
    });
    let response = json!({
        "description": "Unauthorized. Two WWW-Authenticate headers say where to get a token",
        "headers": headers,
        "content": { "text/html": page },
    });
    component(Kind::Response, "UcwaUnauthorized", response)
}

fn headers() -> Value {
    let header = json!({
        "description": "The id of the request, also in the log",
        "schema": { "type": "string", "format": "uuid" },
    });
    json!({ "x-request-id": component(Kind::Header, "x-request-id", header) })
}
