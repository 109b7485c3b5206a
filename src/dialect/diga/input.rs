//! Input as FastAPI and pydantic read it: path, query and body in this order, and all issues at once. Each issue repeats
//! the value, without passwords.

use super::openapi::RESPONSES;
use super::route::Diga;
use crate::api::input::{Field, Input, Parsed, Reader, Rule, Shape, object, text};
use crate::api::route::{BodyRules, FromRequest, Head, Rules};
use crate::domain::e164::E164;
use crate::error::{Error, Format, Issue, Problem, RequestPart, Result, Step};
use crate::http::{App, body};
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use strum::EnumMessage;
use url::form_urlencoded;
use uuid::Uuid;

/// The values of a request before validation.
pub struct Values {
    path: Map<String, Value>,
    query: Map<String, Value>,
    /// None if there is no body, or JSON `null`.
    body: Option<Value>,
}

/// A part of a request.
pub trait Part: Sized + Send + 'static {
    fn add_to(rules: &mut Rules);

    fn read(values: &mut Values, at: &mut Reader) -> Option<Self>;
}

/// Parameters of the path.
pub struct Path<T>(pub T);

impl<T: Input> Part for Path<T> {
    fn add_to(rules: &mut Rules) {
        rules.path = T::fields();
    }

    fn read(values: &mut Values, at: &mut Reader) -> Option<Path<T>> {
        at.go_to(RequestPart::Path);
        T::read(&mut values.path, at).map(Path)
    }
}

/// Parameters of the query.
pub struct Query<T>(pub T);

impl<T: Input> Part for Query<T> {
    fn add_to(rules: &mut Rules) {
        rules.query = T::fields();
    }

    fn read(values: &mut Values, at: &mut Reader) -> Option<Query<T>> {
        at.go_to(RequestPart::Query);
        T::read(&mut values.query, at).map(Query)
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: Input> Part for Json<T> {
    fn add_to(rules: &mut Rules) {
        rules.body = Some(BodyRules {
            schema: format!("{}{}", RESPONSES.prefix, T::NAME),
            description: T::DESCRIPTION,
            fields: T::fields(),
            is_required: true,
        });
    }

    fn read(values: &mut Values, at: &mut Reader) -> Option<Json<T>> {
        at.go_to(RequestPart::Body);
        object().read(values.body.take(), at).map(Json)
    }
}

/// A JSON body that may be absent.
impl<T: Input> Part for Option<Json<T>> {
    fn add_to(rules: &mut Rules) {
        Json::<T>::add_to(rules);
        rules.body.iter_mut().for_each(|body| body.is_required = false);
    }

    fn read(values: &mut Values, at: &mut Reader) -> Option<Option<Json<T>>> {
        if values.body.is_some() { <Json<T> as Part>::read(values, at).map(Some) } else { Some(None) }
    }
}

impl<A: Part, B: Part> Part for (A, B) {
    fn add_to(rules: &mut Rules) {
        A::add_to(rules);
        B::add_to(rules);
    }

    fn read(values: &mut Values, at: &mut Reader) -> Option<(A, B)> {
        let (first, second) = (A::read(values, at), B::read(values, at));
        first.zip(second)
    }
}

impl<A: Part> FromRequest<Diga> for A {
    fn rules() -> Rules {
        let mut rules = Rules::default();
        A::add_to(&mut rules);
        rules
    }

    async fn read(rules: &Rules, _: &App, head: &Head, body: Body) -> Result<A> {
        let bytes = if rules.body.is_some() { body::read(body).await? } else { Bytes::new() };
        let values = |is_typed| -> Result<Values> {
            let path = rules.path.iter().map(|field| field.name.to_owned());
            Ok(Values {
                path: path.zip(head.params.iter().map(|text| Value::from(text.as_str()))).collect(),
                query: query(head.parts.uri.query().unwrap_or_default(), &rules.query, is_typed),
                body: parsed(head.headers(), &bytes)?,
            })
        };
        let mut at = Reader::default();
        let read = A::read(&mut values(true)?, &mut at);
        match at.finish(read) {
            Err(Error::Invalid(issues)) => {
                let values = values(false)?;
                Err(Error::Invalid(issues.into_iter().map(|issue| with_input(issue, &values)).collect()))
            }
            read => read,
        }
    }
}

/// The parameters of these names, as texts or in their types; the last of a name wins.
fn query(text: &str, fields: &[Field], is_typed: bool) -> Map<String, Value> {
    if fields.is_empty() {
        return Map::new();
    }
    let mut texts: HashMap<String, String> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let value = |field: &Field| {
        let text = texts.remove(field.name)?;
        let number = (is_typed && matches!(field.shape.bare(), Shape::Number { .. })).then(|| integer(&text)).flatten();
        Some((field.name.to_owned(), number.map_or_else(|| Value::from(text), Value::from)))
    };
    fields.iter().filter_map(value).collect()
}

/// The body, parsed if the content type is JSON or absent; another body is text. `None` if it is empty or null.
fn parsed(headers: &HeaderMap, bytes: &Bytes) -> Result<Option<Value>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_json(headers) {
        return Ok(Some(String::from_utf8_lossy(bytes).into()));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|fault| {
        // Parsing precedes validation: this is the only issue.
        let problem = Problem::Format(Format::Json(fault.to_string()));
        let issue = Issue::new(vec![Step::Index(offset(bytes, &fault))], problem);
        Error::Invalid(vec![Issue { input: json!({}), ..issue }])
    })?;
    Ok(Some(value).filter(|value| !value.is_null()))
}

/// Byte offset of a syntax error.
fn offset(bytes: &[u8], fault: &serde_json::Error) -> usize {
    if fault.is_eof() {
        return bytes.len();
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').take(fault.line().saturating_sub(1));
    lines.map(<[u8]>::len).sum::<usize>() + fault.column().saturating_sub(1)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = body::media_type(headers).to_ascii_lowercase();
    let subtype = media_type.strip_prefix("application/");
    !headers.contains_key(CONTENT_TYPE)
        || media_type.is_empty()
        || subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// Adds the value that an issue is about; that of a missing one is the object that misses it.
fn with_input(issue: Issue, values: &Values) -> Issue {
    let root = match issue.place {
        RequestPart::Path => Value::from(values.path.clone()),
        RequestPart::Query => Value::from(values.query.clone()),
        RequestPart::Header | RequestPart::Body => values.body.clone().unwrap_or_default(),
    };
    let depth = issue.path.len() - usize::from(issue.problem == Problem::Missing && !issue.path.is_empty());
    let value = issue.path[..depth].iter().try_fold(&root, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    });
    let is_secret = issue.path.last() == Some(&Step::Key("password".to_owned())) && issue.problem != Problem::Missing;
    let input = value.filter(|_| !is_secret).cloned().map_or(Value::Null, without_secrets);
    Issue { input, ..issue }
}

/// Removes members named `password`. A string that contains the word becomes null, unparsed.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| name != "password")
            .map(|(name, value)| (name, without_secrets(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_secrets).collect(),
        Value::String(text) if text.contains("password") => Value::Null,
        value => value,
    }
}

/// A UUID in any format. pydantic uses the same library, so the reasons in errors are the same.
pub fn any_uuid<T: From<Uuid>>() -> Parsed<T> {
    let parse = |text: &str| Uuid::parse_str(text).map(T::from).map_err(|fault| Format::Uuid(fault.to_string()));
    Parsed::new("uuid", parse).leaving_null_character()
}

/// A time: a date with or without a time of day, or seconds since 1970. UTC without an offset.
pub fn any_time() -> Parsed<DateTime<Utc>> {
    Parsed::new("date-time", |text| time(text).map_err(Format::Date)).leaving_null_character()
}

/// A phone number in E.164.
pub fn phone_number() -> impl Rule<Output = E164> {
    text()
        .min(1)
        .format("phone")
        .try_map(|text| E164::parse(&text).ok_or_else(|| Problem::Format(Format::PhoneNumber(String::new()))))
}

/// Parses an integer as pydantic does: surrounding spaces, a sign, single underscores between digits, and a zero
/// fraction. Saturates at ±`i64::MAX`.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => digits,
    };
    let is_number =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|digit| digit.is_ascii_digit()));
    let magnitude = is_number.then(|| digits.replace('_', "").parse().unwrap_or(i64::MAX))?;
    Some(if is_negative { -magnitude } else { magnitude })
}

