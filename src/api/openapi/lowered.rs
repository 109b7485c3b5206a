//! The OpenAPI 3.0 form of a document: everything is spelt out in place but for the resources, which keep components of
//! their own. Seam's command-line client builds its commands from this form and reads no other.

use serde_json::{Map, Value, json};

/// The extension that names a schema which stays a component.
pub const RESOURCE_NAME: &str = "x-resource-name";

/// A document of OpenAPI 3.1 in the words of 3.0, with components only for headers, security schemes and those schemas
/// that have a resource name.
pub fn lowered(document: &Value) -> Value {
    let by_reference = Lowering { document, keeps_resources: true };
    let mut lowered = by_reference.value(document);
    let in_place = Lowering { document, keeps_resources: false };
    lowered["openapi"] = "3.0.3".into();
    let components = &document["components"];
    let mut schemas = Map::new();
    for schema in components["schemas"].as_object().into_iter().flat_map(|schemas| schemas.values()) {
        let Some(name) = schema[RESOURCE_NAME].as_str() else { continue };
        // The client looks for the resources of a batch by their references.
        let lowering = if name == "batch" { &by_reference } else { &in_place };
        let mut schema = lowering.value(schema);
        if let Some(members) = schema.as_object_mut() {
            members.remove(RESOURCE_NAME);
        }
        schemas.insert(name.to_owned(), as_resource(name, schema));
    }
    lowered["components"] = json!({ "schemas": schemas });
    for group in ["headers", "securitySchemes"] {
        lowered["components"][group] = in_place.value(&components[group]);
    }
    lowered
}

/// The command-line client takes every object for a resource, and looks for the types of action attempts in a choice.
fn as_resource(name: &str, schema: Value) -> Value {
    match name {
        "error" => json!({ "allOf": [schema] }),
        "action_attempt" if schema["oneOf"].is_null() => {
            let (mut variant, mut choice) = (schema, Map::new());
            for keyword in ["description", "x-route-path"] {
                let moved = variant.as_object_mut().and_then(|variant| variant.remove(keyword));
                choice.extend(moved.map(|value| (keyword.to_owned(), value)));
            }
            choice.insert("oneOf".to_owned(), json!([variant]));
            choice.into()
        }
        _ => schema,
    }
}

struct Lowering<'a> {
    document: &'a Value,
    /// Whether resources are referred to. A resource itself refers to no other.
    keeps_resources: bool,
}

impl Lowering<'_> {
    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.reference(reference, members),
                None => Value::Object(self.object(members)),
            },
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            other => other.clone(),
        }
    }

    /// What a reference stands for, with the members beside it; or a reference to the resource.
    fn reference(&self, reference: &str, beside: &Map<String, Value>) -> Value {
        let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer)) else {
            return Value::Object(beside.clone());
        };
        if let Some(name) = target[RESOURCE_NAME].as_str().filter(|_| self.keeps_resources) {
            return json!({ "$ref": format!("#/components/schemas/{name}") });
        }
        if reference.starts_with("#/components/headers/") {
            return json!({ "$ref": reference });
        }
        let mut lowered = self.value(target);
        if let Some(members) = lowered.as_object_mut() {
            if members.remove(RESOURCE_NAME).is_some() {
                members.remove("x-route-path");
            }
            members
                .extend(beside.iter().filter(|(name, _)| *name != "$ref").map(|(name, it)| (name.clone(), it.clone())));
        }
        lowered
    }

    fn object(&self, members: &Map<String, Value>) -> Map<String, Value> {
        // `default` is a response, too.
        let is_data = |name: &str, member: &Value| {
            matches!(name, "example" | "examples" | "default" | "enum" | "required" | "discriminator")
                && member.get("$ref").is_none()
        };
        let mut schema: Map<String, Value> = members
            .iter()
            .filter(|(name, _)| *name != "propertyNames")
            .map(|(name, member)| {
                (name.clone(), if is_data(name, member) { member.clone() } else { self.value(member) })
            })
            .collect();
        describe_operation(&mut schema);
        without_null_type(&mut schema);
        without_null_branch(&mut schema);
        without_all_of(&mut schema);
        if let Some(discriminator) = schema.get_mut("discriminator").and_then(Value::as_object_mut) {
            discriminator.remove("mapping");
        }
        if let Some(bound) = schema.get("exclusiveMinimum").filter(|bound| bound.is_number()).cloned() {
            schema.insert("minimum".to_owned(), bound);
            schema.insert("exclusiveMinimum".to_owned(), true.into());
        }
        schema
    }
}

