//! Webhook administration: pings, rotated secrets, listed deliveries, redelivery.

use crate::support::concurrency::{CONNECTIONS, count};
use crate::support::receiver::{Manner, Receiver, nowhere};
use crate::support::webhook_worker::{Hook, WebhookWorker, at, lose_a_phone};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use handset::model::webhook::Attempted;
use handset::store::Capacity;
use serde_json::{Value, json};
use std::collections::HashSet;

#[tokio::test]
async fn ping_is_sent_whatever_the_event_types_and_to_no_other_webhook() {
    let world = World::new().await;
    let (receiver, bystander) = (Receiver::new().await, Receiver::new().await);
    let hook = Hook::at(&world, &receiver.url(), &["lock.unlocked"]).await;
    Hook::at(&world, &bystander.url(), &["*"]).await;
    let pinged = world.key().post("/webhooks/ping", json!({ "webhook_id": hook.id })).await.ok();
    let delivery = &pinged["webhook_delivery"];
    assert_eq!((&delivery["webhook_id"], &delivery["event_type"]), (&json!(hook.id), &json!("webhook.ping")));
    assert_eq!((&delivery["status"], &delivery["attempt_count"]), (&json!("pending"), &json!(0)));
    let _office = WebhookWorker::open(&world);
    let rows = hook.delivered(&world).await;
    assert_eq!(rows[0]["delivery_id"], delivery["delivery_id"]);
    let message = receiver.heard().remove(0);
    assert_eq!(message.signatures(), [message.signature_of(&hook.secret)]);
    let event = message.event();
    assert_eq!((&event["event_type"], &event["webhook_id"]), (&json!("webhook.ping"), &json!(hook.id)));
    assert_eq!(event["event_id"], delivery["event_id"]);
    assert!(bystander.heard().is_empty());
    let listed = world.key().get("/events/list?since=2000-01-01").await.ok();
    assert_eq!(listed["events"], json!([]), "existing clients do not know pings");
}

#[tokio::test]
async fn a_webhook_with_the_ping_event_type_receives_each_ping_once() {
    let world = World::new().await;
    let (receiver, other) = (Receiver::new().await, Receiver::new().await);
    let hook = Hook::at(&world, &receiver.url(), &["webhook.ping"]).await;
    let namer = Hook::at(&world, &other.url(), &["webhook.ping"]).await;
    world.key().post("/webhooks/ping", json!({ "webhook_id": hook.id })).await.ok();
    let _office = WebhookWorker::open(&world);
    hook.delivered(&world).await;
    namer.delivered(&world).await;
    assert_eq!((receiver.heard().len(), other.heard().len()), (1, 1));
}

#[tokio::test]
async fn after_rotate_secret_both_secrets_sign_for_a_day() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let hook = Hook::to(&world, &receiver).await;
    let rotated = world.key().post("/webhooks/rotate_secret", json!({ "webhook_id": hook.id })).await.ok();
    let secret = text(&rotated["webhook"]["secret"]);
    assert_ne!(secret, hook.secret);
    assert_eq!(hook.shown(&world).await, rotated["webhook"]);
    let _office = WebhookWorker::open(&world);
    let mut heard = 0;
    for (pause, both) in [(0, true), (24 * 3_600 - 1, true), (1, false)] {
        world.pass(TimeDelta::seconds(pause));
        lose_a_phone(&world).await;
        heard += 1;
        let message = receiver.hears(heard).await.remove(heard - 1);
        let mut expected = vec![message.signature_of(&secret)];
        if both {
            expected.push(message.signature_of(&hook.secret));
        }
        assert_eq!(message.signatures(), expected);
        // Recorded, too: a claim that is still open after a day is made again.
        hook.delivered(&world).await;
    }
    let unknown = json!({ "webhook_id": "00000000-0000-4000-8000-000000000000" });
    world.key().post("/webhooks/rotate_secret", unknown).await.refused(404, "webhook_not_found");
}

#[tokio::test]
async fn a_retry_is_signed_with_the_secrets_current_at_its_time() {
    let world = World::new().await;
    let receiver = Receiver::of(Manner::Status(500)).await;
    let hook = Hook::to(&world, &receiver).await;
    lose_a_phone(&world).await;
    let _office = WebhookWorker::open(&world);
    hook.tried(&world, 1).await;
    let rotated = world.key().post("/webhooks/rotate_secret", json!({ "webhook_id": hook.id })).await.ok();
    world.pass(TimeDelta::seconds(6));
    hook.tried(&world, 2).await;
    let heard = receiver.heard();
    assert_eq!(heard[0].signatures(), [heard[0].signature_of(&hook.secret)]);
    let secret = text(&rotated["webhook"]["secret"]);
    assert_eq!(heard[1].signatures(), [heard[1].signature_of(&secret), heard[1].signature_of(&hook.secret)]);
}

