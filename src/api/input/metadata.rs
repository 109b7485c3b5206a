//! Rules for custom metadata in updates and in filters. The limits of updates are those of Seam's own schemas. A filter has
//! no limit there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Reader, Rule, Shape, object, text};
use crate::domain::metadata::{
    MAX_FILTER, MAX_KEY, MAX_PAIRS, MAX_TEXT, MetadataChange, MetadataFilter, MetadataValue,
};
use crate::error::{Expected, Limit, Problem, Step, Unit};

/// The problem of metadata with too many keys.
pub const TOO_MANY: Problem = Problem::Length { limit: Limit::AtMost(MAX_PAIRS), unit: Unit::Keys };

/// Metadata of an update: listed keys change, others stay. Null and the empty text delete a key.
pub fn metadata() -> impl Rule<Output = MetadataChange> {
    Pairs { max_key: MAX_KEY, max_text: MAX_TEXT }.try_map(|pairs| {
        let change = |value: Option<MetadataValue>| value.filter(|value| *value != MetadataValue::Text(String::new()));
        Ok(pairs.into_iter().map(|(key, value)| (key, change(value))).collect())
    })
}

/// Metadata of a filter: all pairs must match, and null matches a key that is not set. A flag in a query string is text,
/// so all values are texts.
pub fn metadata_filter() -> impl Rule<Output = MetadataFilter> {
    Pairs { max_key: MAX_FILTER, max_text: MAX_FILTER }.try_map(|pairs| {
        let texts = pairs.into_iter().map(|(key, value)| (key, value.map(MetadataValue::into_text)));
        // A query string cannot contain empty text, so Seam's filter drops such a pair, from a body too.
        Ok(texts.filter(|(_, text)| text.as_deref() != Some("")).collect())
    })
}

/// Pairs of custom metadata, as they are given.
struct Pairs {
    /// Longest key.
    max_key: usize,
    /// Longest text.
    max_text: usize,
}

impl Rule for Pairs {
    type Output = BTreeMap<String, Option<MetadataValue>>;

    fn shape(&self) -> Shape {
        Shape::Metadata { max_key: self.max_key, max_text: self.max_text }
    }

    fn read(&self, value: Option<Value>, at: &mut Reader) -> Option<Self::Output> {
        let map = object::keys(value, at)?;
        // zod 3 skips rules over the whole record once a value has a wrong type.
        let types_fit = map.values().all(|value| matches!(value, Value::Null | Value::Bool(_) | Value::String(_)));
        let is_too_large = map.len() > MAX_PAIRS && types_fit;
        let mut pairs = BTreeMap::new();
        let mut sound = true;
        for (key, value) in map {
            let setting = at.within(Step::Key(key.clone()), |at| {
                let key_fits = is_key(&key, self.max_key, at);
                setting(value, self.max_text, at).filter(|_| key_fits)
            });
            match setting {
                Some(setting) => _ = pairs.insert(key, setting),
                None => sound = false,
            }
        }
        (at.demand(!is_too_large, || TOO_MANY) && sound).then_some(pairs)
    }
}

fn is_key(key: &str, max: usize, at: &mut Reader) -> bool {
    let short = at.length(text::units(key), None, Some(max), Unit::Characters);
    let flat = at.demand(!key.contains('.'), || Problem::Period);
    at.storable(key) && short && flat
}

fn setting(value: Value, max: usize, at: &mut Reader) -> Option<Option<MetadataValue>> {
    match value {
        Value::Null => Some(None),
        Value::Bool(flag) => Some(Some(MetadataValue::Flag(flag))),
        Value::String(text) => {
            let fits = at.storable(&text) & at.length(text::units(&text), None, Some(max), Unit::Characters);
            fits.then_some(Some(MetadataValue::Text(text)))
        }
        other => {
            // One message for each branch of the union, as in zod 3's tree.
            for branch in ["string", "boolean", "null"] {
                at.mismatch(Expected::Json(branch), &other);
            }
            None
        }
    }
}
