//! Input of a request: named values in the query, a JSON body or an XML body (UCWA reference, "Query parameters",
//! "Payload format"). Operations read all three alike; the last value of a name wins, and the body wins over the query.
//! Names are case-insensitive, and unknown ones are ignored.

use super::form::{self, Syntax};
use crate::domain::e164::{Region, plain};
use crate::domain::slot_number as number;
use crate::domain::text::is_visible;
use crate::error::{BodyFault, Error, Expected, Format, Issue, Limit, Problem, Result, Unit};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use mediatype::MediaType;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Values of a request, by lowercase name.
#[derive(Debug, Default)]
pub struct Input(HashMap<String, Value>);

#[derive(Debug, PartialEq)]
enum Value {
    /// A name without a value.
    Bare,
    Text(String),
    /// Text from the query, where a plus may have become a space.
    Query(String),
    Flag(bool),
    /// JSON `null`: treated as absent.
    Null,
    /// A list or an object, which no operation accepts.
    Other,
}

impl Input {
    /// Reads the query, and the body if there is one.
    pub fn read(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Input> {
        let mut input = Input::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            input.take_query(pair);
        }
        if !body.is_empty() {
            match syntax(headers)? {
                Syntax::Json => input.take_json(body)?,
                Syntax::Xml => input.take_xml(body)?,
            }
        }
        Ok(input)
    }

    /// Text of at most `longest` characters; `None` if absent.
    pub fn text(&self, name: &str, longest: usize) -> Result<Option<&str>> {
        match self.0.get(&name.to_ascii_lowercase()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bare) => Ok(Some("")),
            Some(Value::Text(text) | Value::Query(text)) if text.contains('\0') => {
                Err(fault(name, Problem::NullCharacter))
            }
            Some(Value::Text(text) | Value::Query(text)) if text.chars().count() <= longest => Ok(Some(text)),
            Some(Value::Text(_) | Value::Query(_)) => {
                Err(fault(name, Problem::Length { limit: Limit::AtMost(longest), unit: Unit::Characters }))
            }
            Some(Value::Flag(_)) => Err(fault(name, expected("string", "boolean"))),
            Some(Value::Other) => Err(fault(name, expected("string", "object"))),
        }
    }

    /// Required text that is not blank.
    pub fn required(&self, name: &str, longest: usize) -> Result<String> {
        let text = self.text(name, longest)?.filter(|text| is_visible(text));
        text.map(str::to_owned).ok_or_else(|| fault(name, Problem::Missing))
    }

    /// Flag; `None` if absent. A name without a value is true.
    pub fn flag(&self, name: &str) -> Result<Option<bool>> {
        let wrong = || fault(name, expected("boolean", "string"));
        match self.0.get(&name.to_ascii_lowercase()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bare) => Ok(Some(true)),
            Some(Value::Flag(flag)) => Ok(Some(*flag)),
            Some(Value::Text(text) | Value::Query(text)) => match text.trim() {
                "" => Ok(Some(true)),
                text if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
                text if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
                _ => Err(wrong()),
            },
            Some(Value::Other) => Err(wrong()),
        }
    }

    /// Normalized phone number; empty if absent.
    pub fn number(&self, region: Region) -> Result<String> {
        const NAME: &str = "number";
        let Some(text) = self.text(NAME, number::LONGEST)?.filter(|text| is_visible(text)) else {
            return Ok(String::new());
        };
        let is_query = matches!(self.0.get(NAME), Some(Value::Query(_)));
        let text = plain(text);
        let text = if is_query { number::with_plus(&text) } else { text.into() };
        number::normalized(&text, region)
            .ok_or_else(|| fault(NAME, Problem::Format(Format::PhoneNumber(String::new()))))
    }

    fn take(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_ascii_lowercase(), value);
    }

    fn take_query(&mut self, pair: &str) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let value = if value.is_empty() { Value::Bare } else { Value::Query(decoded(value)) };
        self.take(&decoded(name), value);
    }

    fn take_json(&mut self, body: &[u8]) -> Result<()> {
        let object: Map<String, Json> =
            serde_json::from_slice(body).map_err(|fault| syntax_fault(fault.to_string()))?;
        for (name, value) in object {
            let value = match value {
                Json::Null => Value::Null,
                Json::Bool(flag) => Value::Flag(flag),
                Json::Number(number) => Value::Text(number.to_string()),
                Json::String(text) => Value::Text(text),
                Json::Array(_) | Json::Object(_) => Value::Other,
            };
            self.take(&name, value);
        }
        Ok(())
    }

    fn take_xml(&mut self, body: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(body).map_err(|fault| syntax_fault(fault.to_string()))?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let root = loop {
            match next(&mut reader)? {
                Event::Start(root) => break root,
                Event::Empty(root) if is_root(&root) => return end(&mut reader),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                _ => return Err(syntax_fault("an input or a resource is expected")),
            }
        };
        if !is_root(&root) {
            return Err(syntax_fault("an input or a resource is expected"));
        }
        loop {
            match next(&mut reader)? {
                Event::Start(element) if element.local_name().as_ref() == "property" => {
                    let name = name_of(&element)?;
                    let value = text_of(&mut reader)?;
                    self.take(&name, if value.is_empty() { Value::Bare } else { Value::Text(value) });
                }
                Event::Empty(element) if element.local_name().as_ref() == "property" => {
                    self.take(&name_of(&element)?, Value::Bare);
                }
                Event::Start(element) => {
                    if element.local_name().as_ref() == "propertyList" {
                        self.take(&name_of(&element)?, Value::Other);
                    }
                    skip(&mut reader)?;
                }
                Event::End(_) => return end(&mut reader),
                Event::Eof => return Err(syntax_fault("the document has no end")),
                _ => {}
            }
        }
    }
}

