//! Parameters and request bodies.

use super::super::resource::NAMESPACE;
use super::examples::{APPLICATION, PERSON};
use crate::api::openapi::{Kind, component, optional_parameter, own_schema, path_parameter, reference, request_body};
use crate::domain::slot::SlotType;
use crate::domain::slot_number as number;
use serde_json::{Value, json};

/// The application in the path.
pub fn application_id() -> Value {
    let schema = json!({ "type": "string", "example": APPLICATION });
    path_parameter("application_id", "The number of the application", schema, APPLICATION)
}

/// The user identity of a contact in the path.
pub fn contact_id() -> Value {
    let schema = json!({ "type": "string", "format": "uuid", "example": PERSON });
    path_parameter("contact_id", "The id of the user identity", schema, PERSON)
}

/// The slot in the path.
pub fn slot() -> Value {
    path_parameter("type", "The slot, in any case", own_schema::<SlotType>(), "mobile")
}

/// The user identity for which an API key acts.
pub fn person() -> Value {
    let description = "The user identity for which an API key acts. Client sessions have one of their own";
    let schema = json!({ "type": "string", "format": "uuid", "example": PERSON });
    optional_parameter("X-Ucwa-User", "header", description, schema)
}

/// The condition of a conditional request.
pub fn if_none_match() -> Value {
    let description = "The etag of the client's copy; the response is 304 while it is current";
    optional_parameter("If-None-Match", "header", description, json!({ "type": "string", "example": "\"2\"" }))
}

/// The condition of a change.
pub fn if_match() -> Value {
    let description = "The etag of the client's copy; the request fails with 412 if it is no longer current";
    optional_parameter("If-Match", "header", description, json!({ "type": "string", "example": "\"2\"" }))
}

/// An optional query parameter.
pub fn query(name: &str, description: &str, schema: Value) -> Value {
    optional_parameter(name, "query", description, schema)
}

/// A telephone number.
pub fn number_schema() -> Value {
    json!({ "type": "string", "maxLength": number::LONGEST, "example": "tel:+14255550199" })
}

/// A body in JSON or XML.
pub fn body(schema: &str, is_required: bool, example: Value) -> Value {
    let xml = xml(&example);
    let json = json!({ "schema": reference(schema), "example": example });
    let xml = json!({ "schema": reference("UcwaXml"), "example": xml });
    let content = json!({ "application/json": json, "application/xml": xml });
    component(Kind::RequestBody, schema, request_body(is_required, content))
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
