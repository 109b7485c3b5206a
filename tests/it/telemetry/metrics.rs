//! The operations listener: metrics for Prometheus, and readiness.

use crate::support::certificate;
use crate::support::client::Client;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Server, handset_in};
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker, register_and_deactivate_phone};
use crate::support::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use handset::http::App;
use handset::http::rate_limit::{Limits, Rates};
use handset::metrics::Metrics;
use handset::server::{Certificate, ListenerConfig, Operations};
use handset::sweeper::{RowCounter, Sweeper};
use nix::sys::signal::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A world with metrics, their reader, and the token that ends readiness.
pub(super) async fn counting() -> (World, Client, CancellationToken) {
    let world = World::with(|app| App { metrics: Metrics::kept(), ..app }).await;
    let (operator, leaving) = operator_of(&world, None).await;
    (world, operator, leaving)
}

/// A reader of the metrics, and the token that ends readiness.
async fn operator_of(world: &World, certificate: Option<Arc<Certificate>>) -> (Client, CancellationToken) {
    let leaving = CancellationToken::new();
    let (app, started_at) = (Arc::clone(&world.app), world.clock.now());
    let operations = Operations { app, leaving: leaving.clone(), certificate, started_at };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let operator = Client::new(&format!("http://{}", listener.local_addr().expect("bound")));
    tokio::spawn(operations.serve(listener));
    (operator, leaving)
}

/// Counts rows until the returned guard is dropped.
pub(super) fn count_rows(world: &World) -> DropGuard {
    let (store, clock, metrics) = (world.store.clone(), world.clock.clone(), world.metrics.clone());
    let (tick, interval) = (Duration::from_millis(20), Duration::from_millis(20));
    let counter = RowCounter { store, clock, metrics, keep_events: TimeDelta::days(90), tick, interval };
    let stop = CancellationToken::new();
    tokio::spawn(counter.run(stop.clone()));
    stop.drop_guard()
}

/// The figures once these have those values.
pub(super) async fn until_figures(operator: &Client, expected: &[(&str, f64)]) -> BTreeMap<String, f64> {
    until(&format!("{expected:?}"), async || {
        let figures = figures(operator).await;
        expected.iter().all(|(name, value)| figures.get(*name) == Some(value)).then_some(figures)
    })
    .await
}

/// Every metric's value, by its name and labels.
pub(super) async fn figures(operator: &Client) -> BTreeMap<String, f64> {
    let response = operator.get("/metrics").await;
    assert_eq!(response.status, 200);
    let kind = response.header("content-type");
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(response.text.ends_with("# EOF\n"), "{}", response.text);
    let lines = response.text.lines().filter(|line| !line.starts_with('#'));
    let figure = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|fault| panic!("{fault}: {line}")))
    };
    lines.map(figure).collect()
}

/// A time as Prometheus has it.
pub(super) fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

fn requests(dialect: &str, route: &str, status: u16) -> String {
    format!("handset_requests_total{{dialect=\"{dialect}\",route=\"{route}\",status=\"{status}\"}}")
}

#[tokio::test]
async fn requests_are_counted_and_timed_by_dialect_route_and_status() {
    let (world, operator, _) = counting().await;
    for _ in 0..3 {
        world.key().get("/phones/list?search=hushhush").await.ok();
    }
    world.anonymous().get("/phones/list").await.refused(401, "unauthorized");
    world.anonymous().get("/somewhere/hushhush").await.refused(404, "not_found");
    let unknown = world.key().get("/v1/phone/01a200b9-eb74-7580-af6d-aeb143bdd37f").await;
    assert_eq!(unknown.status, 404);
    let figures = figures(&operator).await;
    for (name, count) in [
        (requests("seam", "/phones/list", 200), 3.0),
        (requests("seam", "/phones/list", 401), 1.0),
        (requests("seam", "(none)", 404), 1.0),
        (requests("diga", "/v1/phone/{phone_id}", 404), 1.0),
        ("handset_request_duration_seconds_count{dialect=\"seam\",route=\"/phones/list\"}".to_owned(), 4.0),
        (
            "handset_request_duration_seconds_bucket{le=\"30.0\",dialect=\"seam\",route=\"/phones/list\"}".to_owned(),
            4.0,
        ),
    ] {
        assert_eq!(figures.get(&name), Some(&count), "{name}: {figures:#?}");
    }
    let sum = figures["handset_request_duration_seconds_sum{dialect=\"seam\",route=\"/phones/list\"}"];
    assert!(sum > 0.0 && sum < 30.0, "{sum}");
    assert!(!figures.keys().any(|name| name.contains("hushhush")), "labels contain no values of requests");
}

#[tokio::test]
async fn lookups_and_their_statements_are_counted() {
    let (world, operator, _) = counting().await;
    let phone = world.phone(&world.person("jane").await).await;
    let path = format!("/phones/get?device_id={phone}");
    let counts = async || {
        let figures = figures(&operator).await;
        (figures["handset_lookups_total"], figures["handset_lookup_statements_total"])
    };
    let (lookups, statements) = counts().await;
    let all = futures_util::future::join_all((0..40).map(|_| world.key().get(&path))).await;
    all.iter().for_each(|response| _ = response.ok());
    let (lookups_then, statements_then) = counts().await;
    assert_eq!(lookups_then - lookups, 40.0, "a key and its phone are one lookup");
    let request = statements_then - statements;
    assert!((1.0..=40.0).contains(&request), "{request}");
}

