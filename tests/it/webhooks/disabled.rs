//! Disabled webhooks: after five days of failures only, a webhook gets no more deliveries until it is updated.

use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::until;
use crate::support::webhook_worker::{
    Webhook, WebhookWorker, claim_deliveries, register_and_deactivate_phone, timestamp,
};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use handset::domain::webhook::Attempted;
use handset::metrics::Metrics;
use handset::sweeper::Sweeper;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A webhook that first failed five days ago, with the delivery that failed then due again.
async fn failing_for_days(world: &World, receiver: &Receiver, event_types: &[&str]) -> Webhook {
    let webhook = Webhook::create_at(world, &receiver.url(), event_types).await;
    register_and_deactivate_phone(world).await;
    let worker = WebhookWorker::start(world);
    webhook.wait_for_attempts(world, 1).await;
    worker.close().await;
    world.advance(TimeDelta::days(5));
    webhook
}

#[tokio::test]
async fn a_webhook_is_disabled_after_five_days_of_failures_and_enabled_by_an_update() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    webhook.wait_for_attempts(&world, 1).await;
    world.advance(TimeDelta::days(5) - TimeDelta::seconds(1));
    let row = webhook.wait_for_attempts(&world, 2).await.remove(0);
    assert_eq!((&row["status"], webhook.get(&world).await.get("disabled_at")), (&json!("pending"), None));
    assert!(world.events("webhook.disabled").await.is_empty());
    // One more delivery that has failed once and waits for its retry.
    register_and_deactivate_phone(&world).await;
    webhook.wait_for_deliveries(&world, "both have failed", |row| row["fault"].is_string()).await;

    world.advance(timestamp(&row, "next_attempt_at").expect("a retry is scheduled") - world.clock.now());
    let rows = webhook.wait_for_deliveries(&world, "all deliveries have failed", |row| row["status"] == "failed").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["next_attempt_at"].is_null()));
    assert_eq!(timestamp(&webhook.get(&world).await, "disabled_at"), Some(world.clock.now()));
    let actual = world.events("webhook.disabled").await;
    assert_eq!((actual.len(), &actual[0]["webhook_id"]), (1, &json!(webhook.id)));

    let received = receiver.received().len();
    register_and_deactivate_phone(&world).await;
    assert_eq!(webhook.deliveries(&world).await, rows, "a disabled webhook gets no more deliveries");
    let which = json!({ "webhook_id": webhook.id });
    for (path, body) in [
        ("/webhooks/ping", which.clone()),
        ("/webhooks/redeliver", json!({ "delivery_id": rows[0]["delivery_id"] })),
        ("/webhooks/redeliver", json!({ "webhook_id": webhook.id, "since": "2000-01-01" })),
    ] {
        world.key().post(path, body).await.refused(400, "webhook_disabled");
    }
    assert_eq!(receiver.received().len(), received);

    receiver.set_behaviour(Behaviour::Status(200));
    let update = json!({ "webhook_id": webhook.id, "event_types": ["phone.deactivated"] });
    world.key().post("/webhooks/update", update).await.ok();
    assert_eq!(webhook.get(&world).await.get("disabled_at"), None, "an update of the event types enables the webhook");
    register_and_deactivate_phone(&world).await;
    receiver.wait_for_messages(received + 1).await;
    let again = json!({ "webhook_id": webhook.id, "since": "2000-01-01" });
    assert_eq!(world.key().post("/webhooks/redeliver", again).await.ok()["redelivering_count"], 2);
    webhook.wait_until_delivered(&world).await;
}

#[tokio::test]
async fn a_webhook_whose_receiver_responds_410_is_disabled_at_once() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let (webhook, observer) = (Webhook::create(&world, &receiver).await, Receiver::new().await);
    Webhook::create_at(&world, &observer.url(), &["webhook.disabled"]).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    // This delivery waits for its retry.
    webhook.wait_for_attempts(&world, 1).await;
    receiver.set_behaviour(Behaviour::Status(410));
    register_and_deactivate_phone(&world).await;
    let rows = webhook.wait_for_deliveries(&world, "both have failed", |row| row["status"] == "failed").await;
    let faults: Vec<_> = rows.iter().map(|row| (row["response_status"].clone(), text(&row["fault"]))).collect();
    let expected = [
        (json!(410), "answered 410: the webhook was disabled".to_owned()),
        (json!(500), "the webhook was disabled".to_owned()),
    ];
    assert!(faults.iter().all(|fault| expected.contains(fault)) && faults.len() == 2, "{faults:?}");
    assert!(rows.iter().all(|row| row["attempt_count"] == 1 && row["next_attempt_at"].is_null()), "{rows:?}");
    assert_eq!(timestamp(&webhook.get(&world).await, "disabled_at"), Some(world.clock.now()));
    assert_eq!(observer.wait_for_messages(1).await[0].event()["webhook_id"], webhook.id);
    assert_eq!(world.events("webhook.disabled").await.len(), 1);
    world.key().post("/webhooks/ping", json!({ "webhook_id": webhook.id })).await.refused(400, "webhook_disabled");

    receiver.set_behaviour(Behaviour::Status(200));
    let update = json!({ "webhook_id": webhook.id, "event_types": ["phone.deactivated"] });
    world.key().post("/webhooks/update", update).await.ok();
    register_and_deactivate_phone(&world).await;
    receiver.wait_for_messages(3).await;
    let again = json!({ "webhook_id": webhook.id, "since": "2000-01-01" });
    assert_eq!(world.key().post("/webhooks/redeliver", again).await.ok()["redelivering_count"], 2);
    webhook.wait_until_delivered(&world).await;
}

