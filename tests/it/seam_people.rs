//! Persons, over the Seam dialect: what is said of them, what may be said of one only, and how they are found.

use crate::client::Answer;
use crate::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

async fn shown(world: &World, id: &str) -> Value {
    world.key().post("/user_identities/get", json!({ "user_identity_id": id })).await.ok()["user_identity"].clone()
}

async fn create(world: &World, fields: Value) -> Answer {
    world.key().post("/user_identities/create", fields).await
}

#[tokio::test]
async fn a_person_is_shown_with_everything_that_clients_require() {
    let world = World::new().await;
    let made = create(&world, json!({ "user_identity_key": "jane" })).await.ok()["user_identity"].clone();
    let expected = json!({
        "user_identity_id": made["user_identity_id"], "user_identity_key": "jane", "email_address": null,
        "phone_number": null, "full_name": null, "display_name": "jane", "created_at": "2026-01-01T12:00:00Z",
        "workspace_id": world.id, "acs_user_ids": [], "errors": [], "warnings": [],
        "merged_user_identity_ids": [], "merged_user_identity_keys": [],
    });
    assert_eq!(made, expected);
    assert_eq!(shown(&world, &text(&made["user_identity_id"])).await, expected);
    let by_key = world.key().get("/user_identities/get?user_identity_key=jane").await.ok();
    assert_eq!(by_key["user_identity"], expected);
}

#[tokio::test]
async fn a_person_is_called_by_name_else_by_address_number_or_key() {
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
    assert_ne!(nameless["user_identity"]["display_name"], "", "clients require at least a letter");
}

#[tokio::test]
async fn in_an_update_null_clears_and_absence_keeps() {
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
    let said = async || {
        let shown = shown(&world, &id).await;
        ["user_identity_key", "email_address", "phone_number", "full_name"].map(|name| shown[name].clone())
    };
    assert_eq!(said().await, ["jane", "jane@example.com", "+15550001", "Jane Doe"].map(Value::from));
    update(json!({ "full_name": "Jane Roe" })).await;
    assert_eq!(said().await, ["jane", "jane@example.com", "+15550001", "Jane Roe"].map(Value::from));
    update(json!({ "email_address": null, "phone_number": null })).await;
    assert_eq!(said().await, [json!("jane"), Value::Null, Value::Null, json!("Jane Roe")]);
    update(json!({ "user_identity_key": null, "full_name": null })).await;
    assert_eq!(said().await, [Value::Null, Value::Null, Value::Null, Value::Null]);
    // What was given up is free for another.
    create(&world, fields).await.ok();
}

#[tokio::test]
async fn a_query_string_clears_too() {
    let world = World::new().await;
    let id = world.person("jane").await;
    world
        .key()
        .call("POST", &format!("/user_identities/update?user_identity_id={id}&full_name=&_strict=true"))
        .await
        .ok();
    let shown = shown(&world, &id).await;
    assert_eq!((&shown["full_name"], &shown["user_identity_key"]), (&Value::Null, &json!("jane")));
}

#[tokio::test]
async fn a_key_an_address_and_a_number_are_of_one_person_in_a_workspace() {
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
    // Saying again of somebody what is said of them is no clash.
    world
        .key()
        .patch("/user_identities/update", json!({ "user_identity_id": joe, "user_identity_key": "joe" }))
        .await
        .ok();
}

#[tokio::test]
async fn a_person_is_asked_for_by_id_or_by_key_and_by_one_of_them() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let message = "Must specify either user_identity_id or user_identity_key";
    world.key().get("/user_identities/get").await.invalid("", message);
    let both = json!({ "user_identity_id": jane, "user_identity_key": "jane" });
    world.key().post("/user_identities/get", both).await.invalid("", message);
    world.key().get("/user_identities/get?user_identity_key=joe").await.refused(404, "user_identity_not_found");
}

#[tokio::test]
async fn persons_are_searched_by_any_part_and_by_the_beginning_of_their_id() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let found = async |search: &str| {
        let listed = world.key().post("/user_identities/list", json!({ "search": search })).await.ok();
        list(&listed["user_identities"]).iter().map(|person| text(&person["user_identity_id"])).collect::<Vec<_>>()
    };
    assert_eq!(found("JANE@exam").await, [jane.as_str()]);
    assert_eq!(found("person jo").await, [joe.as_str()]);
    assert_eq!(found(&joe).await, [joe.as_str()]);
    assert_eq!(found("%").await, Vec::<String>::new(), "no pattern, only text");
    world.pass(TimeDelta::hours(1));
    world.person("late").await;
    let early = world.key().get("/user_identities/list?created_before=2026-01-01T12:30:00Z").await.ok();
    assert_eq!(list(&early["user_identities"]).len(), 2);
    let some = world
        .key()
        .get(&format!("/user_identities/list?user_identity_ids={jane}&user_identity_ids={joe}&_strict=true"))
        .await;
    assert_eq!(list(&some.ok()["user_identities"]).len(), 2);
    let none = world.key().get("/user_identities/list?user_identity_ids=&_strict=true").await.ok();
    assert_eq!(none["user_identities"], json!([]), "none of no ids");
}

#[tokio::test]
async fn nobody_may_open_locks_that_handset_does_not_keep() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let listed =
        world.key().get(&format!("/user_identities/list_accessible_devices?user_identity_id={jane}")).await.ok();
    assert_eq!(listed, json!({ "devices": [], "accessible_devices": [], "ok": true }));
}
