//! Event streams cost the server little: the log is read once per workspace with news, nothing is read twice, and their
//! number is limited.

use crate::cancellation::proxy::Proxy;
use crate::support::client::Client;
use crate::support::shared_postgres::Database;
use crate::support::sse::EventStream;
use crate::support::wait::until;
use crate::support::webhook_worker::register_and_deactivate_phone;
use crate::support::world::{World, text};
use futures_util::FutureExt;
use handset::domain::event::EventFilter;
use handset::domain::scope::Scope;
use handset::domain::workspace::PublishableKeySessions;
use handset::http::App;
use handset::store::{Principal, StreamLimits};
use serde_json::{Value, json};
use std::sync::Arc;

const CONNECTIONS: u32 = 5;

/// A world whose statements are recorded.
async fn recorded_world() -> (World, Proxy, Database) {
    let database = Database::new(CONNECTIONS).await;
    let proxy = Proxy::to(&database.url);
    let world = World::at(&proxy.url(&database.url), CONNECTIONS).await;
    (world, proxy, database)
}

/// Statements that read events.
fn log_reads(proxy: &Proxy) -> usize {
    proxy.statements().iter().filter(|name| name.contains("event_id, event_type")).count()
}

/// Statements that read the position of a log.
fn position_reads(proxy: &Proxy) -> usize {
    proxy.statements().iter().filter(|name| name.contains("select last_at from event_clock")).count()
}

/// Most reads of the log after a phone was registered and deactivated: for each, one with events and one without.
const MOST_READS: usize = 4;

#[tokio::test]
async fn streams_read_the_log_once_per_workspace() {
    let (world, proxy, _database) = recorded_world().await;
    let jane = world.person("jane").await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(EventStream::open(world.key(), "").await);
        streams.push(EventStream::open(&world.session(&jane).await, "?since=2000-01-01").await);
        streams.push(EventStream::open(world.key(), "?event_type=phone_number.finished").await);
    }
    let read_by_all = async |streams: &mut Vec<EventStream>| {
        let phone = register_and_deactivate_phone(&world).await;
        for stream in streams.iter_mut().step_by(3) {
            assert_eq!(stream.next().await.expect("an event").of("device_id"), phone);
        }
    };
    // Until each stream has caught up.
    let idle = async || {
        proxy.record(None);
        until("a tick without a read", async || (position_reads(&proxy) > 0).then_some(())).await;
        (log_reads(&proxy) == 0).then_some(())
    };
    read_by_all(&mut streams).await;
    until("the streams have caught up", idle).await;
    proxy.record(None);
    read_by_all(&mut streams).await;
    let reads = log_reads(&proxy);
    assert!(reads <= MOST_READS, "{reads} reads for {} streams: {:#?}", streams.len(), proxy.statements());
}

#[tokio::test]
async fn only_the_workspace_with_news_reads_its_log() {
    let (world, proxy, _database) = recorded_world().await;
    let mut streams = Vec::new();
    for number in 0..10 {
        let quiet = world.sandbox(&format!("Quiet {number}")).await;
        streams.push(EventStream::open(quiet.key(), "").await);
    }
    let mut stream = EventStream::open(world.key(), "").await;
    for round in 0..2 {
        proxy.record(None);
        register_and_deactivate_phone(&world).await;
        stream.next().await.expect("an event");
        let reads = log_reads(&proxy);
        // Each hub reads once when it begins.
        let most = if round == 0 { MOST_READS + streams.len() + 1 } else { MOST_READS };
        assert!(reads <= most, "{reads} reads in round {round}: {:#?}", proxy.statements());
    }
}

#[tokio::test]
async fn a_stream_whose_filter_matches_nothing_reads_the_log_once() {
    let (world, proxy, _database) = recorded_world().await;
    let jane = world.person("jane").await;
    insert_events(&world, 1_000).await;
    let never = "?since=2020-01-01&event_type=phone_number.finished";
    let clients = [world.key().clone(), world.session(&jane).await, anonymous_session(&world).await];
    proxy.record(None);
    let mut streams = Vec::new();
    for client in &clients {
        streams.push(EventStream::open(client, never).await);
    }
    until("the streams with a scope read", async || (log_reads(&proxy) >= 3).then_some(())).await;
    // The reads may be in progress; then the position of each is that of the log.
    until("a tick without a read", async || {
        proxy.record(None);
        until("a tick", async || (position_reads(&proxy) > 0).then_some(())).await;
        (log_reads(&proxy) == 0).then_some(())
    })
    .await;
    until("three more ticks", async || (position_reads(&proxy) >= 3).then_some(())).await;
    assert_eq!(log_reads(&proxy), 0, "{:#?}", proxy.statements());
    // It reads on from there.
    let mut all =
        EventStream::open(world.key(), "?event_types=phone.deactivated&event_types=phone_number.finished").await;
    register_and_deactivate_phone(&world).await;
    all.next().await.expect("an event");
    assert!(log_reads(&proxy) <= MOST_READS, "{:#?}", proxy.statements());
}

