//! What a change changed, value by value.

use crate::console::elements::{cut, text};
use crate::domain::audit::AuditEntry;
use maud::{Markup, html};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most characters of a value that are shown.
const MAX_VALUE: usize = 200;

/// Most values that are shown of a change.
const MAX_VALUES: usize = 60;

/// One value, before and after.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

/// The difference of an entry, behind a summary.
pub fn difference(entry: &AuditEntry) -> Markup {
    let changes = changes(entry.before.as_ref(), entry.after.as_ref());
    html! {
        @if !changes.is_empty() {
            details.difference {
                summary { (summary(entry, &changes)) }
                dl {
                    @for change in changes.iter().take(MAX_VALUES) {
                        dt { (text(&change.name)) }
                        dd {
                            @if let Some(before) = &change.before { del { span.visually-hidden { "before: " } (text(before)) } }
                            @if change.before.is_some() && change.after.is_some() { " → " }
                            @if let Some(after) = &change.after { ins { span.visually-hidden { "after: " } (text(after)) } }
                        }
                    }
                }
                @if changes.len() > MAX_VALUES { p.quiet { "and " (changes.len() - MAX_VALUES) " more" } }
            }
        }
    }
}

fn summary(entry: &AuditEntry, changes: &[Change]) -> String {
    let count = |what: &str| {
        format!(
            "{} {what}",
            if changes.len() == 1 { "1 value".to_owned() } else { format!("{} values", changes.len()) }
        )
    };
    match (&entry.before, &entry.after) {
        (None, _) => count("set"),
        (_, None) => count("deleted"),
        _ => cut(&changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>().join(", "), 60),
    }
}

/// The values that differ; those of objects by their keys.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let (before, after) = (flat(before), flat(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Change {
            name: cut(name, MAX_VALUE),
            before: before.get(name).map(|value| cut(value, MAX_VALUE)),
            after: after.get(name).map(|value| cut(value, MAX_VALUE)),
        })
        .collect()
}

fn flat(document: Option<&Value>) -> BTreeMap<String, String> {
    let empty = Map::new();
    let values = document.and_then(Value::as_object).unwrap_or(&empty);
    let mut flat = BTreeMap::new();
    for (name, value) in values {
        match value {
            Value::Object(inner) => {
                flat.extend(inner.iter().map(|(key, value)| (format!("{name}.{key}"), shown(value))));
            }
            value => _ = flat.insert(name.clone(), shown(value)),
        }
    }
    flat
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(before: Value, after: Value) -> Vec<(String, String, String)> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let document = |value: &Value| (!value.is_null()).then(|| value.clone());
        changes(document(&before).as_ref(), document(&after).as_ref())
            .into_iter()
            .map(|change| (change.name, text(change.before), text(change.after)))
            .collect()
    }

    #[test]
    fn only_values_that_differ_are_shown_those_of_objects_by_their_keys() {
        let before = json!({ "device_id": "1", "nickname": "Old", "custom_metadata": { "desk": "4", "room": "A" } });
        let after = json!({ "device_id": "1", "custom_metadata": { "desk": "5", "room": "A", "flag": true } });
        let row = |name: &str, before: &str, after: &str| (name.to_owned(), before.to_owned(), after.to_owned());
        let expected = [
            row("custom_metadata.desk", "4", "5"),
            row("custom_metadata.flag", "-", "true"),
            row("nickname", "Old", "-"),
        ];
        assert_eq!(texts(before, after), expected);
        assert_eq!(texts(Value::Null, json!({ "a": null })), [row("a", "-", "none")]);
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut("é".repeat(300).as_str(), 200), "é".repeat(200) + "…");
        assert_eq!(cut("short", 200), "short");
    }
}
