//! The responses of an operation, each with an example.

use super::{Auth, Operation};
use crate::api::openapi::{Kind, component, reference};
use serde_json::{Map, Value, json};

/// Every response of an operation, by status.
pub fn of(operation: &Operation) -> Value {
    let (status, success) = &operation.success;
    let mut responses = Map::from_iter([((*status).to_owned(), success.clone())]);
    let own = of_auth(operation).into_iter().chain(of_input(operation)).chain(of_every_operation());
    responses.extend(own.map(|(status, name, description, error)| {
        let name = format!("PhoneCom{name}");
        (status.to_string(), response(&name, description, "PhoneComError", error))
    }));
    responses.into()
}

/// The status, name, description and example of an error.
type Failure = (u16, &'static str, &'static str, Value);

/// The errors of callers that may not call.
fn of_auth(operation: &Operation) -> Vec<Failure> {
    match operation.auth {
        Auth::Open => Vec::new(),
        Auth::Client => {
            let grant = "grant_type must be client_credentials or password";
            let client = "client_id is the id of an API key, and client_secret the key itself";
            let grant = with_pair(400, "unsupported_grant_type", grant);
            vec![
                (400, "InvalidTokenRequest", "The request for a token is invalid", grant),
                (401, "InvalidClient", "The client is unknown", with_pair(401, "invalid_client", client)),
            ]
        }
        Auth::Token => {
            let unknown = with_pair(401, "invalid_token", "The access token is not known");
            let denied = "A client session reaches its own person's extension only; use an API key";
            vec![(401, "Unauthorized", "Unauthorized", unknown), (403, "Forbidden", "Forbidden", plain(403, denied))]
        }
    }
}

/// The errors of requests whose path, query or body is invalid.
fn of_input(operation: &Operation) -> Vec<Failure> {
    let mut failures = Vec::new();
    if operation.auth == Auth::Token && operation.path.contains('{') {
        failures.push((404, "NotFound", "Not found", plain(404, "Contact 999999 not found")));
    }
    if operation.auth == Auth::Token && operation.body.is_some() {
        let unreadable = plain(400, "The body cannot be read: it must be a JSON object");
        failures.push((400, "InvalidBody", "The body is not a JSON object", unreadable));
    }
    if operation.path.contains("/accounts") && (operation.body.is_some() || is_list(operation)) {
        let (name, path) = match is_list(operation) {
            true => ("InvalidQuery", "filters.id"),
            false => ("InvalidValues", "phone_numbers.0.number"),
        };
        let mut error = plain(422, "Some values cannot be taken; `fields` says which");
        error["@error"]["fields"] = json!({ path: ["\"abc\" cannot be taken here"] });
        failures.push((422, name, "Some values are invalid", error));
    }
    failures
}

/// The errors of every operation.
fn of_every_operation() -> [Failure; 6] {
    let method = plain(405, "This address takes GET, POST");
    let large = plain(413, "The body is over the limit of 1048576 bytes");
    let long = plain(414, "The path and query are over the limit of 32768 bytes");
    let mut often = plain(429, "Too much requests");
    often["@error"]["@rateLimit"] =
        json!({ "RateLimit-Limit": 30, "RateLimit-Remaining": 0, "RateLimit-Reset": 1_795_315_745, "Retry-After": 1 });
    let internal = "Internal server error. The log has more under this request id";
    let away = "The service cannot answer just now. Try again in a moment";
    [
        (405, "MethodNotAllowed", "Method not allowed", method),
        (413, "PayloadTooLarge", "The request body is too large", large),
        (414, "UriTooLong", "The URI is too long", long),
        (429, "TooManyRequests", "Too many requests", often),
        (500, "InternalServerError", "Internal server error", with_pair(500, "server_error", internal)),
        (503, "ServiceUnavailable", "The database is unavailable", with_pair(503, "temporarily_unavailable", away)),
    ]
}

fn is_list(operation: &Operation) -> bool {
    operation.parameters.iter().any(|parameter| parameter["name"] == "limit")
}

/// A response with a body.
pub fn response(name: &str, description: &str, schema: &str, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema), "example": example } });
    let header = json!({
        "description": "The id of the request, also in the log",
        "schema": { "type": "string", "format": "uuid" },
    });
    let headers = json!({ "x-request-id": component(Kind::Header, "x-request-id", header) });
    component(Kind::Response, name, json!({ "description": description, "headers": headers, "content": content }))
}

fn plain(status: u16, message: &str) -> Value {
    json!({ "@error": { "@message": message, "@httpStatusCode": status, "@time": "2026-11-21T13:37:16.903Z" } })
}

fn with_pair(status: u16, code: &str, message: &str) -> Value {
    let mut error = plain(status, message);
    error["@error"]["@code"] = code.into();
    error["@error"]["@details"] = message.into();
    error["error"] = code.into();
    error["error_description"] = message.into();
    error
}
