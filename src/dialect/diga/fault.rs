//! Validation errors in pydantic's format: type, location, message, input, and the values in the message as context.
//! Passwords are never echoed: they are removed from `input`.

use super::answer;
use crate::error::Error;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// One validation error. Fields in wire order.
#[derive(Debug, Serialize)]
pub struct Fault {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: Vec<Value>,
    msg: String,
    input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx: Option<Value>,
}

/// Validation errors of a request, in the order path, query, body.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds an error at `loc`.
    pub fn add(&mut self, kind: &'static str, loc: &[&str], msg: impl Into<String>, input: Value, ctx: Option<Value>) {
        let loc = loc.iter().map(|step| Value::from(*step)).collect();
        self.0.push(Fault { kind, loc, msg: msg.into(), input: without_secrets(input), ctx });
    }

    /// Returns `read` if there are no errors.
    pub fn judge<T>(self, read: Option<T>) -> Result<T, Refusal> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(Refusal::Shape(self)),
        }
    }

    /// The only error of a body that is not JSON: parsing precedes validation.
    pub fn of_syntax(offset: usize, reason: &str) -> Faults {
        Faults(vec![Fault {
            kind: "json_invalid",
            loc: vec!["body".into(), offset.into()],
            msg: "JSON decode error".to_owned(),
            input: json!({}),
            ctx: Some(json!({ "error": reason })),
        }])
    }
}

impl IntoResponse for Faults {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            detail: Vec<Fault>,
        }
        answer::json(StatusCode::UNPROCESSABLE_ENTITY, &Body { detail: self.0 })
    }
}

/// Removes members named `password`. A string that contains the word becomes null, unparsed.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| name != "password")
            .map(|(name, value)| (name, without_secrets(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_secrets).collect(),
        Value::String(text) if text.contains("password") => Value::Null,
        value => value,
    }
}

/// Failure of a handler: a domain error, or validation errors of the request.
#[derive(Debug)]
pub enum Refusal {
    Error(Error),
    Shape(Faults),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Error(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Error(error) => error.into_response(),
            Refusal::Shape(faults) => faults.into_response(),
        }
    }
}
