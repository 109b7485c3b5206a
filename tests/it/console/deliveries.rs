//! Deliveries in the console: their attempts with answers, and redelivery of one or a range.

use crate::audit::audit_rows;
use crate::support::page::{field, links, refused};
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::webhook_worker::{Webhook, WebhookWorker, claim_deliveries, register_and_deactivate_phone};
use crate::support::world::{World, text};
use chrono::{DateTime, TimeDelta, Utc};
use handset::domain::operator::Role;
use handset::domain::webhook::Attempted;
use serde_json::json;

/// Records an attempt of each delivery that is due.
async fn attempt(world: &World, status: u16) {
    let now = world.clock.now();
    for claim in claim_deliveries(world, &world.store, now + TimeDelta::seconds(60)).await {
        let is_ok = status < 300;
        let fault = (!is_ok).then(|| format!("answered {status}"));
        let answer = Some("<b>no</b> such thing".to_owned());
        let attempted = Attempted { at: now, response_status: Some(status), latency_ms: 3, fault, answer };
        let recorded = match is_ok {
            true => world.store.record_delivered(&claim, &attempted).await,
            false => world.store.record_failed(&claim, &attempted, None).await,
        };
        recorded.expect("the database answers");
    }
}

async fn is_due(world: &World) -> usize {
    claim_deliveries(world, &world.store, world.clock.now() + TimeDelta::seconds(60)).await.len()
}

/// The server as one whose demo workspace is the first one, so that receivers on this machine are its own.
async fn demo(world: &World) {
    sqlx::query("update deployment set demo_workspace_id = $1::uuid")
        .bind(&world.id)
        .execute(&mut world.database().await)
        .await
        .expect("the first workspace is the demo");
}

#[tokio::test]
async fn a_delivery_shows_its_body_and_each_attempt_with_the_answer() {
    let world = World::new().await;
    demo(&world).await;
    let receiver = Receiver::with_behaviour(Behaviour::Answer(503, "<i>busy</i>\0\u{1b}".to_owned())).await;
    let webhook = Webhook::create(&world, &receiver).await;
    let phone = register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::of_a_trial(&world, true);
    webhook.wait_for_attempts(&world, 1).await;
    receiver.set_behaviour(Behaviour::Answer(200, "thanks".to_owned()));
    world.advance(TimeDelta::seconds(6));
    let row = webhook.wait_until_delivered(&world).await.remove(0);
    let viewer = world.operator(Role::Viewer).await;
    let page = viewer.get(&world.page(&format!("/deliveries/{}", text(&row["delivery_id"])))).await;
    for part in [
        "&lt;i&gt;busy&lt;/i&gt;\u{fffd}\u{fffd}",
        "thanks",
        "answered 503",
        &format!("&quot;device_id&quot;: &quot;{phone}&quot;"),
        &text(&row["event_id"]),
    ] {
        assert!(page.text.contains(part), "{part}: {page:?}");
    }
    assert!(!page.text.contains("Redeliver</button>"), "a viewer changes nothing");
}

#[tokio::test]
async fn answers_of_hosts_that_are_not_public_are_not_kept() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Answer(500, "internal".to_owned())).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    // Its operator allows the network.
    let _worker = WebhookWorker::start(&world);
    let row = webhook.wait_for_attempts(&world, 1).await.remove(0);
    let viewer = world.operator(Role::Viewer).await;
    let page = viewer.get(&world.page(&format!("/deliveries/{}", text(&row["delivery_id"])))).await;
    assert!(page.text.contains("answered 500") && !page.text.contains("internal"), "{page:?}");
}

#[tokio::test]
async fn the_log_of_attempts_is_bounded() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    register_and_deactivate_phone(&world).await;
    let which = json!({ "delivery_id": webhook.deliveries(&world).await[0]["delivery_id"] });
    for number in 0..25 {
        world.advance(TimeDelta::minutes(2));
        attempt(&world, if number % 2 == 0 { 500 } else { 200 }).await;
        world.key().post("/webhooks/redeliver", which.clone()).await.ok();
    }
    let logged: Vec<(i32, i32)> = sqlx::query_as(
        "select attempt, (attempt_log -> 0 ->> 'attempt')::int from delivery where jsonb_array_length(attempt_log) = 20",
    )
    .fetch_all(&mut world.database().await)
    .await
    .expect("the statement is right");
    assert_eq!(logged, [(25, 6)], "the last twenty");
}

