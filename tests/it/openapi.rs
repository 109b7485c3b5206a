//! The OpenAPI document: the code generates it and the server serves it, it is complete, its examples are valid, and its
//! paths are those of the server. The requirements of the command-line client have a file of their own.

mod blueprint;
mod conflicts;
mod page;
mod served;
mod ucwa;

use crate::support::client::Response;
use crate::support::document::{
    self, Dialect, Location, METHODS, Operation, committed, operations, operations_in, schema,
};
use crate::support::world::World;
use handset::server;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[test]
fn the_committed_document_is_generated_by_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let text = fs::read_to_string(path).expect("openapi.json is committed");
    let is_current = text == format!("{:#}\n", server::openapi::whole());
    assert!(is_current, "openapi.json is out of date. Generate it: cargo run -- openapi > openapi.json");
}

#[tokio::test]
async fn the_served_document_is_the_committed_one() {
    let world = World::new().await;
    let actual_response = world.anonymous().get("/openapi.json").await;
    assert_eq!(actual_response.status, 200);
    assert_eq!(actual_response.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(actual_response.body == *committed(), "/openapi.json is not the committed openapi.json");
}

#[test]
fn the_document_is_openapi_3_1_and_within_size_limits() {
    assert_eq!(committed()["openapi"], "3.1.0");
    let (minified, pretty) = (committed().to_string().len(), format!("{:#}\n", committed()).lines().count());
    assert!(minified <= 400_000, "{minified} bytes minified");
    assert!(pretty <= 25_000, "{pretty} lines");
}

#[test]
fn shared_responses_and_schemas_are_components() {
    for (path, methods) in committed()["paths"].as_object().expect("there are paths") {
        for operation in methods.as_object().expect("a path has methods").values() {
            for (status, response) in operation["responses"].as_object().expect("there are responses") {
                assert!(response["$ref"].is_string(), "{path}: {status} is spelt out in place");
            }
        }
    }
    walk(committed(), &mut |value| {
        let is_null = |value: &Value| value == "null" || value["enum"] == serde_json::json!([null]);
        assert!(value.get("x-component").is_none() && value.get("nullable").is_none(), "{value}");
        assert!(!is_null(value) || value == "null", "null by an enum: {value}");
        let is_response = |default: &Value| default["$ref"].is_string();
        let is_object = value.get("default").is_some_and(|default| default.is_object() && !is_response(default));
        assert!(!is_object, "a default that is an object: {value}");
    });
}

#[test]
fn summaries_and_descriptions_follow_the_style_rules() {
    let words = ["whoever", "nobody", "somebody", "anybody", "whom"];
    let text = committed().to_string().to_lowercase();
    for word in text.split(|letter: char| !letter.is_ascii_alphabetic()) {
        assert!(!words.contains(&word), "openapi.json says {word:?}");
    }
}

#[test]
fn every_event_type_has_its_own_schema_in_the_discriminator_mapping() {
    let event = &committed()["components"]["schemas"]["Event"];
    let mapping = event["discriminator"]["mapping"].as_object().expect("there is a mapping");
    let variants: BTreeSet<&str> = each(&event["oneOf"]).filter_map(|variant| variant["$ref"].as_str()).collect();
    assert_eq!(mapping.values().filter_map(Value::as_str).collect::<BTreeSet<_>>(), variants);
    for (event_type, reference) in mapping {
        let variant = schema::resolve(committed(), reference.as_str().expect("a reference")).expect("a schema");
        assert_eq!(variant["properties"]["event_type"]["enum"], serde_json::json!([event_type]));
    }
}

#[test]
fn every_operation_has_an_id_a_summary_a_description_and_tags() {
    let tags: Vec<&str> = each(&committed()["tags"]).map(|tag| required_text(tag, "name")).collect();
    let mut ids = BTreeSet::new();
    for operation in operations_in(committed()) {
        let id = required_text(operation.value, "operationId");
        assert!(ids.insert(id), "{operation}: another operation has the id {id}");
        let summary = required_text(operation.value, "summary");
        // Of Seam's operations the summary says it all, but for some.
        if operation.dialect() != Dialect::Seam || operation.value.get("description").is_some() {
            let description = required_text(operation.value, "description");
            assert_ne!(description.trim_end_matches('.'), summary, "{operation}: the description repeats the summary");
        }
        let own: Vec<&str> = each(&operation.value["tags"]).filter_map(Value::as_str).collect();
        assert!(!own.is_empty() && own.iter().all(|tag| tags.contains(tag)), "{operation}: tags {own:?} of {tags:?}");
        if operation.dialect() == Dialect::Seam {
            let key = operation.value.get("x-response-key");
            assert!(key.is_some_and(|key| key.is_null() || key.is_string()), "{operation}: response key {key:?}");
        }
        // Other dialects have other credentials than the document's.
        let is_own = operation.value["security"].is_array();
        assert!(is_own || operation.dialect() == Dialect::Seam, "{operation}: who may call it?");
        operation.security();
    }
}

#[test]
fn only_probes_discovery_and_token_operations_need_no_credential() {
    let open: BTreeSet<&str> = operations().iter().filter(|it| it.is_open()).map(|it| it.path).collect();
    let root = "/autodiscover/autodiscoverservice.svc/root";
    let way_to_a_token = [
        root,
        "/autodiscover/autodiscoverservice.svc/root/xframe",
        "/webticket/oauthtoken",
        // The short code of an instant key is the credential.
        "/seam/instant_key/v1/client_sessions/exchange_short_code",
        "/seam/instant_key/v1/preview/get",
    ];
    assert_eq!(
        open,
        BTreeSet::from(["/health", "/health/get_health", "/v4", "/v4/ping"])
            .into_iter()
            .chain(way_to_a_token)
            .collect()
    );
    let known = &committed()["components"]["securitySchemes"];
    for operation in operations() {
        for way in operation.security().iter().filter_map(Value::as_object).flatten() {
            let (scheme, scopes) = way;
            required_text(&known[scheme], "description");
            assert_eq!(*scopes, serde_json::json!([]), "{operation}: {scheme} has scopes");
        }
    }
}

#[test]
fn every_operation_documents_its_statuses() {
    for operation in operations() {
        let responses = operation.value["responses"].as_object().unwrap_or_else(|| panic!("{operation}: no responses"));
        let (expected, possible) = endings(&operation);
        let actual: BTreeSet<&str> = responses.keys().map(String::as_str).collect();
        let missing: Vec<_> = expected.difference(&actual).collect();
        let invented: Vec<_> = actual.difference(&expected).filter(|status| !possible.contains(status)).collect();
        assert!(missing.is_empty() && invented.is_empty(), "{operation}: no {missing:?}, and why {invented:?}?");
        let default = &responses["default"];
        let named = statuses_in(required_text(default, "description"));
        assert_eq!(named, operation.statuses_of_default(), "{operation}: the statuses that default names");
        let header = operation.dialect().request_id_header();
        assert!(default["headers"][header].is_object(), "{operation}: default has no request id");
        for (status, response) in responses {
            required_text(response, "description");
            for content in document::contents(status, response) {
                assert!(content["schema"].is_object(), "{operation}: {status} has no schema");
                let examples = document::examples_of(content);
                let has_examples = !examples.is_empty() && examples.iter().all(|example| !example.is_null());
                // The wire types of Seam have examples where a plain value would not do.
                let is_composed = operation.dialect() == Dialect::Seam && *status == "200";
                let is_given = is_composed || document::has_example(content);
                assert!(has_examples && is_given, "{operation}: {status} has no example");
            }
        }
    }
}

/// The statuses that the first sentence of a description names.
fn statuses_in(description: &str) -> BTreeSet<u16> {
    let sentence = description.split(". ").next().unwrap_or_default();
    let words = sentence.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 3).filter_map(|word| word.parse().ok()).collect()
}

