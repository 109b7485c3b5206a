//! Webhook deliveries: the schedule of attempts, what counts as delivered, which worker may record it, and that no endpoint
//! waits for another.

use crate::support::receiver::{Behaviour, Receiver, closed_port_url};
use crate::support::wait::until;
use crate::support::webhook_worker::{
    Webhook, WebhookWorker, claim_deliveries, register_and_deactivate_phone, second_store, timestamp,
};
use crate::support::world::{World, text};
use chrono::TimeDelta;
use handset::domain::webhook::{Attempted, Claim};
use handset::store::Store;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Pauses between the eight attempts, in seconds (docs.seam.co, "Webhooks").
const PAUSES: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// Claims the due deliveries, as a worker that then records nothing for a minute.
async fn claim(world: &World, store: &Store) -> Vec<Claim> {
    claim_deliveries(world, store, world.clock.now() + TimeDelta::seconds(60)).await
}

fn attempted(world: &World, status: u16) -> Attempted {
    let fault = (status >= 300).then(|| "not so good".to_owned());
    Attempted { at: world.clock.now(), response_status: Some(status), latency_ms: 7, fault, answer: None }
}

#[tokio::test]
async fn failed_deliveries_are_attempted_eight_times_on_seams_schedule_and_stay_listed() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    for (number, pause) in (1..).zip(PAUSES) {
        let row = webhook.wait_for_attempts(&world, number).await.remove(0);
        let (now, next) = (world.clock.now(), timestamp(&row, "next_attempt_at").expect("it is attempted again"));
        assert_eq!((&row["status"], &row["response_status"]), (&json!("pending"), &json!(500)));
        let (least, wait) = (TimeDelta::seconds(pause), next - now);
        assert!(least <= wait && wait <= least + least / 10, "attempt {number}: {wait} after {pause} s");
        world.advance(wait - TimeDelta::microseconds(1));
        assert_eq!(claim(&world, &world.store).await.len(), 0, "nothing is due a microsecond before");
        world.advance(TimeDelta::microseconds(1));
    }
    let row = webhook.wait_for_attempts(&world, 8).await.remove(0);
    assert_eq!((&row["status"], &row["next_attempt_at"]), (&json!("failed"), &json!(null)));
    assert_eq!(row["attempt_count"], 8);
    world.advance(TimeDelta::days(30));
    assert_eq!(claim(&world, &world.store).await.len(), 0, "it has failed permanently");
    assert_eq!(webhook.deliveries(&world).await, [row]);

    let received = receiver.received();
    assert_eq!(received.len(), 8);
    for pair in received.windows(2) {
        assert_eq!(pair[0].body(), pair[1].body(), "the same bytes");
        assert_eq!(pair[0].header("svix-id"), pair[1].header("svix-id"));
        assert!(pair[0].signed_at() < pair[1].signed_at(), "signed again");
    }
    for message in &received {
        assert_eq!(message.signatures(), [message.signature_of(&webhook.secret)]);
    }
}

#[tokio::test]
async fn the_pauses_of_different_deliveries_differ() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    for _ in 0..8 {
        register_and_deactivate_phone(&world).await;
    }
    let _worker = WebhookWorker::start(&world);
    let next: HashSet<_> = webhook
        .wait_for_attempts(&world, 1)
        .await
        .iter()
        .map(|row| timestamp(row, "next_attempt_at").expect("again"))
        .collect();
    assert!(next.len() > 1, "{next:?}");
}

#[tokio::test]
async fn the_body_of_a_delivery_is_exactly_the_event() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let phone = register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    let row = webhook.wait_until_delivered(&world).await.remove(0);
    let message = receiver.received().remove(0);
    let returned = world.key().get(&format!("/events/get?device_id={phone}&event_type=phone.deactivated")).await;
    let inside = returned.text.split_once(r#""event":"#).expect("an event").1;
    assert!(inside.starts_with(std::str::from_utf8(message.body()).expect("text")), "byte for byte: {inside}");
    assert_eq!(message.header("content-type"), "application/json");
    assert_eq!(message.header("svix-id"), format!("msg_{}", text(&row["delivery_id"]).replace('-', "")));
    assert_eq!(message.signed_at(), world.clock.now().timestamp());
    assert_eq!((&row["event_id"], &row["attempt_count"]), (&returned.ok()["event"]["event_id"], &json!(1)));
    assert_eq!((&row["response_status"], &row["fault"]), (&json!(200), &json!(null)));
    assert!(row["latency_ms"].is_u64(), "{row}");
}

