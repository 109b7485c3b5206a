//! Named components. A dialect describes each thing where it is used and marks what has a name of its own; marked things
//! then become components of the document, and a `$ref` takes their place.

use serde_json::{Map, Value, json};

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
    let mut components = Map::new();
    let mut document = extract(document, &mut components);
    for (path, object) in components {
        let (group, name) = path.split_once('/').expect("a mark is a group and a name");
        document["components"][group][name] = object;
    }
    document
}

fn extract(value: Value, components: &mut Map<String, Value>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| extract(item, components)).collect(),
        Value::Object(mut members) => {
            let mark = members.remove(MARK);
            let members: Map<String, Value> =
                members.into_iter().map(|(name, member)| (name, extract(member, components))).collect();
            match mark {
                Some(Value::String(path)) => {
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
}
