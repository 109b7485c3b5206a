//! The private Postgres under faults of the machine, with real processes, signals and disks, by kind of fault.

mod crash;
mod data_directories;
mod installations;
mod shutdown;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use crate::support::private_postgres::{self, Service, TestDir, query};
use handset::postgres::{self, StartError};

#[tokio::test]
async fn the_first_start_creates_a_cluster_and_later_starts_reuse_it() {
    let test_dir = TestDir::new();
    let began = Instant::now();
    let cluster = postgres::start(test_dir.durable()).await.expect("cold start");
    assert_eq!(query(&cluster.url(), "select 'hello'").await, "hello");
    let cold = began.elapsed();
    query(&cluster.url(), "create table kept as select 'still here' as word").await;
    let url = cluster.url();
    cluster.stop().await;

    let began = Instant::now();
    let cluster = postgres::start(test_dir.durable()).await.expect("warm start");
    assert_eq!(cluster.url(), url);
    assert_eq!(query(&url, "select word from kept").await, "still here");
    let warm = began.elapsed();
    let began = Instant::now();
    cluster.stop().await;
    println!("to the first answer: cold {cold:?}, warm {warm:?}; stop {:?}", began.elapsed());
    // Many times the usual duration, because tests share the machine.
    assert!(cold < Duration::from_secs(10), "{cold:?}");
    assert!(warm < Duration::from_secs(2), "{warm:?}");
    assert!(!test_dir.cluster().join("postmaster.pid").exists());
}

#[tokio::test]
async fn a_durable_cluster_syncs_and_is_closed_to_other_users() {
    let test_dir = TestDir::new();
    let cluster = postgres::start(test_dir.durable()).await.expect("start");
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C"),
        ("listen_addresses", ""),
        ("timezone", "UTC"),
        ("jit", "off"),
        ("max_connections", "100"),
    ] {
        let sql = format!("select current_setting('{setting}')");
        assert_eq!(query(&cluster.url(), &sql).await, value, "{setting}");
    }
    let collation = "select datcollate from pg_database where datname = current_database()";
    assert_eq!(query(&cluster.url(), collation).await, "C");
    for name in ["postgres", "run"] {
        let mode = test_dir.data().join(name).metadata().expect("made by the start").permissions();
        assert_eq!(mode.mode() & 0o777, 0o700, "{name}");
    }
    let lock = test_dir.data().join("lock").metadata().expect("made by the start");
    assert_eq!(lock.mode() & 0o777, 0o600);
    cluster.stop().await;
}

#[tokio::test]
async fn a_disposable_cluster_syncs_nothing() {
    let test_dir = TestDir::new();
    let cluster = postgres::start(test_dir.disposable()).await.expect("start");
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let sql = format!("select current_setting('{setting}')");
        assert_eq!(query(&cluster.url(), &sql).await, "off", "{setting}");
    }
    cluster.stop().await;
}

#[tokio::test]
async fn a_second_service_is_refused_at_once_and_the_first_keeps_running() {
    let test_dir = TestDir::new();
    let first = Service::start(&test_dir).await;
    let began = Instant::now();
    let refused = postgres::start(test_dir.durable()).await.expect_err("the directory is taken");
    let took = began.elapsed();
    println!("refused in {took:?}");
    assert!(took < Duration::from_millis(100), "{took:?}");
    let StartError::InUse { pid, .. } = refused else { panic!("{refused}") };
    assert_eq!(pid, Some(first.pid().as_raw().unsigned_abs()));
    let text = refused.to_string();
    assert!(text.contains("stop that one first"), "{text}");
    assert_eq!(query(&first.url, "select 'unharmed'").await, "unharmed");
}

#[tokio::test]
async fn a_command_joins_the_postgres_of_the_running_service() {
    let test_dir = TestDir::new();
    let join = || postgres::join(&test_dir.data()).expect("the directory is readable");
    assert_eq!(join(), None, "nothing was ever started");
    let service = Service::start(&test_dir).await;
    let url = join().expect("a service runs");
    assert_eq!(url, service.url);
    assert_eq!(query(&url, "select 'joined'").await, "joined");
    assert!(service.terminate().await.success());
    assert_eq!(join(), None, "it has stopped");
}

#[tokio::test]
async fn a_cancelled_start_releases_the_data_directory() {
    let test_dir = TestDir::new();
    let scaffold = test_dir.data().join("postgres.new");
    tokio::select! {
        started = postgres::start(test_dir.disposable()) => panic!("too fast: {started:?}"),
        () = private_postgres::until("initdb has begun", || scaffold.join("base").exists()) => {}
    }
    // The cancelled initdb is being terminated and holds the directory until it has exited.
    let cluster = private_postgres::start_when_free(&test_dir).await;
    assert_eq!(query(&cluster.url(), "select 'whole'").await, "whole");
    assert!(!scaffold.exists());
    cluster.stop().await;
}
