//! Requirements of the command-line client (`@seamapi/cli` 0.42 with its blueprint 1.12), which derives its commands from
//! the document. It parses the whole document first, so one operation that it cannot parse disables every command. Each
//! rule was found by experiment: one change to a document that it accepts.

use super::{each, required_text, walk};
use crate::support::document::{Dialect, Field, Operation, committed, operations_in, operations_of};
use crate::support::world::World;
use handset::dialect::seam;
use handset::server;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

#[tokio::test]
async fn seam_clients_get_the_seam_document_and_others_the_whole_document() {
    let world = World::new().await;
    let actual = world.anonymous().with("seam-sdk-name", "seamapi/javascript").get("/openapi.json").await;
    assert_eq!(actual.status, 200);
    assert_eq!(actual.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(actual.body == *part(), "what is served with the header is not Seam's part");
    let named = world.anonymous().with("seam-sdk-name", "").get("/openapi.json").await;
    assert!(named.body == *part(), "it is the header that counts, not what it says");
    for other in ["seam-sdk-version", "user-agent", "sdk-name"] {
        let whole = world.key().with(other, "seamapi/javascript").get("/openapi.json").await;
        assert!(whole.body == *committed(), "with {other} is served what is not the whole");
    }
}

#[test]
fn the_seam_document_has_all_seam_operations_and_no_others() {
    // Both forms of the document have the same parameters, statuses and descriptions.
    let by_name = |operations: Vec<Operation>| -> BTreeMap<String, Value> {
        let actual = operations.into_iter().map(|operation| {
            let parameter = |field: Field| format!("{:?} {} {}", field.location, field.name, field.is_required);
            let mut actual = object(operation.value).clone();
            actual.insert("parameters".to_owned(), operation.fields().into_iter().map(parameter).collect());
            actual.insert("responses".to_owned(), object(&operation.value["responses"]).keys().cloned().collect());
            actual.remove("requestBody");
            let summary = required_text(operation.value, "summary");
            actual.entry("description").or_insert_with(|| format!("{summary}.").into());
            (operation.to_string(), Value::from(actual))
        });
        actual.collect()
    };
    assert!(operations().len() > 50, "only {} operations", operations().len());
    assert_eq!(by_name(operations()), by_name(operations_of(Dialect::Seam)));
}

#[test]
fn a_path_has_at_most_one_method_beside_post() {
    for (path, methods) in object(&part()["paths"]) {
        let methods: BTreeSet<&str> = object(methods).keys().map(String::as_str).chain(["post"]).collect();
        assert!(methods.len() <= 2, "{path} has {methods:?}");
    }
}

#[test]
fn schemas_use_openapi_3_0_keywords_only() {
    assert!(required_text(part(), "openapi").starts_with("3.0."));
    for schema in schemas() {
        walk(schema, &mut |part| {
            let Some(part) = part.as_object() else { return };
            // A property may be called `type`; it is an object then.
            let kind = part.get("type");
            assert!(kind.is_none_or(|kind| kind.is_string() || kind.is_object()), "several types: {kind:?}");
            assert_ne!(kind, Some(&Value::from("null")), "a type of null");
            for word in ["const", "anyOf", "not", "prefixItems", "patternProperties", "$defs", "propertyNames"] {
                assert!(!part.contains_key(word), "{word}: {part:?}");
            }
            if part.get("nullable") == Some(&Value::Bool(true)) {
                assert!(kind.is_some() || part.contains_key("oneOf"), "nullable, and what else? {part:?}");
            }
        });
    }
}

#[test]
fn parameters_and_bodies_of_operations_are_inlined() {
    for operation in operations() {
        if let Some(body) = operation.value.get("requestBody") {
            let schema = &body["content"]["application/json"]["schema"];
            assert_eq!(schema["type"], "object", "{operation}: a body without parameters");
            walk(schema, &mut |part| assert!(part.get("$ref").is_none(), "{operation}: its body refers"));
        }
        for field in operation.fields() {
            assert!(is_snake_case(field.name), "{operation}: {} is no name for a flag", field.name);
            let is_readable = field.schema["type"].is_string() || field.schema["oneOf"].is_array();
            assert!(is_readable, "{operation}: {} has no type", field.name);
            walk(field.schema, &mut |part| {
                assert!(part.get("$ref").is_none(), "{operation}: {} refers", field.name);
                let is_null = part["enum"].as_array().is_some_and(|values| values.contains(&Value::Null));
                assert!(!is_null, "{operation}: {} has null among its values, which the CLI refuses", field.name);
            });
        }
    }
}

#[test]
fn a_response_has_a_resource_or_a_list_of_resources_under_its_key() {
    for operation in operations() {
        for (status, response) in object(&operation.value["responses"]) {
            assert!(response.get("$ref").is_none(), "{operation}: {status} stands elsewhere");
        }
        if operation.is_stream() {
            continue;
        }
        let schema = operation.answer_schema();
        assert_eq!(schema["type"], "object", "{operation}");
        let Some(key) = operation.value["x-response-key"].as_str() else { continue };
        let held = &schema["properties"][key];
        let one = held["$ref"].as_str().filter(|_| object(held).len() == 1);
        let many = held["items"]["$ref"].as_str().filter(|_| held["type"] == "array");
        let resource = one.or(many).unwrap_or_else(|| panic!("{operation}: {key} is {held}"));
        assert!(resource.starts_with("#/components/schemas/"), "{operation}: {resource}");
        assert!(each(&schema["required"]).any(|name| name == key), "{operation}: {key} may be missing");
        if let Some(pagination) = schema["properties"].get("pagination") {
            assert_eq!(pagination["$ref"], "#/components/schemas/pagination", "{operation}");
        }
    }
}

#[test]
fn a_resource_names_its_routes_and_is_inlined() {
    let mut resources = 0;
    for (name, schema) in object(&part()["components"]["schemas"]) {
        let is_choice = schema["oneOf"].is_array() && name != "error";
        let is_resource = schema["type"] == "object" && schema["properties"].is_object();
        if name == "pagination" || !(is_choice || is_resource) {
            continue;
        }
        resources += 1;
        belongs_to_routes(name, schema);
        for (property, _) in schema["properties"].as_object().into_iter().flatten() {
            assert!(is_snake_case(property), "{name}.{property}");
        }
        if name == "batch" {
            let lists = object(&schema["properties"]).values();
            lists.for_each(|list| assert!(list["items"]["$ref"].is_string(), "{name}: {list} is inlined"));
            continue;
        }
        walk(schema, &mut |part| assert!(part.get("$ref").is_none(), "{name} refers to another schema"));
    }
    assert!(resources >= 10, "only {resources} resources");
    // The client would treat an object as another resource.
    assert!(part()["components"]["schemas"]["error"]["allOf"].is_array());
}

#[test]
fn each_event_type_is_a_variant() {
    let event = &part()["components"]["schemas"]["event"];
    assert_eq!(event["discriminator"]["propertyName"], "event_type");
    let mut types = BTreeSet::new();
    for variant in each(&event["oneOf"]) {
        assert_eq!(variant["type"], "object");
        let names: Vec<&str> = each(&variant["properties"]["event_type"]["enum"]).filter_map(Value::as_str).collect();
        let [name] = names.as_slice() else { panic!("a variant of {names:?}") };
        assert!(types.insert(*name), "{name} twice");
        belongs_to_routes(name, variant);
    }
    assert!(types.contains("phone.deactivated"));
}

#[test]
fn operations_that_return_an_action_attempt_name_its_type() {
    let variants = each(&part()["components"]["schemas"]["action_attempt"]["oneOf"]);
    let known: Vec<&Value> = variants.map(|variant| &variant["properties"]["action_type"]["enum"][0]).collect();
    let is_giver = |operation: &Operation| {
        operation.value["x-response-key"] == "action_attempt" && !operation.path.starts_with("/action_attempts/")
    };
    let givers: Vec<Operation> = operations().into_iter().filter(is_giver).collect();
    assert!(!givers.is_empty());
    for operation in givers {
        let named = &operation.value["x-action-attempt-type"];
        assert!(known.contains(&named), "{operation} gives {named}, of {known:?}");
    }
    assert!(operations().iter().any(|operation| operation.path == "/action_attempts/get"));
}

#[test]
fn operations_of_the_mobile_sdk_streams_and_what_seam_hides_are_hidden() {
    let hidden_by_seam = [
        "/acs/credentials/create_offline_code",
        "/acs/credentials/unmanaged/",
        "/devices/delete",
        "/user_identities/enrollment_automations/",
        "/workspaces/customization_profiles/",
        "/workspaces/find_anything",
    ];
    for operation in operations() {
        let is_hidden = operation.path.starts_with("/seam/")
            || operation.is_stream()
            || hidden_by_seam.iter().any(|path| operation.path.starts_with(path));
        assert_eq!(operation.value["x-undocumented"].is_string(), is_hidden, "{operation}");
    }
}

/// The document for Seam's clients.
fn part() -> &'static Value {
    static PART: OnceLock<Value> = OnceLock::new();
    PART.get_or_init(|| server::openapi::part_of(&seam::DIALECT))
}

fn operations() -> Vec<Operation> {
    operations_in(part())
}

/// Its path is a prefix of a route's path, and it is hidden if and only if all those routes are.
fn belongs_to_routes(name: &str, schema: &Value) {
    let prefix = format!("{}/", required_text(schema, "x-route-path"));
    let routes: Vec<Operation> = operations().into_iter().filter(|it| it.path.starts_with(&prefix)).collect();
    assert!(!routes.is_empty(), "{name} belongs to {prefix}, where nothing is");
    let are_hidden = routes.iter().all(|operation| operation.value["x-undocumented"].is_string());
    assert_eq!(schema["x-undocumented"].is_string(), are_hidden, "{name}: is it hidden?");
}

/// Every schema of the document.
fn schemas() -> Vec<&'static Value> {
    let mut schemas: Vec<&Value> = object(&part()["components"]["schemas"]).values().collect();
    walk(&part()["paths"], &mut |part| schemas.extend(part.get("schema")));
    assert!(schemas.len() > 500, "only {} schemas", schemas.len());
    schemas
}

/// Lower-case letters and digits, with single underscores between words.
fn is_snake_case(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    let name = name.trim_start_matches('_');
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('_').all(is_word)
}

fn object(value: &'static Value) -> &'static Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}"))
}
