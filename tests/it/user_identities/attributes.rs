//! Attributes of user identities: fields, uniqueness, updates and search.

use crate::support::client::Response;
use crate::support::concurrency::{CONNECTIONS, at_once};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn get_user_identity(world: &World, id: &str) -> Value {
    world.key().post("/user_identities/get", json!({ "user_identity_id": id })).await.ok()["user_identity"].clone()
}

async fn create(world: &World, fields: Value) -> Response {
    world.key().post("/user_identities/create", fields).await
}

#[tokio::test]
async fn a_user_identity_has_all_fields_that_clients_require() {
    let world = World::new().await;
    let created = create(&world, json!({ "user_identity_key": "jane" })).await.ok()["user_identity"].clone();
    let expected = json!({
        "user_identity_id": created["user_identity_id"], "user_identity_key": "jane", "email_address": null,
        "phone_number": null, "full_name": null, "display_name": "jane", "created_at": "2026-01-01T12:00:00Z",
        "workspace_id": world.id, "acs_user_ids": [], "errors": [], "warnings": [],
        "merged_user_identity_ids": [], "merged_user_identity_keys": [],
    });
    assert_eq!(created, expected);
    assert_eq!(get_user_identity(&world, &text(&created["user_identity_id"])).await, expected);
    let by_key = world.key().get("/user_identities/get?user_identity_key=jane").await.ok();
    assert_eq!(by_key["user_identity"], expected);
}

#[tokio::test]
async fn display_name_of_a_user_identity_is_its_name_else_email_number_or_key() {
    let world = World::new().await;
    for (fields, name) in [
        (json!({ "full_name": "Ada", "email_address": "ada@example.com", "user_identity_key": "a" }), "Ada"),
        (
            json!({ "email_address": "b@example.com", "phone_number": "+15550001", "user_identity_key": "b" }),
            "b@example.com",
        ),
        (json!({ "phone_number": "+15550002", "user_identity_key": "c" }), "+15550002"),
        (json!({ "user_identity_key": "d" }), "d"),
    ] {
        assert_eq!(create(&world, fields).await.ok()["user_identity"]["display_name"], name);
    }
    let nameless = create(&world, json!({})).await.ok();
    assert_ne!(nameless["user_identity"]["display_name"], "", "clients require a non-empty name");
}

#[tokio::test]
async fn update_user_identity_clears_null_fields_and_keeps_absent_ones() {
    let world = World::new().await;
    let fields = json!({
        "user_identity_key": "jane", "email_address": "jane@example.com", "phone_number": "+15550001",
        "full_name": "Jane Doe",
    });
    let id = text(&create(&world, fields.clone()).await.ok()["user_identity"]["user_identity_id"]);
    let update = async |change: Value| {
        let mut body = change;
        body["user_identity_id"] = json!(id);
        assert_eq!(world.key().patch("/user_identities/update", body).await.ok(), json!({ "ok": true }));
    };
    update(json!({})).await;
    let actual = async || {
        let returned = get_user_identity(&world, &id).await;
        ["user_identity_key", "email_address", "phone_number", "full_name"].map(|name| returned[name].clone())
    };
    assert_eq!(actual().await, ["jane", "jane@example.com", "+15550001", "Jane Doe"].map(Value::from));
    update(json!({ "full_name": "Jane Roe" })).await;
    assert_eq!(actual().await, ["jane", "jane@example.com", "+15550001", "Jane Roe"].map(Value::from));
    update(json!({ "email_address": null, "phone_number": null })).await;
    assert_eq!(actual().await, [json!("jane"), Value::Null, Value::Null, json!("Jane Roe")]);
    update(json!({ "user_identity_key": null, "full_name": null })).await;
    assert_eq!(actual().await, [Value::Null, Value::Null, Value::Null, Value::Null]);
    // Cleared values are free for another user identity.
    create(&world, fields).await.ok();
}

