//! Deactivation of a phone.

use crate::support::concurrency::{CONNECTIONS, at_once};
use crate::support::world::{World, list};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn deactivate_phone_emits_one_event() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.advance(TimeDelta::minutes(1));

    let response = world.key().delete(&format!("/phones/deactivate?device_id={phone}&_strict=true")).await;
    assert_eq!(response.ok(), json!({ "ok": true }));
    let events = world.events("phone.deactivated").await;
    let expected = json!({
        "event_id": events[0]["event_id"], "event_type": "phone.deactivated", "workspace_id": world.id,
        "device_id": phone, "device_custom_metadata": {},
        "created_at": "2026-01-01T12:01:00Z", "occurred_at": "2026-01-01T12:01:00Z",
    });
    assert_eq!(events, [expected]);

    world.advance(TimeDelta::minutes(1));
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(world.events("phone.deactivated").await, events, "a repeated deactivation succeeds and emits nothing");
}

#[tokio::test]
async fn a_deactivated_phone_is_only_listed_with_include_deactivated() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (lost, kept) = (world.phone(&jane).await, world.phone(&jane).await);
    world.key().post("/phones/deactivate", json!({ "device_id": lost, "reason": "left in a taxi" })).await.ok();

    for path in ["/phones/get", "/devices/get"] {
        let error = world.key().post(path, json!({ "device_id": lost })).await.refused(404, "device_not_found");
        assert_eq!(error["data"], json!({ "device_id": lost }));
    }
    assert_eq!(world.phone_ids().await, [kept.as_str()]);
    let devices = world.key().get("/devices/list").await.ok();
    assert_eq!(list(&devices["devices"]).len(), 1);
    let change = json!({ "device_id": lost, "name": "Ghost" });
    world.key().patch("/devices/update", change).await.refused(404, "device_not_found");
    let all = world.key().get("/phones/list?include_deactivated=true").await.ok();
    assert_eq!(list(&all["phones"]).len(), 2, "deactivated phones are listed on request");
    let reason: Option<String> = sqlx::query_scalar("select deactivation_reason from phone where device_id::text = $1")
        .bind(&lost)
        .fetch_one(&mut world.database().await)
        .await
        .expect("the row is kept");
    assert_eq!(reason.as_deref(), Some("left in a taxi"));
}

#[tokio::test]
async fn deactivate_phone_with_an_unknown_or_foreign_id_is_not_found() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let theirs = other.phone(&other.person("joe").await).await;
    for id in [theirs.as_str(), "00000000-0000-0000-0000-000000000000", "no-id-at-all", ""] {
        let response = world.key().post("/phones/deactivate", json!({ "device_id": id })).await;
        let error = response.refused(404, "device_not_found");
        assert_eq!((&error["message"], &error["data"]), (&json!("Device not found"), &json!({ "device_id": id })));
    }
    assert_eq!(other.phone_ids().await, [theirs]);
    assert!(other.events("phone.deactivated").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_concurrent_deactivations_of_a_phone_succeed_with_one_event() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    world.sync_credential(&jane).await;
    for response in at_once(&world, 100, "/phones/deactivate", |_| json!({ "device_id": phone })).await {
        assert_eq!(response.ok(), json!({ "ok": true }));
    }
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    assert_eq!(world.events("acs_credential.deleted").await.len(), 1);
}
