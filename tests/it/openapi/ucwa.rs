//! UCWA in the OpenAPI document against the server: exactly the documented operations exist, and respond as described.

use crate::support::client::Response;
use crate::support::document::{Dialect, METHODS, Operation, committed, operations_of, schema};
use crate::support::ucwa::{COLLECTIONS, Person, jane, new_application};
use crate::support::world::text;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Path of an operation with an application of this user identity.
async fn path_of(operation: &Operation, jane: &Person) -> String {
    let collection = COLLECTIONS.into_iter().find(|collection| operation.path.starts_with(collection));
    let base = jane.begin(collection.unwrap_or(COLLECTIONS[0]), operation.path).await;
    let id = base.rsplit('/').next().expect("an id");
    let arguments: Map<String, Value> = [("application_id", id), ("type", "home"), ("contact_id", &jane.id)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    operation.path_with(&arguments)
}

fn paths() -> BTreeMap<&'static str, Vec<Operation>> {
    let mut paths: BTreeMap<&str, Vec<Operation>> = BTreeMap::new();
    for operation in operations_of(Dialect::Ucwa) {
        paths.entry(operation.path).or_default().push(operation);
    }
    paths
}

#[tokio::test]
async fn each_ucwa_path_accepts_the_documented_methods_only() {
    let (_world, jane) = jane().await;
    for documented in paths().into_values() {
        let path = path_of(&documented[0], &jane).await;
        for method in METHODS.into_iter().chain(["HEAD", "TRACE", "BREW"]) {
            let request =
                jane.client.request(method, &format!("{path}?timeout=0")).header("content-type", "image/png").body("{");
            let actual_response = jane.client.send(request).await;
            let is_head_of_get = method == "HEAD" && path.starts_with("/autodiscover/");
            let is_documented = is_head_of_get || documented.iter().any(|operation| operation.method == method);
            assert_eq!(actual_response.status == 405, !is_documented, "{method} {path}: {actual_response:?}");
            if actual_response.status == 405 {
                let actual =
                    actual_response.header("allow").unwrap_or_else(|| panic!("{method} {path}: no allow header"));
                let actual: BTreeSet<&str> = actual.split(", ").collect();
                assert_eq!(actual, documented.iter().map(|operation| operation.method).collect(), "{method} {path}");
            }
            if method == "DELETE" && is_documented {
                break;
            }
        }
    }
}

#[tokio::test]
async fn undocumented_ucwa_paths_are_not_found() {
    let (_world, jane) = jane().await;
    let mut documented = BTreeSet::new();
    let base = jane.begin(COLLECTIONS[0], "here").await;
    let id = base.rsplit('/').next().expect("an id");
    for path in paths().into_keys() {
        documented
            .insert(path.replace("{application_id}", id).replace("{type}", "home").replace("{contact_id}", &jane.id));
    }
    let mut beside = BTreeSet::new();
    for path in &documented {
        beside.extend([format!("{path}/x/"), format!("{path}/more"), format!("{path}x")]);
        beside.extend(path.match_indices('/').map(|(end, _)| path[..end].to_owned()));
        beside.insert(path.replace("/ucwa/oauth/v1", "/ucwa/oauth/v2"));
        beside.insert(path.replace("/phones/home", "/phones/fax"));
    }
    beside.retain(|path| !documented.contains(path) && Dialect::of(path) == Dialect::Ucwa);
    assert!(beside.len() > 150, "only {} paths to try", beside.len());
    for path in beside {
        for method in ["GET", "POST"] {
            let actual_response = jane.client.call(method, &path).await;
            let body = &actual_response.of_ucwa(404).body;
            assert_eq!(body["code"], "NotFound", "{method} {path}: {actual_response:?}");
        }
    }
}

