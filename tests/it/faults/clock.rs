//! The machine's clock is set backwards and forwards while phones are registered and deactivated.

use crate::support::receiver::Receiver;
use crate::support::webhook_worker::{Webhook, register_and_deactivate_phone};
use crate::support::world::{World, list, text};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

fn times(events: &[serde_json::Value]) -> Vec<DateTime<Utc>> {
    events.iter().map(|event| text(&event["created_at"]).parse().expect("a time")).collect()
}

#[tokio::test]
async fn a_reader_of_events_misses_none_when_the_clock_jumps() {
    let world = World::new().await;
    let mut phones = Vec::new();
    let mut seen_until: Option<DateTime<Utc>> = None;
    let mut seen = 0;
    for jump in [0, -3_600, 7_200, -86_400, 1, 0, -1] {
        world.advance(TimeDelta::seconds(jump));
        phones.push(register_and_deactivate_phone(&world).await);
        phones.push(register_and_deactivate_phone(&world).await);
        // A reader that lists the events after the last one it saw.
        let request = json!({ "since": "2000-01-01", "event_type": "phone.deactivated", "limit": 1_000 });
        let all = list(&world.key().post("/events/list", request).await.ok()["events"]);
        let fresh: Vec<DateTime<Utc>> =
            times(&all).into_iter().filter(|time| seen_until.is_none_or(|until| *time > until)).collect();
        assert_eq!(fresh.len(), 2, "after a jump of {jump} s");
        seen += fresh.len();
        seen_until = fresh.last().copied();
    }
    let events = world.events("phone.deactivated").await;
    let order: Vec<String> = events.iter().map(|event| text(&event["device_id"])).collect();
    assert_eq!(order, phones, "in the order of deactivation");
    assert_eq!(seen, events.len());
    assert!(times(&events).windows(2).all(|pair| pair[0] < pair[1]));
}

#[tokio::test]
async fn a_clock_set_back_loses_no_delivery_once_it_has_caught_up() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    world.advance(TimeDelta::hours(1));
    let first = register_and_deactivate_phone(&world).await;
    world.advance(TimeDelta::hours(-2));
    let second = register_and_deactivate_phone(&world).await;
    let worker = crate::support::webhook_worker::WebhookWorker::start(&world);
    // Deliveries from before the jump are due when that time comes again; later ones are due now.
    let received = receiver.wait_for_messages(1).await;
    assert_eq!(text(&received[0].event()["device_id"]), second);
    world.advance(TimeDelta::hours(2));
    let rows = webhook.wait_until_delivered(&world).await;
    assert_eq!(rows.len(), 2);
    let received = receiver.wait_for_messages(2).await;
    assert_eq!(text(&received[1].event()["device_id"]), first);
    worker.close().await;
    assert_eq!(receiver.received().len(), 2, "each once");
}

#[tokio::test]
async fn a_clock_set_forward_expires_client_sessions_until_it_is_set_back() {
    let world = World::new().await;
    let app = world.session(&world.person("jane").await).await;
    app.get("/devices/list").await.ok();
    world.advance(TimeDelta::days(36_500));
    app.get("/devices/list").await.refused(401, "client_session_expired");
    world.key().get("/phones/list").await.ok();
    world.advance(TimeDelta::days(-36_500));
    app.get("/devices/list").await.ok();
}
