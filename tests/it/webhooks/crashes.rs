//! The program is killed during its work. Each committed event is in the log once, and a later process delivers it at least
//! once. Only these tests use the system's time, since the program's clock cannot be fixed; where a claim of a killed
//! process must expire, the test moves it into the past.

use crate::support::client::Client;
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait::{TIMEOUT, until};
use crate::support::webhook_worker::Webhook;
use crate::support::world::{SEAL_KEY, World, text};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The built program on a world's database.
struct Program {
    process: Child,
    key: Client,
    /// Kept open, so that the program can print.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Program {
    async fn start(world: &World) -> Program {
        let mut process = Command::new(env!("CARGO_BIN_EXE_handset"))
            .args(["serve", "--listen", "127.0.0.1:0", "--no-demo", "--connections", "4", "--log", "warn"])
            .env("DATABASE_URL", &world.database_url)
            .env("HANDSET_SEAL_KEY", SEAL_KEY)
            .env("HANDSET_WEBHOOK_ALLOW", "127.0.0.0/8")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let url = loop {
            let line = timeout(TIMEOUT, lines.next_line()).await.expect("it starts in time").expect("readable");
            let line = line.expect("it prints where it listens; its errors are above");
            if let Some((_, url)) = line.split_once("Listening on ") {
                break url.to_owned();
            }
        };
        Program { process, key: Client::new(&url).bearer(world.api_key.reveal()), _stdout: lines }
    }

    /// Ends it with SIGKILL.
    async fn kill(mut self) {
        let pid = self.process.id().expect("it runs").try_into().expect("a pid fits");
        nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is our child");
        timeout(TIMEOUT, self.process.wait()).await.expect("it ends").expect("it is our child");
    }
}

/// Expires the claims of killed processes.
async fn give_up_the_dead(world: &World) {
    sqlx::query(
        "update delivery set next_attempt_at = least(next_attempt_at, clock_timestamp()) where status = 'pending'",
    )
    .execute(&mut world.database().await)
    .await
    .expect("the update succeeds");
}

/// Ids of the events in the log, each there once.
async fn logged(world: &World) -> Vec<String> {
    let mut ids: Vec<String> =
        world.events("phone.deactivated").await.iter().map(|event| text(&event["event_id"])).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "an event is in the log twice");
    ids
}

/// Ids of the events that were received.
fn received(receiver: &Receiver) -> Vec<String> {
    let mut ids: Vec<String> = receiver.tally().into_keys().collect();
    ids.sort();
    ids
}

fn attempts(rows: &[Value], count: i64) -> usize {
    rows.iter().filter(|row| row["attempt_count"] == count).count()
}

#[tokio::test]
async fn after_a_kill_between_commit_and_send_the_next_process_delivers() {
    let world = World::with_connections(9).await;
    let receiver = Receiver::with_behaviour(Behaviour::NoResponse).await;
    let webhook = Webhook::create(&world, &receiver).await;
    let program = Program::start(&world).await;
    // As many hang as one endpoint may have under way: later deliveries are committed and not sent.
    for _ in 0..12 {
        let phone = world.phone(&world.person(&uuid::Uuid::now_v7().to_string()).await).await;
        program.key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    until("the endpoint is at its limit", async || (receiver.received().len() >= 5).then_some(())).await;
    program.kill().await;
    let rows = webhook.deliveries(&world).await;
    assert_eq!(rows.len(), 12);
    assert!(attempts(&rows, 0) >= 4, "some were never sent: {rows:?}");

    receiver.set_behaviour(Behaviour::Status(200));
    let _program = Program::start(&world).await;
    until("deliveries without an attempt are sent", async || {
        (attempts(&webhook.deliveries(&world).await, 0) == 0).then_some(())
    })
    .await;
    give_up_the_dead(&world).await;
    let rows = webhook.wait_until_delivered(&world).await;
    assert!(attempts(&rows, 1) >= 4, "{rows:?}");
    assert_eq!(logged(&world).await.len(), 12);
    assert_eq!(received(&receiver), logged(&world).await);
}

#[tokio::test]
async fn after_a_kill_between_send_and_record_the_next_process_delivers_once_more() {
    let world = World::with_connections(9).await;
    let release = Arc::new(Notify::new());
    let receiver = Receiver::with_behaviour(Behaviour::Held(200, Arc::clone(&release))).await;
    let webhook = Webhook::create(&world, &receiver).await;
    let program = Program::start(&world).await;
    let phone = world.phone(&world.person("jane").await).await;
    program.key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    receiver.wait_for_messages(1).await;
    program.kill().await;
    release.notify_one();
    receiver.set_behaviour(Behaviour::Status(200));
    let rows = webhook.deliveries(&world).await;
    assert_eq!((&rows[0]["status"], &rows[0]["attempt_count"]), (&json!("pending"), &json!(1)));

    let _program = Program::start(&world).await;
    give_up_the_dead(&world).await;
    let rows = webhook.wait_until_delivered(&world).await;
    assert_eq!((rows.len(), &rows[0]["attempt_count"]), (1, &json!(2)));
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("svix-id"), received[1].header("svix-id"), "the id identifies the duplicate");
    assert_eq!(received[0].body(), received[1].body());
    assert_eq!(logged(&world).await.len(), 1);
}

