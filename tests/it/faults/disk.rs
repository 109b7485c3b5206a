//! Exhausted disk space, exhausted pool, exhausted connections of Postgres.

use super::ledger::Ledger;
use crate::support::citus::is_left_out;
use crate::support::client::Response;
use crate::support::durable_postgres::{migrate, world_on_durable_postgres};
use crate::support::private_postgres::{TestDir, query, until_async};
use crate::support::webhook_worker::WebhookWorker;
use crate::support::world::World;
use handset::postgres;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A tmpfs of some megabytes, unmounted after the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None if this user may not mount one.
    fn mount(test_dir: &TestDir, megabytes: u32) -> Option<SmallDisk> {
        let path = test_dir.data();
        fs::create_dir(&path).expect("a new directory");
        let options = format!("size={megabytes}m,mode=0755");
        run(&["mount", "-t", "tmpfs", "-o", &options, "handset-test"], &path).then_some(SmallDisk(path))
    }

    /// Fills the disk up to this many bytes.
    fn fill(&self, left: u64) -> PathBuf {
        let ballast = self.0.join("ballast");
        let mut file = File::create(&ballast).expect("there is some room");
        while file.write_all(&[b'x'; 4096]).is_ok() {}
        let length = file.metadata().expect("it is there").len();
        file.set_len(length.saturating_sub(left)).expect("it becomes shorter");
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: processes that still use it leave first.
        run(&["umount", "-l"], &self.0);
    }
}

/// Runs a command as root on a path, directly or with a sudo that needs no password.
fn run(command: &[&str], path: &Path) -> bool {
    let succeeds = |words: &[&str]| {
        let ended = Command::new(words[0]).args(&words[1..]).arg(path).output();
        ended.is_ok_and(|output| output.status.success())
    };
    succeeds(command) || succeeds(&[&["sudo", "-n"], command].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_loses_nothing_and_recovers_when_there_is_space() {
    let test_dir = TestDir::new();
    let Some(disk) = SmallDisk::mount(&test_dir, 160) else {
        println!("not tried: this user may mount no small disk, neither as root nor by sudo without a password");
        return;
    };
    let mut cluster = postgres::start(test_dir.durable()).await.expect("Postgres starts");
    migrate(&cluster.url()).await;
    let world = World::at(&cluster.url(), 4).await;
    let worker = WebhookWorker::start(&world);
    let ledger = Ledger::of(&world, 60).await;
    let ballast = disk.fill(256 * 1024);
    let mut known = Vec::new();
    let refused = register_until_refused(&world, &mut known).await;
    refused.refused(503, "service_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let results = ledger.deactivate_all(world.key(), 4, async |_| {}).await;
    println!(
        "{} were registered; then {} deactivated, {} refused",
        known.len(),
        results.acknowledged.len(),
        results.refused.len()
    );

    fs::remove_file(ballast).expect("it is there");
    // A Postgres that could not write its WAL has stopped, and its supervisor restarts it.
    let ended = tokio::time::timeout(Duration::from_millis(500), cluster.exited()).await;
    if ended.is_ok() {
        cluster.restart().await.expect("Postgres starts again");
    }
    until_async("there is space again", async || world.key().get("/phones/list").await.status == 200).await;
    for key in &known {
        world.key().post("/user_identities/get", json!({ "user_identity_key": key })).await.ok();
    }
    ledger.audit(&world, &results).await;
    ledger.retry_and_await_deliveries(&world, world.key(), &results).await;
    worker.close().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
    drop(disk);
}

/// Registers persons until the disk is full; returns the refusal.
async fn register_until_refused(world: &World, known: &mut Vec<String>) -> Response {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let key = format!("person-{}-{}", known.len(), "x".repeat(200));
        let fields = json!({ "user_identity_key": key, "full_name": "y".repeat(500) });
        let response = world.key().post("/user_identities/create", fields).await;
        if response.status != 200 {
            return response;
        }
        known.push(key);
        assert!(Instant::now() < deadline, "the disk does not fill");
    }
}

#[tokio::test]
async fn an_exhausted_pool_refuses_requests_soon_and_recovers() {
    if is_left_out("there a node's share of the connections is half, so deactivations do not exhaust the pool") {
        return;
    }
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let mut lock_holder = PgConnection::connect(&world.database_url).await.expect("it accepts");
    let mut lock = lock_holder.begin().await.expect("it begins");
    sqlx::query("lock table phone").execute(&mut *lock).await.expect("it locks");
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let request = world.key().request("POST", "/phones/deactivate").json(&json!({ "device_id": phone }));
            let key = world.key().clone();
            tokio::spawn(async move {
                let began = Instant::now();
                (key.send(request).await, began.elapsed())
            })
        })
        .collect();
    let refused = until_async_answer(&world).await;
    refused.refused(503, "service_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    lock.rollback().await.expect("the lock is released");
    let mut served = 0;
    for call in waiting {
        let (response, took) = call.await.expect("the task does not panic");
        assert!(took < Duration::from_secs(30), "{took:?}");
        match response.status {
            200 => served += 1,
            _ => _ = response.refused(503, "service_unavailable"),
        }
    }
    assert!(served >= 5, "only {served} were served");
    assert_eq!(world.events("phone.deactivated").await.len(), 1);
    world.key().get("/phones/list").await.ok();
}

/// The first refusal of a read.
async fn until_async_answer(world: &World) -> Response {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let response = world.key().get("/user_identities/list").await;
        if response.status != 200 {
            return response;
        }
        assert!(Instant::now() < deadline, "the pool always has a free connection");
    }
}

#[tokio::test]
async fn a_postgres_without_free_connections_is_unavailable_until_one_is_free() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 5).await;
    cluster.kill().await;
    cluster.restart().await;
    let most = query(&cluster.url(), "show max_connections").await.parse().expect("a number");
    // Other clients take every connection.
    let mut others = Vec::new();
    while let Ok(other) = PgConnection::connect(&cluster.url()).await {
        others.push(other);
        assert!(others.len() <= most, "Postgres accepts any number");
    }
    let response = world.key().get("/phones/list").await;
    response.refused(503, "service_unavailable");
    drop(others);
    until_async("a connection is free again", async || world.key().get("/phones/list").await.status == 200).await;
    world.store.close().await;
    cluster.stop().await;
}
