//! Webhook administration: pings, rotated secrets, listed deliveries, redelivery.

use crate::support::concurrency::{CONNECTIONS, count};
use crate::support::receiver::{Behaviour, Receiver, closed_port_url};
use crate::support::webhook_worker::{
    Webhook, WebhookWorker, claim_deliveries, register_and_deactivate_phone, timestamp,
};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use handset::domain::webhook::Attempted;
use serde_json::{Value, json};
use std::collections::HashSet;

#[tokio::test]
async fn ping_is_sent_whatever_the_event_types_and_to_no_other_webhook() {
    let world = World::new().await;
    let (receiver, bystander) = (Receiver::new().await, Receiver::new().await);
    let webhook = Webhook::create_at(&world, &receiver.url(), &["lock.unlocked"]).await;
    Webhook::create_at(&world, &bystander.url(), &["*"]).await;
    let pinged = world.key().post("/webhooks/ping", json!({ "webhook_id": webhook.id })).await.ok();
    let delivery = &pinged["webhook_delivery"];
    assert_eq!((&delivery["webhook_id"], &delivery["event_type"]), (&json!(webhook.id), &json!("webhook.ping")));
    assert_eq!((&delivery["status"], &delivery["attempt_count"]), (&json!("pending"), &json!(0)));
    let _worker = WebhookWorker::start(&world);
    let rows = webhook.wait_until_delivered(&world).await;
    assert_eq!(rows[0]["delivery_id"], delivery["delivery_id"]);
    let message = receiver.received().remove(0);
    assert_eq!(message.signatures(), [message.signature_of(&webhook.secret)]);
    let event = message.event();
    assert_eq!((&event["event_type"], &event["webhook_id"]), (&json!("webhook.ping"), &json!(webhook.id)));
    assert_eq!(event["event_id"], delivery["event_id"]);
    assert!(bystander.received().is_empty());
    let listed = world.key().get("/events/list?since=2000-01-01").await.ok();
    assert_eq!(listed["events"], json!([]), "existing clients do not know pings");
}

#[tokio::test]
async fn a_webhook_with_the_ping_event_type_receives_each_ping_once() {
    let world = World::new().await;
    let (receiver, other) = (Receiver::new().await, Receiver::new().await);
    let webhook = Webhook::create_at(&world, &receiver.url(), &["webhook.ping"]).await;
    let namer = Webhook::create_at(&world, &other.url(), &["webhook.ping"]).await;
    world.key().post("/webhooks/ping", json!({ "webhook_id": webhook.id })).await.ok();
    let _worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    namer.wait_until_delivered(&world).await;
    assert_eq!((receiver.received().len(), other.received().len()), (1, 1));
}

#[tokio::test]
async fn after_rotate_secret_both_secrets_sign_for_a_day() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let rotated = world.key().post("/webhooks/rotate_secret", json!({ "webhook_id": webhook.id })).await.ok();
    let secret = text(&rotated["webhook"]["secret"]);
    assert_ne!(secret, webhook.secret);
    assert_eq!(webhook.get(&world).await, rotated["webhook"]);
    let _worker = WebhookWorker::start(&world);
    let mut received = 0;
    for (pause, both) in [(0, true), (24 * 3_600 - 1, true), (1, false)] {
        world.advance(TimeDelta::seconds(pause));
        register_and_deactivate_phone(&world).await;
        received += 1;
        let message = receiver.wait_for_messages(received).await.remove(received - 1);
        let mut expected = vec![message.signature_of(&secret)];
        if both {
            expected.push(message.signature_of(&webhook.secret));
        }
        assert_eq!(message.signatures(), expected);
        // Recorded, too: a claim that is still open after a day is made again.
        webhook.wait_until_delivered(&world).await;
    }
    let unknown = json!({ "webhook_id": "00000000-0000-4000-8000-000000000000" });
    world.key().post("/webhooks/rotate_secret", unknown).await.refused(404, "webhook_not_found");
}

#[tokio::test]
async fn a_retry_is_signed_with_the_secrets_current_at_its_time() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    webhook.wait_for_attempts(&world, 1).await;
    let rotated = world.key().post("/webhooks/rotate_secret", json!({ "webhook_id": webhook.id })).await.ok();
    world.advance(TimeDelta::seconds(6));
    webhook.wait_for_attempts(&world, 2).await;
    let received = receiver.received();
    assert_eq!(received[0].signatures(), [received[0].signature_of(&webhook.secret)]);
    let secret = text(&rotated["webhook"]["secret"]);
    assert_eq!(
        received[1].signatures(),
        [received[1].signature_of(&secret), received[1].signature_of(&webhook.secret)]
    );
}

