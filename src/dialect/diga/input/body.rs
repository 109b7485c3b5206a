//! JSON bodies, parsed if the content type is JSON or absent, and typed readers of object members.

use super::super::fault::Faults;
use super::super::fault::Refusal;
use crate::http::body;
use crate::model::e164::E164;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A request body before validation.
pub enum Brought {
    /// No body, or JSON `null`.
    Nothing,
    Value(Value),
}

/// A JSON object of the body and its location.
pub struct Object {
    members: Map<String, Value>,
    within: &'static [&'static str],
}

/// Reads the request body. Malformed JSON is an error at once; a body of another content type is a string.
pub async fn read(request: Request) -> Result<Brought, Refusal> {
    let (head, body) = request.into_parts();
    let bytes = body::read(body).await?;
    if bytes.is_empty() {
        return Ok(Brought::Nothing);
    }
    if !is_json(&head.headers) {
        return Ok(Brought::Value(String::from_utf8_lossy(&bytes).into()));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Null) => Ok(Brought::Nothing),
        Ok(value) => Ok(Brought::Value(value)),
        Err(fault) => Err(Refusal::Shape(Faults::of_syntax(offset(&bytes, &fault), &fault.to_string()))),
    }
}

/// Byte offset of a syntax error.
fn offset(bytes: &[u8], fault: &serde_json::Error) -> usize {
    if fault.is_eof() {
        return bytes.len();
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').take(fault.line().saturating_sub(1));
    lines.map(<[u8]>::len).sum::<usize>() + fault.column().saturating_sub(1)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let subtype = media_type.strip_prefix("application/");
    media_type.is_empty() || subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

impl Brought {
    /// Returns the required object.
    pub fn object(self, faults: &mut Faults) -> Option<Object> {
        match self {
            Brought::Nothing => {
                faults.add("missing", &["body"], "Field required", Value::Null, None);
                None
            }
            Brought::Value(value) => object(value, &["body"], faults),
        }
    }

    /// Returns the optional object; an absent body is an empty one.
    pub fn object_or_nothing(self, faults: &mut Faults) -> Option<Object> {
        match self {
            Brought::Nothing => Some(Object { members: Map::new(), within: &["body"] }),
            Brought::Value(value) => object(value, &["body"], faults),
        }
    }
}

fn object(value: Value, within: &'static [&'static str], faults: &mut Faults) -> Option<Object> {
    match value {
        Value::Object(members) => Some(Object { members, within }),
        other => {
            let message = "Input should be a valid dictionary or object to extract fields from";
            faults.add("model_attributes_type", within, message, other, None);
            None
        }
    }
}

impl Object {
    fn loc<'a>(&self, name: &'a str) -> Vec<&'a str> {
        self.within.iter().copied().chain([name]).collect()
    }

    /// Required string that is not empty.
    pub fn required_text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        let Some(value) = self.members.get(name) else {
            faults.add("missing", &self.loc(name), "Field required", self.members.clone().into(), None);
            return None;
        };
        let text = self.text_of(name, value, faults)?;
        if text.is_empty() {
            let message = "String should have at least 1 character";
            faults.add("string_too_short", &self.loc(name), message, "".into(), Some(json!({ "min_length": 1 })));
            return None;
        }
        Some(text)
    }

    /// Required phone number.
    pub fn number(&self, name: &str, faults: &mut Faults) -> Option<E164> {
        let text = self.required_text(name, faults)?;
        let number = E164::parse(&text);
        if number.is_none() {
            faults.add("value_error", &self.loc(name), "value is not a valid phone number", text.into(), None);
        }
        number
    }

    /// Optional, nullable string. The outer `None` means absent.
    pub fn text(&self, name: &str, faults: &mut Faults) -> Option<Option<String>> {
        match self.members.get(name)? {
            Value::Null => Some(None),
            value => self.text_of(name, value, faults).map(Some),
        }
    }

    /// Optional, nullable UUID. The outer `None` means absent.
    pub fn uuid(&self, name: &str, faults: &mut Faults) -> Option<Option<Uuid>> {
        match self.members.get(name)? {
            Value::Null => Some(None),
            Value::String(text) => super::uuid(text, &self.loc(name), faults).map(Some),
            other => {
                let message = "UUID input should be a string, bytes or UUID object";
                faults.add("uuid_type", &self.loc(name), message, other.clone(), None);
                None
            }
        }
    }

    /// Optional, nullable nested object.
    pub fn object(&self, name: &str, within: &'static [&'static str], faults: &mut Faults) -> Option<Object> {
        match self.members.get(name)? {
            Value::Null => None,
            value => object(value.clone(), within, faults),
        }
    }

    fn text_of(&self, name: &str, value: &Value, faults: &mut Faults) -> Option<String> {
        let shown = if name == "password" { Value::Null } else { value.clone() };
        match value {
            // Postgres cannot store U+0000.
            Value::String(text) if text.contains('\0') => {
                let reason = "null characters are not allowed";
                let message = format!("Value error, {reason}");
                faults.add("value_error", &self.loc(name), message, shown, Some(json!({ "error": reason })));
                None
            }
            Value::String(text) => Some(text.clone()),
            _ => {
                faults.add("string_type", &self.loc(name), "Input should be a valid string", shown, None);
                None
            }
        }
    }
}
