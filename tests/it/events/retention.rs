//! Event retention: old events are deleted in batches, except those with pending deliveries.

use crate::support::concurrency::waiting;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker, register_and_deactivate_phone};
use crate::support::world::World;
use chrono::TimeDelta;
use handset::metrics::Metrics;
use handset::sweeper::Sweeper;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A sweeper that keeps events for 90 days and runs until the guard is dropped.
fn sweep(world: &World) -> DropGuard {
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

async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut world.database().await).await.expect("the statement is right")
}

const EVENTS: &str = "select count(*) from event";
const DELIVERIES: &str = "select count(*) from delivery";

#[tokio::test]
async fn events_are_kept_for_the_retention_period_and_not_longer() {
    let world = World::new().await;
    let old = register_and_deactivate_phone(&world).await;
    world.advance(TimeDelta::days(1));
    let young = register_and_deactivate_phone(&world).await;
    world.advance(TimeDelta::days(89));
    let before = world.clock.now() - TimeDelta::days(90);
    assert_eq!(
        world.store.prune_events(before, 100).await.expect("the database answers"),
        0,
        "an event of exactly 90 days is kept"
    );
    world.advance(TimeDelta::seconds(1));
    let _sweeper = sweep(&world);
    until("the old event is deleted", async || (world.events("phone.deactivated").await.len() == 1).then_some(()))
        .await;
    assert_eq!(world.events("phone.deactivated").await[0]["device_id"], young);
    let gone = world.key().get(&format!("/events/get?device_id={old}")).await;
    gone.refused(404, "event_not_found");
}

#[tokio::test]
async fn old_events_are_deleted_oldest_first_and_in_batches() {
    let world = World::new().await;
    let mut lost = Vec::new();
    for _ in 0..5 {
        lost.push(register_and_deactivate_phone(&world).await);
        world.advance(TimeDelta::seconds(1));
    }
    let all = count(&world, EVENTS).await;
    let mut left = all;
    while left > 0 {
        let pruned = world.store.prune_events(world.clock.now(), 2).await.expect("the database answers");
        assert_eq!(pruned, 2.min(left.unsigned_abs()));
        left -= pruned.cast_signed();
        assert_eq!(count(&world, EVENTS).await, left);
        let kept = world.events("phone.deactivated").await;
        let kept: Vec<_> = kept.iter().map(|event| event["device_id"].as_str().expect("an id").to_owned()).collect();
        assert!(lost.ends_with(&kept), "{kept:?}");
    }
}

#[tokio::test]
async fn the_sweeper_deletes_batches_until_no_old_event_is_left() {
    let world = World::new().await;
    sqlx::query(
        "insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
         select workspace_id, gen_random_uuid(), 'phone.deactivated', false, at, at, '{}'
         from workspace cross join generate_series('2025-01-01', '2025-02-01', interval '18 min') as times (at)",
    )
    .execute(&mut world.database().await)
    .await
    .expect("the statement is right");
    assert!(count(&world, EVENTS).await > 2_000, "more than two batches");
    let _sweeper = sweep(&world);
    until("all events are deleted", async || (count(&world, EVENTS).await == 0).then_some(())).await;
}

#[tokio::test]
async fn events_with_pending_deliveries_are_kept_until_these_end() {
    let world = World::new().await;
    let (good, bad) = (Receiver::new().await, Receiver::with_behaviour(Behaviour::Status(500)).await);
    let (webhook, failing) = (Webhook::create(&world, &good).await, Webhook::create(&world, &bad).await);
    register_and_deactivate_phone(&world).await;
    let worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    failing.wait_for_attempts(&world, 1).await;
    worker.close().await;
    world.advance(TimeDelta::days(100));
    let sweeper = sweep(&world);
    // All but the event with a pending delivery.
    until("the other events are deleted", async || (count(&world, EVENTS).await == 1).then_some(())).await;
    assert_eq!(world.store.prune_events(world.clock.now(), 100).await.expect("the database answers"), 0);
    assert_eq!(count(&world, DELIVERIES).await, 2);
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    drop(sweeper);

    bad.set_behaviour(Behaviour::Status(200));
    let _worker = WebhookWorker::start(&world);
    failing.wait_until_delivered(&world).await;
    let _sweeper = sweep(&world);
    until("the event is deleted", async || (count(&world, EVENTS).await == 0).then_some(())).await;
    assert_eq!(count(&world, DELIVERIES).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_requeued_while_events_are_pruned_is_kept() {
    let world = World::with_connections(6).await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    worker.close().await;
    world.advance(TimeDelta::days(100));

    let mut database = world.database().await;
    let mut pending = sqlx::Connection::begin(&mut database).await.expect("a transaction");
    sqlx::query("update delivery set status = 'pending'").execute(&mut *pending).await.expect("one row");
    let pruning = tokio::spawn({
        let (store, now) = (world.store.clone(), world.clock.now());
        async move { store.prune_events(now, 100).await }
    });
    until("the prune statement waits for a lock", async || (waiting(&world).await > 0).then_some(())).await;
    pending.commit().await.expect("it commits");
    pruning.await.expect("it does not panic").expect_err("the batch is refused");
    let row = webhook.deliveries(&world).await.remove(0);
    assert_eq!(row["status"], json!("pending"));
    let rest = count(&world, EVENTS).await - 1;
    let pruned = world.store.prune_events(world.clock.now(), 100).await.expect("the database answers");
    assert_eq!(pruned, rest.unsigned_abs(), "the next run deletes the rest");
    assert_eq!(webhook.deliveries(&world).await.len(), 1);
}

#[tokio::test]
async fn late_deliveries_of_a_disabled_webhook_are_cancelled() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    sqlx::query("update webhook set disabled_at = created_at")
        .execute(&mut world.database().await)
        .await
        .expect("one row");
    let _sweeper = sweep(&world);
    let rows = webhook.wait_for_deliveries(&world, "it has ended", |row| row["status"] == "failed").await;
    assert_eq!(rows[0]["fault"], "the webhook was disabled");
    world.advance(TimeDelta::days(100));
    until("the event is deleted", async || (count(&world, EVENTS).await == 0).then_some(())).await;
}
