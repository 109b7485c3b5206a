//! Validation errors in pydantic's format: type, location, message, input, and the values in the message as context.

use crate::error::{Expected, Format, Issue, Limit, Problem, RequestPart, Step, Unit};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// One issue of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaValidationIssue)]
pub struct ValidationIssue {
    /// The kind of issue.
    r#type: &'static str,
    /// The path to the value, from the outermost member inwards.
    loc: Vec<PathStep>,
    /// A message for people.
    msg: String,
    /// The value that was found.
    #[schema(required = false)]
    input: Value,
    /// The values in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    ctx: Option<Value>,
}

/// The name of a member or the index of an item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaPathStep)]
#[serde(untagged)]
enum PathStep {
    Name(String),
    Index(i64),
}

impl From<&Issue> for ValidationIssue {
    fn from(issue: &Issue) -> ValidationIssue {
        let place = match issue.place {
            RequestPart::Path => "path",
            RequestPart::Query => "query",
            RequestPart::Header => "header",
            RequestPart::Body => "body",
        };
        let steps = issue.path.iter().map(|step| match step {
            Step::Key(key) => PathStep::Name(key.clone()),
            Step::Index(index) => PathStep::Index(*index as i64),
        });
        let loc = [PathStep::Name(place.to_owned())].into_iter().chain(steps).collect();
        let (r#type, msg, ctx) = worded(issue);
        ValidationIssue { r#type, loc, msg, input: issue.input.clone(), ctx }
    }
}

/// Type, message and context.
fn worded(issue: &Issue) -> (&'static str, String, Option<Value>) {
    let plain = |kind, message: &str| (kind, message.to_owned(), None);
    match &issue.problem {
        Problem::Missing => plain("missing", "Field required"),
        Problem::Type { expected, .. } => match expected {
            Expected::Json("object") => {
                plain("model_attributes_type", "Input should be a valid dictionary or object to extract fields from")
            }
            Expected::Json("number") => {
                plain("int_parsing", "Input should be a valid integer, unable to parse string as an integer")
            }
            Expected::Format("uuid") => plain("uuid_type", "UUID input should be a string, bytes or UUID object"),
            Expected::Json(_) | Expected::Format(_) | Expected::Choice(_) => {
                plain("string_type", "Input should be a valid string")
            }
        },
        Problem::Fraction => {
            plain("int_from_float", "Input should be a valid integer, got a number with a fractional part")
        }
        Problem::NullCharacter => {
            let reason = "null characters are not allowed";
            ("value_error", format!("Value error, {reason}"), Some(json!({ "error": reason })))
        }
        Problem::Format(format) => wrong_format(format),
        Problem::Length { limit, unit } => wrong_length(limit, *unit),
        Problem::Range(limit) => {
            let (kind, relation, key, limit) = match limit {
                Limit::AtLeast(limit) => ("greater_than_equal", "greater than or equal to", "ge", limit),
                Limit::Above(limit) => ("greater_than", "greater than", "gt", limit),
                Limit::AtMost(limit) => ("less_than_equal", "less than or equal to", "le", limit),
                Limit::Exactly(limit) => ("literal_error", "equal to", "expected", limit),
            };
            // Every number of this dialect is an integer.
            (kind, format!("Input should be {relation} {limit}"), Some(json!({ key: *limit as i64 })))
        }
        Problem::Choice { expected, .. } => {
            // The original declares the order as a `Literal` and other choices as an `Enum`.
            let kind = if issue.dotted() == "order" { "literal_error" } else { "enum" };
            let expected = alternatives(expected.iter().copied());
            (kind, format!("Input should be {expected}"), Some(json!({ "expected": expected })))
        }
        Problem::Period => plain("value_error", "Value error, a period is not allowed"),
        Problem::ReadOnly => plain("value_error", "Value error, the value is read-only"),
        Problem::Required => plain("value_error", "Value error, the value is required"),
        Problem::NoTarget => plain("value_error", "Value error, there is no such value"),
        Problem::Rule(message) => plain("value_error", message),
    }
}

fn wrong_format(format: &Format) -> (&'static str, String, Option<Value>) {
    let because =
        |kind, message: &str, reason: &str| (kind, format!("{message}, {reason}"), Some(json!({ "error": reason })));
    match format {
        Format::Uuid(reason) => because("uuid_parsing", "Input should be a valid UUID", reason),
        Format::Date(reason) => {
            because("datetime_from_date_parsing", "Input should be a valid datetime or date", reason)
        }
        Format::Json(reason) => ("json_invalid", "JSON decode error".to_owned(), Some(json!({ "error": reason }))),
        Format::PhoneNumber(_) => ("value_error", "value is not a valid phone number".to_owned(), None),
        Format::Email => ("value_error", "value is not a valid email address".to_owned(), None),
        Format::WebUrl => ("url_parsing", "Input should be a valid URL".to_owned(), None),
        Format::DateTime => ("datetime_parsing", "Input should be a valid datetime".to_owned(), None),
        Format::Cursor => ("value_error", "Value error, not a valid cursor".to_owned(), None),
    }
}

fn wrong_length(limit: &Limit<usize>, unit: Unit) -> (&'static str, String, Option<Value>) {
    let (subject, noun) = match unit {
        Unit::Characters => ("String", "character"),
        Unit::Items => ("List", "item"),
        Unit::Keys => ("Dictionary", "item"),
    };
    let (relation, key, limit) = match limit {
        Limit::AtMost(limit) => ("at most", "max_length", *limit),
        Limit::AtLeast(limit) | Limit::Exactly(limit) => ("at least", "min_length", *limit),
        Limit::Above(limit) => ("at least", "min_length", limit + 1),
    };
    let kind = match (unit, key) {
        (Unit::Characters, "max_length") => "string_too_long",
        (Unit::Characters, _) => "string_too_short",
        (_, "max_length") => "too_long",
        _ => "too_short",
    };
    let plural = if limit == 1 { "" } else { "s" };
    (kind, format!("{subject} should have {relation} {limit} {noun}{plural}"), Some(json!({ key: limit })))
}

/// `'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`.
fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
