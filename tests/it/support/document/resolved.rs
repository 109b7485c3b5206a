//! The document without references between its parts: parameters, bodies, responses and headers in their places. Schemas of
//! inputs are spelt out, too, with one type each, so that a value can be made of any; those of responses keep their
//! references, by which they are judged.

use super::schema::resolve;
use serde_json::{Map, Value, json};

/// The document with its paths resolved.
pub fn resolved(document: &Value) -> Value {
    let mut resolved = document.clone();
    resolved["paths"] = in_place(document, &document["paths"]);
    let operations = resolved["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in operations.flat_map(|path| path.as_object_mut().expect("a path has methods").values_mut()) {
        for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
            parameter["schema"] = plain(document, &parameter["schema"]);
        }
        let Some(body) = operation.get_mut("requestBody") else { continue };
        for content in body["content"].as_object_mut().into_iter().flat_map(|types| types.values_mut()) {
            content["schema"] = plain(document, &content["schema"]);
        }
    }
    resolved
}

/// Each reference that is not to a schema gives way to what it refers to.
fn in_place(document: &Value, value: &Value) -> Value {
    if let Some(reference) = value["$ref"].as_str().filter(|name| !name.starts_with("#/components/schemas/")) {
        let target = resolve(document, reference).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        return in_place(document, target);
    }
    each(value, |member| in_place(document, member))
}

/// A schema without references, in which null is a mark and no type.
fn plain(document: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    while let Some(reference) = schema["$ref"].as_str() {
        let target = resolve(document, reference).unwrap_or_else(|| panic!("{reference} leads nowhere")).clone();
        let mut beside = schema.as_object().cloned().unwrap_or_default();
        beside.remove("$ref");
        schema = target;
        schema.as_object_mut().expect("a schema is an object").extend(beside);
    }
    let is_null = |branch: &Value| *branch == "null" || branch["type"] == "null";
    for keyword in ["type", "oneOf"] {
        let Some(choices) = schema[keyword].as_array().cloned() else { continue };
        let rest: Vec<Value> = choices.iter().filter(|choice| !is_null(choice)).cloned().collect();
        let members = schema.as_object_mut().expect("a schema is an object");
        if rest.len() < choices.len() {
            members.insert("nullable".to_owned(), json!(true));
        }
        match (keyword, rest.as_slice()) {
            ("type", [one]) => _ = members.insert("type".to_owned(), one.clone()),
            ("type", several) => {
                members.remove("type");
                let branches = several.iter().map(|name| json!({ "type": name })).collect();
                members.insert("oneOf".to_owned(), branches);
            }
            (_, [one]) => {
                members.remove("oneOf");
                members.extend(plain(document, one).as_object().cloned().unwrap_or_default());
            }
            (_, several) => _ = members.insert("oneOf".to_owned(), several.into()),
        }
    }
    each(&schema, |member| plain(document, member))
}

fn each(value: &Value, change: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), change(member))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(change).collect(),
        other => other.clone(),
    }
}
