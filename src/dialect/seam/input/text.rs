//! Rules for text: free text within limits, and text of a format, parsed into a type. Where zod 3 checks a format with
//! a regular expression, the same language is parsed here by hand.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{Cursor, Rule, Shape};
use crate::error::Problem;

/// Free text.
pub fn text() -> Text {
    Text { min: None, max: None }
}

/// A UUID of any version, in the canonical form only, as in zod 3: no braces, no `urn:`, no form without dashes.
pub fn uuid() -> Format<Uuid> {
    id()
}

/// A UUID parsed into a typed id.
pub fn id<T: From<Uuid>>() -> Format<T> {
    Format { name: "uuid", message: "Invalid uuid", parse: |text| canonical_uuid(text).map(T::from) }
}

/// An e-mail address, as in zod 3.
pub fn email() -> Format<String> {
    Format { name: "email", message: "Invalid email", parse: |text| is_email(text).then(|| text.to_owned()) }
}

/// A web URL. zod 3 accepts any scheme; only `http` and `https` are accepted here, since the URL is called.
pub fn web_url() -> Format<String> {
    Format { name: "uri", message: "Invalid url", parse: |text| is_web_url(text).then(|| text.to_owned()) }
}

/// Free text. Made by [`text`].
#[derive(Debug, Clone)]
pub struct Text {
    min: Option<usize>,
    max: Option<usize>,
}

impl Text {
    /// Minimum length, in UTF-16 units.
    pub fn min(self, min: usize) -> Text {
        Text { min: Some(min), ..self }
    }

    /// Maximum length, in UTF-16 units.
    pub fn max(self, max: usize) -> Text {
        Text { max: Some(max), ..self }
    }
}

impl Rule for Text {
    type Output = String;

    fn shape(&self) -> Shape {
        Shape::Text { min: self.min, max: self.max }
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<String> {
        let text = at.string(value)?;
        let long_enough = self.min.is_none_or(|min| at_least(min, &text, at));
        let short_enough = self.max.is_none_or(|max| at_most(max, &text, at));
        (long_enough && short_enough).then_some(text)
    }
}

fn at_least(min: usize, text: &str, at: &mut Cursor) -> bool {
    at.demand(units(text) >= min, Problem::Length, || format!("String must contain at least {min} character(s)"))
}

/// Whether the text has at most `max` UTF-16 units; if not, adds an issue.
pub(super) fn at_most(max: usize, text: &str, at: &mut Cursor) -> bool {
    at.demand(units(text) <= max, Problem::Length, || format!("String must contain at most {max} character(s)"))
}

/// Length in UTF-16 units, as in JavaScript and zod.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Text of a format, parsed into a type.
#[derive(Debug, Clone)]
pub struct Format<T> {
    pub(super) name: &'static str,
    pub(super) message: &'static str,
    pub(super) parse: fn(&str) -> Option<T>,
}

impl<T> Rule for Format<T> {
    type Output = T;

    fn shape(&self) -> Shape {
        Shape::Format(self.name)
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<T> {
        let parsed = (self.parse)(&at.string(value)?);
        if parsed.is_none() {
            at.fault(Problem::Format, self.message);
        }
        parsed
    }
}

fn canonical_uuid(text: &str) -> Option<Uuid> {
    // Of the forms that `try_parse` accepts, only the canonical one has this length.
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    is_local_part(local) && is_domain(domain)
}

fn is_local_part(local: &str) -> bool {
    let ends_well = local.ends_with(|c: char| c.is_ascii_alphanumeric() || "_+-".contains(c));
    let known = local.chars().all(|c| c.is_ascii_alphanumeric() || "_'+-.".contains(c));
    ends_well && known && !local.starts_with('.') && !local.contains("..")
}

fn is_domain(domain: &str) -> bool {
    let Some((hosts, top)) = domain.rsplit_once('.') else { return false };
    let top_fits = top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic());
    top_fits && hosts.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    label.starts_with(|c: char| c.is_ascii_alphanumeric())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_web_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