#[tokio::test]
async fn update_user_identity_by_query_clears_empty_fields() {
    let world = World::new().await;
    let id = world.person("jane").await;
    world
        .key()
        .call("POST", &format!("/user_identities/update?user_identity_id={id}&full_name=&_strict=true"))
        .await
        .ok();
    let returned = get_user_identity(&world, &id).await;
    assert_eq!((&returned["full_name"], &returned["user_identity_key"]), (&Value::Null, &json!("jane")));
}

#[tokio::test]
async fn key_email_and_number_are_unique_among_the_user_identities_of_a_workspace() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let fields = [("user_identity_key", "jane"), ("email_address", "jane@example.com"), ("phone_number", "+15550001")];
    let joe =
        text(&create(&world, json!({ "user_identity_key": "joe" })).await.ok()["user_identity"]["user_identity_id"]);
    for (field, value) in fields {
        create(&world, json!({ field: value })).await.ok();
        let error = create(&world, json!({ field: value })).await.refused(400, "user_identity_already_exists");
        assert_eq!(error["data"], json!({ "field": field }));
        let change = json!({ "user_identity_id": joe, field: value });
        world.key().patch("/user_identities/update", change).await.refused(400, "user_identity_already_exists");
        other.key().post("/user_identities/create", json!({ field: value })).await.ok();
    }
    for _ in 0..2 {
        create(&world, json!({ "full_name": "Anybody" })).await.ok();
    }
    // An update to the current value is no conflict.
    world
        .key()
        .patch("/user_identities/update", json!({ "user_identity_id": joe, "user_identity_key": "joe" }))
        .await
        .ok();
}

#[tokio::test]
async fn get_user_identity_requires_either_an_id_or_a_key() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let message = "Must specify either user_identity_id or user_identity_key";
    world.key().get("/user_identities/get").await.invalid("", message);
    let both = json!({ "user_identity_id": jane, "user_identity_key": "jane" });
    world.key().post("/user_identities/get", both).await.invalid("", message);
    world.key().get("/user_identities/get?user_identity_key=joe").await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn list_user_identities_searches_text_fields_and_ids() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let found = async |search: &str| {
        let listed = world.key().post("/user_identities/list", json!({ "search": search })).await.ok();
        list(&listed["user_identities"]).iter().map(|person| text(&person["user_identity_id"])).collect::<Vec<_>>()
    };
    assert_eq!(found("JANE@exam").await, [jane.as_str()]);
    assert_eq!(found("person jo").await, [joe.as_str()]);
    assert_eq!(found(&joe).await, [joe.as_str()]);
    assert_eq!(found("%").await, Vec::<String>::new(), "the search is text, not a pattern");
    world.advance(TimeDelta::hours(1));
    world.person("late").await;
    let early = world.key().get("/user_identities/list?created_before=2026-01-01T12:30:00Z").await.ok();
    assert_eq!(list(&early["user_identities"]).len(), 2);
    let some = world
        .key()
        .get(&format!("/user_identities/list?user_identity_ids={jane}&user_identity_ids={joe}&_strict=true"))
        .await;
    assert_eq!(list(&some.ok()["user_identities"]).len(), 2);
    let none = world.key().get("/user_identities/list?user_identity_ids=&_strict=true").await.ok();
    assert_eq!(none["user_identities"], json!([]), "an empty list of ids matches nothing");
}

#[tokio::test]
async fn list_accessible_devices_is_empty() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let listed =
        world.key().get(&format!("/user_identities/list_accessible_devices?user_identity_id={jane}")).await.ok();
    assert_eq!(listed, json!({ "devices": [], "accessible_devices": [], "ok": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creates_with_a_user_identity_key_create_one_user_identity() {
    let world = World::with_connections(CONNECTIONS).await;
    let responses = at_once(&world, 30, "/user_identities/create", |_| json!({ "user_identity_key": "jane" })).await;
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 1);
    for response in responses.iter().filter(|response| response.status != 200) {
        response.refused(400, "user_identity_already_exists");
    }
}
