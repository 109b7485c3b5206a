//! Shapes as schemas of OpenAPI 3.1.

use serde_json::{Map, Value, json};

use super::shape::one_line;
use super::{Field, Shape};
use crate::api::openapi::{Kind, component, reference};
use crate::model::metadata::{MAX_KEY, MAX_PAIRS, MAX_TEXT};

impl Shape {
    /// The schema of the shape; a reference if it has a name.
    pub fn schema(&self) -> Value {
        match self {
            Shape::Named(name, _) | Shape::Reference(name) => reference(name),
            Shape::Nullable(shape) => nullable(shape.schema()),
            Shape::Text { min, max, format } => {
                keywords(json!({ "type": "string", "minLength": min, "maxLength": max, "format": format }))
            }
            Shape::Number { whole, least, above, most } => keywords(json!({
                "type": if *whole { "integer" } else { "number" },
                "minimum": least.map(number),
                "exclusiveMinimum": above.map(number),
                "maximum": most.map(number),
            })),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Choice(names) => json!({ "type": "string", "enum": names }),
            Shape::List { items, min, max } => {
                keywords(json!({ "type": "array", "items": items.schema(), "minItems": min, "maxItems": max }))
            }
            Shape::Object(description, fields) => Field::object(description, fields),
            Shape::Metadata { is_limited } => {
                let limit = |limit: usize| is_limited.then_some(limit);
                let name = if *is_limited { "CustomMetadataValue" } else { "CustomMetadataFilterValue" };
                let value = json!({ "type": ["string", "boolean", "null"], "maxLength": limit(MAX_TEXT) });
                keywords(json!({
                    "type": "object",
                    "maxProperties": limit(MAX_PAIRS),
                    "propertyNames":
                        keywords(json!({ "type": "string", "maxLength": limit(MAX_KEY), "pattern": "^[^.]*$" })),
                    "additionalProperties": component(Kind::Schema, name, keywords(value)),
                }))
            }
        }
    }
}

impl Field {
    /// The field's schema, with its description and default.
    pub fn schema(&self) -> Value {
        let mut schema = self.shape.schema();
        if !self.description.is_empty() {
            schema["description"] = self.description.as_str().into();
        }
        // An object is no default here: generators cannot write it, and its members have defaults of their own.
        let default = self.default.as_ref().filter(|default| !default.is_object() && !schema["type"].is_null());
        if let Some(default) = default {
            schema["default"] = default.clone();
        }
        schema
    }

    /// The schema of an object of these fields.
    pub fn object(description: &str, fields: &[Field]) -> Value {
        let description = Some(one_line(description)).filter(|text| !text.is_empty());
        let properties: Map<String, Value> =
            fields.iter().map(|field| (field.name.to_owned(), field.schema())).collect();
        let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        keywords(json!({
            "type": "object",
            "description": description,
            "properties": Some(properties).filter(|them| !them.is_empty()),
            "required": Some(required).filter(|them| !them.is_empty()),
        }))
    }
}

/// A number, without a fraction if it is whole.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

/// A schema of these keywords, without those that are null.
fn keywords(mut schema: Value) -> Value {
    if let Some(keywords) = schema.as_object_mut() {
        keywords.retain(|_, value| !value.is_null());
    }
    schema
}

fn nullable(mut schema: Value) -> Value {
    if schema["type"].is_null() {
        return json!({ "oneOf": [schema, { "type": "null" }] });
    }
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}
