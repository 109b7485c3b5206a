//! Changes of credentials: their end and their code, and what is never found because no access system is connected.

use super::children;
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};

const USER: &str = "00000000-0000-4000-8000-000000000001";

async fn create(world: &World, fields: Value) -> Value {
    world.key().post("/acs/credentials/create", fields).await.ok()["acs_credential"].clone()
}

async fn get(world: &World, id: &str) -> Value {
    world.key().get(&format!("/acs/credentials/get?acs_credential_id={id}")).await.ok()["acs_credential"].clone()
}

#[tokio::test]
async fn update_credential_changes_its_end_and_that_of_its_children() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let parent = world.sync_credential(&jane).await;
    world.advance(TimeDelta::seconds(1));
    let events = world.key().get("/events/list?since=2000-01-01").await.ok();

    let change = json!({ "acs_credential_id": parent, "ends_at": "2026-03-01T00:00:00Z" });
    let updated = world.key().patch("/acs/credentials/update", change.clone()).await.ok();
    assert_eq!(updated["acs_credential"], get(&world, &parent).await);
    let credentials = world.credentials(&jane).await;
    assert_eq!(credentials.len(), 2);
    assert!(credentials.iter().all(|credential| credential["ends_at"] == "2026-03-01T00:00:00Z"), "{credentials:?}");

    // A phone that is registered afterwards has the same end.
    world.phone(&jane).await;
    assert!(world.credentials(&jane).await.iter().all(|credential| credential["ends_at"] == "2026-03-01T00:00:00Z"));
    world.key().post("/acs/credentials/update", change).await.ok();
    let later = world.key().get("/events/list?since=2000-01-01").await.ok();
    assert_eq!(list(&later["events"]).len(), list(&events["events"]).len() + 1, "only the new child has an event");
    let audited: i64 = sqlx::query_scalar("select count(*) from audit where action = 'credential.updated'")
        .fetch_one(&mut world.database().await)
        .await
        .expect("the query succeeds");
    assert_eq!(audited, 2, "the credential and its child, once");

    // Without a change, and with nulls, everything stays.
    let nothing = json!({ "acs_credential_id": parent, "ends_at": null, "code": null });
    let same = world.key().post("/acs/credentials/update", nothing).await.ok();
    assert_eq!(same["acs_credential"]["ends_at"], "2026-03-01T00:00:00Z");
}

#[tokio::test]
async fn update_credential_refuses_an_end_in_the_past_or_before_its_start() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let fields = json!({
        "user_identity_id": jane, "access_method": "mobile_key", "starts_at": "2026-02-01T00:00:00Z",
        "is_multi_phone_sync_credential": true,
    });
    let parent = text(&create(&world, fields).await["acs_credential_id"]);
    for (ends_at, message) in [
        ("2026-01-15T00:00:00Z", "ends_at must be after starts_at"),
        ("2026-02-01T00:00:00Z", "ends_at must be after starts_at"),
    ] {
        let change = json!({ "acs_credential_id": parent, "ends_at": ends_at });
        world.key().patch("/acs/credentials/update", change).await.invalid("", message);
    }
    let card =
        text(&create(&world, json!({ "user_identity_id": jane, "access_method": "card" })).await["acs_credential_id"]);
    let past = json!({ "acs_credential_id": card, "ends_at": world.now() });
    world.key().patch("/acs/credentials/update", past).await.invalid("", "ends_at must be in the future");
    let child = children(&world.credentials(&jane).await, &parent)[0].clone();
    let change = json!({ "acs_credential_id": child, "ends_at": "2026-03-01T00:00:00Z" });
    let message = "The credential of a phone follows its parent_acs_credential_id. Update that one";
    world.key().patch("/acs/credentials/update", change).await.invalid("", message);
    for id in [USER, "no-id-at-all"] {
        let change = json!({ "acs_credential_id": id, "ends_at": "2026-03-01T00:00:00Z" });
        let error = world.key().patch("/acs/credentials/update", change).await.refused(404, "acs_credential_not_found");
        assert_eq!(error["data"], json!({ "acs_credential_id": id }));
    }
    assert!(world.credentials(&jane).await.iter().all(|credential| credential["ends_at"].is_null()));
}

#[tokio::test]
async fn only_a_code_has_a_code_which_is_sealed() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let fields = json!({ "user_identity_id": jane, "access_method": "code", "code": "0123" });
    let made = create(&world, fields).await;
    assert_eq!(made["code"], "0123");
    let id = text(&made["acs_credential_id"]);
    assert_eq!(get(&world, &id).await, made);
    let change = json!({ "acs_credential_id": id, "code": "987654" });
    let updated = world.key().patch("/acs/credentials/update", change).await.ok();
    assert_eq!(updated["acs_credential"]["code"], "987654");
    assert_eq!(world.credentials(&jane).await[0]["code"], "987654");

    let only_a_code = "Only a credential with the access_method code has a code";
    let card = json!({ "user_identity_id": jane, "access_method": "card", "code": "0123" });
    world.key().post("/acs/credentials/create", card).await.invalid("", only_a_code);
    let card = create(&world, json!({ "user_identity_id": jane, "access_method": "card" })).await;
    assert_eq!(card.get("code"), None);
    let change = json!({ "acs_credential_id": card["acs_credential_id"], "code": "0123" });
    world.key().patch("/acs/credentials/update", change).await.invalid("", only_a_code);
    for code in ["", "12a4", "１２"] {
        let change = json!({ "acs_credential_id": id, "code": code });
        world.key().patch("/acs/credentials/update", change).await.invalid("code", "Invalid");
    }

    let stored: String = sqlx::query_scalar(
        "select string_agg(credential::text, ' ') || (select string_agg(audit::text, ' ') from audit) from credential",
    )
    .fetch_one(&mut world.database().await)
    .await
    .expect("the query succeeds");
    assert!(!stored.contains("987654") && !stored.contains("0123\""), "{stored}");
    assert!(stored.contains("replaced"), "the audit trail has the change: {stored}");
}

#[tokio::test]
async fn a_credential_opens_no_entrance_and_none_is_unmanaged() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let credential = world.sync_credential(&jane).await;
    let entrances =
        world.key().get(&format!("/acs/credentials/list_accessible_entrances?acs_credential_id={credential}")).await;
    assert_eq!(entrances.ok(), json!({ "acs_entrances": [], "ok": true }));
    let unknown = json!({ "acs_credential_id": USER });
    let path = "/acs/credentials/list_accessible_entrances";
    world.key().post(path, unknown).await.refused(404, "acs_credential_not_found");

    let get = json!({ "acs_credential_id": credential });
    world.key().post("/acs/credentials/unmanaged/get", get).await.refused(404, "acs_credential_not_found");
    for filter in [json!({}), json!({ "user_identity_id": jane, "search": "mobile" })] {
        let listed = world.key().post("/acs/credentials/unmanaged/list", filter).await;
        assert_eq!(listed.ok(), json!({ "acs_credentials": [], "ok": true }));
    }
    let code = json!({ "acs_user_id": USER, "allowed_acs_entrance_id": USER });
    let error = world.key().post("/acs/credentials/create_offline_code", code).await.refused(404, "acs_user_not_found");
    assert_eq!(error["data"], json!({ "acs_user_id": USER }));
}
