//! Bulk requests: each operation by itself, with references to what others create.

use crate::support::client::Client;
use crate::support::scim::{active, new_user, path_of};
use crate::support::world::{World, list, text};
use serde_json::{Value, json};

const BULK: &str = "/scim/v2/Bulk";

async fn bulk(directory: &Client, operations: Value) -> Vec<Value> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations,
    });
    list(&directory.post(BULK, body).await.of_scim(200)["Operations"])
}

fn statuses(outcomes: &[Value]) -> Vec<String> {
    outcomes.iter().map(|outcome| text(&outcome["status"])).collect()
}

#[tokio::test]
async fn operations_refer_to_what_others_create_in_any_order() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    world.phone(&text(&jane["id"])).await;
    let outcomes = bulk(
        &directory,
        json!([
            { "method": "POST", "path": "/Groups", "bulkId": "sales",
                "data": { "displayName": "Sales", "members": [{ "value": "bulkId:john" }] } },
            { "method": "post", "path": "/Users", "bulkId": "john", "data": new_user("john") },
            { "method": "PATCH", "path": "/Users/bulkId:john", "data": active(false) },
            { "method": "DELETE", "path": path_of(&jane).trim_start_matches("/scim/v2") },
            { "method": "PUT", "path": "/Groups/bulkId:sales", "data": { "displayName": "HR" } },
        ]),
    )
    .await;
    assert_eq!(statuses(&outcomes), ["201", "201", "200", "204", "200"], "{outcomes:?}");
    assert_eq!((&outcomes[0]["bulkId"], &outcomes[1]["method"]), (&json!("sales"), &json!("POST")));
    let john = text(&outcomes[1]["location"]);
    let shown = directory.get(&john[john.find("/scim").expect("a path")..]).await;
    assert_eq!(shown.of_scim(200)["active"], false);
    assert!(outcomes[1]["version"].is_string());
    assert!(world.phone_ids().await.is_empty());
    assert_eq!(directory.user_names("userName pr").await, ["john@example.com"]);
}

#[tokio::test]
async fn errors_are_those_of_single_operations_and_end_a_request_when_there_are_enough() {
    let world = World::new().await;
    let directory = world.directory().await;
    let post = |name: &str| json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": new_user(name) });
    let same = json!({ "method": "POST", "path": "/Users", "bulkId": "same", "data": new_user("a") });
    let outcomes = bulk(&directory, json!([post("a"), same, post("b")])).await;
    assert_eq!(statuses(&outcomes), ["201", "409", "201"]);
    assert_eq!(outcomes[1]["response"]["scimType"], "uniqueness");

    let outcomes = bulk(&directory, json!([
        { "method": "DELETE", "path": "/Users/none" },
        { "method": "PATCH", "path": "/Nothing/x", "data": {} },
        { "method": "POST", "path": "/Groups", "bulkId": "one",
            "data": { "displayName": "1", "externalId": "bulkId:two" } },
        { "method": "POST", "path": "/Groups", "bulkId": "two",
            "data": { "displayName": "2", "externalId": "bulkId:one" } },
        { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "displayName": "G", "members": [{ "value": "bulkId:?" }] } },
    ]))
    .await;
    assert_eq!(statuses(&outcomes), ["404", "404", "400", "400", "400"], "{outcomes:?}");

    let body = json!({ "failOnErrors": 1, "Operations": [post("c"), post("c"), post("d")] });
    let outcomes = list(&directory.post(BULK, body).await.of_scim(200)["Operations"]);
    assert_eq!(statuses(&outcomes), ["201", "409"]);
    assert!(directory.user_names("userName eq \"d@example.com\"").await.is_empty());
}

#[tokio::test]
async fn a_version_that_is_none_changes_nothing() {
    let world = World::new().await;
    let directory = world.directory().await;
    let jane = directory.create_scim_user("jane").await;
    let path = path_of(&jane);
    let delete = |version: &str| json!([{ "method": "DELETE", "path": path.trim_start_matches("/scim/v2"), "version": version }]);
    let refused = directory.post(BULK, json!({ "Operations": delete("W/\"a\u{7f}\"") })).await;
    refused.scim_error(400, Some("invalidValue"));
    assert_eq!(statuses(&bulk(&directory, delete("W/\"other\"")).await), ["412"]);
    let version = text(&directory.get(&path).await.of_scim(200)["meta"]["version"]);
    assert_eq!(statuses(&bulk(&directory, delete(&version)).await), ["204"]);
}

#[tokio::test]
async fn bulk_requests_are_limited() {
    let world = World::new().await;
    let directory = world.directory().await;
    let many: Vec<Value> = (0..101).map(|_| json!({ "method": "DELETE", "path": "/Users/x" })).collect();
    // RFC 7644, section 3.7.4: 413, with the limit.
    let response = directory.post(BULK, json!({ "Operations": many })).await;
    let detail = response.scim_error(413, None);
    assert!(detail.contains("maxOperations") && detail.contains("100"), "{detail}");
    for operations in [
        json!([{ "method": "GET", "path": "/Users" }]),
        json!([{ "method": "POST", "path": "/Users", "data": {} }]),
        json!([{ "method": "DELETE" }]),
        json!([{ "method": "DELETE", "path": "/Users/x", "version": "line\nbreak" }]),
        json!([{ "method": "DELETE", "path": "/Users/x", "version": 7 }]),
        json!([7]),
        Value::Null,
    ] {
        let response = directory.post(BULK, json!({ "Operations": operations })).await;
        assert_eq!(response.of_scim(400)["status"], "400", "{response:?}");
    }
    let config = directory.get("/scim/v2/ServiceProviderConfig").await;
    assert_eq!(config.of_scim(200)["bulk"]["maxOperations"], 100);
    let large = json!({ "Operations": [{ "method": "DELETE", "path": "x".repeat(1_100_000) }] });
    directory.post(BULK, large).await.scim_error(413, None);
}
