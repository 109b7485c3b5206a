//! The document without references between its parts: parameters, bodies, responses and headers in their places. Schemas of
//! inputs are spelt out, too, with one type each, so that a value can be made of any; those of responses keep their
//! references, by which they are judged. A tag may name several base paths of its operations, which are described below
//! the first of them: here they are below each.

use super::schema::resolve;
use serde_json::{Map, Value, json};

/// The document with its paths resolved.
pub fn resolved(document: &Value) -> Value {
    let mut resolved = document.clone();
    resolved["paths"] = below_each_base_path(document, in_place(document, &document["paths"]));
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

/// The paths that a document describes, and the same operations below the other base paths of their tags.
fn below_each_base_path(document: &Value, described: Value) -> Value {
    let mut paths = Map::new();
    for (path, operations) in described.as_object().expect("the document has paths") {
        let others = base_paths(document, operations).into_iter().filter_map(|[first, other]| {
            let rest = path.strip_prefix(first)?;
            Some(format!("{other}{rest}"))
        });
        for path in others.chain([path.clone()]) {
            assert!(paths.insert(path.clone(), operations.clone()).is_none(), "{path} is described twice");
        }
    }
    paths.into()
}

/// The base path below which the operations of a path are described, with each other one.
fn base_paths<'a>(document: &'a Value, operations: &Value) -> Vec<[&'a str; 2]> {
    let tags = operations.as_object().into_iter().flat_map(|them| them.values()).map(|operation| &operation["tags"][0]);
    let tags: Vec<&Value> = tags.collect();
    let has_tag = |tag: &&Value| tags.contains(&&tag["name"]);
    let named = document["tags"].as_array().into_iter().flatten().filter(has_tag);
    named
        .filter_map(|tag| tag["x-base-paths"].as_array()?.split_first())
        .flat_map(|(first, others)| others.iter().map(move |other| [first, other]))
        .map(|pair| pair.map(|path| path.as_str().expect("a path is text")))
        .collect()
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