/// The client shows the description of an operation as help: the summary, if that says it all.
fn describe_operation(members: &mut Map<String, Value>) {
    if members.contains_key("operationId") && !members.contains_key("description") {
        let summary = members["summary"].as_str().unwrap_or_default();
        members.insert("description".to_owned(), format!("{summary}.").into());
    }
}

/// A list of types becomes the one that is not null, or a choice of those, and is nullable if null was among them. The
/// values of an enumeration are without null: Seam's CLI takes texts only.
fn without_null_type(schema: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = schema.get("type").cloned() else { return };
    schema.remove("type");
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
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

/// A choice between null and one schema becomes that schema, which is nullable.
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
    let Some(Value::Array(parts)) = schema.remove("allOf") else { return };
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

    fn plain(schema: Value) -> Value {
        Lowering { document: &Value::Null, keeps_resources: true }.value(&schema)
    }

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
    fn an_operation_without_a_description_has_its_summary() {
        let operation =
            |description: &str| json!({ "operationId": "list", "summary": "List", "description": description });
        assert_eq!(plain(json!({ "operationId": "list", "summary": "List" })), operation("List."));
        assert_eq!(plain(operation("Pages.")), operation("Pages."));
    }

    #[test]
    fn parts_that_all_hold_become_one_object() {
        let part = |name: &str| json!({ "type": "object", "properties": { name: {} }, "required": [name] });
        assert_eq!(
            plain(json!({ "allOf": [part("a"), part("b")] })),
            json!({ "type": "object", "properties": { "a": {}, "b": {} }, "required": ["a", "b"] }),
        );
    }

    #[test]
    fn references_are_spelt_out_but_for_those_to_resources() {
        let reference = |path: &str| json!({ "$ref": format!("#/components/{path}") });
        let document = json!({
            "openapi": "3.1.0",
            "paths": [reference("responses/Phone")],
            "components": {
                "responses": { "Phone": {
                    "headers": { "id": reference("headers/id") },
                    "schema": { "properties": {
                        "phone": reference("schemas/Phone"),
                        "kind": { "$ref": "#/components/schemas/Kind", "description": "Which" },
                    } },
                } },
                "schemas": {
                    "Kind": { "type": ["string", "null"], "enum": ["a", null] },
                    "Phone": { "type": "object", "properties": { "kind": reference("schemas/Kind") }, RESOURCE_NAME: "phone" },
                },
                "headers": { "id": { "schema": { "exclusiveMinimum": 0, "type": "integer" } } },
                "securitySchemes": { "key": { "type": "http" } },
            },
        });
        let kind = json!({ "type": "string", "nullable": true, "enum": ["a"] });
        let mut described = kind.clone();
        described["description"] = "Which".into();
        assert_eq!(
            lowered(&document),
            json!({
                "openapi": "3.0.3",
                "paths": [{
                    "headers": { "id": reference("headers/id") },
                    "schema": { "properties": { "phone": reference("schemas/phone"), "kind": described } },
                }],
                "components": {
                    "schemas": { "phone": { "type": "object", "properties": { "kind": kind } } },
                    "headers": { "id": { "schema": { "exclusiveMinimum": true, "minimum": 0, "type": "integer" } } },
                    "securitySchemes": { "key": { "type": "http" } },
                },
            }),
        );
    }
}