#[tokio::test]
async fn outbox_metrics_show_pending_deliveries_their_age_and_their_outcomes() {
    let (world, operator, _) = counting().await;
    let receiver = Receiver::with_behaviour(Behaviour::Status(500)).await;
    let webhook = Webhook::create(&world, &receiver).await;
    let _counting = count_rows(&world);
    let (messages, age, overdue) =
        ("handset_outbox_messages", "handset_outbox_oldest_age_seconds", "handset_outbox_overdue_seconds");
    until_figures(&operator, &[(messages, 0.0), (age, 0.0), (overdue, 0.0)]).await;
    register_and_deactivate_phone(&world).await;
    world.advance(TimeDelta::seconds(90));
    register_and_deactivate_phone(&world).await;
    let owed = until_figures(&operator, &[(messages, 2.0)]).await;
    assert!((owed[age] - 90.0).abs() < 0.01, "{owed:#?}");
    assert!((owed[overdue] - 90.0).abs() < 0.01, "{owed:#?}");

    let _worker = WebhookWorker::start(&world);
    webhook.wait_for_attempts(&world, 1).await;
    receiver.set_behaviour(Behaviour::Status(200));
    world.advance(TimeDelta::minutes(1));
    webhook.wait_until_delivered(&world).await;
    let deliveries = |outcome: &str| format!("handset_deliveries_total{{outcome=\"{outcome}\"}}");
    let settled = until_figures(&operator, &[(messages, 0.0), (overdue, 0.0)]).await;
    assert_eq!((settled[&deliveries("delivered")], settled[&deliveries("postponed")]), (2.0, 2.0));
    assert_eq!(settled.get(&deliveries("given_up")), Some(&0.0));
}

#[tokio::test]
async fn sweeper_and_connection_pool_metrics_are_reported() {
    let (world, operator, _) = counting().await;
    let reserved = world.key().post("/v1/phone/reserve", json!({ "number": "+34675897655" })).await;
    assert_eq!(reserved.status, 200, "{reserved:?}");
    register_and_deactivate_phone(&world).await;
    world.advance(TimeDelta::days(2));
    let sweeper = Sweeper {
        store: world.store.clone(),
        clock: world.clock.clone(),
        keep_events: TimeDelta::days(1),
        metrics: world.metrics.clone(),
        tick: Duration::from_millis(10),
    };
    let stop = CancellationToken::new();
    tokio::spawn(sweeper.run(stop.clone()));
    let figures = until("the sweeper has run", async || {
        let figures = figures(&operator).await;
        (figures["handset_events_pruned_total"] > 0.0).then_some(figures)
    })
    .await;
    stop.cancel();
    assert_eq!(figures["handset_numbers_moved_total"], 1.0);
    until_figures(&operator, &[("handset_sweeper_last_round_timestamp_seconds", seconds(world.clock.now()))]).await;
    assert_eq!(figures["handset_database_connections_closed_in_transaction_total"], 0.0);
    let connections = |state: &str| figures[&format!("handset_database_connections{{state=\"{state}\"}}")];
    assert!((1.0..=5.0).contains(&(connections("idle") + connections("used"))), "{figures:#?}");
    assert_eq!(figures["handset_database_connections_limit"], 5.0);
    assert_eq!(figures["handset_database_acquire_timeouts_total"], 0.0);
}

#[tokio::test]
async fn failed_steps_of_the_sweeper_are_counted() {
    let (world, operator, _) = counting().await;
    world.store.close().await;
    let (store, clock, metrics) = (world.store.clone(), world.clock.clone(), world.metrics.clone());
    let sweeper = Sweeper { store, clock, keep_events: TimeDelta::days(1), metrics, tick: Duration::from_millis(10) };
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(sweeper.run(stop));
    for step in ["old audit entries", "due phone numbers", "sessions of operators"] {
        let name = format!("handset_sweeper_failures_total{{step=\"{step}\"}}");
        until("the step has failed", async || {
            figures(&operator).await.get(&name).filter(|count| **count > 0.0).copied()
        })
        .await;
    }
}

