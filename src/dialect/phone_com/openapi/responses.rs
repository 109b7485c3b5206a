//! How a call can end, each with an example.

use super::schemas::reference;
use super::{Door, Operation};
use serde_json::{Map, Value, json};

/// Every response of a call, by status.
pub fn of(operation: &Operation) -> Value {
    let (status, success) = &operation.success;
    let mut responses = Map::new();
    responses.insert((*status).to_owned(), success.clone());
    let mut tell = |status: u16, description: &str, error: Value| {
        responses.insert(status.to_string(), response(description, "PhoneComError", error));
    };
    let unreadable = "The body cannot be read: it must be a JSON object";
    match operation.door {
        Door::Open => {}
        Door::Client => {
            let failure = "grant_type must be client_credentials or password";
            tell(400, "The request is not one for a token", with_pair(400, "unsupported_grant_type", failure));
            let failure = "client_id is the id of an API key, and client_secret the key itself";
            tell(401, "The client is not known", with_pair(401, "invalid_client", failure));
        }
        Door::Token => {
            let failure = "The access token is not known";
            tell(401, "Nobody is known to be calling", with_pair(401, "invalid_token", failure));
            let denied = "A client session reaches its own person's extension only; use an API key";
            tell(403, "The caller may not do this", plain(403, denied));
            if operation.path.contains('{') {
                tell(404, "There is no such thing", plain(404, "Contact 999999 not found"));
            }
            if operation.body.is_some() {
                tell(400, "The body is not a JSON object", plain(400, unreadable));
            }
        }
    }
    if operation.path.contains("/accounts") && (operation.body.is_some() || is_list(operation)) {
        let path = if is_list(operation) { "filters.id" } else { "phone_numbers.0.number" };
        let mut error = plain(422, "Some values cannot be taken; `fields` says which");
        error["@error"]["fields"] = json!({ path: ["\"abc\" cannot be taken here"] });
        tell(422, "Some values cannot be taken", error);
    }
    tell(405, "Another method is needed", plain(405, "This address takes GET, POST"));
    tell(413, "The body is too large", plain(413, "The body is over the limit of 1048576 bytes"));
    tell(414, "The address is too long", plain(414, "The path and query are over the limit of 32768 bytes"));
    let mut often = plain(429, "Too much requests");
    often["@error"]["@rateLimit"] =
        json!({ "RateLimit-Limit": 30, "RateLimit-Remaining": 0, "RateLimit-Reset": 1_795_315_745, "Retry-After": 1 });
    tell(429, "Too many requests, where the server limits them", often);
    let internal = "Internal server error. The log has more under this request id";
    tell(500, "A fault of the service", with_pair(500, "server_error", internal));
    let away = "The service cannot answer just now. Try again in a moment";
    tell(503, "The database is away", with_pair(503, "temporarily_unavailable", away));
    responses.into()
}

fn is_list(operation: &Operation) -> bool {
    operation.parameters.iter().any(|parameter| parameter["name"] == "limit")
}

/// An answer with a body.
pub fn response(description: &str, schema: &str, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema), "example": example } });
    let headers = json!({ "x-request-id": { "$ref": "#/components/headers/x-request-id" } });
    json!({ "description": description, "headers": headers, "content": content })
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