#[tokio::test]
async fn deliveries_to_faulty_receivers_are_attempted_again_and_record_the_fault() {
    let world = World::new().await;
    let other = Receiver::new().await;
    let cases = [
        (Behaviour::Status(500), json!(500), "500"),
        (Behaviour::Status(404), json!(404), "404"),
        (Behaviour::Redirect(other.url()), json!(307), "307"),
        (Behaviour::NoResponse, json!(null), ""),
        (Behaviour::Close, json!(null), ""),
        (Behaviour::Truncate, json!(200), ""),
    ];
    let mut webhooks =
        vec![(Webhook::create_at(&world, &closed_port_url(), &["phone.deactivated"]).await, json!(null), "")];
    let mut receivers = Vec::new();
    for (manner, status, actual) in cases {
        let receiver = Receiver::with_behaviour(manner).await;
        webhooks.push((Webhook::create(&world, &receiver).await, status, actual));
        receivers.push(receiver);
    }
    register_and_deactivate_phone(&world).await;
    let worker = WebhookWorker::with_timeout(&world, Duration::from_secs(1));
    for (webhook, status, actual) in &webhooks {
        let row = webhook.wait_for_attempts(&world, 1).await.remove(0);
        assert_eq!((&row["status"], &row["response_status"]), (&json!("pending"), status), "{row}");
        assert!(text(&row["fault"]).contains(actual), "{row}");
        assert!(timestamp(&row, "next_attempt_at") > Some(world.clock.now()), "{row}");
    }
    worker.close().await;
    assert!(other.received().is_empty(), "redirects are not followed");

    receivers.iter().for_each(|receiver| receiver.set_behaviour(Behaviour::Status(204)));
    world.advance(TimeDelta::seconds(6));
    let _worker = WebhookWorker::start(&world);
    for (webhook, ..) in &webhooks[1..] {
        let row = webhook.wait_until_delivered(&world).await.remove(0);
        assert_eq!((&row["response_status"], &row["fault"]), (&json!(204), &json!(null)));
    }
}

#[tokio::test]
async fn a_success_response_with_a_large_body_counts_as_delivered() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::LargeBody).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    assert_eq!(webhook.wait_until_delivered(&world).await[0]["response_status"], 200);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_claim_belongs_to_one_worker_until_it_expires() {
    let world = World::new().await;
    Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    register_and_deactivate_phone(&world).await;
    let elsewhere = second_store(&world).await;
    assert_eq!(claim(&world, &world.store).await.len(), 1);
    world.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    assert_eq!(claim(&world, &elsewhere).await.len(), 0);
    world.advance(TimeDelta::microseconds(1));
    assert_eq!(claim(&world, &elsewhere).await.len(), 1);
    assert_eq!(claim(&world, &world.store).await.len(), 0);
}

#[tokio::test]
async fn a_worker_whose_claim_has_expired_records_nothing() {
    let world = World::new().await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    register_and_deactivate_phone(&world).await;
    let late = claim(&world, &world.store).await.remove(0);
    world.advance(TimeDelta::seconds(60));
    let newest = claim(&world, &world.store).await.remove(0);
    assert_eq!((late.attempt, newest.attempt), (1, 2));
    let under_way = webhook.deliveries(&world).await;

    let again = Some(world.clock.now() + TimeDelta::seconds(5));
    world.store.record_delivered(&late, &attempted(&world, 200)).await.expect("the database answers");
    assert_eq!(webhook.deliveries(&world).await, under_way);
    for next in [again, None] {
        world.store.record_failed(&late, &attempted(&world, 500), next).await.expect("the database answers");
        assert_eq!(webhook.deliveries(&world).await, under_way);
    }
    world.store.record_delivered(&newest, &attempted(&world, 200)).await.expect("the database answers");
    let delivered = webhook.deliveries(&world).await;
    assert_eq!((&delivered[0]["status"], &delivered[0]["attempt_count"]), (&json!("delivered"), &json!(2)));
    for claim in [&late, &newest] {
        world.store.record_failed(claim, &attempted(&world, 500), again).await.expect("the database answers");
    }
    assert_eq!(webhook.deliveries(&world).await, delivered, "a delivered delivery does not change");
}

#[tokio::test]
async fn a_response_after_its_claim_has_expired_changes_nothing() {
    let world = World::new().await;
    let release = Arc::new(Notify::new());
    let receiver = Receiver::with_behaviour(Behaviour::Held(500, Arc::clone(&release))).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let slow = WebhookWorker::start(&world);
    receiver.wait_for_messages(1).await;
    receiver.set_behaviour(Behaviour::Status(200));
    world.advance(TimeDelta::seconds(60));
    let _other = WebhookWorker::with_second_store(&world).await;
    let delivered = webhook.wait_until_delivered(&world).await;
    release.notify_one();
    slow.close().await;
    assert_eq!(webhook.deliveries(&world).await, delivered);
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(receiver.received()[0].header("svix-id"), receiver.received()[1].header("svix-id"));
}

