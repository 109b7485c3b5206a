//! Order of the event log: a reader that lists the events after the last one it saw misses none and sees none twice, while
//! transactions commit in another order than they began in.

use crate::support::citus::waiting_statements;
use crate::support::client::Client;
use crate::support::second_server::SecondServer;
use crate::support::sse::EventStream;
use crate::support::wait::{TIMEOUT, until};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

const WRITERS: usize = 10;
const ROUNDS: usize = 8;

/// Registers phones, and deactivates one, all of a person, or all with the person; the clock moves meanwhile.
async fn write(world: Arc<World>, writer: usize) {
    for round in 0..ROUNDS {
        let person = world.person(&format!("p{writer}r{round}")).await;
        let phones = [world.phone(&person).await, world.phone(&person).await, world.phone(&person).await];
        world.sync_credential(&person).await;
        world.advance(TimeDelta::microseconds(250));
        let whose = json!({ "user_identity_id": person });
        let one = json!({ "device_id": phones[0] });
        world.key().post("/phones/deactivate", one).await.ok();
        match (writer + round) % 2 {
            0 => world.key().post("/user_identities/delete", whose).await.ok(),
            _ => world.key().post("/user_identities/deactivate_phones", whose).await.ok(),
        };
    }
}

/// Reads the list in pages, each after the last event seen, until there are no more.
async fn poll(client: Client, is_done: Arc<AtomicBool>) -> Vec<String> {
    let (mut seen, mut since) = (Vec::new(), "2000-01-01".to_owned());
    loop {
        // Loaded before the list: with all writers done, an empty page is the end.
        let was_done = is_done.load(Ordering::SeqCst);
        let request = json!({ "since": since, "limit": 50 });
        let page = list(&client.post("/events/list", request).await.ok()["events"]);
        match page.last() {
            Some(last) => since = text(&last["created_at"]),
            None if was_done => return seen,
            None => {}
        }
        seen.extend(page.iter().map(|event| text(&event["event_id"])));
    }
}

/// Reads the event ids of a stream.
fn listen(mut stream: EventStream) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(actual) = stream.next().await {
            if sender.send(actual.of("event_id")).is_err() {
                return;
            }
        }
    });
    receiver
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reader_sees_all_events_once_and_in_the_same_order_while_they_are_written() {
    let world = Arc::new(World::with_connections(20).await);
    let another = SecondServer::start(&world).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let pollers: Vec<_> = [world.key().clone(), another.key(&world)]
        .into_iter()
        .map(|client| tokio::spawn(poll(client, Arc::clone(&is_done))))
        .collect();
    let streams =
        [listen(EventStream::open(world.key(), "").await), listen(EventStream::open(&another.key(&world), "").await)];

    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(Arc::clone(&world), writer))).collect();
    for writer in writers {
        writer.await.expect("a writer does not panic");
    }
    is_done.store(true, Ordering::SeqCst);

    let whole = json!({ "since": "2000-01-01", "limit": 10_000 });
    let log = list(&world.key().post("/events/list", whole).await.ok()["events"]);
    let times: Vec<_> = log.iter().map(|event| text(&event["created_at"])).collect();
    let log: Vec<String> = log.iter().map(|event| text(&event["event_id"])).collect();
    assert!(log.len() > WRITERS * ROUNDS * 7, "{} events", log.len());
    let parsed: Vec<chrono::DateTime<chrono::Utc>> = times.iter().map(|time| time.parse().expect("a time")).collect();
    assert!(parsed.is_sorted_by(|one, next| one < next), "no two events share a time");

    for poller in pollers {
        assert!(poller.await.expect("a reader does not panic") == log, "a reader of the list saw another log");
    }
    for mut stream in streams {
        for event in &log {
            let receiver = timeout(TIMEOUT, stream.recv()).await.expect("the event arrives in time");
            assert_eq!(receiver.as_ref(), Some(event), "a stream had another log");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_commits_late_comes_after_those_that_committed_before() {
    let world = World::with_connections(8).await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (janes, joes) = (world.phone(&jane).await, world.phone(&joe).await);
    // A lock on Jane's phone: its deactivation begins first and commits last.
    let mut database = world.database().await;
    let mut holding = sqlx::Connection::begin(&mut database).await.expect("a transaction");
    sqlx::query("select from phone where workspace_id = $1 and device_id::text = $2 for update")
        .bind(world.record.workspace_id.0)
        .bind(&janes)
        .execute(&mut *holding)
        .await
        .expect("the row is locked");
    let slow = tokio::spawn({
        let (key, body) = (world.key().clone(), json!({ "device_id": janes }));
        async move { key.post("/phones/deactivate", body).await.ok() }
    });
    let mut watching = world.database().await;
    until("the slow deactivation waits", async || (waiting_statements(&mut watching).await > 0).then_some(())).await;
    world.advance(TimeDelta::seconds(1));
    world.key().post("/phones/deactivate", json!({ "device_id": joes })).await.ok();
    let seen = world.events("phone.deactivated").await;
    assert_eq!((seen.len(), &seen[0]["device_id"]), (1, &json!(joes)));

    holding.commit().await.expect("it commits");
    slow.await.expect("the task does not panic");
    let since = json!({ "since": seen[0]["created_at"], "event_type": "phone.deactivated" });
    let later = list(&world.key().post("/events/list", since).await.ok()["events"]);
    assert_eq!((later.len(), &later[0]["device_id"]), (1, &json!(janes)), "it comes after the events that were seen");
    let (created, occurred) = (text(&later[0]["created_at"]), text(&later[0]["occurred_at"]));
    assert!(created > occurred, "{created} is its place in the log, {occurred} is when it was requested");
}
