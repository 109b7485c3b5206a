//! The log of a server at its default level: what a start, an upgrade and a stop say.

use crate::support::private_postgres::{TestDir, until};
use crate::support::program::{Server, handset_in};
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::shared_postgres::Database;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

/// Level and message of each line. A busy machine has to wait, too.
fn messages(log: &str) -> Vec<(String, String)> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}")));
    let member = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let all = lines.map(|line: Value| (member(&line, "level"), member(&line, "message")));
    all.filter(|(_, message)| !message.starts_with("waiting for ")).collect()
}

fn infos(messages: &[&str]) -> Vec<(String, String)> {
    messages.iter().map(|message| ("INFO".to_owned(), (*message).to_owned())).collect()
}

const STOP: &str = "shutting down; a second signal ends this at once";

#[tokio::test]
async fn starts_and_stops_log_what_happened_and_nothing_else() {
    let test_dir = TestDir::new();
    let first = Server::start(&test_dir).await.stop().await;
    let ready = "private Postgres is ready";
    let (creating, created) =
        ("creating the private Postgres, which takes some seconds", "created the private Postgres");
    let (migrating, migrated, stopped) =
        ("migrating the database", "migrated the database", "private Postgres has stopped");
    assert_eq!(
        messages(&first),
        infos(&[creating, created, ready, migrating, migrated, "serving", STOP, stopped]),
        "{first}"
    );
    let both = Server::start(&test_dir).await.stop().await;
    let second = &both[first.len()..];
    assert_eq!(messages(second), infos(&[ready, "serving", STOP, stopped]), "{second}");
}

/// A database of the version before the last migration.
async fn outdated_database() -> Database {
    let database = Database::empty(10).await;
    let mut connection = PgConnection::connect(&database.url).await.expect("it accepts");
    let mut migrator = sqlx::migrate!();
    let count = migrator.iter().count() - 1;
    migrator.migrations = migrator.iter().take(count).cloned().collect();
    migrator.run(&mut connection).await.expect("it migrates");
    database
}

#[tokio::test]
async fn an_upgrade_logs_no_notices_of_postgres() {
    let (database, test_dir) = (outdated_database().await, TestDir::new());
    let log = Server::start_on(&database.url, &test_dir).await.stop().await;
    assert_eq!(messages(&log), infos(&["migrating the database", "migrated the database", "serving", STOP]), "{log}");
    // A filter that names sqlx shows them.
    let (database, test_dir) = (outdated_database().await, TestDir::new());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--log", "info,sqlx=info", "--database-url", &database.url];
    let log = Server::run(handset_in(&test_dir, &arguments), &test_dir).await.stop().await;
    assert!(log.contains("already exists, skipping"), "{log}");
}

#[tokio::test]
async fn a_failed_delivery_is_a_warning_with_its_reason_and_the_next_attempt() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.client(&server.demo_key());
    let receiver = Receiver::new().await;
    receiver.set_behaviour(Behaviour::Status(500));
    let hook = json!({ "url": receiver.url(), "event_types": ["phone.deactivated"] });
    let hook = key.post("/webhooks/create", hook).await.ok()["webhook"]["webhook_id"].clone();
    let phone = key.get("/phones/list").await.ok()["phones"][0]["device_id"].clone();
    key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let attempt = || {
        let log = server.log();
        let line = log.lines().find(|line| line.contains("delivery attempt failed"))?;
        serde_json::from_str::<Value>(line).ok()
    };
    until("the attempt is logged", || attempt().is_some()).await;
    let line = attempt().expect("it was logged");
    assert_eq!((&line["level"], &line["status"], &line["attempt"]), (&json!("WARN"), &json!(500), &json!(1)), "{line}");
    assert_eq!(line["webhook"], hook, "{line}");
    assert!(line["delivery"].is_string() && line["next_attempt_at"].is_string(), "{line}");
    assert!(line["latency_ms"].is_u64() && !line["fault"].as_str().unwrap_or_default().is_empty(), "{line}");
    server.stop().await;
}