#[tokio::test]
async fn a_hanging_endpoint_delays_no_other_endpoint() {
    let world = World::new().await;
    let (stuck, quick) = (Receiver::with_behaviour(Behaviour::NoResponse).await, Receiver::new().await);
    Webhook::create(&world, &stuck).await;
    let webhook = Webhook::create(&world, &quick).await;
    for _ in 0..100 {
        register_and_deactivate_phone(&world).await;
    }
    let _worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    assert!(quick.tally().values().all(|times| *times == 1));
    assert_eq!(quick.received().len(), 100);
    assert!(stuck.received().len() <= 8, "{} of them hang at once", stuck.received().len());
    // Not even a later one of the same workspace.
    let late = Receiver::new().await;
    let latecomer = Webhook::create(&world, &late).await;
    register_and_deactivate_phone(&world).await;
    latecomer.wait_until_delivered(&world).await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_unsealed_delays_no_other_webhook() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let broken = Webhook::create(&world, &receiver).await;
    let webhook = Webhook::create(&world, &receiver).await;
    sqlx::query("update webhook set secret_sealed = 'nonsense' where webhook_id::text = $1")
        .bind(&broken.id)
        .execute(&mut world.database().await)
        .await
        .expect("the update succeeds");
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    let row = until("the other attempt is recorded", async || {
        let listed = world.key().post("/webhooks/list_deliveries", json!({ "status": "pending" })).await.ok();
        Some(listed["webhook_deliveries"][0].clone()).filter(|row| row["fault"].is_string())
    })
    .await;
    assert_eq!((&row["webhook_id"], &row["response_status"]), (&json!(broken.id), &json!(null)), "{row}");
    assert_eq!(receiver.received().len(), 1, "nothing is sent unsigned");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_deliver_each_event_once() {
    let world = World::with_connections(8).await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let _workers = (WebhookWorker::start(&world), WebhookWorker::with_second_store(&world).await);
    let mut losses = Vec::new();
    for number in 0..60 {
        let person = world.person(&format!("p{number}")).await;
        let (phone, key) = (world.phone(&person).await, world.key().clone());
        losses.push(tokio::spawn(async move { key.post("/phones/deactivate", json!({ "device_id": phone })).await }));
    }
    for loss in losses {
        loss.await.expect("the task does not panic").ok();
    }
    let rows = webhook.wait_until_delivered(&world).await;
    assert_eq!(rows.len(), 60);
    assert!(rows.iter().all(|row| row["attempt_count"] == 1));
    let tally = receiver.tally();
    assert_eq!((tally.len(), tally.values().max()), (60, Some(&1)), "{tally:?}");
}

#[tokio::test]
async fn a_deleted_webhook_gets_no_more_deliveries() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let worker = WebhookWorker::start(&world);
    webhook.wait_for_attempts(&world, 1).await;
    world.key().post("/webhooks/delete", json!({ "webhook_id": webhook.id })).await.ok();
    world.advance(TimeDelta::days(2));
    assert!(claim(&world, &world.store).await.is_empty());
    worker.close().await;
    assert_eq!(receiver.received().len(), 1);
    let request = json!({ "webhook_id": webhook.id });
    world.key().post("/webhooks/list_deliveries", request).await.refused(404, "webhook_not_found");
}

#[tokio::test]
async fn a_stopping_worker_finishes_the_delivery_under_way() {
    let world = World::new().await;
    let release = Arc::new(Notify::new());
    let receiver = Receiver::with_behaviour(Behaviour::Held(200, Arc::clone(&release))).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let worker = WebhookWorker::start(&world);
    receiver.wait_for_messages(1).await;
    tokio::join!(worker.close(), async { release.notify_one() });
    assert_eq!(webhook.deliveries(&world).await[0]["status"], "delivered");
}

#[tokio::test]
async fn only_the_demo_of_a_trial_delivers_to_loopback_addresses() {
    let world = World::new().await;
    let sandbox = world.sandbox("Also a sandbox").await;
    let mut database = world.database().await;
    sqlx::query("update deployment set demo_workspace_id = $1::uuid")
        .bind(&world.id)
        .execute(&mut database)
        .await
        .expect("the first workspace is the demo");
    let receiver = Receiver::new().await;
    let demo = Webhook::create(&world, &receiver).await;
    let other = Webhook::create_at(&sandbox, &receiver.url(), &["webhook.ping"]).await;
    sandbox.key().post("/webhooks/ping", json!({ "webhook_id": other.id })).await.ok();
    let refused = |row: &Value| row["fault"].as_str().is_some_and(|fault| fault.contains("HANDSET_WEBHOOK_ALLOW"));
    let worker = WebhookWorker::of_a_trial(&world, true);
    other.wait_for_deliveries(&sandbox, "it is refused", refused).await;
    worker.close().await;

    register_and_deactivate_phone(&world).await;
    let worker = WebhookWorker::of_a_trial(&world, false);
    demo.wait_for_deliveries(&world, "it is refused", refused).await;
    worker.close().await;
    assert!(receiver.received().is_empty());
    world.advance(TimeDelta::seconds(6));
    let _worker = WebhookWorker::of_a_trial(&world, true);
    demo.wait_until_delivered(&world).await;
    assert_eq!(receiver.received().len(), 1);
}