#[tokio::test]
async fn one_success_in_five_days_keeps_a_webhook_enabled() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    let _worker = WebhookWorker::start(&world);
    register_and_deactivate_phone(&world).await;
    webhook.wait_for_attempts(&world, 1).await;
    world.advance(TimeDelta::days(4));
    receiver.set_behaviour(Behaviour::Status(200));
    webhook.wait_until_delivered(&world).await;
    receiver.set_behaviour(Behaviour::Status(500));
    for _ in 0..2 {
        world.advance(TimeDelta::days(2));
        register_and_deactivate_phone(&world).await;
        webhook
            .wait_for_deliveries(&world, "it fails", |row| row["status"] == "delivered" || row["fault"].is_string())
            .await;
    }
    assert_eq!(webhook.get(&world).await.get("disabled_at"), None, "consecutive failures last two days only");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_failures_disable_a_webhook_without_a_deadlock() {
    let world = World::with_connections(10).await;
    for round in 1..=5 {
        let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
        let webhook = failing_for_days(&world, &receiver, &["phone.deactivated"]).await;
        for _ in 0..8 {
            register_and_deactivate_phone(&world).await;
        }
        let now = world.clock.now();
        let claims = claim_deliveries(&world, &world.store, now + TimeDelta::seconds(60)).await;
        assert_eq!(claims.len(), 9);
        let records: Vec<_> = claims
            .into_iter()
            .map(|claim| {
                let (store, next) = (world.store.clone(), now + TimeDelta::seconds(5));
                let attempted = Attempted {
                    at: now,
                    response_status: Some(500),
                    latency_ms: 1,
                    fault: Some("no".to_owned()),
                    answer: None,
                };
                tokio::spawn(async move { store.record_failed(&claim, &attempted, Some(next)).await })
            })
            .collect();
        for record in records {
            record.await.expect("it does not panic").expect("it is recorded");
        }
        let rows = webhook.deliveries(&world).await;
        assert!(rows.iter().all(|row| row["status"] == "failed"), "{rows:?}");
        assert_eq!(world.events("webhook.disabled").await.len(), round);
        world.key().post("/webhooks/delete", json!({ "webhook_id": webhook.id })).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_webhook_while_its_attempts_are_recorded_succeeds() {
    let world = World::with_connections(10).await;
    for _ in 0..10 {
        let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
        let webhook = failing_for_days(&world, &receiver, &["phone.deactivated"]).await;
        for _ in 0..4 {
            register_and_deactivate_phone(&world).await;
        }
        let now = world.clock.now();
        let claims = claim_deliveries(&world, &world.store, now + TimeDelta::seconds(60)).await;
        let records: Vec<_> = claims
            .into_iter()
            .map(|claim| {
                let store = world.store.clone();
                let attempted =
                    Attempted { at: now, response_status: Some(200), latency_ms: 1, fault: None, answer: None };
                tokio::spawn(async move { store.record_delivered(&claim, &attempted).await })
            })
            .collect();
        world.key().post("/webhooks/delete", json!({ "webhook_id": webhook.id })).await.ok();
        for record in records {
            record.await.expect("it does not panic").expect("it is recorded, or nothing is left to record");
        }
    }
}

fn sweeper(world: &World) -> DropGuard {
    let (store, clock) = (world.store.clone(), world.clock.clone());
    let sweeper = Sweeper {
        store,
        clock,
        keep_events: TimeDelta::days(90),
        metrics: Metrics::default(),
        tick: Duration::from_millis(10),
    };
    let stop = CancellationToken::new();
    tokio::spawn(sweeper.run(stop.clone()));
    stop.drop_guard()
}

#[tokio::test]
async fn a_disabled_webhook_has_no_pending_deliveries() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    // It also subscribes to its own disabling.
    let webhook = failing_for_days(&world, &receiver, &["phone.deactivated", "webhook.disabled"]).await;
    let _worker = WebhookWorker::start(&world);
    let _sweeper = sweeper(&world);
    webhook.wait_for_deliveries(&world, "all deliveries have failed", |row| row["status"] == "failed").await;
    assert!(webhook.get(&world).await["disabled_at"].is_string());
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn the_sweeper_cancels_all_deliveries_of_a_disabled_webhook_in_batches() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    let mut database = world.database().await;
    // More rows than one batch.
    sqlx::query(
        "with happened as (
             insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
             select $1::uuid, name_uuid($1::uuid, number::text), 'phone.deactivated', false,
                 $2 - number * interval '1 microsecond', $2, '{}'
             from generate_series(1, 25000) as number
             returning workspace_id, event_id
         ), disabled as (
             update webhook set disabled_at = $2 where webhook_id = $3
         )
         insert into delivery (workspace_id, event_id, webhook_id, next_attempt_at)
         select workspace_id, event_id, $3, $2 from happened",
    )
    .bind(world.record.workspace_id.0)
    .bind(world.clock.now())
    .bind(uuid::Uuid::parse_str(&webhook.id).expect("an id"))
    .execute(&mut database)
    .await
    .expect("the statement is right");
    let _sweeper = sweeper(&world);
    until("nothing is pending", async || {
        let pending: i64 = sqlx::query_scalar("select count(*) from delivery where status = 'pending'")
            .fetch_one(&mut database)
            .await
            .expect("the statement is right");
        (pending == 0).then_some(())
    })
    .await;
}