#[tokio::test]
async fn a_delivery_is_redelivered_once_however_often_the_form_is_sent() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    register_and_deactivate_phone(&world).await;
    attempt(&world, 500).await;
    let operator = world.operator(Role::Operator).await;
    let path = world.page(&format!("/deliveries/{}", text(&webhook.deliveries(&world).await[0]["delivery_id"])));
    let seen = field(&operator.get(&path).await, "attempt");
    let redeliver = async || operator.post(&format!("{path}/redeliver"), &[("attempt", &seen)]).await;
    assert_eq!(redeliver().await.location(), path);
    assert_eq!(is_due(&world).await, 1);
    // It is claimed now, and not again for a minute.
    assert_eq!(redeliver().await.location(), path);
    assert_eq!(is_due(&world).await, 0, "it is in progress");
    world.advance(TimeDelta::minutes(2));
    attempt(&world, 200).await;
    redeliver().await.location();
    assert_eq!(webhook.deliveries(&world).await[0]["status"], "delivered", "the page was of an earlier attempt");
    let rows = audit_rows(&world, &world).await;
    assert_eq!(rows.iter().filter(|row| row["action"] == "delivery.redelivered").count(), 1, "{rows:?}");
}

#[tokio::test]
async fn a_range_is_redelivered_once_however_often_the_form_is_sent() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    let other = Webhook::create_at(&world, "https://example.com/other", &["phone.deactivated"]).await;
    let mut times: Vec<DateTime<Utc>> = Vec::new();
    for status in [500, 500, 200, 500] {
        world.advance(TimeDelta::minutes(1));
        times.push(world.clock.now());
        register_and_deactivate_phone(&world).await;
        attempt(&world, status).await;
    }
    world.advance(TimeDelta::minutes(1));
    let operator = world.operator(Role::Operator).await;
    let path = world.page(&format!("/webhooks/{}", webhook.id));
    let shown_at = field(&operator.get(&path).await, "shown_at");
    let at = |index: usize| times[index].format("%Y-%m-%dT%H:%M:%S").to_string();
    let (from, until) = (at(1), at(3));
    let form = [("shown_at", &*shown_at), ("from", &*from), ("until", &*until)];
    let redeliver = async |more: &[(&str, &str)]| {
        operator.post(&format!("{path}/redeliver"), &[&form, more].concat()).await.location().to_owned()
    };
    let pending = async |webhook: &Webhook| {
        let rows = webhook.deliveries(&world).await;
        rows.iter().rev().map(|row| row["status"] == "pending").collect::<Vec<_>>()
    };
    assert_eq!(redeliver(&[]).await, path);
    assert_eq!(pending(&webhook).await, [false, true, false, false], "the failed one of the range");
    assert_eq!(pending(&other).await, [false; 4]);
    attempt(&world, 500).await;
    redeliver(&[]).await;
    assert_eq!(pending(&webhook).await, [false; 4], "it had an attempt since the page was shown");
    redeliver(&[("delivered", "on")]).await;
    assert_eq!(pending(&webhook).await, [false, false, true, false]);
    let rows = audit_rows(&world, &world).await;
    let counts: Vec<_> =
        rows.iter().filter(|row| row["action"] == "webhook.redelivered").map(|row| &row["after"]["count"]).collect();
    assert_eq!(counts, [&json!(1), &json!(1)]);
}

#[tokio::test]
async fn a_range_needs_two_times_in_order() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    let operator = world.operator(Role::Operator).await;
    let path = world.page(&format!("/webhooks/{}/redeliver", webhook.id));
    let now = world.now();
    for (from, until, name, message) in [
        ("yesterday", "2026-01-01T12:00", "from", "Enter a time"),
        ("2026-01-01T12:00", "", "until", "Enter a time"),
        ("2026-01-01T12:00", "2026-01-01T11:00", "until", "The end of the range must be after"),
    ] {
        let page = operator.post(&path, &[("shown_at", &now), ("from", from), ("until", until)]).await;
        refused(&page, name, message);
        assert_eq!(field(&page, "from"), from);
    }
}

#[tokio::test]
async fn deliveries_are_listed_by_status_and_by_cursor() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    for _ in 0..55 {
        register_and_deactivate_phone(&world).await;
        world.advance(TimeDelta::seconds(1));
    }
    let viewer = world.operator(Role::Viewer).await;
    let path = world.page(&format!("/webhooks/{}", webhook.id));
    let first = viewer.get(&path).await;
    assert_eq!(links(&first, &world.page("/deliveries/")).len(), 50);
    let next = links(&first, &format!("{path}?after=")).remove(0);
    assert_eq!(links(&viewer.get(&next).await, &world.page("/deliveries/")).len(), 5);
    let failed = viewer.get(&format!("{path}?status=failed")).await;
    assert!(failed.text.contains("There are no deliveries of the status"), "{failed:?}");
    let other = world.sandbox("Other").await;
    let stranger = world.operator_in(&[(&other, Role::Admin)]).await;
    let delivery = text(&webhook.deliveries(&world).await[0]["delivery_id"]);
    let foreign = |path: &str| format!("/console/w/{}{path}", other.id);
    assert_eq!(stranger.get(&foreign(&format!("/deliveries/{delivery}"))).await.status, 404);
    assert_eq!(stranger.get(&foreign(&format!("/webhooks/{}", webhook.id))).await.status, 404);
    let path = foreign(&format!("/deliveries/{delivery}/redeliver"));
    assert_eq!(stranger.post(&path, &[("attempt", "0")]).await.status, 404);
}
