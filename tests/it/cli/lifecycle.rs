//! A server's life cycle: what it logs, how it recovers when its Postgres dies, and how it ends.

use crate::support::client::Client;
use crate::support::private_postgres::{TestDir, until, until_async};
use crate::support::program::{Server, admin, handset_in};
use crate::support::raw_http;
use crate::support::world::text;
use handset::postgres;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::process::Stdio;
use tokio::net::TcpStream;

#[tokio::test]
async fn sigterm_lets_a_pending_request_finish_and_stops_postgres() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.client(&server.demo_key());
    let people = key.get("/user_identities/list").await.ok();
    let person = people["user_identities"][0]["user_identity_id"].clone();

    // A lock on the person's row makes the registration wait.
    let url = postgres::join(&test_dir.data()).expect("the directory is readable").expect("it runs");
    let mut lock_holder = PgConnection::connect(&url).await.expect("it accepts");
    let mut watcher = PgConnection::connect(&url).await.expect("it accepts");
    let mut holding = lock_holder.begin().await.expect("a transaction");
    sqlx::query("select from user_identity for update").execute(&mut *holding).await.expect("the lock");
    let body = json!({ "user_identity_id": person });
    let waiting = tokio::spawn(async move { key.post("/phones/simulate/create_sandbox_phone", body).await });
    until_async("the request waits", async || {
        let waiting = "select exists (select from pg_stat_activity where wait_event_type = 'Lock')";
        sqlx::query_scalar(waiting).fetch_one(&mut watcher).await.expect("the query succeeds")
    })
    .await;

    server.signal(Signal::SIGTERM);
    until_async("no new connection is accepted", async || TcpStream::connect(server.address()).await.is_err()).await;
    holding.commit().await.expect("the lock is released");
    waiting.await.expect("the task does not panic").ok();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(!test_dir.is_busy(), "Postgres has stopped");
}

#[tokio::test]
async fn health_is_503_while_postgres_is_dead_and_200_soon_after_its_restart() {
    let test_dir = TestDir::new();
    let mut cluster = postgres::start(test_dir.disposable()).await.expect("Postgres starts");
    let own = TestDir::new();
    let server = Server::start_on(&cluster.url(), &own).await;
    let key = server.demo_key();
    let anonymous = Client::new(&server.url);
    assert_eq!(anonymous.get("/health").await.ok()["msg"], "Healthy");
    // A disposable Postgres acknowledges a commit before it is on disk; the checkpoint writes it.
    let mut writer = PgConnection::connect(&cluster.url()).await.expect("it accepts");
    sqlx::query("checkpoint").execute(&mut writer).await.expect("it writes");

    kill(Pid::from_raw(cluster.pid().try_into().expect("a pid fits")), Signal::SIGKILL).expect("it runs");
    cluster.exited().await;
    let unhealthy = anonymous.get("/health").await;
    unhealthy.refused(503, "service_unavailable");
    assert_eq!(unhealthy.header("retry-after"), Some("1"));
    cluster.restart().await.expect("Postgres starts again");
    until_async("health is back", async || anonymous.get("/health").await.status == 200).await;
    until_async("work is back", async || server.client(&key).get("/phones/list").await.status == 200).await;
    server.stop().await;
    cluster.stop().await;
}

#[tokio::test]
async fn a_private_postgres_that_is_killed_is_restarted() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.client(&server.demo_key());
    let phones = key.get("/phones/list").await.ok();
    let first = test_dir.postmaster().expect("it is ready");
    kill(first, Signal::SIGKILL).expect("it runs");
    until("another postmaster is ready", || test_dir.postmaster().is_some_and(|pid| pid != first)).await;
    until_async("the server has recovered", async || key.get("/phones/list").await.status == 200).await;
    assert_eq!(key.get("/phones/list").await.ok(), phones);
    server.stop().await;
    assert!(!test_dir.is_busy());
}

/// Log lines of requests.
fn requests(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}")));
    lines.filter(|line: &Value| line["target"] == "handset::request").collect()
}

