//! Examples as the readers of a document compose them: for a content without one, Swagger UI and Redoc show every property
//! with its own example, or with a plain value of its type.

use super::schema::resolve;
use serde_json::{Map, Value, json};

/// The example of a schema.
pub fn composed(document: &Value, schema: &Value) -> Value {
    let schema = schema["$ref"].as_str().and_then(|name| resolve(document, name)).unwrap_or(schema);
    if let Some(given) = schema.get("example").or(schema.get("default")).or(schema["enum"].get(0)) {
        return given.clone();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().filter_map(|part| composed(document, part).as_object().cloned());
        return parts.flatten().collect::<Map<_, _>>().into();
    }
    let choices = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array).into_iter().flatten();
    if let Some(first) = choices.into_iter().find(|choice| choice["type"] != "null") {
        return composed(document, first);
    }
    let types = schema["type"].as_array().map_or_else(|| std::slice::from_ref(&schema["type"]), Vec::as_slice);
    let first = types.iter().filter_map(Value::as_str).find(|name| *name != "null");
    match (first, schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => json!("3fa85f64-5717-4562-b3fc-2c963f66afa6"),
        (Some("string"), Some("date-time")) => json!("2026-01-01T00:00:00.000Z"),
        (Some("string"), Some("uri")) => json!("https://example.com/"),
        (Some("string"), Some("email")) => json!("user@example.com"),
        (Some("string"), _) => json!("string"),
        (Some("integer" | "number"), _) => schema.get("minimum").cloned().unwrap_or(json!(0)),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!([composed(document, &schema["items"])]),
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), composed(document, schema))).collect::<Map<_, _>>().into()
        }
    }
}

#[test]
fn composed_examples_have_the_given_ones_and_plain_values() {
    let document =
        json!({ "components": { "schemas": { "Phone": { "type": "object", "example": { "name": "a" } } } } });
    let phone = json!({ "$ref": "#/components/schemas/Phone" });
    let schema = json!({ "allOf": [
        { "type": "object", "properties": { "phones": { "type": "array", "items": phone }, "one": phone } },
        { "properties": {
            "id": { "type": ["string", "null"], "format": "uuid" },
            "kind": { "oneOf": [{ "type": "null" }, { "type": "string", "enum": ["work", "home"] }] },
            "count": { "type": "integer", "minimum": 1 },
            "is_new": { "type": "boolean", "default": false },
        } },
    ] });
    assert_eq!(
        composed(&document, &schema),
        json!({
            "phones": [{ "name": "a" }], "one": { "name": "a" }, "id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
            "kind": "work", "count": 1, "is_new": false,
        })
    );
}
