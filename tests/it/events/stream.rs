//! Event streams over server-sent events: the events of the list, as they happen.

use crate::support::second_server::SecondServer;
use crate::support::sse::{Block, EventStream, StreamedEvent};
use crate::support::webhook_worker::register_and_deactivate_phone;
use crate::support::world::World;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::Duration;

fn phones(events: &[StreamedEvent]) -> Vec<String> {
    events.iter().map(|event| event.of("device_id")).collect()
}

#[tokio::test]
async fn a_stream_sends_events_from_now_on() {
    let world = World::new().await;
    register_and_deactivate_phone(&world).await;
    let mut stream = EventStream::open(world.key(), "").await;
    let phone = register_and_deactivate_phone(&world).await;
    let event = stream.next().await.expect("an event");
    let returned = world.key().get(&format!("/events/get?device_id={phone}&event_type=phone.deactivated")).await.ok();
    assert_eq!(event.event, returned["event"], "the same as in `/events/get`");
    let at: DateTime<Utc> = event.of("created_at").parse().expect("a time");
    assert_eq!(event.id, at.timestamp_micros().to_string());
}

#[tokio::test]
async fn a_stream_with_since_sends_all_earlier_events_first() {
    let world = World::new().await;
    let mut lost = Vec::new();
    for _ in 0..120 {
        lost.push(register_and_deactivate_phone(&world).await);
    }
    let mut stream = EventStream::open(world.key(), "?since=2000-01-01").await;
    assert_eq!(phones(&stream.receive(120).await), lost);
    let next = register_and_deactivate_phone(&world).await;
    assert_eq!(phones(&stream.receive(1).await), [next]);
}

#[tokio::test]
async fn a_stream_has_the_filters_of_the_list() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (janes, joes) = (world.phone(&jane).await, world.phone(&joe).await);
    world.sync_credential(&jane).await;
    let mut of_phone = EventStream::open(world.key(), &format!("?device_id={joes}")).await;
    let mut of_person = EventStream::open(world.key(), &format!("?user_identity_id={joe}&limit=1")).await;
    let mut of_type = EventStream::open(world.key(), "?event_type=acs_credential.deleted").await;
    let mut of_types =
        EventStream::open(world.key(), "?event_types=phone.registered&event_types=phone.deactivated").await;
    let mut of_all = EventStream::open(world.key(), "").await;

    world.key().post("/phones/deactivate", json!({ "device_id": janes })).await.ok();
    world.phone(&jane).await;
    world.key().post("/phones/deactivate", json!({ "device_id": joes })).await.ok();
    let types = async |stream: &mut EventStream, count: usize| {
        stream.receive(count).await.iter().map(|event| event.of("event_type")).collect::<Vec<_>>()
    };
    assert_eq!(phones(&of_phone.receive(1).await), std::slice::from_ref(&joes));
    assert_eq!(phones(&of_person.receive(1).await), [joes]);
    assert_eq!(types(&mut of_type, 1).await, ["acs_credential.deleted"]);
    let expected = ["phone.deactivated", "phone.registered", "phone.deactivated"];
    assert_eq!(types(&mut of_types, 3).await, expected, "Handset's own types are sent if named");
    let events = types(&mut of_all, 5).await;
    assert!(!events.contains(&"phone.registered".to_owned()), "{events:?}");
    assert_eq!(events[4], "phone.deactivated");
}

