//! `handset event list` and `tail`.

use crate::support::durable_postgres::world_on_durable_postgres;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in, operator, operator_command};
use crate::support::wait::TIMEOUT;
use crate::support::world::{World, list, text};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A running `handset event tail --json`.
struct Tail {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(mut command: Command) -> Tail {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Tail { process, lines }
    }

    async fn next(&mut self) -> Value {
        let line = timeout(TIMEOUT, self.lines.next_line()).await.expect("in time").expect("text");
        serde_json::from_str(&line.expect("it goes on")).expect("a line is JSON")
    }

    /// Ends it by Ctrl-C.
    async fn interrupt(mut self) {
        let pid = self.process.id().expect("it runs").try_into().expect("a pid fits");
        kill(Pid::from_raw(pid), Signal::SIGINT).expect("it runs");
        let status = timeout(TIMEOUT, self.process.wait()).await.expect("it ends").expect("it is our child");
        assert_eq!(status.code(), Some(0));
        assert_eq!(self.lines.next_line().await.expect("text"), None, "it prints no more");
    }
}

#[tokio::test]
async fn event_list_prints_the_newest_events_that_match() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let phones = [world.phone(&jane).await, world.phone(&joe).await];
    for phone in &phones {
        world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    let types = async |arguments: &[&str]| -> Vec<String> {
        let listed = operator(&world, &[&["event", "list", "--json"], arguments].concat()).await.json();
        list(&listed["events"]).iter().map(|event| text(&event["event_type"])).collect()
    };
    let (registered, deactivated) = ("phone.registered", "phone.deactivated");
    assert_eq!(types(&[]).await, [registered, registered, deactivated, deactivated]);
    assert_eq!(types(&["--limit", "3"]).await, [registered, deactivated, deactivated]);
    assert_eq!(types(&["--type", registered]).await, [registered, registered]);
    assert_eq!(types(&["--phone", &phones[0]]).await, [registered, deactivated]);
    assert_eq!(types(&["--user", "joe"]).await, [registered, deactivated]);
    assert_eq!(types(&["--since", "2026-01-02"]).await, Vec::<String>::new());
    assert_eq!(types(&["--until", "2026-01-02"]).await.len(), 4);
    let table = operator(&world, &["event", "list", "--limit", "1"]).await;
    assert!(table.stdout_of_success().contains(&phones[1]), "{table:?}");
    assert!(table.stderr.contains("raise --limit"), "{table:?}");
}

#[tokio::test]
async fn event_tail_prints_events_as_they_happen_until_it_is_interrupted() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let before = world.phone(&jane).await;
    let test_dir = TestDir::new();
    let command = operator_command(&world, &test_dir, &["event", "tail", "--json", "--since", "2020-01-01"]);
    let mut tail = Tail::start(command);
    assert_eq!(tail.next().await["device_id"], json!(before));
    for _ in 0..3 {
        let phone = world.phone(&jane).await;
        let event = tail.next().await;
        assert_eq!((&event["event_type"], &event["device_id"]), (&json!("phone.registered"), &json!(phone)));
    }
    tail.interrupt().await;
}

#[tokio::test]
async fn event_tail_survives_a_restart_of_the_database_and_misses_nothing() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 5).await;
    let jane = world.person("jane").await;
    let first = world.phone(&jane).await;
    let command = operator_command(&world, &test_dir, &["event", "tail", "--json", "--since", "2020-01-01"]);
    let mut tail = Tail::start(command);
    assert_eq!(tail.next().await["device_id"], json!(first));
    for is_killed in [false, true] {
        if is_killed {
            cluster.kill().await;
        }
        cluster.restart().await;
        let next = world.phone(&jane).await;
        assert_eq!(tail.next().await["device_id"], json!(next));
    }
    tail.interrupt().await;
    cluster.stop().await;
}

#[tokio::test]
async fn event_tail_follows_the_private_postgres_of_a_running_server_only() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let key = server.client(&server.demo_key());
    let mut tail = Tail::start(handset_in(&test_dir, &["event", "tail", "--json", "--since", "2020-01-01"]));
    let registered = [tail.next().await, tail.next().await];
    assert!(registered.iter().all(|event| event["event_type"] == "phone.registered"), "{registered:?}");
    let phone = &registered[0]["device_id"];
    key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    assert_eq!(tail.next().await["event_type"], "phone.deactivated");
    tail.interrupt().await;
    server.stop().await;
    let alone = Outcome::of(handset_in(&test_dir, &["event", "tail"])).await;
    assert!(alone.error_message().starts_with("no server runs on this data directory"), "{alone:?}");
}