/// Asserts that the document has this status with a matching body.
fn is_as_documented(operation: &Operation, actual_response: &Response) {
    let response = operation.response(actual_response.status);
    let response = response.unwrap_or_else(|| panic!("{operation}: {} is not documented", actual_response.status));
    let header = operation.dialect().request_id_header();
    assert!(actual_response.header(header).is_some(), "{operation}: no {header} in {actual_response:?}");
    let Some(kind) = actual_response.header("content-type") else {
        assert!(response["content"].is_null(), "{operation}: a body is documented: {actual_response:?}");
        return;
    };
    // The vendor types have the schemas of the standard ones.
    let schema = &response["content"][kind.replace("vnd.microsoft.com.ucwa+", "")]["schema"];
    assert!(schema.is_object(), "{operation}: {} of {kind} is not documented", actual_response.status);
    let is_challenge = kind == "text/html" && response["headers"]["WWW-Authenticate"].is_object();
    assert_eq!(actual_response.status == 401, is_challenge, "{operation}: {actual_response:?}");
    let body = if kind.ends_with("json") { actual_response.body.clone() } else { json!(actual_response.text) };
    let faults = schema::faults(committed(), schema, &body);
    assert!(faults.is_empty(), "{operation}: {faults:#?} in {actual_response:?}");
}

#[tokio::test]
async fn every_ucwa_operation_responds_as_documented() {
    let (world, jane) = jane().await;
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for accept in ["application/json", "application/xml", "application/vnd.microsoft.com.ucwa+json"] {
        for operation in operations_of(Dialect::Ucwa) {
            let form = operation.value["requestBody"]["content"]["application/x-www-form-urlencoded"].is_object();
            let mut body = operation.value["requestBody"]["content"]["application/json"]["example"].clone();
            if operation.path.ends_with("/applications") {
                body = new_application(&operation.to_string());
            }
            for (client, body) in [
                (jane.client.clone(), body.clone()),
                (jane.client.with("if-none-match", "*"), body.clone()),
                (jane.client.with("x-ms-requiresminresourceversion", "9"), body.clone()),
                (jane.client.clone(), json!({ "includeInContactCard": "x", "type": "x", "number": "x" })),
                (jane.client.clone(), json!([])),
                (world.key().clone(), body.clone()),
                (world.anonymous(), body.clone()),
            ] {
                let path = path_of(&operation, &jane).await;
                let client = client.with("accept", accept);
                let path = if path.ends_with("/events") { format!("{path}?timeout=0") } else { path };
                let actual_response = match (operation.method, form) {
                    ("POST", true) => client.bytes(&path, None, "grant_type=x").await,
                    ("POST", false) if !body.is_null() => client.post(&path, body).await,
                    (method, _) => client.call(method, &path).await,
                };
                is_as_documented(&operation, &actual_response);
                *statuses.entry(actual_response.status.to_string()).or_default() += 1;
            }
        }
    }
    for status in ["200", "201", "204", "304", "400", "401", "403", "404"] {
        assert!(statuses.contains_key(status), "never {status}: {statuses:?}");
    }
}

#[test]
fn ucwa_is_described_below_the_first_of_its_base_paths() {
    let tag = committed()["tags"].as_array().into_iter().flatten().find(|tag| tag["name"] == "ucwa");
    assert_eq!(tag.expect("there is a tag")["x-base-paths"], json!(COLLECTIONS));
    let paths: Vec<&str> = operations_of(Dialect::Ucwa).iter().map(|operation| operation.path).collect();
    for collection in COLLECTIONS {
        let below = paths.iter().filter(|path| path.starts_with(collection)).count();
        assert!(below > 20, "only {below} operations below {collection}");
    }
    let described = committed()["paths"].as_object().expect("there are paths");
    let others = described.keys().filter(|path| COLLECTIONS[1..].iter().any(|other| path.starts_with(other)));
    assert_eq!(others.count(), 0, "operations are described twice");
}

#[test]
fn ucwa_operations_of_the_user_identity_need_no_application() {
    let below = |base: &str| -> BTreeSet<String> {
        let own = operations_of(Dialect::Ucwa).into_iter().filter_map(|operation| {
            operation.path.strip_prefix(base).map(|rest| format!("{} {rest}", operation.method))
        });
        own.collect()
    };
    let (own, of_application) = (below("/me"), below(COLLECTIONS[0]));
    assert!(own.iter().all(|it| of_application.contains(&it.replace(' ', " /{application_id}/me"))), "{own:?}");
    assert_eq!(own.len(), 8);
    assert_eq!(text(&committed()["components"]["securitySchemes"]["UcwaBearer"]["scheme"]), "bearer");
}
