//! An example of a schema, made from what the schema says, so that it cannot break it.

use serde_json::{Map, Value, json};

/// A value that the schema allows.
pub fn example(schema: &Value) -> Value {
    if let Some(value) = schema.get("example").or(schema.get("default")) {
        return value.clone();
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    if let Some(branch) = schema["oneOf"].as_array().and_then(|branches| branches.first()) {
        return example(branch);
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
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
        (Some("array"), _) => list(schema),
        (Some("object"), _) => object(schema),
        _ => Value::Null,
    }
}

/// Empty where it may be: most lists of an answer are.
fn list(schema: &Value) -> Value {
    match schema["minItems"].as_u64() {
        Some(count) => (0..count).map(|_| example(&schema["items"])).collect(),
        None => json!([]),
    }
}

fn object(schema: &Value) -> Value {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    let properties: Map<String, Value> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| is_required(name))
        .map(|(name, schema)| (name.clone(), example(schema)))
        .collect();
    properties.into()
}