#[tokio::test]
async fn webhook_secrets_are_encrypted_in_the_database() {
    use base64::prelude::*;
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let rotated = world.key().post("/webhooks/rotate_secret", json!({ "webhook_id": webhook.id })).await.ok();
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
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
    for secret in [webhook.secret, text(&rotated["webhook"]["secret"])] {
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
    let (good, bad) = (Receiver::new().await, Receiver::with_behaviour(Behaviour::Status(503)).await);
    let (webhook, other) = (Webhook::create(&world, &good).await, Webhook::create(&world, &bad).await);
    for _ in 0..5 {
        register_and_deactivate_phone(&world).await;
        world.advance(TimeDelta::seconds(1));
    }
    let _worker = WebhookWorker::start(&world);
    webhook.wait_until_delivered(&world).await;
    other.wait_for_deliveries(&world, "all have failed once", |row| row["fault"].is_string()).await;

    let events: Vec<Value> =
        world.events("phone.deactivated").await.iter().rev().map(|event| event["event_id"].clone()).collect();
    let of = |rows: &[Value]| rows.iter().map(|row| row["event_id"].clone()).collect::<Vec<_>>();
    assert_eq!(of(&webhook.deliveries(&world).await), events);
    for (which, total) in
        [(json!({}), 10), (json!({ "webhook_id": webhook.id }), 5), (json!({ "status": "pending" }), 5)]
    {
        let mut request = which;
        request["limit"] = json!(2);
        let mut seen = Vec::new();
        loop {
            let page = world.key().post("/webhooks/list_deliveries", request.clone()).await.ok();
            let rows = list(&page["webhook_deliveries"]);
            assert!(rows.len() <= 2);
            seen.extend(rows);
            match &page["pagination"]["next_page_cursor"] {
                Value::Null => break,
                cursor => request["page_cursor"] = cursor.clone(),
            }
        }
        let ids: HashSet<String> = seen.iter().map(|row| text(&row["delivery_id"])).collect();
        assert_eq!((seen.len(), ids.len()), (total, total));
        assert!(seen.is_sorted_by_key(|row| std::cmp::Reverse(timestamp(row, "created_at"))), "{seen:?}");
    }
    let neighbour = world.sandbox("Neighbour").await;
    assert_eq!(neighbour.key().get("/webhooks/list_deliveries").await.ok()["webhook_deliveries"], json!([]));
    let request = json!({ "webhook_id": webhook.id });
    neighbour.key().post("/webhooks/list_deliveries", request).await.refused(404, "webhook_not_found");
    world.key().post("/webhooks/list_deliveries", json!({ "status": "lost" })).await.refused(400, "invalid_input");
}

#[tokio::test]
async fn a_delivery_in_progress_shows_when_its_claim_expires() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::NoResponse).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    receiver.wait_for_messages(1).await;
    let row = webhook.deliveries(&world).await.remove(0);
    assert_eq!((&row["status"], &row["attempt_count"]), (&json!("pending"), &json!(1)));
    assert_eq!(timestamp(&row, "next_attempt_at"), Some(world.clock.now() + TimeDelta::seconds(60)));
    assert_eq!((&row["last_attempt_at"], &row["latency_ms"]), (&json!(null), &json!(null)));
}

/// Marks all pending deliveries as failed, without further attempts.
async fn exhaust_attempts(world: &World) {
    let now = world.clock.now();
    let claims = claim_deliveries(world, &world.store, now).await;
    for claim in claims {
        let fault = Some("no".to_owned());
        let attempted = Attempted { at: now, response_status: Some(500), latency_ms: 1, fault, answer: None };
        world.store.record_failed(&claim, &attempted, None).await.expect("the database answers");
    }
}

