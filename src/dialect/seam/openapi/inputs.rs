//! What an operation takes: query parameters or a JSON body, from the rules of its input.

use super::super::route::Operation;
use super::{Names, names_by_content};
use crate::api::input::{Field, Shape};
use crate::api::openapi::{Kind, Schemas, component, example, json_body, parameter, pascal_case};
use crate::domain::metadata::MAX_TEXT;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields as query parameters. A record has dotted keys there, `custom_metadata_has.a=b`, which OpenAPI has no style for:
/// clients that sent one as a `deepObject` would see it ignored, so [`describe_records`] tells of it in words.
pub fn parameters(fields: &[Field]) -> Vec<Value> {
    fields.iter().filter(|field| !is_record(field)).map(|field| parameter(field, "query")).collect()
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

/// The names of bodies, by their schemas. Operations with equal bodies share one.
pub fn names(routes: &[Operation]) -> Names {
    let bodies = routes.iter().filter(|route| route.methods.iter().any(|method| has_body(method)));
    let bodies: Vec<(&[Field], String)> =
        bodies.map(|route| (route.rules.query.as_slice(), super::name_of(route))).collect();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    bodies.iter().for_each(|(fields, _)| *uses.entry(schema(fields).to_string()).or_default() += 1);
    names_by_content(bodies.into_iter().map(|(fields, name)| {
        let schema = schema(fields);
        let name = match fields {
            _ if uses[&schema.to_string()] == 1 => name,
            [] => "Empty".to_owned(),
            [only] if only.required => pascal_case(only.name),
            _ => name,
        };
        (schema, name)
    }))
}

/// Whether requests of this method have their input in a body.
pub fn has_body(method: &str) -> bool {
    !matches!(method, "GET" | "DELETE")
}

/// All fields as a JSON body.
pub fn body(names: &Names, fields: &[Field]) -> Value {
    let schema = schema(fields);
    let name = &names[&schema.to_string()];
    let is_required = fields.iter().any(|field| field.required);
    let example = example(&schema, &Schemas::default());
    let schema = component(Kind::Schema, &format!("{name}Request"), schema);
    component(Kind::RequestBody, name, json_body(schema, is_required, example))
}

fn schema(fields: &[Field]) -> Value {
    with_named_values(Field::object("", fields))
}

/// The schema of an input, with components for the values of metadata. A default that is an object is left out: the
/// defaults of its members say the same, and generators cannot write it.
fn with_named_values(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            if members.contains_key("type") {
                members.retain(|name, value| name != "default" || !value.is_object());
            }
            let is_value = members.get("type").and_then(Value::as_array).is_some_and(|types| types.len() > 2);
            let is_stored = members.get("maxLength").is_some_and(|longest| *longest == MAX_TEXT);
            let schema = members.into_iter().map(|(name, member)| (name, with_named_values(member))).collect();
            match (is_value, is_stored) {
                (false, _) => schema,
                (true, true) => component(Kind::Schema, "CustomMetadataValue", schema),
                (true, false) => component(Kind::Schema, "CustomMetadataFilterValue", schema),
            }
        }
        Value::Array(items) => items.into_iter().map(with_named_values).collect(),
        other => other,
    }
}

/// Makes components of the parameters that several operations take.
pub fn share_parameters(paths: &mut Map<String, Value>) {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    each_parameter(paths, &mut |parameter| *uses.entry(parameter.to_string()).or_default() += 1);
    let shared: Vec<(Value, usize)> = uses
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .filter_map(|(parameter, count)| Some((serde_json::from_str(&parameter).ok()?, count)))
        .collect();
    each_parameter(paths, &mut |parameter| {
        let named = |(other, _): &&(Value, usize)| other["name"] == parameter["name"];
        // Of one name, that of the most operations keeps it for itself; the others stay where they are.
        if shared.iter().filter(named).max_by_key(|(_, count)| count).is_some_and(|(most, _)| most == parameter) {
            let name = pascal_case(parameter["name"].as_str().unwrap_or_default());
            *parameter = component(Kind::Parameter, &name, parameter.take());
        }
    });
}

fn each_parameter(paths: &mut Map<String, Value>, act: &mut dyn FnMut(&mut Value)) {
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    operations.filter_map(|it| it.get_mut("parameters")?.as_array_mut()).flatten().for_each(act);
}
