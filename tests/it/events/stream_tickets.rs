//! Tickets that open event streams for clients that cannot send a header.

use crate::support::client::Client;
use crate::support::second_server::SecondServer;
use crate::support::sse::{EventStream, StreamedEvent};
use crate::support::webhook_worker::register_and_deactivate_phone;
use crate::support::world::{World, text};
use chrono::TimeDelta;
use serde_json::json;

async fn ticket(client: &Client) -> String {
    text(&client.post("/events/create_stream_ticket", json!({})).await.ok()["ticket"])
}

fn phones(events: &[StreamedEvent]) -> Vec<String> {
    events.iter().map(|event| event.of("device_id")).collect()
}

#[tokio::test]
async fn a_ticket_opens_a_stream_without_a_header_on_any_server() {
    let world = World::with_connections(8).await;
    let another = SecondServer::start(&world).await;
    let created = world.key().post("/events/create_stream_ticket", json!({})).await.ok();
    let (ticket, expires_at) = (text(&created["ticket"]), text(&created["expires_at"]));
    assert_eq!(expires_at, "2026-01-01T12:01:00Z");
    assert!(!ticket.contains(world.api_key.reveal()) && ticket.len() < 512, "{ticket}");
    let query = format!("?ticket={ticket}&event_type=phone.deactivated");
    for client in [world.anonymous(), another.key(&world).anonymous()] {
        let mut stream = EventStream::open(&client, &query).await;
        let phone = register_and_deactivate_phone(&world).await;
        assert_eq!(phones(&stream.receive(1).await), [phone]);
    }
}

#[tokio::test]
async fn a_stream_by_ticket_resumes_after_an_event_of_the_query() {
    let world = World::new().await;
    let lost = [register_and_deactivate_phone(&world).await, register_and_deactivate_phone(&world).await];
    let mut first = EventStream::open(world.key(), "?since=2000-01-01").await;
    let id = first.next().await.expect("an event").id;
    let ticket = ticket(world.key()).await;
    let query = format!("?ticket={ticket}&since=2000-01-01&last_event_id={id}");
    assert_eq!(phones(&EventStream::open(&world.anonymous(), &query).await.receive(1).await), lost[1..]);
    // The header, which a browser sends when it reconnects by itself, is newer.
    let mut resumed = EventStream::resume(&world.anonymous(), &format!("?ticket={ticket}&last_event_id=1"), &id).await;
    assert_eq!(phones(&resumed.receive(1).await), lost[1..]);
    let unreadable = format!("?ticket={ticket}&since=2000-01-01&last_event_id=nonsense");
    assert_eq!(phones(&EventStream::open(&world.anonymous(), &unreadable).await.receive(2).await), lost);
}

#[tokio::test]
async fn a_ticket_has_the_scope_of_each_kind_of_caller() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (janes, joes) = (world.phone(&jane).await, world.phone(&joe).await);
    let session = world.client_session(json!({ "user_identity_id": jane })).await;
    let in_header = world.anonymous().with("client-session-token", &text(&session["token"]));
    let callers = [
        (world.session(&jane).await, false),
        (in_header, false),
        (world.pat().await, true),
        (world.console().await, true),
        (world.key().clone(), true),
    ];
    let mut streams = Vec::new();
    for (caller, sees_all) in &callers {
        let query = format!("?ticket={}&event_type=phone.deactivated", ticket(caller).await);
        streams.push((EventStream::open(&world.anonymous(), &query).await, *sees_all));
    }
    for phone in [&joes, &janes] {
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    for (mut stream, sees_all) in streams {
        let expected = if sees_all { vec![joes.clone(), janes.clone()] } else { vec![janes.clone()] };
        assert_eq!(phones(&stream.receive(expected.len()).await), expected);
    }
    world.browser().post("/events/create_stream_ticket", json!({})).await.refused(401, "unauthorized");
    world.anonymous().post("/events/create_stream_ticket", json!({})).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_ticket_expires_after_a_minute_and_its_streams_do_not() {
    let world = World::new().await;
    let query = format!("?ticket={}&event_type=phone.deactivated", ticket(world.key()).await);
    world.advance(TimeDelta::seconds(59));
    let mut stream = EventStream::open(&world.anonymous(), &query).await;
    world.advance(TimeDelta::seconds(1));
    let late = world.anonymous().get(&format!("/events/stream{query}")).await;
    late.refused(401, "event_stream_ticket_expired");
    let phone = register_and_deactivate_phone(&world).await;
    assert_eq!(phones(&stream.receive(1).await), [phone]);
}

#[tokio::test]
async fn a_ticket_and_its_streams_end_with_the_credential() {
    let world = World::new().await;
    let query = format!("?ticket={}&event_type=phone.deactivated", ticket(world.key()).await);
    let mut stream = EventStream::open(&world.anonymous(), &query).await;
    world.store.revoke_api_key(world.api_key.reveal(), world.clock.now()).await.expect("it is revoked");
    assert_eq!(stream.next().await, None);
    world.anonymous().get(&format!("/events/stream{query}")).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_ticket_opens_event_streams_only_and_cannot_be_altered() {
    let world = World::new().await;
    let ticket = ticket(world.key()).await;
    for path in ["/events/list?since=2000-01-01&", "/phones/list?", "/v1/phone/?", "/v4/accounts?", "/me/phones?"] {
        assert_eq!(world.anonymous().get(&format!("{path}ticket={ticket}")).await.status, 401, "{path}");
        assert_eq!(world.anonymous().bearer(&ticket).get(path).await.status, 401, "{path}");
    }
    let again = format!("/events/create_stream_ticket?ticket={ticket}");
    world.anonymous().post(&again, json!({})).await.refused(401, "unauthorized");
    let mut altered = ticket.clone().into_bytes();
    altered[60] = if altered[60] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).expect("ASCII");
    for ticket in [altered.as_str(), &ticket[..ticket.len() - 4], "x", "", world.api_key.reveal()] {
        let refused = world.anonymous().get(&format!("/events/stream?ticket={ticket}")).await;
        refused.refused(401, "unauthorized");
        let with_key = world.key().get(&format!("/events/stream?ticket={ticket}")).await;
        assert_eq!(with_key.status, 200, "the credential of a header wins");
    }
}
