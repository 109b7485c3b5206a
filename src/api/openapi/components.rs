//! Named components. A dialect describes each thing where it is used and marks what has a name of its own; marked things
//! then become components of the document, and a `$ref` takes their place. Parameters and request bodies that are used
//! once stay in place. An example that all responses of one schema have becomes the example of the schema, which lists of
//! it then have, too.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The member that marks a value as a component until the document is assembled.
const MARK: &str = "x-component";

/// The kinds of components, as a document groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Schema,
    Response,
    Parameter,
    RequestBody,
    Header,
}

impl Kind {
    fn group(self) -> &'static str {
        match self {
            Kind::Schema => "schemas",
            Kind::Response => "responses",
            Kind::Parameter => "parameters",
            Kind::RequestBody => "requestBodies",
            Kind::Header => "headers",
        }
    }
}

/// Marks an object as the component of this name.
pub fn component(kind: Kind, name: &str, mut object: Value) -> Value {
    object[MARK] = format!("{}/{name}", kind.group()).into();
    object
}

/// Moves every marked object into the components of the document. Of two different objects with one name the first becomes
/// the component, and the second stays in place.
pub fn extract_components(document: Value) -> Value {
    let mut uses = BTreeMap::new();
    count_uses(&document, &mut uses);
    let mut components = Map::new();
    let mut document = extract(document, &uses, &mut components);
    for (path, object) in components {
        let (group, name) = path.split_once('/').expect("a mark is a group and a name");
        document["components"][group][name] = object;
    }
    share_examples(&mut document);
    document
}

/// Marked objects that are components only if they are shared, as text, with the number of their uses.
type Uses = BTreeMap<String, usize>;

fn count_uses(value: &Value, uses: &mut Uses) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| count_uses(item, uses)),
        Value::Object(members) => {
            if members.get(MARK).and_then(Value::as_str).is_some_and(|path| !stands_alone(path)) {
                *uses.entry(value.to_string()).or_default() += 1;
            }
            members.values().for_each(|member| count_uses(member, uses));
        }
        _ => {}
    }
}

/// Whether an object is a component even if it is used once: clients have types for schemas, and find responses by name.
fn stands_alone(path: &str) -> bool {
    ![Kind::Parameter, Kind::RequestBody].iter().any(|kind| path.starts_with(kind.group()))
}

fn extract(value: Value, uses: &Uses, components: &mut Map<String, Value>) -> Value {
    let is_used_once = value.get(MARK).is_some() && uses.get(&value.to_string()) == Some(&1);
    match value {
        Value::Array(items) => items.into_iter().map(|item| extract(item, uses, components)).collect(),
        Value::Object(mut members) => {
            let mark = members.remove(MARK);
            let members: Map<String, Value> =
                members.into_iter().map(|(name, member)| (name, extract(member, uses, components))).collect();
            match mark {
                Some(Value::String(path)) if !is_used_once => {
                    let reference = json!({ "$ref": format!("#/components/{path}") });
                    let object = Value::Object(members);
                    let component = components.entry(path).or_insert_with(|| object.clone());
                    if *component == object { reference } else { object }
                }
                _ => Value::Object(members),
            }
        }
        other => other,
    }
}

/// Moves the example that all responses of one schema have to the schema.
fn share_examples(document: &mut Value) {
    let mut examples: BTreeMap<String, Vec<Option<Value>>> = BTreeMap::new();
    each_content(document, |reference, content| {
        examples.entry(reference.to_owned()).or_default().push(content.get("example").cloned());
    });
    let only = |(reference, mut examples): (String, Vec<Option<Value>>)| {
        let is_shared = examples.iter().all(|example| *example == examples[0]);
        let example = examples.swap_remove(0).filter(|_| is_shared)?;
        Some((reference, example))
    };
    let shared: Vec<(String, Value)> = examples.into_iter().filter_map(only).collect();
    let mut moved = BTreeSet::new();
    for (reference, example) in shared {
        let Some(schema) = reference.strip_prefix('#').and_then(|path| document.pointer_mut(path)) else { continue };
        schema["example"] = example;
        moved.insert(reference);
    }
    each_content(document, |reference, content| {
        if moved.contains(reference) {
            content.remove("example");
        }
    });
}

