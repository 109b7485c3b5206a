//! What calls take: in the address, in headers, in the body.

use super::examples::{APPLICATION, PERSON};
use super::schemas::reference;
use serde_json::{Value, json};

/// The namespace of XML.
const NAMESPACE: &str = "http://schemas.microsoft.com/rtc/2012/03/ucwa";

/// Which application of the person.
pub fn application_id() -> Value {
    json!({
        "name": "application_id",
        "in": "path",
        "required": true,
        "description": "The application's number, as its address has it",
        "schema": { "type": "string", "example": APPLICATION },
        "example": APPLICATION,
    })
}

/// Which slot.
pub fn slot() -> Value {
    json!({
        "name": "type",
        "in": "path",
        "required": true,
        "description": "Which of the four; in any case",
        "schema": { "type": "string", "enum": ["work", "mobile", "home", "other"] },
        "example": "mobile",
    })
}

/// For whom a workspace's key calls.
pub fn person() -> Value {
    json!({
        "name": "X-Ucwa-User",
        "in": "header",
        "required": false,
        "description": "The user identity for whom a workspace's key calls. A person's own session says it by itself",
        "schema": { "type": "string", "format": "uuid", "example": PERSON },
    })
}

/// What the client has already.
pub fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match",
        "in": "header",
        "required": false,
        "description": "The etag that the client has; the answer is 304 while it is the current one",
        "schema": { "type": "string", "example": "\"2\"" },
    })
}

/// What may stand in the query as well as in the body.
pub fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema })
}

pub fn number() -> Value {
    json!({
        "type": "string",
        "nullable": true,
        "maxLength": 80,
        "description": "The number as somebody writes it, or a tel URI",
        "example": "tel:+14255550199",
    })
}

pub fn include_in_contact_card() -> Value {
    json!({ "type": "boolean", "nullable": true, "description": "Whether others see it on the contact card" })
}

/// A body in either form.
pub fn body(schema: &str, is_required: bool, example: Value) -> Value {
    let xml = xml(&example);
    let json = json!({ "schema": reference(schema), "example": example });
    let xml = json!({ "schema": reference("UcwaXml"), "example": xml });
    json!({ "required": is_required, "content": { "application/json": json, "application/xml": xml } })
}

fn xml(input: &Value) -> String {
    let properties = input.as_object().into_iter().flatten().map(|(name, value)| match value.as_array() {
        Some(items) => {
            let items: String = items.iter().map(|item| format!("<item>{}</item>", plain(item))).collect();
            format!(r#"<propertyList name="{name}">{items}</propertyList>"#)
        }
        None => format!(r#"<property name="{name}">{}</property>"#, plain(value)),
    });
    format!(r#"<input xmlns="{NAMESPACE}">{}</input>"#, properties.collect::<String>())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