/// Syntax of the body. Some clients send no content type, and one sends JSON as `text/plain`.
fn syntax(headers: &HeaderMap) -> Result<Syntax> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    if media_type.is_empty() {
        return Ok(Syntax::Json);
    }
    let essence = MediaType::parse(media_type).map(|media_type| media_type.essence().to_string().to_ascii_lowercase());
    match essence.as_deref() {
        Ok("text/plain") => Some(Syntax::Json),
        Ok("text/xml") => Some(Syntax::Xml),
        Ok(essence) => form::known(essence).map(|(_, syntax)| syntax),
        Err(_) => None,
    }
    .ok_or(Error::Unreadable(BodyFault::ContentType))
}

/// Next XML event. A document type is refused, so there are no entity definitions.
fn next<'a>(reader: &mut Reader<&'a [u8]>) -> Result<Event<'a>> {
    match reader.read_event() {
        Ok(Event::DocType(_)) => Err(syntax_fault("a document type is not allowed")),
        Ok(event) => Ok(event),
        Err(fault) => Err(syntax_fault(fault.to_string())),
    }
}

/// `input` of a POST, or `resource` of a PUT (UCWA reference, samples).
fn is_root(element: &BytesStart<'_>) -> bool {
    matches!(element.local_name().as_ref(), "input" | "resource")
}

fn name_of(element: &BytesStart<'_>) -> Result<String> {
    // All attributes are read, because a duplicate is an error.
    let mut name = None;
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|fault| syntax_fault(fault.to_string()))?;
        if attribute.key.as_ref() == "name" {
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            name = Some(value.map_err(|fault| syntax_fault(fault.to_string()))?.into_owned());
        }
    }
    name.ok_or_else(|| syntax_fault("a property has no name"))
}

/// Text up to the end of the element.
fn text_of(reader: &mut Reader<&[u8]>) -> Result<String> {
    let mut text = String::new();
    loop {
        match next(reader)? {
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = match &*reference {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "apos" => Some('\''),
                    "quot" => Some('"'),
                    _ => reference.resolve_char_ref().map_err(|fault| syntax_fault(fault.to_string()))?,
                };
                text.push(resolved.ok_or_else(|| syntax_fault("entities are not allowed"))?);
            }
            Event::Comment(_) | Event::PI(_) => {}
            Event::End(_) => return Ok(text),
            _ => return Err(syntax_fault("a property holds text only")),
        }
    }
}

/// Skips the content of an element, at any depth.
fn skip(reader: &mut Reader<&[u8]>) -> Result<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        match next(reader)? {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => return Err(syntax_fault("the document has no end")),
            _ => {}
        }
    }
    Ok(())
}

/// Only whitespace and comments may follow the root.
fn end(reader: &mut Reader<&[u8]>) -> Result<()> {
    loop {
        match next(reader)? {
            Event::Eof => return Ok(()),
            Event::Text(text) if text.trim().is_empty() => {}
            Event::Comment(_) | Event::PI(_) => {}
            _ => return Err(syntax_fault("there is more behind the document's end")),
        }
    }
}

fn syntax_fault(reason: impl Into<String>) -> Error {
    Error::Unreadable(BodyFault::Syntax(reason.into()))
}

/// Error of one parameter.
pub fn fault(name: &str, problem: Problem) -> Error {
    Error::Invalid(vec![Issue::field(name, problem)])
}

/// The problem of a value of another type, by JSON's names.
pub fn expected(expected: &'static str, received: &'static str) -> Problem {
    Problem::Type { expected: Expected::Json(expected), received }
}

#[cfg(test)]
mod tests;
