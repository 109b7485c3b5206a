//! The responses of an operation, each with an example.

use super::{Auth, Operation};
use crate::api::openapi::{Kind, component, reference};
use serde_json::{Map, Value, json};

/// Every response of an operation, by status.
pub fn of(operation: &Operation) -> Value {
    let (status, success) = &operation.success;
    let mut responses = Map::new();
    responses.insert((*status).to_owned(), success.clone());
    let mut tell = |status: u16, name: &str, description: &str, error: Value| {
        responses.insert(status.to_string(), response(name, description, "PhoneComError", error));
    };
    let unreadable = "The body cannot be read: it must be a JSON object";
    match operation.auth {
        Auth::Open => {}
        Auth::Client => {
            let why = "grant_type must be client_credentials or password";
            tell(
                400,
                "PhoneComInvalidTokenRequest",
                "The request for a token is invalid",
                with_pair(400, "unsupported_grant_type", why),
            );
            let why = "client_id is the id of an API key, and client_secret the key itself";
            tell(401, "PhoneComInvalidClient", "The client is unknown", with_pair(401, "invalid_client", why));
        }
        Auth::Token => {
            let why = "The access token is not known";
            tell(401, "PhoneComUnauthorized", "Unauthorized", with_pair(401, "invalid_token", why));
            let denied = "A client session reaches its own person's extension only; use an API key";
            tell(403, "PhoneComForbidden", "Forbidden", plain(403, denied));
            if operation.path.contains('{') {
                tell(404, "PhoneComNotFound", "Not found", plain(404, "Contact 999999 not found"));
            }
            if operation.body.is_some() {
                tell(400, "PhoneComInvalidBody", "The body is not a JSON object", plain(400, unreadable));
            }
        }
    }
    if operation.path.contains("/accounts") && (operation.body.is_some() || is_list(operation)) {
        let (name, path) = match is_list(operation) {
            true => ("PhoneComInvalidQuery", "filters.id"),
            false => ("PhoneComInvalidValues", "phone_numbers.0.number"),
        };
        let mut error = plain(422, "Some values cannot be taken; `fields` says which");
        error["@error"]["fields"] = json!({ path: ["\"abc\" cannot be taken here"] });
        tell(422, name, "Some values are invalid", error);
    }
    tell(405, "PhoneComMethodNotAllowed", "Method not allowed", plain(405, "This address takes GET, POST"));
    tell(
        413,
        "PhoneComPayloadTooLarge",
        "The request body is too large",
        plain(413, "The body is over the limit of 1048576 bytes"),
    );
    tell(
        414,
        "PhoneComUriTooLong",
        "The URI is too long",
        plain(414, "The path and query are over the limit of 32768 bytes"),
    );
    let mut often = plain(429, "Too much requests");
    often["@error"]["@rateLimit"] =
        json!({ "RateLimit-Limit": 30, "RateLimit-Remaining": 0, "RateLimit-Reset": 1_795_315_745, "Retry-After": 1 });
    tell(429, "PhoneComTooManyRequests", "Too many requests", often);
    let internal = "Internal server error. The log has more under this request id";
    tell(500, "PhoneComInternalServerError", "Internal server error", with_pair(500, "server_error", internal));
    let away = "The service cannot answer just now. Try again in a moment";
    tell(
        503,
        "PhoneComServiceUnavailable",
        "The database is unavailable",
        with_pair(503, "temporarily_unavailable", away),
    );
    responses.into()
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