#[tokio::test]
async fn each_request_writes_one_line_of_json_to_the_log() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.client(&server.demo_key());
    let workspace = key.get("/workspaces/get").await.ok()["workspace"]["workspace_id"].clone();
    let anonymous = Client::new(&server.url);
    let sandbox = key.get("/user_identities/list").await.ok();
    let person = &sandbox["user_identities"][0]["user_identity_id"];
    let session = key.post("/client_sessions/create", json!({ "user_identity_id": person })).await.ok();
    let session = &session["client_session"];
    let app = server.client(&text(&session["token"]));
    let keys = admin(&test_dir, &["key", "list"]).await;
    let by_key = ("api_key", Some(&keys["api_keys"][0]["api_key_id"]), Some(&workspace));
    let by_session = ("client_session", Some(&session["client_session_id"]), Some(&workspace));
    let by_none = ("none", None, None);
    let unknown = server.client("seam_test9999_unknownunknownunknownunk");
    let responses = [
        ("GET", "/phones/list", key.get("/phones/list?search=hushhush").await, by_key),
        ("POST", "/phones/get", key.post("/phones/get", json!({})).await, by_key),
        ("PUT", "/phones/get", key.call("PUT", "/phones/get").await, by_key),
        ("GET", "/devices/list", app.get("/devices/list").await, by_session),
        ("POST", "/webhooks/list", app.post("/webhooks/list", json!({})).await, by_none),
        ("GET", "/phones/list", anonymous.get("/phones/list").await, by_none),
        ("GET", "/phones/list", unknown.get("/phones/list").await, by_none),
        ("DELETE", "(none)", key.delete("/somewhere/hushhush").await, by_none),
        ("GET", "/health", anonymous.get("/health").await, by_none),
    ];
    let unparsable = raw_http::raw(server.address(), b"GET hushhush\r\n\r\n").await;
    assert_eq!(unparsable.status, 400, "{unparsable:?}");
    let whole = server.stop().await;
    assert!(!whole.contains("hushhush"), "values stay out of the log");
    let log = requests(&whole);
    assert_eq!(log.len(), responses.len() + 4, "one line each: {log:?}");
    assert!(log.iter().all(|line| line["client_address"] == "127.0.0.1"), "{log:?}");
    for (method, path, response, (kind, id, workspace)) in responses {
        let number = response.request_id().to_string();
        let lines: Vec<&Value> = log.iter().filter(|line| line["request_id"] == number.as_str()).collect();
        let [line] = lines[..] else { panic!("{number}: {log:?}") };
        assert_eq!((&line["method"], &line["path"]), (&json!(method), &json!(path)));
        assert_eq!((&line["dialect"], &line["status"]), (&json!("seam"), &json!(response.status)));
        assert!(line["latency_us"].is_u64() && line["timestamp"].is_string(), "{line}");
        assert_eq!((&line["credential_kind"], line.get("credential_id")), (&json!(kind), id), "{line}");
        assert_eq!(line.get("workspace"), workspace, "{line}");
    }
    let line = log.iter().find(|line| line["request_id"] == unparsable.request_id().to_string());
    assert_eq!(line.map(|line| &line["credential_kind"]), Some(&json!("none")));
}

#[tokio::test]
async fn the_log_as_text_has_the_client_and_its_credential_behind_a_proxy_too() {
    let test_dir = TestDir::new();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-format", "pretty", "--trusted-proxies", "127.0.0.0/8"];
    let server = Server::run(handset_in(&test_dir, &arguments), &test_dir).await;
    let behind = server.client(&server.demo_key()).with("x-forwarded-for", "203.0.113.7");
    behind.get("/v1/phone/").await;
    Client::new(&server.url).with("x-forwarded-for", "203.0.113.8").get("/me/phones").await;
    let log = server.stop().await;
    let line = |address: &str| {
        let address = format!("client_address={address}");
        log.lines().find(|line| line.contains(&address)).unwrap_or_else(|| panic!("{address}: {log}"))
    };
    let known = line("203.0.113.7");
    assert!(known.contains("credential_kind=\"api_key\"") && known.contains("credential_id=0"), "{known}");
    let anonymous = line("203.0.113.8");
    assert!(anonymous.contains("credential_kind=\"none\"") && !anonymous.contains("credential_id"), "{anonymous}");
}

#[tokio::test]
async fn the_log_contains_no_secret_and_no_personal_data() {
    let test_dir = TestDir::new();
    let command = handset_in(&test_dir, &["serve", "--listen", "127.0.0.1:0", "--log", "debug"]);
    let server = Server::run(command, &test_dir).await;
    let demo_key = server.demo_key();
    let key = server.client(&demo_key);
    let person = json!({ "full_name": "Very Private", "email_address": "very@private.example" });
    let person = key.post("/user_identities/create", person).await.ok();
    let id = &person["user_identity"]["user_identity_id"];
    let session = key.post("/client_sessions/create", json!({ "user_identity_id": id })).await.ok();
    let token = text(&session["client_session"]["token"]);
    server.client(&token).get("/devices/list").await.ok();
    key.get(&format!("/devices/list?search={token}")).await.ok();
    let hook = key.post("/webhooks/create", json!({ "url": "https://user:pass@example.com/" })).await.ok();
    key.bytes("/phones/get", Some("application/json"), format!("{{\"{token}\":")).await.refused(400, "invalid_json");
    server.client("seam_test9999_unknownunknownunknownunk").get("/phones/list").await.refused(401, "unauthorized");
    let log = server.stop().await;
    assert!(log.contains("\"DEBUG\""), "the log is detailed: {log}");
    for secret in [
        demo_key.as_str(),
        &token,
        &text(&hook["webhook"]["secret"]),
        "seam_test9999_unknown",
        "Private",
        "very@private",
        "user:pass",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[tokio::test]
async fn a_server_whose_standard_output_is_closed_still_serves() {
    let test_dir = TestDir::new();
    // The system chooses the port beforehand, since the closed output cannot report it.
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let mut command = handset_in(&test_dir, &["serve", "--listen", &free.to_string()]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
    drop(process.stdout.take());
    let anonymous = Client::new(&format!("http://{free}"));
    until_async("it listens", async || TcpStream::connect(free).await.is_ok()).await;
    assert_eq!(anonymous.get("/health").await.status, 200);
    kill(Pid::from_raw(process.id().expect("it runs").cast_signed()), Signal::SIGTERM).expect("it runs");
    assert_eq!(process.wait().await.expect("it ends").code(), Some(0));
}
