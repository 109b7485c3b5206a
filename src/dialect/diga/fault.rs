//! What is wrong with a request's shape, as pydantic words it: for each fault its type, where it is, a message, what was
//! there instead, and what the message is made of. Secrets are never shown again: wherever a password would stand in what
//! was there, it is left out.

use super::answer;
use super::route::Refusal;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// One fault. The order of the members is that of the wire.
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

/// All faults of a request, in the order in which they were found: path, query, body.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// One more, in its place.
    pub fn add(&mut self, kind: &'static str, loc: &[&str], msg: impl Into<String>, input: Value, ctx: Option<Value>) {
        let loc = loc.iter().map(|step| Value::from(*step)).collect();
        self.0.push(Fault { kind, loc, msg: msg.into(), input: without_secrets(input), ctx });
    }

    /// What was read, if nothing is wrong with the request.
    pub fn judge<T>(self, read: Option<T>) -> Result<T, Refusal> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(Refusal::Shape(self)),
        }
    }

    /// The one fault of a body that is no JSON: it is found before any other is looked for.
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

/// A value without what belongs to a password. A text that speaks of one is not looked into, and left out whole.
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
