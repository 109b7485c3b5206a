//! Messages about invalid values: zod 3's, verbatim, since clients show them. zod has no rule about U+0000; that message
//! is ours.

use crate::error::{Expected, Format, Limit, Problem, Unit};
use std::fmt::Display;

/// The message about a value.
pub fn message(problem: &Problem) -> String {
    match problem {
        Problem::Missing => "Required".to_owned(),
        Problem::Type { expected, received } => {
            let expected = match expected {
                Expected::Json(name) => (*name).to_owned(),
                Expected::Format(_) => "string".to_owned(),
                Expected::Choice(names) => one_of(names),
            };
            format!("Expected {expected}, received {received}")
        }
        Problem::Fraction => "Expected integer, received float".to_owned(),
        Problem::NullCharacter => "String must not contain the character U+0000".to_owned(),
        Problem::Format(format) => wrong_format(format).to_owned(),
        Problem::Length { limit: Limit::AtMost(most), unit: Unit::Keys } => {
            format!("Custom metadata is limited to a maximum of {most} keys")
        }
        Problem::Length { limit, unit } => {
            let (noun, unit) = match unit {
                Unit::Characters => ("String", "character(s)"),
                Unit::Items => ("Array", "element(s)"),
                Unit::Keys => ("Object", "key(s)"),
            };
            format!("{noun} must contain {} {unit}", limited(limit, "at least", "more than", "at most"))
        }
        Problem::Range(limit) => {
            let limit = limited(limit, "greater than or equal to", "greater than", "less than or equal to");
            format!("Number must be {limit}")
        }
        Problem::Choice { expected, received } => {
            format!("Invalid enum value. Expected {}, received '{received}'", one_of(expected))
        }
        Problem::Period => "Custom metadata key names cannot contain a period (.)".to_owned(),
        Problem::ReadOnly => "The value is read-only".to_owned(),
        Problem::Required => "The value is required".to_owned(),
        Problem::NoTarget => "There is no such value".to_owned(),
        Problem::Rule(message) => message.clone().into_owned(),
    }
}

fn limited(limit: &Limit<impl Display>, at_least: &str, above: &str, at_most: &str) -> String {
    match limit {
        Limit::AtLeast(limit) => format!("{at_least} {limit}"),
        Limit::Above(limit) => format!("{above} {limit}"),
        Limit::AtMost(limit) => format!("{at_most} {limit}"),
        Limit::Exactly(limit) => format!("exactly {limit}"),
    }
}

fn wrong_format(format: &Format) -> &'static str {
    match format {
        Format::Uuid(_) => "Invalid uuid",
        Format::Email => "Invalid email",
        Format::WebUrl => "Invalid url",
        Format::DateTime => "Invalid datetime",
        Format::Date(_) => "Must be parsable date string if defined",
        Format::PhoneNumber(_) => "Invalid phone number",
        Format::Cursor => "Invalid base64",
        Format::Json(_) => "Invalid JSON",
    }
}

fn one_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" | ")
}