#[tokio::test]
async fn a_client_session_streams_events_of_its_user_identity_only() {
    let world = World::new().await;
    let neighbour = world.sandbox("Neighbour").await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (janes, joes) = (world.phone(&jane).await, world.phone(&joe).await);
    let query = "?event_type=phone.deactivated";
    let mut of_jane = EventStream::open(&world.session(&jane).await, query).await;
    let mut of_joe = EventStream::open(&world.session(&joe).await, query).await;
    let mut of_all = EventStream::open(world.key(), query).await;
    let mut of_neighbour = EventStream::open(neighbour.key(), query).await;

    let theirs = register_and_deactivate_phone(&neighbour).await;
    for phone in [&janes, &joes] {
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    let second = world.phone(&jane).await;
    world.key().post("/phones/deactivate", json!({ "device_id": second })).await.ok();
    assert_eq!(phones(&of_jane.receive(2).await), [janes.clone(), second.clone()]);
    assert_eq!(phones(&of_joe.receive(1).await), std::slice::from_ref(&joes));
    assert_eq!(phones(&of_all.receive(3).await), [janes, joes, second]);
    assert_eq!(phones(&of_neighbour.receive(1).await), [theirs]);
}

#[tokio::test]
async fn a_stream_resumes_after_last_event_id_on_any_server() {
    let world = World::with_connections(8).await;
    let another = SecondServer::start(&world).await;
    let clients = [world.key().clone(), another.key(&world)];
    let mut lost = vec![register_and_deactivate_phone(&world).await];
    let mut received = EventStream::open(world.key(), "?since=2000-01-01").await.receive(1).await;
    for round in 0..4 {
        for _ in 0..3 {
            lost.push(register_and_deactivate_phone(&world).await);
        }
        let last = received.last().expect("an event was received").id.clone();
        // A browser repeats the original query when it reconnects.
        let mut stream = EventStream::resume(&clients[(round + 1) % 2], "?since=2000-01-01", &last).await;
        received.extend(stream.receive(2).await);
    }
    let last = received.last().expect("an event was received").id.clone();
    received.extend(EventStream::resume(&clients[1], "", &last).await.receive(lost.len() - received.len()).await);
    assert_eq!(phones(&received), lost, "no event is lost or repeated");
}

#[tokio::test]
async fn events_written_by_one_server_are_streamed_by_another() {
    let world = World::with_connections(8).await;
    let another = SecondServer::start(&world).await;
    let mut stream = EventStream::open(&another.key(&world), "").await;
    for _ in 0..2 {
        let phone = register_and_deactivate_phone(&world).await;
        assert_eq!(phones(&stream.receive(1).await), [phone]);
    }
}

#[tokio::test]
async fn a_stream_without_events_sends_comments() {
    let world = World::with_connections(8).await;
    let another = SecondServer::with_heartbeat(&world, Duration::from_millis(5)).await;
    let mut stream = EventStream::open(&another.key(&world), "").await;
    for _ in 0..3 {
        assert_eq!(stream.next_block().await, Some(Block::Comment));
    }
    // Also with a filter that never matches.
    let never = "?acs_user_id=00000000-0000-4000-8000-000000000000";
    assert_eq!(EventStream::open(&another.key(&world), never).await.next_block().await, Some(Block::Comment));
}

#[tokio::test]
async fn an_unreadable_last_event_id_counts_as_none() {
    let world = World::new().await;
    let lost = register_and_deactivate_phone(&world).await;
    let bad =
        ["nonsense", "1.5", "0x10", "99999999999999999999", "9223372036854775807", "-300000000000000000", "ü", ""];
    for id in bad {
        let mut stream = EventStream::resume(world.key(), "?since=2000-01-01", id).await;
        assert_eq!(phones(&stream.receive(1).await), std::slice::from_ref(&lost), "{id}");
    }
    let mut stream = EventStream::resume(world.key(), "", "nonsense").await;
    let phone = register_and_deactivate_phone(&world).await;
    assert_eq!(phones(&stream.receive(1).await), [phone], "a stream starts now");
}

#[tokio::test]
async fn a_stream_is_not_buffered_by_proxies_and_begins_with_a_comment() {
    let world = World::new().await;
    register_and_deactivate_phone(&world).await;
    for query in ["", "?since=2000-01-01", "?acs_user_id=00000000-0000-4000-8000-000000000000"] {
        let mut stream = EventStream::open(world.key(), query).await;
        assert_eq!(stream.next_block().await, Some(Block::Comment), "{query}");
    }
}

#[tokio::test]
async fn a_stream_refuses_what_list_events_refuses_with_the_same_errors() {
    let world = World::new().await;
    world.anonymous().get("/events/stream").await.refused(401, "unauthorized");
    world.anonymous().bearer("seam_test_unknown").get("/events/stream").await.refused(401, "unauthorized");
    world.key().get("/events/stream?event_type=phone.exploded").await.refused(400, "invalid_input");
    world.key().get("/events/stream?since=never").await.invalid("since", "Must be parsable date string if defined");
    let between = "/events/stream?between=2000-01-01&between=2000-01-02";
    world.key().get(between).await.invalid("", "A stream has no end: between does not go with it");
    world.key().post("/events/stream", json!({})).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn a_stream_ends_with_the_credential_that_opened_it() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let token = session["token"].as_str().expect("a token");
    let mut of_session = EventStream::open(&world.anonymous().bearer(token), "").await;
    let mut of_key = EventStream::open(world.key(), "?event_type=phone.deactivated").await;

    let which = json!({ "client_session_id": session["client_session_id"] });
    world.key().post("/client_sessions/delete", which).await.ok();
    while let Some(event) = of_session.next().await {
        assert_eq!(event.of("event_type"), "client_session.deleted", "only the event of its own deletion may arrive");
    }
    let phone = register_and_deactivate_phone(&world).await;
    assert_eq!(phones(&of_key.receive(1).await), [phone]);
    world.store.revoke_api_key(world.api_key.reveal(), world.clock.now()).await.expect("it is revoked");
    assert_eq!(of_key.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_its_server_and_resumes_at_another() {
    let world = World::with_connections(8).await;
    let another = SecondServer::start(&world).await;
    let mut stream = EventStream::open(&another.key(&world), "").await;
    let mut lost = vec![register_and_deactivate_phone(&world).await];
    let mut received = stream.receive(1).await;
    let ((), end) = tokio::join!(another.stop(), stream.next());
    assert_eq!(end, None);
    lost.push(register_and_deactivate_phone(&world).await);
    received.extend(EventStream::resume(world.key(), "", &received[0].id).await.receive(1).await);
    assert_eq!(phones(&received), lost);
}
