//! Lists of events: bounds in time, accepted time formats, and filters.

use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn list_events_requires_either_since_or_between() {
    let world = World::new().await;
    let list = async |body| world.key().post("/events/list", body).await;
    list(json!({})).await.invalid("", "Must specify either since or between");
    list(json!({ "limit": 5, "device_id": "00000000-0000-4000-8000-000000000000" }))
        .await
        .invalid("", "Must specify either since or between");
    let both = json!({ "since": "2020-01-01", "between": ["2020-01-01", "2021-01-01"] });
    list(both).await.invalid("", "Cannot specify both since and between");
    list(json!({ "since": "yesterday" })).await.invalid("since", "Must be parsable date string if defined");
    list(json!({ "between": ["2021-01-01", "2020-01-01"] }))
        .await
        .invalid("between", "second value must be greater than first value");
    list(json!({ "between": ["2021-01-01"] })).await.refused(400, "invalid_input");
    list(json!({ "between": ["2020-01-01", "2021-01-01", "2022-01-01"] })).await.refused(400, "invalid_input");
    list(json!({ "between": ["2020-01-01", "later"] })).await.refused(400, "invalid_input");
    list(json!({ "since": "2020-01-01", "event_type": "phone.exploded" })).await.refused(400, "invalid_input");
}

#[tokio::test]
async fn list_events_bounds_are_exclusive() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let mut phones = Vec::new();
    for _ in 0..3 {
        phones.push(world.phone(&jane).await);
    }
    for phone in &phones {
        world.advance(TimeDelta::seconds(1));
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    let actual = async |query: &str| {
        let listed = world.key().get(&format!("/events/list?{query}")).await.ok();
        list(&listed["events"]).iter().map(|event| text(&event["device_id"])).collect::<Vec<_>>()
    };
    assert_eq!(actual("since=2026-01-01").await, phones, "in order of time");
    assert_eq!(actual("since=2026-01-01T12:00:01Z").await, phones[1..]);
    assert_eq!(actual("since=2026-01-01T12:00:00.999999Z").await, phones);
    assert_eq!(actual("since=2026-01-01T13:00:01%2B01:00").await, phones[1..]);
    assert_eq!(actual("between=2026-01-01T12:00:01Z&between=2026-01-01T12:00:03Z&_strict=true").await, phones[1..2]);
    assert_eq!(actual("between=2026-01-01,2026-01-02").await, phones);
    assert_eq!(actual("since=2026-01-01&limit=1&unstable_offset=1").await, phones[1..2]);
    assert_eq!(actual("since=2026-01-01&limit=2").await, phones[..2]);
    assert_eq!(
        actual(&format!("since=2026-01-01&device_ids={},{}", phones[0], phones[2])).await,
        [phones[0].clone(), phones[2].clone()]
    );
    let both = format!("since=2026-01-01&device_id={}&device_ids={}", phones[0], phones[2]);
    assert!(actual(&both).await.is_empty(), "conditions are combined with and");
}

#[tokio::test]
async fn since_accepts_many_time_formats() {
    let world = World::new().await;
    for since in [
        "2026-01-01",
        "2026-01",
        "2026",
        "2026-01-01T00:00",
        "2026-01-01 00:00:00",
        "2026-01-01T00:00:00.123456789Z",
        "2026-01-01T00:00:00+0000",
        "2026-01-01T00:00:00.5-08:00",
        "Thu, 01 Jan 2026 00:00:00 GMT",
    ] {
        world.key().post("/events/list", json!({ "since": since })).await.ok();
    }
    for since in [
        "",
        "now",
        "2026-13-01",
        "2026-02-30",
        "2026-01-01T25:00:00Z",
        "20260101",
        "1767225600",
        "2026-01-01T00:00:00ZZ",
    ] {
        let response = world.key().post("/events/list", json!({ "since": since })).await;
        response.invalid("since", "Must be parsable date string if defined");
    }
}

#[tokio::test]
async fn handset_event_types_are_listed_only_if_named() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    world.key().patch("/devices/update", json!({ "device_id": phone, "name": "Mine" })).await.ok();
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let types = async |query: &str| {
        let listed = world.key().get(&format!("/events/list?since=2000-01-01{query}")).await.ok();
        list(&listed["events"]).iter().map(|event| text(&event["event_type"])).collect::<Vec<_>>()
    };
    assert_eq!(types("").await, ["phone.deactivated"]);
    assert_eq!(types(&format!("&device_id={phone}")).await, ["phone.deactivated"]);
    assert_eq!(types("&event_type=phone.registered").await, ["phone.registered"]);
    let mut named = types("&event_types=phone.updated,phone.registered").await;
    named.sort();
    assert_eq!(named, ["phone.registered", "phone.updated"]);
    let registered = &world.events("phone.registered").await[0];
    let by_id = world.key().post("/events/get", json!({ "event_id": registered["event_id"] })).await.ok();
    assert_eq!(by_id["event"], *registered, "get by id finds every event type");
}

#[tokio::test]
async fn get_event_must_match_all_conditions() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (dead, alive) = (world.phone(&jane).await, world.phone(&jane).await);
    world.key().post("/phones/deactivate", json!({ "device_id": dead })).await.ok();
    let get = async |body| world.key().post("/events/get", body).await;
    let event = get(json!({ "device_id": dead })).await.ok()["event"].clone();
    assert_eq!(event["event_type"], "phone.deactivated");
    assert_eq!(get(json!({ "event_id": event["event_id"] })).await.ok()["event"], event);
    assert_eq!(get(json!({ "event_type": "phone.deactivated", "device_id": dead })).await.ok()["event"], event);
    let other = json!({ "event_type": "phone.deactivated", "device_id": alive });
    get(other).await.refused(404, "event_not_found");
    get(json!({ "event_id": event["event_id"], "device_id": alive })).await.refused(404, "event_not_found");
    get(json!({ "event_type": "phone.exploded" })).await.refused(404, "event_not_found");
    get(json!({})).await.refused(400, "invalid_input");
}
