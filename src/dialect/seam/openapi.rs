//! The dialect's part of the OpenAPI document, made from the routes.

mod inputs;
mod responses;
mod security;

use super::answer::AnswerShape;
use super::event_types::EventType;
use super::page::Pagination;
use super::route::Operation;
use crate::api::input::names;
use crate::api::openapi::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The dialect's tags, paths and components.
pub fn document() -> Value {
    let routes = super::routes();
    let schemas = schemas(&routes);
    let names = [inputs::names(&routes), responses::names(&routes)];
    let operations = routes.iter().flat_map(|route| {
        let methods = route.methods.iter();
        methods.map(|method| (route.path.to_string(), *method, operation(route, method, &names, &schemas)))
    });
    let mut paths = paths(operations);
    inputs::share_parameters(&mut paths);
    let document = json!({
        "tags": tags(&routes),
        "security": security::of_most(),
        "paths": paths,
        "components": {
            "schemas": schemas.0,
            "securitySchemes": security::schemes(),
        },
    });
    extract_components(document)
}

/// The groups of routes: the first part of their paths.
fn tags(routes: &[Operation]) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for route in routes {
        if !names.contains(&tag(&route.path)) {
            names.push(tag(&route.path));
        }
    }
    names.into_iter().map(|name| json!({ "name": name, "description": tag_description(name) })).collect()
}

fn tag(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

fn tag_description(name: &str) -> String {
    match name {
        "acs" => "Credentials: what a user identity or a phone can open".to_owned(),
        "health" => "The health of the service".to_owned(),
        "seam" => "What Seam's mobile SDK and the apps of instant keys call".to_owned(),
        name => capitalized(&name.replace('_', " ")),
    }
}

fn operation(route: &Operation, method: &str, [bodies, successes]: &[Names; 2], schemas: &Schemas) -> Value {
    let Operation { summary, key, rules, document, .. } = route;
    let (mut descriptions, mut parameters, mut body) = (Vec::new(), Vec::new(), None);
    if inputs::has_body(method) {
        body = Some(inputs::body(bodies, &rules.query));
    } else {
        parameters = inputs::parameters(&rules.query);
        let records = inputs::describe_records(&rules.query);
        if !records.is_empty() {
            descriptions.push(format!("{summary}.{records}"));
        }
    }
    descriptions.extend(responses::describe_conflicts(route));
    let description = descriptions.join(" ");
    let id = operation_id(&route.path, method);
    let (tags, security) = ([tag(&route.path)], security::of_operation(document.access));
    let responses = responses::of(route, successes, schemas);
    let mut operation = json!(Description { id, summary, description, tags, security, parameters, body, responses });
    operation["x-response-key"] = json!(key);
    if *key == Some("action_attempt") && !route.path.starts_with("/action_attempts") {
        operation["x-action-attempt-type"] = "RESET_SANDBOX_WORKSPACE".into();
    }
    if let Some(reason) = undocumented(&route.path) {
        operation["x-undocumented"] = reason.into();
    }
    if matches!(document.shape, AnswerShape::Stream(_)) {
        operation["x-undocumented"] = "A stream is for long-running clients".into();
    }
    operation
}

/// Why command-line clients do not know a route, or none of a prefix. Seam's document says the same of them.
fn undocumented(path: &str) -> Option<&'static str> {
    let is_in = |prefix: &str| path.starts_with(prefix);
    match path {
        _ if is_in("/seam/") => Some("For the mobile SDK only"),
        "/acs/credentials/create_offline_code" | "/workspaces/find_anything" => Some("Unreleased"),
        _ if is_in("/workspaces/customization_profiles") => Some("Unreleased"),
        _ if is_in("/acs/credentials/unmanaged/") => Some("No credential is unmanaged"),
        _ if is_in("/user_identities/enrollment_automations") => Some("No access system is connected"),
        "/devices/delete" => Some("Kept for old clients, use /phones/deactivate"),
        _ => None,
    }
}

/// The path and the method in one camel-case word, as in Seam's document.
fn operation_id(path: &str, method: &str) -> String {
    let words = path.split(['/', '_']).filter(|word| !word.is_empty()).chain([method]);
    let word =
        |(index, word): (usize, &str)| if index == 0 { word.to_owned() } else { capitalized(&word.to_lowercase()) };
    words.enumerate().map(word).collect()
}

/// What the route's request and response are called.
fn name_of(route: &Operation) -> String {
    pascal_case(&route.path)
}

/// Names of components by their content, as text.
type Names = BTreeMap<String, String>;

/// Of several names of one content, the shortest stands.
fn names_by_content(named: impl IntoIterator<Item = (Value, String)>) -> Names {
    let mut names = Names::new();
    for (content, name) in named {
        let known = names.entry(content.to_string()).or_insert_with(|| name.clone());
        if (name.len(), &name) < (known.len(), known) {
            *known = name;
        }
    }
    names
}

/// Every event type, as a schema of its own.
fn event_type() -> Value {
    json!({ "type": "string", "description": "The type of an event", "enum": names::<EventType>() })
}

/// The schemas of the resources and of what stands around them.
fn schemas(routes: &[Operation]) -> Schemas {
    let mut schemas = Schemas::default().with::<Pagination>().with::<responses::ErrorResponse>();
    schemas.0.insert("EventType".to_owned(), event_type());
    let mut resources = BTreeMap::from([("Pagination", ("pagination", None)), ("ErrorResponse", ("error", None))]);
    for route in routes {
        if let AnswerShape::Members(schema) = route.document.shape {
            schema(&mut schemas);
        }
    }
    for component in routes.iter().filter_map(|route| route.document.shape.component()) {
        (component.define)(&mut schemas);
        resources.insert(component.schema, (component.name, Some(component.route_path)));
    }
    for (schema, (name, route_path)) in resources {
        let schema = &mut schemas.0[schema];
        schema[RESOURCE_NAME] = name.into();
        if let Some(route_path) = route_path {
            schema["x-route-path"] = route_path.into();
            if let Some(reason) = undocumented(route_path) {
                schema["x-undocumented"] = reason.into();
            }
        }
    }
    schemas
}
