//! The lives of phones and of those who carry them, told over the Seam dialect.

use crate::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn a_deactivated_phone_emits_one_event() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    let shown = world.key().get(&format!("/phones/get?device_id={phone}")).await.ok()["phone"].clone();
    assert_eq!(shown["workspace_id"], json!(world.id));
    assert_eq!(world.phone_ids().await, [phone.clone()]);

    world.pass(TimeDelta::minutes(1));
    let answer = world.key().delete(&format!("/phones/deactivate?device_id={phone}&_strict=true")).await;
    assert_eq!(answer.ok(), json!({ "ok": true }));
    let events = world.events("phone.deactivated").await;
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    let expected = json!({
        "event_id": event["event_id"], "event_type": "phone.deactivated", "workspace_id": world.id,
        "device_id": phone, "device_custom_metadata": {},
        "created_at": "2026-01-01T12:01:00Z", "occurred_at": "2026-01-01T12:01:00Z",
    });
    assert_eq!(*event, expected);
}
