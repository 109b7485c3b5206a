//! Deliveries in the outbox: one row per event and subscribed webhook, inserted by the statement that inserts the
//! event. These tests read the table and send nothing.

use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::BTreeMap;

async fn create_webhook(world: &World, event_types: Value) -> String {
    let body = json!({ "url": "https://example.com/hook", "event_types": event_types });
    text(&world.key().post("/webhooks/create", body).await.ok()["webhook"]["webhook_id"])
}

/// Event types of the deliveries, by webhook, in order of creation.
async fn deliveries(world: &World) -> BTreeMap<String, Vec<String>> {
    let rows = sqlx::query(
        "select webhook_id::text, event_type from delivery join event using (workspace_id, event_id) order by created_at",
    )
    .fetch_all(&mut world.database().await)
    .await
    .expect("the statement is right");
    let mut deliveries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        deliveries.entry(row.get(0)).or_default().push(row.get(1));
    }
    deliveries
}

/// Registers, renames and deactivates a phone that has a credential.
async fn life_of_a_phone(world: &World) {
    let jane = world.person("jane").await;
    world.sync_credential(&jane).await;
    let phone = world.phone(&jane).await;
    world.key().patch("/devices/update", json!({ "device_id": phone, "name": "Mine" })).await.ok();
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
}

#[tokio::test]
async fn each_webhook_gets_deliveries_of_its_event_types_only() {
    let world = World::new().await;
    let star = create_webhook(&world, json!(["*"])).await;
    let one = create_webhook(&world, json!(["phone.deactivated"])).await;
    let ours = create_webhook(&world, json!(["phone.registered", "phone.updated"])).await;
    let other = create_webhook(&world, json!(["lock.unlocked"])).await;
    life_of_a_phone(&world).await;

    let deliveries = deliveries(&world).await;
    let mut starred = deliveries[&star].clone();
    starred.sort();
    let seams = [
        "acs_credential.deleted",
        "acs_credential.invalidated",
        "acs_credential.issued",
        "acs_credential.issued",
        "phone.deactivated",
    ];
    assert_eq!(starred, seams, "`*` stands for Seam's own types");
    assert_eq!(deliveries[&one], ["phone.deactivated"]);
    assert_eq!(deliveries[&ours], ["phone.registered", "phone.updated"]);
    assert_eq!(deliveries.get(&other), None);
}

#[tokio::test]
async fn a_webhook_of_all_event_types_gets_every_event_that_events_list_returns() {
    let world = World::new().await;
    let star = create_webhook(&world, json!(["*"])).await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    world.sync_credential(&jane).await;
    world.client_session(json!({ "user_identity_id": jane })).await;
    world.key().post("/user_identities/delete", json!({ "user_identity_id": jane })).await.ok();
    let listed = world.key().get("/events/list?since=2000-01-01").await.ok();
    let listed: Vec<String> =
        listed["events"].as_array().expect("a list").iter().map(|event| text(&event["event_type"])).collect();
    assert!(listed.contains(&"client_session.deleted".to_owned()), "{listed:?}");
    assert_eq!(deliveries(&world).await[&star], listed);
}

#[tokio::test]
async fn a_webhook_gets_no_events_from_before_its_creation_or_of_other_workspaces() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    life_of_a_phone(&world).await;
    let theirs = other.phone(&other.person("joe").await).await;
    create_webhook(&world, json!(["*"])).await;
    other.key().post("/phones/deactivate", json!({ "device_id": theirs })).await.ok();
    assert!(deliveries(&world).await.is_empty());
}

