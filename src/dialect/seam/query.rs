//! Query strings, parsed by the shapes of the fields, as Seam's query-string parser does. `_strict=true` promises the
//! exact output of Seam's serializer; without it older and handwritten forms are accepted too. Nothing is validated
//! here: text that is no number stays text, for the rule to refuse. An ambiguous query is an error.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value};

use crate::api::input::{Field, Shape};
use crate::error::{Error, Result};

mod leaf;
mod list;
mod pairs;

/// The parameter for strict mode; no operation ever sees it.
const STRICT: &str = "_strict";

/// Parses a raw query string, without its question mark, by an operation's fields.
pub fn parse(raw: &str, fields: &[Field]) -> Result<Map<String, Value>> {
    if raw.is_empty() {
        return Ok(Map::new());
    }
    let mut pairs = pairs::split(raw);
    let strict = pairs.remove(STRICT).is_some_and(|values| values == [Some("true".to_owned())]);
    Query { pairs, strict }.fields("", fields)
}

/// All values by name, in order; `None` is a pair that cannot be decoded. Sorted, so that nested names are one range,
/// and the first invalid one by name is reported.
type Pairs = BTreeMap<String, Vec<Option<String>>>;

struct Query {
    pairs: Pairs,
    strict: bool,
}

impl Query {
    fn fields(&self, prefix: &str, fields: &[Field]) -> Result<Map<String, Value>> {
        let mut map = Map::new();
        for field in fields {
            if let Some(value) = self.value(&format!("{prefix}{}", field.name), &field.shape)? {
                map.insert(field.name.to_owned(), value);
            }
        }
        Ok(map)
    }

    fn value(&self, name: &str, shape: &Shape) -> Result<Option<Value>> {
        match shape.bare() {
            Shape::List { items, .. } => self.list(name, items),
            Shape::Metadata { .. } | Shape::Object(..) if self.pairs.contains_key(name) => self.nothing(name),
            Shape::Metadata { .. } => self.record(name),
            Shape::Object(_, fields) => self.object(name, fields),
            bare => Ok(self.single(name)?.map(|text| leaf::read(text, bare, shape.is_nullable(), self.strict))),
        }
    }

    /// An object's fields are prefixed with its name. Without any of them the object is absent.
    fn object(&self, name: &str, fields: &[Field]) -> Result<Option<Value>> {
        let map = self.fields(&format!("{name}."), fields)?;
        Ok((!map.is_empty()).then_some(Value::Object(map)))
    }

    /// A record is an object with arbitrary keys. Its values are text or null; rules convert them.
    fn record(&self, name: &str) -> Result<Option<Value>> {
        let prefix = format!("{name}.");
        let mut map = Map::new();
        for full in self.below(&prefix) {
            let key = &full[prefix.len()..];
            if key.contains('.') || (!self.strict && key.ends_with("[]")) {
                let reason = "is nested inside a record parameter, \
                              but a record value type may not be an object, array, or record";
                return Err(ambiguous(full, reason));
            }
            let text = self.single(full)?.filter(|text| !text.is_empty());
            map.insert(key.to_owned(), text.map_or(Value::Null, Value::from));
        }
        Ok((!map.is_empty()).then_some(Value::Object(map)))
    }

    /// The bare name of an object or a record can only mean null; the rule refuses any other text.
    fn nothing(&self, name: &str) -> Result<Option<Value>> {
        if let Some(inner) = self.below(&format!("{name}.")).next() {
            return Err(ambiguous(name, format!("conflicts with the nested parameter '{inner}'")));
        }
        let text = self.single(name)?;
        Ok(text.map(|text| if self.is_empty(text) { Value::Null } else { Value::from(text) }))
    }

    fn single(&self, name: &str) -> Result<Option<&str>> {
        match self.all(name)?.as_slice() {
            [] => Ok(None),
            [text] => Ok(Some(text)),
            _ => Err(ambiguous(name, "has repeated values but is not an array parameter")),
        }
    }

    fn all(&self, name: &str) -> Result<Vec<&str>> {
        let values = self.pairs.get(name).map_or(&[][..], Vec::as_slice);
        let texts = values.iter().map(Option::as_deref).collect::<Option<_>>();
        texts.ok_or_else(|| ambiguous(name, "is not valid percent-encoded UTF-8"))
    }

    /// Names with this prefix.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let from_prefix = self.pairs.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from_prefix.map(|(name, _)| name.as_str()).take_while(move |name| name.starts_with(prefix))
    }

    fn is_empty(&self, text: &str) -> bool {
        if self.strict { text.is_empty() } else { text.trim().is_empty() }
    }
}

fn ambiguous(name: &str, reason: impl Into<String>) -> Error {
    Error::AmbiguousQuery { name: name.to_owned(), reason: reason.into() }
}
