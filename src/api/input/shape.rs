//! Shapes of valid values as plain data, for parsing query strings, and as schemas of OpenAPI 3.1.

use serde_json::{Map, Value, json};

use super::{Absent, Rule};
use crate::api::openapi::{Schemas, reference};
use crate::domain::metadata::MAX_PAIRS;

/// A rule's shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Text, with limits on its length in UTF-16 units and the name of its format in JSON Schema.
    Text { min: Option<usize>, max: Option<usize>, format: Option<&'static str> },
    /// A number.
    Number { whole: bool, least: Option<f64>, above: Option<f64>, most: Option<f64> },
    /// A boolean.
    Boolean,
    /// One of these texts.
    Choice(Vec<&'static str>),
    /// A list.
    List { items: Box<Shape>, min: Option<usize>, max: Option<usize> },
    /// An object of these fields, with its description.
    Object(&'static str, Vec<Field>),
    /// Custom metadata: text, boolean or null by key, with the longest key and text.
    Metadata { max_key: usize, max_text: usize },
    /// A shape that is a schema of its own in the document, by this name.
    Named(&'static str, Box<Shape>),
    /// A schema of the document that is defined elsewhere, by its name.
    Reference(&'static str),
    /// The shape or null.
    Nullable(Box<Shape>),
}

impl Shape {
    /// The shape without null.
    pub fn bare(&self) -> &Shape {
        match self {
            Shape::Nullable(shape) | Shape::Named(_, shape) => shape.bare(),
            shape => shape,
        }
    }

    /// The shape, or null too.
    pub(super) fn nullable_if(self, is_nullable: bool) -> Shape {
        if is_nullable { Shape::Nullable(Box::new(self)) } else { self }
    }

    /// Adds the named schemas of the shape.
    pub fn define(&self, schemas: &mut Schemas) {
        match self {
            Shape::Named(name, shape) => {
                schemas.0.entry(*name).or_insert_with(|| shape.schema());
                shape.define(schemas);
            }
            Shape::List { items: shape, .. } | Shape::Nullable(shape) => shape.define(schemas),
            Shape::Object(_, fields) => fields.iter().for_each(|field| field.shape.define(schemas)),
            _ => {}
        }
    }

    /// Whether null is allowed.
    pub fn is_nullable(&self) -> bool {
        matches!(self, Shape::Nullable(_))
    }

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
            Shape::Metadata { max_key, max_text } => json!({
                "type": "object",
                "maxProperties": MAX_PAIRS,
                "propertyNames": { "type": "string", "maxLength": max_key, "pattern": "^[^.]*$" },
                "additionalProperties": { "type": ["string", "boolean", "null"], "maxLength": max_text },
            }),
        }
    }
}

/// One key of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// Description; empty if there is none.
    pub description: String,
    /// Default input of an absent key.
    pub default: Option<Value>,
}

impl Field {
    /// The field of this rule, described by the text of a doc comment.
    pub fn new<T, R: Rule<Output = T>>(name: &'static str, doc: &str, rule: &R) -> Field {
        let absent = rule.absent();
        Field {
            name,
            shape: rule.shape(),
            required: absent == Absent::Refused,
            description: one_line(doc),
            default: match absent {
                Absent::Default(value) => Some(value),
                Absent::Refused | Absent::Allowed => None,
            },
        }
    }

    /// The field's schema, with its description and default.
    pub fn schema(&self) -> Value {
        let mut schema = self.shape.schema();
        if !self.description.is_empty() {
            schema["description"] = self.description.as_str().into();
        }
        let is_in_place = !schema["type"].is_null() || schema["oneOf"][0]["enum"].is_array();
        if let Some(default) = self.default.as_ref().filter(|_| is_in_place) {
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

/// The text of a doc comment in one line.
fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
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

/// An enumeration is a branch of its own: generators of Go cannot write the default of one with null among its types.
fn nullable(mut schema: Value) -> Value {
    if schema["type"].is_null() || schema["enum"].is_array() {
        return json!({ "oneOf": [schema, { "type": "null" }] });
    }
    schema["type"] = json!([schema["type"], "null"]);
    schema
}
