//! How a call can end, each with an example.

use super::examples::{reason, xml};
use super::schemas::reference;
use super::{Operation, Refusal};
use serde_json::{Map, Value, json};

/// Every response of a call, by status.
pub fn of(operation: &Operation) -> Value {
    let mut responses = Map::new();
    if let Some((status, success)) = &operation.success {
        responses.insert((*status).to_owned(), success.clone());
    }
    if operation.parameters.iter().any(|parameter| parameter["name"] == "If-None-Match") {
        responses.insert("304".to_owned(), empty("What the client has is current"));
    }
    if !operation.is_open {
        responses.insert("401".to_owned(), challenge());
    }
    for refusal in operation.refusals.iter().chain(COMMON) {
        let response = responses.entry(refusal.status).or_insert_with(|| refused(refusal));
        // Where one status has several reasons, the first is the example and each is told.
        let told = format!("{} {}.", response["description"].as_str().unwrap_or_default(), refusal.name());
        response["description"] = told.into();
    }
    responses.into()
}

/// The code of a refused sign-in, which has a form of its own.
pub const TOKEN_FAULT: &str = "invalid_grant";

/// What every call may answer.
const COMMON: &[Refusal] = &[
    Refusal::new("405", "MethodNotAllowed", "The method is not allowed here. Use one of those under Allow"),
    Refusal::new("413", "EntityTooLarge", "The body is over the limit of 1048576 bytes"),
    Refusal::new("414", "BadRequest", "The path and query are over the limit of 32768 bytes"),
    Refusal::new("500", "ServiceFailure", "Something went wrong here. The log has more under this request's number"),
    Refusal::new("503", "ServiceUnavailable", "The service cannot answer just now. Try again in a moment"),
];

impl Refusal {
    pub const fn new(status: &'static str, code: &'static str, message: &'static str) -> Refusal {
        Refusal { status, code, subcode: None, message }
    }

    pub const fn sub(
        status: &'static str,
        code: &'static str,
        subcode: &'static str,
        message: &'static str,
    ) -> Refusal {
        Refusal { status, code, subcode: Some(subcode), message }
    }

    fn name(&self) -> String {
        self.subcode.map_or_else(|| format!("`{}`", self.code), |subcode| format!("`{}/{subcode}`", self.code))
    }
}

/// A resource, in each of the forms.
pub fn response(description: &str, schema: &str, example: &Value) -> Value {
    let json = json!({ "schema": reference(schema), "example": example });
    let xml = json!({ "schema": reference("UcwaXml"), "example": xml(example) });
    let content = json!({
        "application/json": json,
        "application/vnd.microsoft.com.ucwa+json": json,
        "application/xml": xml,
        "application/vnd.microsoft.com.ucwa+xml": xml,
    });
    json!({ "description": description, "headers": headers(), "content": content })
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

fn refused(refusal: &Refusal) -> Value {
    if refusal.code == TOKEN_FAULT {
        return json_only("Refused:", "UcwaTokenError", json!({ "error": TOKEN_FAULT }));
    }
    let mut example = json!({ "code": refusal.code, "message": refusal.message });
    if let Some(subcode) = refusal.subcode {
        example["subcode"] = subcode.into();
    }
    if refusal.subcode == Some("ParameterValidationFailure") {
        example["parameters"] = json!([{ "name": "number", "reason": "It has more than 80 characters" }]);
    }
    let content = json!({
        "application/json": { "schema": reference("UcwaError"), "example": example },
        "application/xml": { "schema": reference("UcwaXml"), "example": reason(&example) },
    });
    json!({ "description": "Refused:", "headers": headers(), "content": content })
}

fn challenge() -> Value {
    let page = json!({ "schema": reference("UcwaPage"), "example": "<html><body>Sign in first.</body></html>" });
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
