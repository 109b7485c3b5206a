//! Shapes of valid values as plain data, for parsing query strings and for the OpenAPI document.

use serde_json::Value;

use super::{Absent, Rule};
use crate::api::openapi::Schemas;

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
    /// Custom metadata: text, boolean or null by key; with limits if it is to be stored.
    Metadata { is_limited: bool },
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
}

/// The text of a doc comment in one line.
pub(super) fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