/// Parses a time, or returns the reason. Falls back to a date, whose reason is the one returned.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let out_of_range = || "input is out of range".to_owned();
    match speedate::DateTime::parse_str(text) {
        Ok(time) => {
            DateTime::from_timestamp(time.timestamp_tz(), time.time.microsecond * 1_000).ok_or_else(out_of_range)
        }
        Err(_) => match speedate::Date::parse_str(text) {
            Ok(date) => DateTime::from_timestamp(date.timestamp(), 0).ok_or_else(out_of_range),
            Err(fault) => Err(fault.get_documentation().unwrap_or("input is no time").to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_parameters_are_parsed_as_pydantic_does() {
        for (text, number) in [("10", 10), (" 10 ", 10), ("+10", 10), ("-1", -1), ("10.0", 10), ("1_0", 10), ("007", 7)]
        {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        assert_eq!(integer("99999999999999999999"), Some(i64::MAX));
        for text in ["", "abc", "10.5", "1__0", "_1", "1_", "1e3", "--1", "10."] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn time_parameters_accept_dates_offsets_and_timestamps() {
        let at = |text: &str| time(text).expect(text).to_rfc3339();
        assert_eq!(at("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05+00:00");
        assert_eq!(at("2026-01-02T03:04:05+01:00"), "2026-01-02T02:04:05+00:00");
        assert_eq!(at("2026-01-02T03:04:05"), "2026-01-02T03:04:05+00:00");
        assert_eq!(at("2026-01-02"), "2026-01-02T00:00:00+00:00");
        assert_eq!(at("1767323045"), "2026-01-02T03:04:05+00:00");
        assert_eq!(time("zzz"), Err("input is too short".to_owned()));
        assert_eq!(time(""), Err("input is too short".to_owned()));
    }
}