/// The statuses that an operation must document, and those that it may document.
fn endings(operation: &Operation) -> (BTreeSet<&'static str>, &'static [&'static str]) {
    match operation.dialect() {
        Dialect::Seam => {
            let mut expected = BTreeSet::from(["200", "default"]);
            if operation.takes_any(&["publishable_key"]) {
                expected.insert("403");
            }
            if operation.fields().iter().any(|field| field.is_required && field.name.ends_with("_id")) {
                expected.insert("404");
            }
            // A workspace may have its streams already.
            expected.extend(operation.is_stream().then_some("429"));
            (expected, &["404"])
        }
        Dialect::Diga => {
            let success = if operation.method == "DELETE" { "204" } else { "200" };
            let mut expected = BTreeSet::from([success, "422", "default"]);
            if operation.fields().iter().any(|field| field.location == Location::Path) {
                expected.insert("404");
            }
            if operation.method != "GET" {
                expected.insert("409");
            }
            (expected, &[])
        }
        Dialect::Ucwa => {
            let mut expected = BTreeSet::from(["default"]);
            // Telephone numbers need voice, and messaging is refused.
            if operation.path.contains("/me/phones") || operation.path.ends_with("/startMessaging") {
                expected.insert("403");
            }
            if operation.method != "GET" {
                expected.insert("400");
            }
            if operation.method != "GET" && !operation.is_open() {
                expected.insert("415");
            }
            if operation.fields().iter().any(|field| field.name == "If-None-Match") {
                expected.insert("304");
            }
            if operation.fields().iter().any(|field| field.name == "If-Match") {
                expected.insert("412");
            }
            if operation.path.ends_with("/startMessaging") {
                return (expected, &[]);
            }
            let is_creation = ["/applications", "/phones"].iter().any(|end| operation.path.ends_with(end));
            expected.insert(match operation.method {
                "GET" if operation.path.ends_with("/photo") => "204",
                "GET" => "200",
                "POST" if operation.is_open() => "200",
                "POST" if is_creation => "201",
                _ => "204",
            });
            (expected, &["200", "400", "409", "412"])
        }
        Dialect::Scim => {
            let has_body = operation.value["requestBody"].is_object();
            let has = |name: &str| operation.fields().iter().any(|field| field.name == name);
            let is_discovery = ["ServiceProviderConfig", "ResourceTypes", "Schemas"]
                .iter()
                .any(|endpoint| operation.path.contains(endpoint));
            let is_creation =
                operation.method == "POST" && ["/Users", "/Groups"].iter().any(|it| operation.path.ends_with(it));
            let success = match operation.method {
                "DELETE" => "204",
                _ if is_creation => "201",
                _ => "200",
            };
            let mut expected = BTreeSet::from([success, "default"]);
            expected.extend((has_body || has("attributes")).then_some("400"));
            expected.extend(operation.path.ends_with("{id}").then_some("404"));
            expected.extend(has("If-None-Match").then_some("304"));
            expected.extend(has("If-Match").then_some("412"));
            expected.extend(operation.path.ends_with("/Bulk").then_some("413"));
            assert!(is_discovery || operation.method == "DELETE" || has_body || has("attributes"), "{operation}");
            (expected, &["409"])
        }
        Dialect::PhoneCom => {
            let has_body = operation.value["requestBody"].is_object();
            let is_list = operation.fields().iter().any(|field| field.name == "limit");
            let is_making = operation.method == "POST" && operation.path.contains('{');
            let mut expected = BTreeSet::from([if is_making { "201" } else { "200" }, "default"]);
            if operation.takes_any(&["PhoneComOAuth"]) {
                expected.extend((has_body || is_list).then_some("422"));
            }
            if operation.takes_any(&["PhoneComClient"]) {
                expected.insert("401");
            }
            expected.extend(has_body.then_some("400"));
            let is_conditional = operation.fields().iter().any(|field| field.name == "If-Match");
            expected.extend(is_conditional.then_some("412"));
            expected.extend(operation.path.contains('{').then_some("404"));
            (expected, &[])
        }
    }
}

#[test]
fn every_example_is_valid_against_its_schema() {
    let mut count = 0;
    let mut check = |location: String, schema: &'static Value, example: Option<&Value>| {
        let example = example.unwrap_or_else(|| panic!("{location}: no example"));
        let faults = schema::faults(committed(), schema, example);
        assert!(faults.is_empty(), "{location}: {faults:#?} in {example}");
        count += 1;
    };
    for operation in operations() {
        let responses = operation.value["responses"].as_object().into_iter().flatten();
        for (status, response) in responses {
            for content in document::contents(status, response) {
                for example in document::examples_of(content) {
                    check(format!("{operation} {status}"), &content["schema"], Some(&example));
                }
            }
        }
        for body in operation.value["requestBody"]["content"].as_object().into_iter().flat_map(|types| types.values()) {
            check(format!("{operation} body"), &body["schema"], body.get("example"));
        }
        for parameter in each(&operation.value["parameters"]).filter(|it| it["required"] == true) {
            check(format!("{operation} {}", parameter["name"]), &parameter["schema"], parameter.get("example"));
        }
    }
    assert!(count > 500, "only {count} examples");
}

