//! Examples made from schemas.

use super::Schemas;
use serde_json::{Map, Value, json};

/// A value that a schema allows: the example or default that it has, else one made from its keywords.
pub fn example(schema: &Value, schemas: &Schemas) -> Value {
    let schema = schemas.resolve(schema);
    if let Some(value) = schema.get("example").or(schema.get("default")) {
        return value.clone();
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    if let Some(branch) = schema["oneOf"].as_array().and_then(|them| them.iter().find(|it| it["type"] != "null")) {
        return choice(schema, schemas.resolve(branch), schemas);
    }
    match (first_type(schema), schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => json!("0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f"),
        (Some("string"), Some("date-time")) => json!("2026-11-21T20:34:03.805951Z"),
        (Some("string"), Some("uri")) => json!("https://example.com/webhooks"),
        (Some("string"), Some("email")) => json!("jane@example.com"),
        (Some("string"), _) => {
            let least = schema["minLength"].as_u64().and_then(|least| usize::try_from(least).ok()).unwrap_or(0);
            json!("text".repeat(least.div_ceil(4).max(1)))
        }
        (Some("integer" | "number"), _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => list(schema, schemas),
        _ => object(schema, schemas),
    }
}

/// A branch of a choice, with the members that the choice itself requires.
fn choice(schema: &Value, branch: &Value, schemas: &Schemas) -> Value {
    let mut value = example(branch, schemas);
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        value[name] = example(&branch["properties"][name], schemas);
    }
    value
}

/// The type of a schema that has one, or the first that is not null of several.
fn first_type(schema: &Value) -> Option<&str> {
    let types = schema["type"].as_array().map(Vec::as_slice).unwrap_or_else(|| std::slice::from_ref(&schema["type"]));
    types.iter().filter_map(Value::as_str).find(|name| *name != "null")
}

/// Empty where it may be: most lists of a response are.
fn list(schema: &Value, schemas: &Schemas) -> Value {
    match schema["minItems"].as_u64() {
        Some(count) => (0..count).map(|_| example(&schema["items"], schemas)).collect(),
        None => json!([]),
    }
}

/// The required members, also those of every part of an `allOf`.
fn object(schema: &Value, schemas: &Schemas) -> Value {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    let own = schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| is_required(name));
    let mut members: Map<String, Value> = own.map(|(name, schema)| (name.clone(), example(schema, schemas))).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        members.extend(example(part, schemas).as_object().cloned().unwrap_or_default());
    }
    members.into()
}
