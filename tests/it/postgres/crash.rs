//! Crashes: of the service, of the postmaster, of both, of initdb.

use std::fs;
use std::process::Command;
use std::time::Instant;

use handset::postgres;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection, PgConnection};

use crate::support::private_postgres::{Service, TIMEOUT, TestDir, alive, query, until};

/// macOS does not signal the death of a parent process; there the next start ends leftover processes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn postgres_shuts_down_when_its_service_is_killed() {
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    query(&service.url, "create table kept as select 'still here' as word").await;
    let postmaster = test_dir.postmaster().expect("it is ready");
    service.kill().await;
    let began = Instant::now();
    until("no process runs in the cluster", || !test_dir.is_busy()).await;
    println!("Postgres gone after {:?}", began.elapsed());
    assert!(!alive(postmaster));
    // An orderly shutdown of the postmaster removes its file.
    assert!(!test_dir.cluster().join("postmaster.pid").exists());

    let service = Service::start(&test_dir).await;
    assert_eq!(query(&service.url, "select word from kept").await, "still here");
}

#[tokio::test]
async fn a_start_right_after_a_kill_waits_for_the_previous_postgres() {
    let test_dir = TestDir::new();
    for _ in 0..3 {
        let service = Service::start(&test_dir).await;
        let _client = PgConnection::connect(&service.url).await.expect("connects");
        service.kill().await;
    }
    let service = Service::start(&test_dir).await;
    assert_eq!(query(&service.url, "select 'here'").await, "here");
}

/// Where orphans are not reaped, a killed postmaster stays a zombie and its pid looks alive. Here this test is a
/// subreaper that does not reap.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_next_start_recovers_after_service_and_postmaster_were_killed() {
    nix::sys::prctl::set_child_subreaper(true).expect("any process may become a subreaper");
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    query(&service.url, "create table kept as select 'still here' as word").await;
    let postmaster = test_dir.postmaster().expect("it is ready");
    // So that the service cannot react to the death of Postgres.
    service.signal(Signal::SIGSTOP);
    until("every thread of the service is stopped", || all_stopped(service.pid())).await;
    kill(postmaster, Signal::SIGKILL).expect("it runs");
    service.kill().await;
    until("the orphaned backends have exited", || !test_dir.is_busy()).await;

    assert!(kill(postmaster, None).is_ok(), "the zombie answers");
    assert!(test_dir.cluster().join("postmaster.pid").exists());
    assert!(test_dir.data().join("run/.s.PGSQL.5432.lock").exists());
    assert_eq!(postgres::join(&test_dir.data()).expect("the directory is readable"), None);
    // An unrelated process with its working directory in the cluster. It must neither be waited for nor killed.
    let mut visitor = Command::new("sleep").arg("60").current_dir(test_dir.cluster()).spawn().expect("sleep");

    let service = Service::start(&test_dir).await;
    assert_eq!(query(&service.url, "select word from kept").await, "still here");
    let visitor_left = visitor.try_wait().expect("our child").is_some();
    visitor.kill().expect("our child");
    visitor.wait().expect("our child");
    assert!(!visitor_left, "the unrelated process was ended");
}

#[cfg(target_os = "linux")]
fn all_stopped(pid: Pid) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it is there");
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).expect("no thread ends now");
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    })
}

#[tokio::test]
async fn a_dead_postmaster_is_detected_and_can_be_restarted() {
    let test_dir = TestDir::new();
    let mut cluster = postgres::start(test_dir.durable()).await.expect("start");
    let url = cluster.url();
    query(&url, "create table kept as select 'still here' as word").await;
    kill(test_dir.postmaster().expect("ready"), Signal::SIGKILL).expect("it runs");
    let status = tokio::time::timeout(TIMEOUT, cluster.exited()).await.expect("the exit is detected");
    assert!(!status.success());

    cluster.restart().await.expect("restart");
    assert_eq!(cluster.url(), url);
    assert_eq!(query(&url, "select word from kept").await, "still here");
    cluster.restart().await.expect("restart of a running one");
    assert_eq!(query(&url, "select word from kept").await, "still here");
    cluster.stop().await;
}

#[tokio::test]
async fn the_service_logs_the_death_of_postgres_and_restarts_it_even_with_a_busy_backend() {
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    let mut client = PgConnection::connect(&service.url).await.expect("connects");
    let busy = tokio::spawn(async move { sqlx::query("do $$ begin loop end loop; end $$").execute(&mut client).await });
    until_busy(&service.url).await;
    let first = test_dir.postmaster().expect("ready");
    kill(first, Signal::SIGKILL).expect("it runs");

    until("another is ready", || test_dir.postmaster().is_some_and(|pid| pid != first)).await;
    assert_eq!(query(&service.url, "select 'back'").await, "back");
    assert!(busy.await.expect("no panic").is_err(), "the busy backend was ended");
    let log = service.log();
    assert!(log.contains("Postgres ended by itself"), "{log}");
    assert!(service.terminate().await.success());
}

async fn until_busy(url: &str) {
    let busy = "select count(*)::text from pg_stat_activity where query like 'do %' and state = 'active'";
    let deadline = Instant::now() + TIMEOUT;
    while query(url, busy).await != "1" {
        assert!(Instant::now() < deadline, "the loop does not run");
    }
}

#[tokio::test]
async fn repeated_deaths_of_postgres_end_supervision_with_an_error() {
    let test_dir = TestDir::new();
    let cluster = postgres::start(test_dir.disposable()).await.expect("start");
    let mut seen = test_dir.postmaster();
    let keeping = tokio::spawn(cluster.keep(std::future::pending()));
    kill(seen.expect("ready"), Signal::SIGKILL).expect("it runs");
    while !keeping.is_finished() {
        until("it is given up, or another is ready", || {
            keeping.is_finished() || test_dir.postmaster().is_some_and(|pid| Some(pid) != seen)
        })
        .await;
        if let Some(pid) = test_dir.postmaster().filter(|pid| Some(*pid) != seen) {
            kill(pid, Signal::SIGKILL).expect("it runs");
            seen = Some(pid);
        }
    }
    let given_up = keeping.await.expect("no panic").expect_err("supervision gives up");
    assert!(given_up.to_string().contains("SIGKILL"), "{given_up}");
    // The directory is free for the next start.
    let cluster = postgres::start(test_dir.disposable()).await.expect("start");
    cluster.stop().await;
}

#[tokio::test]
async fn an_interrupted_initdb_is_started_again() {
    let test_dir = TestDir::new();
    let scaffold = test_dir.data().join("postgres.new");
    let mut cut_short = Service::command(&test_dir).kill_on_drop(true).spawn().expect("runs");
    until("initdb has begun", || scaffold.join("base").exists()).await;
    cut_short.kill().await.expect("our child");
    assert!(!test_dir.cluster().exists());
    // As after a power cut, which leaves files that initdb would have removed.
    until("initdb has ended", || !test_dir.is_busy()).await;
    fs::create_dir_all(scaffold.join("base/1")).expect("debris");
    fs::write(scaffold.join("PG_VERSION"), "15\n").expect("debris");

    let service = Service::start(&test_dir).await;
    assert_eq!(query(&service.url, "select 'whole'").await, "whole");
    assert!(!scaffold.exists());
}