#[tokio::test]
async fn requests_that_are_refused_are_counted_by_reason() {
    let rates = Rates { credential: Some("1/60s".parse().expect("a rate")), ..Rates::default() };
    let world = World::with(|app| {
        let limits = Limits::new(&rates, app.clock.clone()).map(Arc::new);
        App { limits, metrics: Metrics::kept(), ..app }
    })
    .await;
    let (operator, _leaving) = operator_of(&world, None).await;
    let refused = |dialect: &str, reason: &str| {
        format!("handset_requests_refused_total{{dialect=\"{dialect}\",reason=\"{reason}\"}}")
    };
    world.key().get("/phones/list").await.ok();
    assert_eq!(world.key().get("/phones/list").await.status, 429);
    world.anonymous().get("/phones/list").await.refused(401, "unauthorized");
    world.store.close().await;
    let other = world.anonymous().bearer("seam_other").get("/phones/list").await;
    assert_eq!(other.status, 503, "{other:?}");
    let figures = figures(&operator).await;
    assert_eq!(figures.get(&refused("seam", "rate_limit")), Some(&1.0), "{figures:#?}");
    assert_eq!(figures.get(&refused("seam", "unavailable")), Some(&1.0), "{figures:#?}");
    assert_eq!(figures.keys().filter(|name| name.contains("requests_refused")).count(), 2, "{figures:#?}");
}

#[tokio::test]
async fn connections_of_clients_are_counted() {
    let config = ListenerConfig { connections: 9, connections_of_client: 2, ..ListenerConfig::default() };
    let world = World::with_both(config, |app| App { metrics: Metrics::kept(), ..app }).await;
    let (operator, _leaving) = operator_of(&world, None).await;
    let connect = || TcpStream::connect(world.address());
    let (open, refused, limit) =
        ("handset_client_connections", "handset_client_connections_refused_total", "handset_client_connections_limit");
    let held = (connect().await.expect("it listens"), connect().await.expect("it listens"));
    until_figures(&operator, &[(open, 2.0), (refused, 0.0), (limit, 9.0)]).await;
    let _third = connect().await.expect("it listens");
    until_figures(&operator, &[(open, 2.0), (refused, 1.0)]).await;
    drop(held);
    until_figures(&operator, &[(open, 0.0)]).await;
}

#[tokio::test]
async fn the_process_and_the_expiry_of_the_certificate_are_reported() {
    let (world, plain, _) = counting().await;
    let before = figures(&plain).await;
    assert!(before["handset_tls_certificate_expiry_timestamp_seconds"].is_nan());
    let files = TestDir::new();
    let (chain, key) = (files.path().join("chain.pem"), files.path().join("key.pem"));
    std::fs::write(&chain, certificate::CERTIFICATE).expect("it is writable");
    std::fs::write(&key, certificate::KEY).expect("it is writable");
    let certificate = Arc::new(Certificate::read(chain, key).expect("a certificate"));
    let expiry = seconds(certificate.validity().expect("a certificate").1);
    let (operator, _leaving) = operator_of(&world, Some(certificate)).await;
    let figures = figures(&operator).await;
    assert_eq!(figures["handset_tls_certificate_expiry_timestamp_seconds"], expiry);
    assert_eq!(figures["process_start_time_seconds"], seconds(world.clock.now()));
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_threads"] {
        assert!(figures[name] > 0.0, "{name}: {figures:#?}");
    }
    assert!(figures["process_open_fds"] <= figures["process_max_fds"]);
    assert!(figures["process_resident_memory_bytes"] < figures["process_virtual_memory_bytes"]);
}

#[tokio::test]
async fn without_the_database_outbox_metrics_are_nan_and_others_are_reported() {
    let (world, operator, _) = counting().await;
    world.key().get("/phones/list").await.ok();
    let _counting = count_rows(&world);
    until_figures(&operator, &[("handset_outbox_messages", 0.0), ("handset_database_up", 1.0)]).await;
    world.store.close().await;
    let figures = until_figures(&operator, &[("handset_database_up", 0.0)]).await;
    assert!(figures["handset_outbox_messages"].is_nan() && figures["handset_outbox_oldest_age_seconds"].is_nan());
    assert!(figures["handset_outbox_overdue_seconds"].is_nan());
    assert_eq!(figures[&requests("seam", "/phones/list", 200)], 1.0);
}

#[tokio::test]
async fn a_server_about_to_stop_is_not_ready() {
    let (_world, operator, leaving) = counting().await;
    assert_eq!(operator.get("/health/ready").await.status, 200);
    leaving.cancel();
    assert_eq!(operator.get("/health/ready").await.status, 503);
}

#[tokio::test]
async fn the_program_is_not_ready_first_and_stops_after_its_grace_period() {
    const GRACE: Duration = Duration::from_secs(3);
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    command.args(["--shutdown-grace-seconds", "3"]);
    let server = Server::run(command, &test_dir).await;
    let figures_on = server.greeting.lines().find_map(|line| line.strip_prefix("Figures on "));
    let operator =
        Client::new(figures_on.and_then(|url| url.strip_suffix("/metrics")).expect("the greeting names the address"));
    assert_eq!(operator.get("/health/ready").await.status, 200);
    assert_eq!(Client::new(&server.url).get("/metrics").await.status, 404, "the API serves no metrics");

    let request = Instant::now();
    server.signal(Signal::SIGTERM);
    until("it is not ready", async || (operator.get("/health/ready").await.status == 503).then_some(())).await;
    server.client(&server.demo_key()).get("/phones/list").await.ok();
    let figures = figures(&operator).await;
    assert_eq!(figures[&requests("seam", "/phones/list", 200)], 1.0);
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(request.elapsed() >= GRACE);
}
