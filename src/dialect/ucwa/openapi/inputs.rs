//! Parameters and request bodies.

use super::super::number;
use super::super::resource::NAMESPACE;
use super::examples::{APPLICATION, PERSON};
use crate::api::openapi::{Kind, component, own_schema, reference};
use crate::model::slot::SlotType;
use serde_json::{Value, json};

/// The application in the path.
pub fn application_id() -> Value {
    json!({
        "name": "application_id",
        "in": "path",
        "required": true,
        "description": "The number of the application",
        "schema": { "type": "string", "example": APPLICATION },
        "example": APPLICATION,
    })
}

/// The slot in the path.
pub fn slot() -> Value {
    json!({
        "name": "type",
        "in": "path",
        "required": true,
        "description": "The slot, in any case",
        "schema": own_schema::<SlotType>(),
        "example": "mobile",
    })
}

/// The user identity for which an API key acts.
pub fn person() -> Value {
    json!({
        "name": "X-Ucwa-User",
        "in": "header",
        "required": false,
        "description": "The user identity for which an API key acts. Client sessions have one of their own",
        "schema": { "type": "string", "format": "uuid", "example": PERSON },
    })
}

/// The condition of a conditional request.
pub fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match",
        "in": "header",
        "required": false,
        "description": "The etag of the client's copy; the response is 304 while it is current",
        "schema": { "type": "string", "example": "\"2\"" },
    })
}

/// An optional query parameter.
pub fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema })
}

/// A telephone number.
pub fn number_schema() -> Value {
    json!({
        "type": "string",
        "maxLength": number::LONGEST,
        "example": "tel:+14255550199",
    })
}

/// A body in JSON or XML.
pub fn body(schema: &str, is_required: bool, example: Value) -> Value {
    let xml = xml(&example);
    let json = json!({ "schema": reference(schema), "example": example });
    let xml = json!({ "schema": reference("UcwaXml"), "example": xml });
    let body = json!({ "required": is_required, "content": { "application/json": json, "application/xml": xml } });
    component(Kind::RequestBody, schema, body)
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