#[test]
fn every_default_and_example_within_a_schema_is_valid_against_it() {
    let mut count = 0;
    walk(committed(), &mut |value| {
        for given in [value.get("default"), value.get("example")].into_iter().flatten() {
            if value["type"].is_string() {
                let faults = schema::faults(committed(), value, given);
                assert!(faults.is_empty(), "{given}: {faults:#?}");
                count += 1;
            }
        }
    });
    assert!(count > 50, "only {count} defaults and examples");
}

#[test]
fn every_reference_resolves() {
    let mut count = 0;
    walk(committed(), &mut |value| {
        if let Some(reference) = value.get("$ref") {
            let name = reference.as_str().expect("a reference is text");
            assert!(schema::resolve(committed(), name).is_some(), "{name} leads nowhere");
            count += 1;
        }
    });
    assert!(count > 500, "only {count} references");
    let used: String = committed().to_string();
    for (group, components) in committed()["components"].as_object().expect("there are components") {
        for name in components.as_object().expect("a group of components").keys() {
            let is_used = used.contains(&format!("\"#/components/{group}/{name}\"")) || group == "securitySchemes";
            assert!(is_used, "nothing refers to {group}/{name}");
        }
    }
}

#[tokio::test]
async fn each_path_accepts_the_documented_methods_only() {
    let world = World::new().await;
    for (path, documented) in paths().into_iter().filter(|(path, _)| Dialect::of(path) != Dialect::Ucwa) {
        let (dialect, concrete) = (documented[0].dialect(), documented[0].example_path());
        let client = if dialect == Dialect::Scim { world.directory().await } else { world.key().clone() };
        for method in METHODS.into_iter().chain(["HEAD", "TRACE"]) {
            // An unreadable body: enough to distinguish a method that exists from one that does not.
            let request = client.request(method, &concrete).header("content-type", "application/json").body("{");
            let actual_response = client.send(request).await;
            assert!(!is_nowhere(dialect, &actual_response), "{method} {path} is documented and not there");
            let is_read = actual_response.status == 200 && dialect == Dialect::Seam;
            assert!(!is_read, "{method} {path}: an unreadable body is read");
            let has = |method| documented.iter().any(|operation| operation.method == method);
            // HEAD is not documented where it is the head of GET.
            let has_head = dialect == Dialect::PhoneCom || path.starts_with("/health") || path == "/events/stream";
            let is_documented = has(method) || method == "HEAD" && has_head && has("GET");
            let is_for_keys = documented[0].is_open() || documented[0].takes_any(&["api_key"]);
            if is_for_keys || dialect != Dialect::Seam {
                assert_eq!(actual_response.status == 405, !is_documented, "{method} {path}: {actual_response:?}");
            } else {
                assert_eq!(actual_response.status, 401, "{method} {path}: {actual_response:?}");
            }
            if actual_response.status == 405 {
                let allowed: BTreeSet<&str> =
                    actual_response.header("allow").expect("a 405 says what to use").split(", ").collect();
                assert_eq!(allowed, documented.iter().map(|operation| operation.method).collect(), "{path}");
            }
            if actual_response.status == 405 && dialect == Dialect::Diga && method != "HEAD" {
                assert_eq!(actual_response.text, r#"{"detail":"Method Not Allowed"}"#, "{method} {path}");
            }
        }
    }
}

/// The error of the Phone.com dialect for an unknown path.
const NOTHING: &str = "There is nothing at this address";

/// The error of the SCIM dialect for an unknown path.
const NO_ENDPOINT: &str = "There is no such endpoint";

/// Whether a response is that of an unknown path. Dialects whose paths contain ids have more specific errors for ids.
fn is_nowhere(dialect: Dialect, actual_response: &Response) -> bool {
    let is_told_more = match dialect {
        Dialect::Seam | Dialect::Ucwa => false,
        Dialect::Diga => !actual_response.body["error_code"].is_null(),
        Dialect::PhoneCom => actual_response.body["@error"]["@message"] != NOTHING,
        Dialect::Scim => actual_response.body["detail"] != NO_ENDPOINT,
    };
    actual_response.status == 404 && !is_told_more
}

#[tokio::test]
async fn undocumented_paths_are_not_found() {
    let world = World::new().await;
    let mut documented = BTreeSet::new();
    for operation in operations() {
        let path = operation.example_path();
        if operation.dialect() != Dialect::Seam {
            // Both spellings are served.
            let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
            documented.insert(other);
        }
        documented.insert(path);
    }
    let mut undocumented = BTreeSet::from(["".to_owned(), "/".to_owned(), "//".to_owned(), "/documents".to_owned()]);
    for path in &documented {
        undocumented.insert(format!("{path}/"));
        undocumented.insert(format!("{path}/more"));
        undocumented.insert(format!("/{path}"));
        undocumented.insert(path.to_uppercase());
        undocumented.extend(path.match_indices('/').map(|(end, _)| path[..end].to_owned()));
    }
    // Each text of the source that looks like a path is a documented path or not found.
    let texts = texts_like_paths(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/dialect")));
    for prefix in ["", "/v1", "/v4", "/scim/v2"] {
        undocumented.extend(texts.iter().map(|text| format!("{prefix}{text}")));
    }
    undocumented.remove("/openapi.json");
    // Paths below an application are covered by the tests of that dialect.
    undocumented.retain(|path| Dialect::of(path) != Dialect::Ucwa);
    // Any word matches a path parameter.
    let is_id = |path: &str| operations().iter().any(|operation| operation.is_at(path));
    let undocumented: Vec<String> =
        undocumented.into_iter().filter(|path| !documented.contains(path) && !is_id(path)).collect();
    assert!(undocumented.len() > 150, "only {} paths to try", undocumented.len());
    for path in undocumented {
        for method in ["GET", "POST"] {
            let actual_response = world.key().call(method, &path).await;
            if path == "/v1" || path.starts_with("/v1/") {
                assert_eq!(
                    (actual_response.status, actual_response.text.as_str()),
                    (404, r#"{"detail":"Not Found"}"#),
                    "{method} {path}"
                );
            } else if path == "/v4" || path.starts_with("/v4/") {
                assert_eq!(actual_response.is_error(404)["@message"], NOTHING, "{method} {path}");
            } else if path == "/scim/v2" || path.starts_with("/scim/v2/") {
                assert_eq!(actual_response.scim_error(404, None), NO_ENDPOINT, "{method} {path}");
            } else {
                actual_response.refused(404, "not_found");
            }
        }
    }
}

fn paths() -> BTreeMap<&'static str, Vec<Operation>> {
    let mut paths: BTreeMap<&str, Vec<Operation>> = BTreeMap::new();
    for operation in operations() {
        paths.entry(operation.path).or_default().push(operation);
    }
    paths
}

/// All texts of the source below a folder that may be part of a route.
fn texts_like_paths(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts.extend(texts_like_paths(&path));
            continue;
        }
        let source = fs::read_to_string(&path).expect("source is text");
        texts.extend(source.split('"').filter(|text| is_plain(text)).map(str::to_owned));
    }
    texts
}

fn is_plain(text: &str) -> bool {
    text.starts_with('/') && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/_-.".contains(letter))
}

/// Every object and list within a value, and itself.
fn walk(value: &'static Value, look: &mut dyn FnMut(&'static Value)) {
    look(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| walk(member, look)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, look)),
        _ => {}
    }
}

fn each(list: &'static Value) -> impl Iterator<Item = &'static Value> {
    list.as_array().into_iter().flatten()
}

/// A member that must be a non-empty text.
#[track_caller]
fn required_text<'a>(value: &'a Value, name: &str) -> &'a str {
    let text = value[name].as_str().unwrap_or_default();
    assert!(!text.trim().is_empty(), "no {name}: {value}");
    text
}
