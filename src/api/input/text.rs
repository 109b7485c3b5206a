//! Rules for text: free text within limits, and text of a format, parsed into a type. Where zod 3 checks a format with
//! a regular expression, the same language is parsed here by hand.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{Reader, Rule, Shape};
use crate::domain::limits::{MAX_EMAIL, MAX_TEXT, MAX_URL};
use crate::error::{Expected, Format, Problem, Unit};

/// Free text, of at most [`MAX_TEXT`] unless a rule says otherwise.
pub fn text() -> Text {
    Text { min: None, max: MAX_TEXT, format: None }
}

/// A UUID of any version, in the canonical form only, as in zod 3: no braces, no `urn:`, no form without dashes.
pub fn uuid() -> Parsed<Uuid> {
    id()
}

/// A UUID parsed into a typed id.
pub fn id<T: From<Uuid>>() -> Parsed<T> {
    Parsed::new("uuid", |text| canonical_uuid(text).map(T::from).ok_or(Format::Uuid(String::new())))
}

/// An e-mail address, as in zod 3.
pub fn email() -> Parsed<String> {
    Parsed::new("email", |text| is_email(text).then(|| text.to_owned()).ok_or(Format::Email)).max(MAX_EMAIL)
}

/// A web URL. zod 3 accepts any scheme; only `http` and `https` are accepted here, since the URL is called.
pub fn web_url() -> Parsed<String> {
    Parsed::new("uri", |text| is_web_url(text).then(|| text.to_owned()).ok_or(Format::WebUrl)).max(MAX_URL)
}

/// Free text. Made by [`text`].
#[derive(Debug, Clone)]
pub struct Text {
    min: Option<usize>,
    max: usize,
    format: Option<&'static str>,
}

impl Text {
    /// Minimum length, in UTF-16 units.
    pub fn min(self, min: usize) -> Text {
        Text { min: Some(min), ..self }
    }

    /// Maximum length, in UTF-16 units.
    pub fn max(self, max: usize) -> Text {
        Text { max, ..self }
    }

    /// The format of JSON Schema that the document names. A [`Rule::try_map`] checks it.
    pub fn format(self, name: &'static str) -> Text {
        Text { format: Some(name), ..self }
    }
}

impl Rule for Text {
    type Output = String;

    fn shape(&self) -> Shape {
        Shape::Text { min: self.min, max: Some(self.max), format: self.format }
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<String> {
        let text = at.string(value, Expected::Json("string")).filter(|text| at.storable(text))?;
        at.length(units(&text), self.min, Some(self.max), Unit::Characters).then_some(text)
    }
}

/// Length in UTF-16 units, as in JavaScript and zod.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Text of a format, parsed into a type.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    format: &'static str,
    parse: fn(&str) -> Result<T, Format>,
    /// Maximum length, where the format or the parsed type has none.
    max: Option<usize>,
    /// Whether U+0000 is an issue of its own, or the parser's.
    refuses_null_character: bool,
}

impl<T> Parsed<T> {
    /// Text of this format of JSON Schema.
    pub fn new(format: &'static str, parse: fn(&str) -> Result<T, Format>) -> Parsed<T> {
        Parsed { format, parse, max: None, refuses_null_character: true }
    }

    /// Maximum length, in UTF-16 units.
    pub fn max(self, max: usize) -> Parsed<T> {
        Parsed { max: Some(max), ..self }
    }

    /// The same, but U+0000 is left to the parser, which refuses it.
    pub fn leaving_null_character(self) -> Parsed<T> {
        Parsed { refuses_null_character: false, ..self }
    }
}

impl<T> Rule for Parsed<T> {
    type Output = T;

    fn shape(&self) -> Shape {
        Shape::Text { min: None, max: self.max, format: Some(self.format) }
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<T> {
        let text = at.string(value, Expected::Format(self.format))?;
        if self.refuses_null_character && !at.storable(&text) {
            return None;
        }
        if self.max.is_some() && !at.length(units(&text), None, self.max, Unit::Characters) {
            return None;
        }
        (self.parse)(&text).map_err(|format| at.fault(Problem::Format(format))).ok()
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
