//! How a call can end, each with an example.

use super::Operation;
use super::schemas::{ID, reference};
use serde_json::{Map, Value, json};

/// Every response of a call, by status.
pub fn of(operation: &Operation) -> Value {
    let (status, success) = &operation.success;
    let mut responses = Map::new();
    responses.insert((*status).to_owned(), success.clone());
    let unknown = "Invalid or missing API key";
    let mut refused = with_code("Nobody is known to be calling", "UNAUTHORIZED", unknown);
    refused["content"]["application/json"]["example"]["detail"] = "Not authenticated".into();
    responses.insert("401".to_owned(), refused);
    let denied = "Missing permissions: a client session reaches its own person's phones only; use an API key";
    responses.insert("403".to_owned(), with_code("The caller may not do this", "MISSING_PERMISSIONS", denied));
    for (status, code, message) in operation.refusals {
        // Where one status has several codes, the first is the example and each is told.
        let response = responses
            .entry(*status)
            .or_insert_with(|| with_code(if *status == "404" { NOT_FOUND } else { CONFLICT }, code, message));
        if *status == "404" {
            response["content"]["application/json"]["example"]["detail"] = (*message).into();
        }
        let told = format!("{} `{code}`.", response["description"].as_str().unwrap_or_default());
        response["description"] = told.into();
    }
    let router = json!({ "detail": "Method Not Allowed" });
    responses.insert("405".to_owned(), response("Another method is needed", "DigaRouterError", router));
    let large = "The request body is over the limit of 1048576 bytes";
    responses.insert("413".to_owned(), with_code("The body is too large", "PAYLOAD_TOO_LARGE", large));
    let long = "The path and query are over the limit of 32768 bytes";
    responses.insert("414".to_owned(), with_code("The address is too long", "URI_TOO_LONG", long));
    responses.insert("422".to_owned(), malformed());
    let often = "More than the 120 requests that are allowed at a time. Try again in 1 s";
    responses.insert("429".to_owned(), with_code("The caller comes too often", "RATE_LIMIT_EXCEEDED", often));
    let internal = "Internal server error. The log has more under this request id";
    responses.insert("500".to_owned(), with_code("A fault of the service", "INTERNAL_SERVER_ERROR", internal));
    let away = "The service cannot answer just now. Try again in a moment";
    responses.insert("503".to_owned(), with_code("The database is away", "SERVICE_UNAVAILABLE", away));
    responses.into()
}

const NOT_FOUND: &str = "There is no such thing in this workspace:";
const CONFLICT: &str = "The state of things forbids it:";

/// An answer with a body.
pub fn response(description: &str, schema: &str, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema), "example": example } });
    json!({ "description": description, "headers": headers(), "content": content })
}

/// An answer without one.
pub fn empty(description: &str) -> Value {
    json!({ "description": description, "headers": headers() })
}

fn headers() -> Value {
    json!({ "x-request-id": { "$ref": "#/components/headers/x-request-id" } })
}

fn with_code(description: &str, code: &str, message: &str) -> Value {
    response(description, "DigaError", json!({ "status": "error", "error_code": code, "message": message }))
}

fn malformed() -> Value {
    let reason = "invalid length: found 3";
    let fault = json!({
        "type": "uuid_parsing",
        "loc": ["path", "phone_id"],
        "msg": format!("Input should be a valid UUID, {reason}"),
        "input": ID.get(..3),
        "ctx": { "error": reason },
    });
    response("The request has another shape", "DigaValidationError", json!({ "detail": [fault] }))
}