/// Calls a function with each content of the responses whose schema is a reference, and with the reference.
fn each_content(document: &mut Value, mut act: impl FnMut(&str, &mut Map<String, Value>)) {
    let Some(responses) = document.pointer_mut("/components/responses").and_then(Value::as_object_mut) else { return };
    let contents = responses.values_mut().filter_map(|response| response.get_mut("content")?.as_object_mut());
    for content in contents.flat_map(|types| types.values_mut()).filter_map(Value::as_object_mut) {
        if let Some(reference) = content["schema"]["$ref"].as_str().map(str::to_owned) {
            act(&reference, content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_objects_become_components() {
        let header = || component(Kind::Header, "id", json!({ "schema": { "type": "string" } }));
        let response = component(Kind::Response, "Ok", json!({ "description": "OK", "headers": { "id": header() } }));
        let document = extract_components(json!({ "paths": [response.clone(), response, { "plain": [1] }] }));
        let reference = json!({ "$ref": "#/components/responses/Ok" });
        assert_eq!(
            document,
            json!({
                "paths": [reference, reference, { "plain": [1] }],
                "components": {
                    "headers": { "id": { "schema": { "type": "string" } } },
                    "responses": {
                        "Ok": { "description": "OK", "headers": { "id": { "$ref": "#/components/headers/id" } } },
                    },
                },
            }),
        );
    }

    #[test]
    fn one_name_is_of_one_component() {
        let named = |text: &str| component(Kind::Response, "Ok", json!({ "description": text }));
        let document = extract_components(json!({ "paths": [named("OK"), named("Created")] }));
        assert_eq!(
            document,
            json!({
                "paths": [{ "$ref": "#/components/responses/Ok" }, { "description": "Created" }],
                "components": { "responses": { "Ok": { "description": "OK" } } },
            }),
        );
    }

    #[test]
    fn parameters_and_request_bodies_that_are_used_once_stay_in_place() {
        let parameter = |name: &str| component(Kind::Parameter, name, json!({ "name": name }));
        let body = component(Kind::RequestBody, "Phone", json!({ "required": true }));
        let document = extract_components(json!({
            "paths": [[parameter("once"), parameter("twice"), body], [parameter("twice")]],
        }));
        let reference = json!({ "$ref": "#/components/parameters/twice" });
        assert_eq!(
            document,
            json!({
                "paths": [[{ "name": "once" }, reference, { "required": true }], [reference]],
                "components": { "parameters": { "twice": { "name": "twice" } } },
            }),
        );
    }

    #[test]
    fn an_example_that_all_responses_of_a_schema_have_is_that_of_the_schema() {
        let response = |name: &str, schema: &str, example: u32| {
            let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
            let content = json!({ "application/json": { "schema": reference, "example": example } });
            component(Kind::Response, name, json!({ "content": content }))
        };
        let document = extract_components(json!({
            "paths": [
                response("Get", "Phone", 1), response("Created", "Phone", 1),
                response("One", "Slot", 1), response("Two", "Slot", 2),
                response("Only", "Me", 1),
            ],
            "components": { "schemas": { "Phone": {}, "Slot": {}, "Me": {} } },
        }));
        let schemas = json!({ "Phone": { "example": 1 }, "Slot": {}, "Me": { "example": 1 } });
        assert_eq!(document["components"]["schemas"], schemas);
        let example = |name: &str| &document["components"]["responses"][name]["content"]["application/json"]["example"];
        assert_eq!(
            ["Get", "Created", "One", "Two", "Only"].map(example).map(Value::as_u64),
            [None, None, Some(1), Some(2), None]
        );
    }
}
