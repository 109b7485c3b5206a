//! Lists in query strings: repeated names, and in lenient mode `name[]=` and commas too, but never two styles at once.
//! An empty value is the empty list.

use serde_json::Value;

use super::{Query, ambiguous, leaf};
use crate::api::input::Shape;
use crate::error::Result;

impl Query {
    pub(super) fn list(&self, name: &str, items: &Shape) -> Result<Option<Value>> {
        let repeated = self.all(name)?;
        let bracket_name = format!("{name}[]");
        // In strict mode that is another parameter's name.
        let bracketed = if self.strict { Vec::new() } else { self.all(&bracket_name)? };
        let texts = match (repeated.is_empty(), bracketed.is_empty()) {
            (true, true) => return Ok(None),
            (false, false) => return Err(ambiguous(name, "mixes the repeated and bracket array formats")),
            (false, true) => self.repeated(name, repeated)?,
            (true, false) => self.bracketed(&bracket_name, bracketed)?,
        };
        let read = |text| leaf::read(text, items.bare(), items.is_nullable(), self.strict);
        Ok(Some(texts.into_iter().map(read).collect()))
    }

    fn repeated<'a>(&self, name: &str, texts: Vec<&'a str>) -> Result<Vec<&'a str>> {
        let texts = self.filled(name, texts)?;
        if self.strict || !texts.iter().any(|text| text.contains(',')) {
            return Ok(texts);
        }
        let [text] = texts[..] else {
            let reason = "mixes the comma and repeated array formats, or repeats a value containing a comma \",\"";
            return Err(ambiguous(name, reason));
        };
        let parts: Vec<_> = text.split(',').collect();
        if parts.iter().any(|part| self.is_empty(part)) {
            return Err(ambiguous(name, "uses the comma array format with one or more empty values"));
        }
        Ok(parts)
    }

    fn bracketed<'a>(&self, name: &str, texts: Vec<&'a str>) -> Result<Vec<&'a str>> {
        let texts = self.filled(name, texts)?;
        if texts.iter().any(|text| text.contains(',')) {
            let reason = "uses the bracket array format with a value containing a comma \",\"";
            return Err(ambiguous(name, reason));
        }
        Ok(texts)
    }

    /// The values. None may be empty; a single empty one is the empty list.
    fn filled<'a>(&self, name: &str, texts: Vec<&'a str>) -> Result<Vec<&'a str>> {
        if let [text] = texts[..]
            && self.is_empty(text)
        {
            return Ok(Vec::new());
        }
        if texts.iter().any(|text| self.is_empty(text)) {
            return Err(ambiguous(name, "mixes empty values with other values"));
        }
        Ok(texts)
    }
}
