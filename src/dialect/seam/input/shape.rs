//! Shapes of valid values as plain data, for parsing query strings and for the OpenAPI document.

use serde_json::Value;

use super::{Absent, Rule};

/// A rule's shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Text, with limits on its length in UTF-16 units.
    Text { min: Option<usize>, max: Option<usize> },
    /// Text of a JSON Schema format.
    Format(&'static str),
    /// A number.
    Number { whole: bool, least: Option<f64>, above: Option<f64>, most: Option<f64> },
    /// A boolean.
    Boolean,
    /// One of these texts.
    Choice(Vec<&'static str>),
    /// A list.
    List { items: Box<Shape>, min: Option<usize>, max: Option<usize> },
    /// An object of these fields.
    Object(Vec<Field>),
    /// Custom metadata: text, boolean or null by key.
    Metadata { most_keys: Option<usize>, key_max: Option<usize>, text_max: Option<usize> },
    /// The shape or null.
    Nullable(Box<Shape>),
}

impl Shape {
    /// The shape without null.
    pub fn bare(&self) -> &Shape {
        match self {
            Shape::Nullable(shape) => shape.bare(),
            shape => shape,
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
            description: doc.split_whitespace().collect::<Vec<_>>().join(" "),
            default: match absent {
                Absent::Default(value) => Some(value),
                Absent::Refused | Absent::Allowed => None,
            },
        }
    }
}
