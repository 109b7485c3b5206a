//! Rules for custom metadata in updates and in filters. The limits are those of Seam's own schemas.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Cursor, Rule, Shape, object, text};
use crate::error::{Expected, Limit, Problem, Step, Unit};
use crate::model::metadata::{MAX_KEY, MAX_PAIRS, MAX_TEXT, MetadataChange, MetadataFilter, MetadataValue};

/// The problem of metadata with too many keys.
pub const TOO_MANY: Problem = Problem::Length { limit: Limit::AtMost(MAX_PAIRS), unit: Unit::Keys };

/// Metadata of an update: listed keys change, others stay. Null and the empty text delete a key.
pub fn metadata() -> Changes {
    Changes
}

/// Metadata of a filter: all pairs must match, and null matches a key that is not set.
pub fn metadata_filter() -> Filter {
    Filter
}

/// Changes of custom metadata. Made by [`metadata`].
#[derive(Debug, Clone)]
pub struct Changes;

impl Rule for Changes {
    /// `None` deletes the key.
    type Output = MetadataChange;

    fn shape(&self) -> Shape {
        Shape::Metadata { is_limited: true }
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        let map = object::keys(value, at)?;
        let count = map.len();
        let types_fit = map.values().all(is_setting);
        let settings = settings(map, true, at);
        // zod 3 skips rules over the whole record once a value has a wrong type.
        let few = at.demand(!types_fit || count <= MAX_PAIRS, || TOO_MANY);
        let deleting = |setting| (setting != Some(MetadataValue::Text(String::new()))).then_some(setting).flatten();
        let settings = settings?.into_iter().map(|(key, setting)| (key, deleting(setting)));
        few.then(|| settings.collect())
    }
}

/// A filter by custom metadata. Made by [`metadata_filter`].
#[derive(Debug, Clone)]
pub struct Filter;

impl Rule for Filter {
    /// `None` matches a key that is not set. A flag in a query string is text, so all values are texts.
    type Output = MetadataFilter;

    fn shape(&self) -> Shape {
        Shape::Metadata { is_limited: false }
    }

    fn read(&self, value: Option<Value>, at: &mut Cursor) -> Option<Self::Output> {
        let settings = settings(object::keys(value, at)?, false, at)?;
        let texts = settings.into_iter().map(|(key, setting)| (key, setting.map(MetadataValue::into_text)));
        // A query string cannot contain empty text, so Seam's filter drops such a pair, from a body too.
        Some(texts.filter(|(_, text)| text.as_deref() != Some("")).collect())
    }
}

type Settings = BTreeMap<String, Option<MetadataValue>>;

fn settings(map: Map<String, Value>, is_limited: bool, at: &mut Cursor) -> Option<Settings> {
    let mut settings = BTreeMap::new();
    let mut sound = true;
    for (key, value) in map {
        let setting = at.within(Step::Key(key.clone()), |at| {
            let key_fits = is_key(&key, is_limited, at);
            setting(value, is_limited, at).filter(|_| key_fits)
        });
        match setting {
            Some(setting) => _ = settings.insert(key, setting),
            None => sound = false,
        }
    }
    sound.then_some(settings)
}

fn is_key(key: &str, is_limited: bool, at: &mut Cursor) -> bool {
    let short = at.length(text::units(key), None, is_limited.then_some(MAX_KEY), Unit::Characters);
    let flat = at.demand(!key.contains('.'), || Problem::Period);
    at.storable(key) && short && flat
}

fn setting(value: Value, is_limited: bool, at: &mut Cursor) -> Option<Option<MetadataValue>> {
    match value {
        Value::Null => Some(None),
        Value::Bool(flag) => Some(Some(MetadataValue::Flag(flag))),
        Value::String(text) => {
            let max = is_limited.then_some(MAX_TEXT);
            let fits = at.storable(&text) & at.length(text::units(&text), None, max, Unit::Characters);
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

fn is_setting(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::String(_))
}
