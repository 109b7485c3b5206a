//! `Retry-After` of overloaded receivers: the retry is postponed, within the bounds of the schedule, and the endpoint gets
//! nothing else for up to a minute.

use crate::support::receiver::{Behaviour, Receiver};
use crate::support::webhook_worker::{Webhook, WebhookWorker, register_and_deactivate_phone, timestamp};
use crate::support::world::World;
use chrono::TimeDelta;
use serde_json::json;

/// The pause of the schedule, of 5 s with jitter.
const SCHEDULE: (i64, i64) = (5_000, 5_500);
/// The longest pause of the schedule.
const LONGEST: (i64, i64) = (36_000_000, 36_000_000);

#[tokio::test]
async fn retry_after_of_429_and_503_postpones_the_retry_within_the_schedule() {
    let world = World::new().await;
    let in_ten_minutes = (world.clock.now() + TimeDelta::minutes(10)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // The least and the most milliseconds until the retry.
    let cases = [
        (503, "120", (120_000, 120_000)),
        (429, "120", (120_000, 120_000)),
        (429, in_ten_minutes.as_str(), (600_000, 600_000)),
        (503, "1", SCHEDULE),
        (503, "0", SCHEDULE),
        (503, "-120", SCHEDULE),
        (503, "soon", SCHEDULE),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", SCHEDULE),
        (503, "999999999", LONGEST),
        (503, "99999999999999999999999999", LONGEST),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
        (500, "120", SCHEDULE),
    ];
    let mut webhooks = Vec::new();
    for (status, value, expected) in cases {
        let receiver = Receiver::with_behaviour(Behaviour::RetryAfter(status, value.to_owned())).await;
        webhooks.push((Webhook::create(&world, &receiver).await, receiver, (status, value, expected)));
    }
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    for (webhook, _, (status, value, (least, most))) in &webhooks {
        let row = webhook.wait_for_attempts(&world, 1).await.remove(0);
        assert_eq!(row["response_status"], *status);
        let next = timestamp(&row, "next_attempt_at").expect("it is attempted again");
        let pause = (next - world.clock.now()).num_milliseconds();
        assert!((*least..=*most).contains(&pause), "{status} {value}: {pause} ms");
    }

    let (webhook, receiver, _) = &webhooks[0];
    receiver.set_behaviour(Behaviour::Status(200));
    world.advance(TimeDelta::seconds(120));
    webhook.wait_until_delivered(&world).await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn an_endpoint_that_asked_for_a_pause_gets_nothing_else_meanwhile_for_up_to_a_minute() {
    let world = World::new().await;
    let overloaded = Receiver::with_behaviour(Behaviour::RetryAfter(503, "3600".to_owned())).await;
    let other = Receiver::new().await;
    let (webhook, healthy) = (Webhook::create(&world, &overloaded).await, Webhook::create(&world, &other).await);
    register_and_deactivate_phone(&world).await;
    let _worker = WebhookWorker::start(&world);
    webhook.wait_for_attempts(&world, 1).await;
    // The worker has learnt of the pause before it sends anything else.
    world.key().post("/webhooks/ping", json!({ "webhook_id": healthy.id })).await.ok();
    healthy.wait_until_delivered(&world).await;
    overloaded.set_behaviour(Behaviour::Status(200));
    world.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    register_and_deactivate_phone(&world).await;
    healthy.wait_until_delivered(&world).await;
    assert_eq!((overloaded.received().len(), other.received().len()), (1, 3));
    world.advance(TimeDelta::microseconds(1));
    overloaded.wait_for_messages(2).await;
}