/// Puts events of an unfinished number into the log.
async fn insert_events(world: &World, count: i32) {
    let rows = "with made as (
            insert into event (workspace_id, event_id, event_type, is_opt_in, created_at, occurred_at, details)
            select $1::uuid, gen_random_uuid(), 'phone_number.assigned', true,
                timestamptz '2025-01-01' + number * interval '1 second', timestamptz '2025-01-01', '{}'
            from generate_series(1, $2) as number
        )
        insert into event_clock (workspace_id, last_at) values ($1::uuid, timestamptz '2025-06-01')
        on conflict (workspace_id) do update set last_at = greatest(event_clock.last_at, excluded.last_at)";
    let id: uuid::Uuid = world.id.parse().expect("an id");
    sqlx::query(rows).bind(id).bind(count).execute(&mut world.database().await).await.expect("the rows fit");
}

/// A client session of a publishable key alone.
async fn anonymous_session(world: &World) -> Client {
    let made = world.browser().post("/client_sessions/create", json!({ "user_identifier_key": "visitor" })).await.ok();
    world.anonymous().bearer(&text(&made["client_session"]["token"]))
}

#[tokio::test]
async fn a_stream_that_is_read_slowly_misses_and_repeats_nothing() {
    let world = World::new().await;
    let workspace = world.store.workspace_of_key(&world.api_key).await.expect("the key is valid");
    let limits = StreamLimits::default();
    let again = Arc::new(|| async { Ok(Scope::Workspace) }.boxed());
    let filter = EventFilter { include_opt_in: true, ..EventFilter::default() };
    let mut slow = workspace
        .stream_events(Some(filter), None, Principal::PublishableKey(PublishableKeySessions::Anonymous), again, limits)
        .await
        .expect("it is the first");
    // Each is a batch of its own, and more than are kept.
    let mut fast = EventStream::open(world.key(), "").await;
    for _ in 0..70 {
        register_and_deactivate_phone(&world).await;
        fast.next().await.expect("an event");
    }
    let listed = world
        .key()
        .post(
            "/events/list",
            json!({ "since": "2000-01-01", "event_types": ["phone.registered", "phone.deactivated"] }),
        )
        .await;
    for event in listed.ok()["events"].as_array().expect("a list") {
        let next = slow.next().await.expect("an event");
        assert_eq!(serde_json::from_str::<Value>(next.data()).expect("JSON"), *event);
    }
    let phone = register_and_deactivate_phone(&world).await;
    for _ in 0..2 {
        let next = slow.next().await.expect("an event");
        assert!(next.data().contains(&phone), "{}", next.data());
    }
}

#[tokio::test]
async fn open_streams_are_limited_per_credential_and_per_workspace() {
    let streams = StreamLimits { per_credential: 2, per_workspace: 5, ..StreamLimits::default() };
    let world = World::with(|app| App { streams, ..app }).await;
    let neighbour = world.sandbox("Neighbour").await;
    let jane = world.person("jane").await;
    let mut open = Vec::new();
    let refused = async |client: &Client, count: &str| {
        let response = client.get("/events/stream").await;
        assert_eq!(response.header("retry-after"), Some("10"));
        assert_eq!(response.header("connection"), Some("close"));
        let error = response.refused(429, "too_many_event_streams");
        assert!(text(&error["message"]).starts_with(count), "{error}");
    };
    for _ in 0..2 {
        open.push(EventStream::open(world.key(), "").await);
    }
    refused(world.key(), "2 event streams of this credential").await;
    for _ in 0..3 {
        open.push(EventStream::open(&world.session(&jane).await, "").await);
    }
    refused(&world.session(&jane).await, "3 event streams of client sessions").await;
    refused(&world.pat().await, "5 event streams of this workspace").await;
    EventStream::open(neighbour.key(), "").await;

    open.truncate(1);
    until("the closed streams are counted no more", async || {
        let response = world.key().request("GET", "/events/stream").send().await.expect("an answer");
        (response.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn open_streams_are_limited_per_server_and_each_workspace_has_its_share() {
    let streams = StreamLimits { per_server: 8, ..StreamLimits::default() };
    let world = World::with(|app| App { streams, ..app }).await;
    let mut open = Vec::new();
    for count in [4, 2, 1, 1] {
        let tenant = world.sandbox("Tenant").await;
        for _ in 0..count {
            open.push(EventStream::open(tenant.key(), "").await);
        }
        let error = tenant.key().get("/events/stream").await.refused(429, "too_many_event_streams");
        assert!(
            text(&error["message"]).starts_with(&format!("{} event streams of this server", open.len())),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_anonymous_client_session_has_few_streams() {
    let world = World::new().await;
    let session = anonymous_session(&world).await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(EventStream::open(&session, "").await);
    }
    session.get("/events/stream").await.refused(429, "too_many_event_streams");
}
