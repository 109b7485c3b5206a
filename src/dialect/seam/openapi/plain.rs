//! Schemas of OpenAPI 3.1 in the words of 3.0: `nullable` where there was a type of null, objects merged where there was
//! an `allOf`, and no keyword that 3.0 does not have.

use serde_json::{Map, Value};

/// The same schema in the words of 3.0.
pub fn plain(schema: Value) -> Value {
    match schema {
        Value::Object(schema) => Value::Object(plain_object(schema)),
        Value::Array(schemas) => schemas.into_iter().map(plain).collect(),
        other => other,
    }
}

fn plain_object(schema: Map<String, Value>) -> Map<String, Value> {
    let is_data = |name: &str| matches!(name, "example" | "default" | "enum" | "required");
    let mut schema: Map<String, Value> = schema
        .into_iter()
        .filter(|(name, _)| !matches!(name.as_str(), "propertyNames" | "$schema"))
        .map(|(name, value)| if is_data(&name) { (name, value) } else { (name, plain(value)) })
        .collect();
    without_null_type(&mut schema);
    without_null_branch(&mut schema);
    without_all_of(&mut schema);
    if let Some(bound) = schema.get("exclusiveMinimum").filter(|bound| bound.is_number()).cloned() {
        schema.insert("minimum".to_owned(), bound);
        schema.insert("exclusiveMinimum".to_owned(), true.into());
    }
    schema
}

/// A list of types becomes the one that is not null, or a choice of those, and may be null if null was among them.
fn without_null_type(schema: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = schema.get("type").cloned() else { return };
    schema.remove("type");
    let (nulls, types): (Vec<Value>, Vec<Value>) = types.into_iter().partition(|name| name == "null");
    let one_of = |name: &Value| {
        let mut branch = Map::from_iter([("type".to_owned(), name.clone())]);
        if !nulls.is_empty() {
            branch.insert("nullable".to_owned(), true.into());
        }
        branch
    };
    if let [one] = types.as_slice() {
        return schema.extend(one_of(one));
    }
    let length = schema.remove("maxLength");
    let branch = |name: &Value| {
        let length = length.clone().filter(|_| name == "string").map(|length| ("maxLength".to_owned(), length));
        Value::from_iter(one_of(name).into_iter().chain(length))
    };
    schema.insert("oneOf".to_owned(), types.iter().map(branch).collect());
}

/// A choice between null and one schema becomes that schema, which may be null.
fn without_null_branch(schema: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = schema.get_mut("oneOf") else { return };
    let count = branches.len();
    branches.retain(|branch| branch["type"] != "null");
    if branches.len() == count {
        return;
    }
    let only = if branches.len() == 1 { branches.pop() } else { None };
    schema.insert("nullable".to_owned(), true.into());
    if let Some(Value::Object(only)) = only {
        schema.remove("oneOf");
        schema.extend(only);
    }
}

/// Several objects that all hold become one with all their properties.
fn without_all_of(schema: &mut Map<String, Value>) {
    let Some(Value::Array(parts)) = schema.get("allOf").cloned() else { return };
    schema.remove("allOf");
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in &parts {
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("required".to_owned(), required.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_becomes_nullable_wherever_it_stands() {
        assert_eq!(plain(json!({ "type": ["string", "null"] })), json!({ "type": "string", "nullable": true }));
        assert_eq!(
            plain(json!({ "oneOf": [{ "type": "null" }, { "type": "object" }] })),
            json!({ "type": "object", "nullable": true }),
        );
        assert_eq!(
            plain(json!({ "type": ["string", "boolean", "null"], "maxLength": 5 })),
            json!({ "oneOf": [
                { "type": "string", "nullable": true, "maxLength": 5 },
                { "type": "boolean", "nullable": true },
            ] }),
        );
    }

    #[test]
    fn parts_that_all_hold_become_one_object() {
        let part = |name: &str| json!({ "type": "object", "properties": { name: {} }, "required": [name] });
        assert_eq!(
            plain(json!({ "allOf": [part("a"), part("b")] })),
            json!({ "type": "object", "properties": { "a": {}, "b": {} }, "required": ["a", "b"] }),
        );
    }
}