#[tokio::test]
async fn webhook_secrets_are_encrypted_in_the_database() {
    use base64::prelude::*;
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let hook = Hook::to(&world, &receiver).await;
    let rotated = world.key().post("/webhooks/rotate_secret", json!({ "webhook_id": hook.id })).await.ok();
    lose_a_phone(&world).await;
    let _office = WebhookWorker::open(&world);
    hook.delivered(&world).await;
    let mut database = world.database().await;
    let mut kept = String::new();
    for table in ["webhook", "delivery", "event"] {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select {table}::text from {table}")))
            .fetch_all(&mut database)
            .await
            .expect("a table");
        assert!(!rows.is_empty());
        kept += &rows.concat();
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for secret in [hook.secret, text(&rotated["webhook"]["secret"])] {
        let inside = secret.strip_prefix("whsec_").expect("the prefix of secrets");
        let key = BASE64_STANDARD.decode(inside).expect("strict base64");
        for form in
            [inside.to_owned(), hex(inside.as_bytes()), hex(&key), hex(&BASE64_STANDARD.encode(&key).into_bytes())]
        {
            assert!(!kept.contains(&form), "{form}");
        }
    }
}

#[tokio::test]
async fn list_deliveries_is_paginated_and_newest_first() {
    let world = World::new().await;
    let (good, bad) = (Receiver::new().await, Receiver::of(Manner::Status(503)).await);
    let (hook, other) = (Hook::to(&world, &good).await, Hook::to(&world, &bad).await);
    for _ in 0..5 {
        lose_a_phone(&world).await;
        world.pass(TimeDelta::seconds(1));
    }
    let _office = WebhookWorker::open(&world);
    hook.delivered(&world).await;
    other.settled(&world, "all have failed once", |row| row["fault"].is_string()).await;

    let events: Vec<Value> =
        world.events("phone.deactivated").await.iter().rev().map(|event| event["event_id"].clone()).collect();
    let of = |rows: &[Value]| rows.iter().map(|row| row["event_id"].clone()).collect::<Vec<_>>();
    assert_eq!(of(&hook.deliveries(&world).await), events);
    for (which, total) in [(json!({}), 10), (json!({ "webhook_id": hook.id }), 5), (json!({ "status": "pending" }), 5)]
    {
        let mut asked = which;
        asked["limit"] = json!(2);
        let mut seen = Vec::new();
        loop {
            let page = world.key().post("/webhooks/list_deliveries", asked.clone()).await.ok();
            let rows = list(&page["webhook_deliveries"]);
            assert!(rows.len() <= 2);
            seen.extend(rows);
            match &page["pagination"]["next_page_cursor"] {
                Value::Null => break,
                cursor => asked["page_cursor"] = cursor.clone(),
            }
        }
        let ids: HashSet<String> = seen.iter().map(|row| text(&row["delivery_id"])).collect();
        assert_eq!((seen.len(), ids.len()), (total, total));
        assert!(seen.is_sorted_by_key(|row| std::cmp::Reverse(at(row, "created_at"))), "{seen:?}");
    }
    let neighbour = world.sandbox("Neighbour").await;
    assert_eq!(neighbour.key().get("/webhooks/list_deliveries").await.ok()["webhook_deliveries"], json!([]));
    let asked = json!({ "webhook_id": hook.id });
    neighbour.key().post("/webhooks/list_deliveries", asked).await.refused(404, "webhook_not_found");
    world.key().post("/webhooks/list_deliveries", json!({ "status": "lost" })).await.refused(400, "invalid_input");
}

#[tokio::test]
async fn a_delivery_in_progress_shows_when_its_claim_expires() {
    let world = World::new().await;
    let receiver = Receiver::of(Manner::Hanging).await;
    let hook = Hook::to(&world, &receiver).await;
    lose_a_phone(&world).await;
    let _office = WebhookWorker::open(&world);
    receiver.hears(1).await;
    let row = hook.deliveries(&world).await.remove(0);
    assert_eq!((&row["status"], &row["attempt_count"]), (&json!("pending"), &json!(1)));
    assert_eq!(at(&row, "next_attempt_at"), Some(world.clock.now() + TimeDelta::seconds(60)));
    assert_eq!((&row["last_attempt_at"], &row["latency_ms"]), (&json!(null), &json!(null)));
}

/// Marks all pending deliveries as failed, without further attempts.
async fn fail_for_good(world: &World) {
    let capacity = Capacity { total: 100, per_endpoint: 100, busy: &[] };
    let now = world.clock.now();
    let claims = world.store.claim_deliveries(&capacity, now, now).await.expect("the database answers");
    for claim in claims {
        let attempted = Attempted { at: now, response_status: Some(500), latency_ms: 1, fault: Some("no".to_owned()) };
        world.store.record_failed(&claim, &attempted, None).await.expect("the database answers");
    }
}

#[tokio::test]
async fn redeliver_retries_a_failed_or_a_delivered_delivery() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let hook = Hook::to(&world, &receiver).await;
    lose_a_phone(&world).await;
    lose_a_phone(&world).await;
    fail_for_good(&world).await;
    let failed = hook.deliveries(&world).await;
    let which = json!({ "delivery_id": failed[0]["delivery_id"] });
    let answer = world.key().post("/webhooks/redeliver", which.clone()).await.ok();
    assert_eq!(answer, json!({ "ok": true, "redelivering_count": 1 }));
    let _office = WebhookWorker::open(&world);
    receiver.hears(1).await;
    hook.settled(&world, "it is delivered", |row| {
        (row["status"] == "delivered") == (row["delivery_id"] == which["delivery_id"])
    })
    .await;
    assert_eq!(hook.deliveries(&world).await[1], failed[1], "the other delivery is unchanged");

    world.key().post("/webhooks/redeliver", which.clone()).await.ok();
    let heard = receiver.hears(2).await;
    assert_eq!(heard[0].header("svix-id"), heard[1].header("svix-id"), "a redelivery keeps the message id");
    assert_eq!(heard[0].body(), heard[1].body());

    let neighbour = world.sandbox("Neighbour").await;
    neighbour.key().post("/webhooks/redeliver", which).await.refused(404, "webhook_delivery_not_found");
}