#[tokio::test]
async fn redeliver_retries_a_failed_or_a_delivered_delivery() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    register_and_deactivate_phone(&world).await;
    exhaust_attempts(&world).await;
    let failed = webhook.deliveries(&world).await;
    let which = json!({ "delivery_id": failed[0]["delivery_id"] });
    let response = world.key().post("/webhooks/redeliver", which.clone()).await.ok();
    assert_eq!(response, json!({ "ok": true, "redelivering_count": 1 }));
    let _worker = WebhookWorker::start(&world);
    receiver.wait_for_messages(1).await;
    webhook
        .wait_for_deliveries(&world, "it is delivered", |row| {
            (row["status"] == "delivered") == (row["delivery_id"] == which["delivery_id"])
        })
        .await;
    assert_eq!(webhook.deliveries(&world).await[1], failed[1], "the other delivery is unchanged");

    world.key().post("/webhooks/redeliver", which.clone()).await.ok();
    let received = receiver.wait_for_messages(2).await;
    assert_eq!(received[0].header("svix-id"), received[1].header("svix-id"), "a redelivery keeps the message id");
    assert_eq!(received[0].body(), received[1].body());

    let neighbour = world.sandbox("Neighbour").await;
    neighbour.key().post("/webhooks/redeliver", which).await.refused(404, "webhook_delivery_not_found");
}

#[tokio::test]
async fn redeliver_restarts_the_retry_schedule() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    register_and_deactivate_phone(&world).await;
    exhaust_attempts(&world).await;
    let which = json!({ "delivery_id": webhook.deliveries(&world).await[0]["delivery_id"] });
    world.advance(TimeDelta::hours(1));
    world.key().post("/webhooks/redeliver", which).await.ok();
    let _worker = WebhookWorker::start(&world);
    let row = webhook.wait_for_attempts(&world, 2).await.remove(0);
    let wait = timestamp(&row, "next_attempt_at").expect("a retry is scheduled") - world.clock.now();
    assert!(TimeDelta::seconds(5) <= wait && wait <= TimeDelta::milliseconds(5_500), "{wait}");
}

#[tokio::test]
async fn redeliver_with_since_retries_all_failed_deliveries_from_then_on() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let other = Webhook::create_at(&world, &closed_port_url(), &["phone.deactivated"]).await;
    register_and_deactivate_phone(&world).await;
    world.advance(TimeDelta::minutes(1));
    let since = world.now();
    register_and_deactivate_phone(&world).await;
    register_and_deactivate_phone(&world).await;
    exhaust_attempts(&world).await;
    world.advance(TimeDelta::minutes(1));
    let redeliver = async |body: Value| world.key().post("/webhooks/redeliver", body).await;
    let response = redeliver(json!({ "webhook_id": webhook.id, "since": since })).await.ok();
    assert_eq!(response["redelivering_count"], 2);
    let _worker = WebhookWorker::start(&world);
    webhook
        .wait_for_deliveries(&world, "all but the first are delivered", |row| {
            (row["status"] == "delivered") == (timestamp(row, "created_at") >= since.parse().ok())
        })
        .await;
    assert_eq!(redeliver(json!({ "webhook_id": webhook.id, "since": since })).await.ok()["redelivering_count"], 0);
    assert!(other.deliveries(&world).await.iter().all(|row| row["status"] == "failed"));

    let message = "Must specify either delivery_id, or webhook_id and since";
    let some = "00000000-0000-4000-8000-000000000000";
    let bad = [
        json!({}),
        json!({ "webhook_id": webhook.id }),
        json!({ "since": since }),
        json!({ "webhook_id": webhook.id, "since": since, "delivery_id": some }),
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
        let webhook = world.key().post("/webhooks/create", json!({ "url": "https://example.com/hook" })).await.ok();
        let which = json!({ "webhook_id": webhook["webhook"]["webhook_id"] });
        let phone = world.phone(&jane).await;
        let (gone, deactivated) = tokio::join!(
            world.key().post("/webhooks/delete", which),
            world.key().post("/phones/deactivate", json!({ "device_id": phone })),
        );
        gone.ok();
        deactivated.ok();
        assert_eq!(world.events("phone.deactivated").await.len(), round + 1);
    }
    assert_eq!(count(&world, "select count(*) from delivery").await, 0);
}

#[tokio::test]
async fn invalid_event_types_names_those_that_are_unknown() {
    let world = World::new().await;
    let create = async |event_types: Value| {
        let body = json!({ "url": "https://example.com/", "event_types": event_types });
        text(&world.key().post("/webhooks/create", body).await.refused(400, "invalid_event_types")["message"])
    };
    let message = create(json!(["*", "x"])).await;
    assert!(message.contains('x') && !message.contains('*'), "{message}");
    let message = create(json!(["*", "phone.deactivated"])).await;
    assert!(message.contains('*') && !message.contains("phone.deactivated"), "{message}");
}