#[tokio::test]
async fn update_webhook_event_types_applies_to_later_events() {
    let world = World::new().await;
    let webhook = create_webhook(&world, json!(["lock.unlocked"])).await;
    let jane = world.person("jane").await;
    let (one, two) = (world.phone(&jane).await, world.phone(&jane).await);
    world.key().post("/phones/deactivate", json!({ "device_id": one })).await.ok();
    let change = json!({ "webhook_id": webhook, "event_types": ["phone.deactivated"] });
    assert_eq!(world.key().put("/webhooks/update", change).await.ok(), json!({ "ok": true }));
    assert!(deliveries(&world).await.is_empty());
    world.key().post("/phones/deactivate", json!({ "device_id": two })).await.ok();
    assert_eq!(deliveries(&world).await[&webhook], ["phone.deactivated"]);
    world.key().delete(&format!("/webhooks/delete?webhook_id={webhook}")).await.ok();
    assert!(deliveries(&world).await.is_empty(), "deleting a webhook deletes its deliveries");
}

#[tokio::test]
async fn a_delivery_is_due_when_its_event_happens() {
    let world = World::new().await;
    create_webhook(&world, json!(["phone.deactivated"])).await;
    let phone = world.phone(&world.person("jane").await).await;
    world.advance(TimeDelta::minutes(3));
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let due: chrono::DateTime<chrono::Utc> = sqlx::query_scalar("select next_attempt_at from delivery")
        .fetch_one(&mut world.database().await)
        .await
        .expect("one delivery");
    assert_eq!(due, world.clock.now());
}

#[tokio::test]
async fn an_event_and_its_deliveries_commit_together_or_not_at_all() {
    let world = World::new().await;
    create_webhook(&world, json!(["*"])).await;
    let phone = world.phone(&world.person("jane").await).await;
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as 'begin raise ''no''; end';
         create trigger refuse before insert on delivery for each row execute function refuse()",
    )
    .execute(&mut world.database().await)
    .await
    .expect("a trigger");
    let body = json!({ "device_id": phone });
    world.key().post("/phones/deactivate", body.clone()).await.refused(500, "internal_server_error");
    assert!(world.events("phone.deactivated").await.is_empty());
    world.key().post("/phones/get", body).await.ok();
}

#[tokio::test]
async fn create_get_and_list_webhooks_return_the_secret_and_event_types() {
    let world = World::new().await;
    let created = world.key().post("/webhooks/create", json!({ "url": "https://example.com/a?b=c" })).await.ok();
    let webhook = &created["webhook"];
    assert_eq!((&webhook["url"], &webhook["event_types"]), (&json!("https://example.com/a?b=c"), &json!(["*"])));
    let secret = text(&webhook["secret"]);
    let key = secret.strip_prefix("whsec_").expect("the prefix that clients strip");
    use base64::prelude::*;
    assert_eq!(BASE64_STANDARD.decode(key).expect("strict base64").len(), 24);
    let id = text(&webhook["webhook_id"]);
    assert_eq!(world.key().get(&format!("/webhooks/get?webhook_id={id}")).await.ok()["webhook"], *webhook);
    assert_eq!(world.key().get("/webhooks/list").await.ok()["webhooks"], json!([webhook]));
    let kept: Vec<u8> = sqlx::query_scalar("select secret_sealed from webhook")
        .fetch_one(&mut world.database().await)
        .await
        .expect("one webhook");
    assert!(!String::from_utf8_lossy(&kept).contains(key), "the secret is encrypted in the database");
}

#[tokio::test]
async fn unknown_event_types_and_webhook_ids_are_refused() {
    let world = World::new().await;
    let create = async |event_types: Value| {
        let body = json!({ "url": "https://example.com/hook", "event_types": event_types });
        world.key().post("/webhooks/create", body).await
    };
    for unknown in
        [json!(["phone.exploded"]), json!(["phone.deactivated", "x"]), json!(["*", "phone.deactivated"]), json!([""])]
    {
        create(unknown).await.refused(400, "invalid_event_types");
    }
    create(json!([])).await.ok();
    for missing in ["nothing", "00000000-0000-4000-8000-000000000000"] {
        let body = json!({ "webhook_id": missing, "event_types": ["*"] });
        world.key().put("/webhooks/update", body.clone()).await.refused(404, "webhook_not_found");
        world.key().post("/webhooks/get", body.clone()).await.refused(404, "webhook_not_found");
        world.key().post("/webhooks/delete", body).await.refused(404, "webhook_not_found");
    }
}