#[tokio::test]
async fn redeliver_restarts_the_retry_schedule() {
    let world = World::new().await;
    let receiver = Receiver::of(Manner::Status(500)).await;
    let hook = Hook::to(&world, &receiver).await;
    lose_a_phone(&world).await;
    fail_for_good(&world).await;
    let which = json!({ "delivery_id": hook.deliveries(&world).await[0]["delivery_id"] });
    world.pass(TimeDelta::hours(1));
    world.key().post("/webhooks/redeliver", which).await.ok();
    let _office = WebhookWorker::open(&world);
    let row = hook.tried(&world, 2).await.remove(0);
    let wait = at(&row, "next_attempt_at").expect("a retry is scheduled") - world.clock.now();
    assert!(TimeDelta::seconds(5) <= wait && wait <= TimeDelta::milliseconds(5_500), "{wait}");
}

#[tokio::test]
async fn redeliver_with_since_retries_all_failed_deliveries_from_then_on() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let hook = Hook::to(&world, &receiver).await;
    let other = Hook::at(&world, &nowhere(), &["phone.deactivated"]).await;
    lose_a_phone(&world).await;
    world.pass(TimeDelta::minutes(1));
    let since = world.now();
    lose_a_phone(&world).await;
    lose_a_phone(&world).await;
    fail_for_good(&world).await;
    world.pass(TimeDelta::minutes(1));
    let redeliver = async |body: Value| world.key().post("/webhooks/redeliver", body).await;
    let answer = redeliver(json!({ "webhook_id": hook.id, "since": since })).await.ok();
    assert_eq!(answer["redelivering_count"], 2);
    let _office = WebhookWorker::open(&world);
    hook.settled(&world, "all but the first are delivered", |row| {
        (row["status"] == "delivered") == (at(row, "created_at") >= since.parse().ok())
    })
    .await;
    assert_eq!(redeliver(json!({ "webhook_id": hook.id, "since": since })).await.ok()["redelivering_count"], 0);
    assert!(other.deliveries(&world).await.iter().all(|row| row["status"] == "failed"));

    let message = "Must specify either delivery_id, or webhook_id and since";
    let some = "00000000-0000-4000-8000-000000000000";
    let bad = [
        json!({}),
        json!({ "webhook_id": hook.id }),
        json!({ "since": since }),
        json!({ "webhook_id": hook.id, "since": since, "delivery_id": some }),
    ];
    for body in bad {
        redeliver(body).await.invalid("", message);
    }
    redeliver(json!({ "delivery_id": some })).await.refused(404, "webhook_delivery_not_found");
    redeliver(json!({ "webhook_id": some, "since": since })).await.refused(404, "webhook_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_webhook_loses_no_concurrent_event() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    for round in 0..40 {
        let hook = world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();
        let which = json!({ "webhook_id": hook["webhook"]["webhook_id"] });
        let phone = world.phone(&jane).await;
        let (gone, died) = tokio::join!(
            world.key().post("/webhooks/delete", which),
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
        );
        gone.ok();
        died.ok();
        assert_eq!(world.events("phone.deactivated").await.len(), round + 1);
    }
    assert_eq!(count(&world, "select count(*) from delivery").await, 0);
}
