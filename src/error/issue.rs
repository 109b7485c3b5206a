//! Invalid input as data, which each dialect words.

use serde_json::Value;
use std::borrow::Cow;

/// One invalid value of a request, as data: each dialect words it.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub place: RequestPart,
    /// From the outermost key inwards; empty for the whole input.
    pub path: Vec<Step>,
    pub problem: Problem,
    /// The value, for dialects that repeat it; null in the others.
    pub input: Value,
}

impl Issue {
    /// An issue of the body.
    pub fn new(path: Vec<Step>, problem: Problem) -> Issue {
        Issue { place: RequestPart::Body, path, problem, input: Value::Null }
    }

    /// A broken rule over the whole input.
    pub fn root(message: &'static str) -> Issue {
        Issue::new(Vec::new(), Problem::Rule(message.into()))
    }

    /// An issue of one top-level field.
    pub fn field(name: &str, problem: Problem) -> Issue {
        Issue::new(vec![Step::Key(name.to_owned())], problem)
    }

    /// The path with dots, as in `phones.0.name`.
    pub fn dotted(&self) -> String {
        self.path.iter().map(Step::to_string).collect::<Vec<_>>().join(".")
    }
}

/// The part of a request that an issue is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPart {
    Path,
    Query,
    Header,
    Body,
}

/// One step from a container into it.
#[derive(Debug, Clone, PartialEq, Eq, strum::Display)]
pub enum Step {
    #[strum(to_string = "{0}")]
    Key(String),
    #[strum(to_string = "{0}")]
    Index(usize),
}

/// The reason why a value is invalid, with the numbers and names that a message about it needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    Missing,
    /// The value has another type.
    Type {
        expected: Expected,
        received: &'static str,
    },
    /// A number with a fraction, where an integer is expected.
    Fraction,
    /// Text with the character U+0000, which Postgres cannot store.
    NullCharacter,
    /// Text that is not of this format.
    Format(Format),
    /// Too short or too long, in units.
    Length {
        limit: Limit<usize>,
        unit: Unit,
    },
    Range(Limit<f64>),
    /// Text that is not one of the names.
    Choice {
        expected: Vec<&'static str>,
        received: String,
    },
    /// A name with a period, where names are joined by periods.
    Period,
    /// The value can only be read, and the request would change it.
    ReadOnly,
    /// The value is required, and the request would remove it.
    Required,
    /// A path that names nothing that is there.
    NoTarget,
    /// Another rule, in the words of the dialect that has it.
    Rule(Cow<'static, str>),
}

/// An expected type, by JSON's names: `string`, `number`, `boolean`, `array`, `object`, `null`.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    Json(&'static str),
    /// A string of a format of JSON Schema.
    Format(&'static str),
    /// A string that is one of these.
    Choice(Vec<&'static str>),
}

/// A format of text, with the reason of the parser where it has one.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    Uuid(String),
    Email,
    WebUrl,
    DateTime,
    /// A date, with or without a time.
    Date(String),
    PhoneNumber(String),
    Cursor,
    /// JSON, with the reason of the parser.
    Json(String),
}

/// A limit that a value is beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit<N> {
    AtLeast(N),
    /// An exclusive minimum.
    Above(N),
    AtMost(N),
    Exactly(N),
}

/// The unit of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Characters,
    Items,
    /// Keys of an object.
    Keys,
}