#[tokio::test]
async fn two_processes_on_one_database_deliver_each_event_once() {
    let world = World::with_connections(13).await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let programs = [Program::start(&world).await, Program::start(&world).await];
    let phones = phones(&world, 40).await;
    let mut calls = JoinSet::new();
    for (phone, program) in phones.into_iter().zip(programs.iter().cycle()) {
        let key = program.key.clone();
        calls.spawn(async move { key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok() });
    }
    calls.join_all().await;
    let rows = webhook.wait_until_delivered(&world).await;
    assert_eq!((rows.len(), attempts(&rows, 1)), (40, 40));
    assert_eq!(receiver.received().len(), 40);
    assert_eq!(received(&receiver), logged(&world).await);
}

/// `count` phones, each of a person of its own.
async fn phones(world: &World, count: usize) -> Vec<String> {
    let mut phones = Vec::with_capacity(count);
    for number in 0..count {
        phones.push(world.phone(&world.person(&format!("p{number}")).await).await);
    }
    phones
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_deactivations_during_twenty_kills_write_a_hundred_events() {
    const KILLS: usize = 20;
    let world = World::with_connections(9).await;
    let receiver = Receiver::new().await;
    let webhook = Webhook::create(&world, &receiver).await;
    let phones = phones(&world, 100).await;
    for (round, batch) in phones.chunks(phones.len() / KILLS).enumerate() {
        let program = Program::start(&world).await;
        let mut calls = JoinSet::new();
        for phone in batch {
            let request = program.key.request("POST", "/phones/deactivate").json(&json!({ "device_id": phone }));
            calls.spawn(async move { request.send().await.is_ok_and(|response| response.status() == 200) });
        }
        // Before the first response, between two, or after the last.
        for _ in 0..round % (batch.len() + 1) {
            calls.join_next().await.expect("as many calls as phones").expect("the task does not panic");
        }
        program.kill().await;
        calls.join_all().await;
    }
    // Clients retry unanswered requests; some were committed.
    let program = Program::start(&world).await;
    for phone in &phones {
        program.key.post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    }
    give_up_the_dead(&world).await;
    let rows = webhook.wait_until_delivered(&world).await;
    let events = world.events("phone.deactivated").await;
    assert_eq!((rows.len(), events.len(), logged(&world).await.len()), (100, 100, 100));
    let mut dead: Vec<String> = events.iter().map(|event| text(&event["device_id"])).collect();
    let mut all = phones.clone();
    dead.sort();
    all.sort();
    assert_eq!(dead, all, "one for each phone");
    assert_eq!(received(&receiver), logged(&world).await);
    assert!(world.phone_ids().await.is_empty());
}
