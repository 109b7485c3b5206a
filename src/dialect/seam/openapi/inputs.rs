//! What an operation takes: query parameters or a JSON body, from the rules of its input.

use crate::api::input::{Field, Shape};
use crate::api::openapi::{self, Kind, Schemas, component, example, pascal_case, reference};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The fields as query parameters. A record has dotted keys there, `custom_metadata_has.a=b`, which OpenAPI has no style for:
/// clients that sent one as a `deepObject` would see it ignored, so [`describe_records`] tells of it in words.
pub fn parameters(fields: &[Field]) -> Vec<Value> {
    fields.iter().filter(|field| !is_record(field)).map(parameter).collect()
}

/// What the query may hold beyond its parameters.
pub fn describe_records(fields: &[Field]) -> String {
    let describe = |field: &Field| {
        let name = field.name;
        format!(" In the query, `{name}` is written as `{name}.<key>=<value>` for each key.")
    };
    fields.iter().filter(|field| is_record(field)).map(describe).collect()
}

fn is_record(field: &Field) -> bool {
    matches!(field.shape.bare(), Shape::Metadata { .. })
}

fn parameter(field: &Field) -> Value {
    with_named_schemas(openapi::parameter(field, "query"))
}

/// All fields as a JSON body.
pub fn body(name: &str, fields: &[Field]) -> Value {
    let schema = with_named_schemas(json!(Field::object("", fields)));
    let is_required = fields.iter().any(|field| field.required);
    let example = required_only(&schema);
    let schema = component(Kind::Schema, &format!("{name}Request"), schema);
    let body = json!({
        "required": is_required,
        "content": { "application/json": { "schema": schema, "example": example } },
    });
    component(Kind::RequestBody, name, body)
}

/// An example with the required members, so that it works as it is but for its ids.
fn required_only(schema: &Value) -> Value {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .filter(|(name, _)| is_required(name))
        .map(|(name, schema)| (name.clone(), example(schema, &Schemas::default())))
        .collect()
}

/// The schema of an input, with references to the schemas that have names. A default that is an object is left out: what it
/// says is said by the defaults of its members, and generators cannot write it.
fn with_named_schemas(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            if members.contains_key("type") {
                members.retain(|name, value| name != "default" || !value.is_object());
            }
            let event_types = super::event_type();
            if members.get("enum") == Some(&event_types["enum"]) {
                let description = members.get("description").map(|it| ("description".to_owned(), it.clone()));
                let mut reference = reference("EventType");
                reference.as_object_mut().into_iter().for_each(|it| it.extend(description.clone()));
                return reference;
            }
            let is_of_several_types =
                members.get("type").is_some_and(|types| types.as_array().is_some_and(|it| it.len() > 2));
            let is_limited = members.contains_key("maxLength");
            let schema = members.into_iter().map(|(name, member)| (name, with_named_schemas(member))).collect();
            match (is_of_several_types, is_limited) {
                (false, _) => schema,
                (true, true) => component(Kind::Schema, "CustomMetadataValue", schema),
                (true, false) => component(Kind::Schema, "CustomMetadataFilterValue", schema),
            }
        }
        Value::Array(items) => items.into_iter().map(with_named_schemas).collect(),
        other => other,
    }
}

/// Makes components of the parameters that several operations take.
pub fn share_parameters(paths: &mut Map<String, Value>) {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    each_parameter(paths, &mut |parameter| *uses.entry(parameter.to_string()).or_default() += 1);
    let shared: Vec<Value> = uses
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .filter_map(|(parameter, _)| serde_json::from_str(&parameter).ok())
        .collect();
    each_parameter(paths, &mut |parameter| {
        let named = |other: &&Value| other["name"] == parameter["name"];
        // Of one name, the first keeps it for itself; the others stay where they are.
        if shared.iter().find(named) == Some(parameter) {
            let name = pascal_case(parameter["name"].as_str().unwrap_or_default());
            *parameter = component(Kind::Parameter, &name, parameter.take());
        }
    });
}

fn each_parameter(paths: &mut Map<String, Value>, act: &mut dyn FnMut(&mut Value)) {
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    operations.filter_map(|it| it.get_mut("parameters")?.as_array_mut()).flatten().for_each(act);
}
