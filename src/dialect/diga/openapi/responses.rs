//! The responses of an operation, each with an example.

use super::Operation;
use super::schemas::ID;
use crate::api::openapi::{Kind, component, pascal_case, reference};
use serde_json::{Map, Value, json};

/// Every response of an operation, by status.
pub fn of(operation: &Operation) -> Value {
    let (status, success) = &operation.success;
    let mut responses = Map::new();
    responses.insert((*status).to_owned(), success.clone());
    for status in ["404", "409"] {
        let errors: Vec<(&str, &str)> = operation
            .errors
            .iter()
            .filter(|error| error.0 == status)
            .map(|(_, code, message)| (*code, *message))
            .collect();
        if !errors.is_empty() {
            responses.insert(status.to_owned(), of_codes(status, &errors));
        }
    }
    let unknown = "Invalid or missing API key";
    let denied = "Missing permissions: a client session reaches its own person's phones only; use an API key";
    let large = "The request body is over the limit of 1048576 bytes";
    let long = "The path and query are over the limit of 32768 bytes";
    let often = "More than the 120 requests that are allowed at a time. Try again in 1 s";
    let internal = "Internal server error. The log has more under this request id";
    let away = "The service cannot answer just now. Try again in a moment";
    let mut unauthorized = error("UNAUTHORIZED", unknown);
    unauthorized["detail"] = "Not authenticated".into();
    let router = json!({ "detail": "Method Not Allowed" });
    for (status, response) in [
        ("401", response("DigaUnauthorized", "Unauthorized", "DigaError", unauthorized)),
        ("403", with_code("DigaForbidden", "Forbidden", "MISSING_PERMISSIONS", denied)),
        ("405", response("DigaMethodNotAllowed", "Method not allowed", "DigaRouterError", router)),
        ("413", with_code("DigaPayloadTooLarge", "The request body is too large", "PAYLOAD_TOO_LARGE", large)),
        ("414", with_code("DigaUriTooLong", "The URI is too long", "URI_TOO_LONG", long)),
        ("422", invalid()),
        ("429", with_code("DigaTooManyRequests", "Too many requests", "RATE_LIMIT_EXCEEDED", often)),
        ("500", with_code("DigaInternalServerError", "Internal server error", "INTERNAL_SERVER_ERROR", internal)),
        ("503", with_code("DigaServiceUnavailable", "The database is unavailable", "SERVICE_UNAVAILABLE", away)),
    ] {
        responses.insert(status.to_owned(), response);
    }
    responses.into()
}

/// The response of a status with several codes: the first is the example, and the description names each.
fn of_codes(status: &str, errors: &[(&str, &str)]) -> Value {
    let names: Vec<String> = errors.iter().map(|(code, _)| pascal_case(&code.to_lowercase())).collect();
    let codes: Vec<String> = errors.iter().map(|(code, _)| format!("`{code}`")).collect();
    let title = if status == "404" { "Not found" } else { "The state of the phone forbids the operation" };
    let description = format!("{title}: {}", codes.join(", "));
    let (code, message) = errors[0];
    let mut example = error(code, message);
    if status == "404" {
        example["detail"] = message.into();
    }
    response(&format!("Diga{}", names.join("Or")), &description, "DigaError", example)
}

/// A response with a body.
pub fn response(name: &str, description: &str, schema: &str, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema), "example": example } });
    component(Kind::Response, name, json!({ "description": description, "headers": headers(), "content": content }))
}

/// A response without a body.
pub fn empty(name: &str, description: &str) -> Value {
    component(Kind::Response, name, json!({ "description": description, "headers": headers() }))
}

fn headers() -> Value {
    let header = json!({
        "description": "The id of the request, also in the log",
        "schema": { "type": "string", "format": "uuid" },
    });
    json!({ "x-request-id": component(Kind::Header, "x-request-id", header) })
}

fn with_code(name: &str, description: &str, code: &str, message: &str) -> Value {
    response(name, description, "DigaError", error(code, message))
}

fn error(code: &str, message: &str) -> Value {
    json!({ "status": "error", "error_code": code, "message": message })
}

fn invalid() -> Value {
    let reason = "invalid length: found 3";
    let issue = json!({
        "type": "uuid_parsing",
        "loc": ["path", "phone_id"],
        "msg": format!("Input should be a valid UUID, {reason}"),
        "input": ID.get(..3),
        "ctx": { "error": reason },
    });
    response("DigaInvalid", "The request is invalid", "DigaValidationError", json!({ "detail": [issue] }))
}
