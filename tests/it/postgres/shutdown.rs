//! Shutdown: signals to the service, once and twice, and a Postgres that does not react.

use std::time::{Duration, Instant};

use handset::lifecycle::Lifecycle;
use handset::postgres;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::getpgid;
use sqlx::{Connection, PgConnection};

use crate::support::private_postgres::{Service, TestDir, alive, until};

#[tokio::test]
async fn sigterm_stops_postgres_without_waiting_for_its_clients() {
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    let mut client = PgConnection::connect(&service.url).await.expect("connects");
    let _open = client.begin().await.expect("a transaction");
    let postmaster = test_dir.postmaster().expect("ready");
    let began = Instant::now();
    let status = service.terminate().await;
    let took = began.elapsed();
    println!("stopped in {took:?}");
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!alive(postmaster));
    assert!(!test_dir.cluster().join("postmaster.pid").exists());
}

#[tokio::test]
async fn ctrl_c_reaches_the_service_and_not_its_postgres() {
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    let group = service.pid();
    let postmaster = test_dir.postmaster().expect("ready");
    assert_ne!(getpgid(Some(postmaster)).expect("it runs"), group);
    // A terminal signals the whole process group.
    killpg(group, Signal::SIGINT).expect("it runs");
    assert_eq!(service.ended().await.code(), Some(0));
    assert!(!alive(postmaster));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_second_signal_ends_the_service_at_once_and_postgres_follows() {
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    let postmaster = test_dir.postmaster().expect("ready");
    // A stopped Postgres does not react to signals.
    kill(postmaster, Signal::SIGSTOP).expect("it runs");
    service.signal(Signal::SIGTERM);
    until("it is finishing", || service.log().contains("a second signal ends this at once")).await;
    let (began, pid) = (Instant::now(), service.pid());
    // The first of these may come so soon that it counts as a duplicate.
    until("it has ended", || kill(pid, Signal::SIGINT).is_err() || !alive(pid)).await;
    assert_eq!(service.ended().await.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(alive(postmaster));
    kill(postmaster, Signal::SIGCONT).expect("it runs");
    until("Postgres has shut down by itself", || !test_dir.is_busy()).await;
    assert!(!test_dir.cluster().join("postmaster.pid").exists());
}

/// Ten seconds after the first shutdown request comes the second, five seconds later SIGKILL.
#[tokio::test]
async fn a_postgres_that_does_not_react_is_killed_after_fifteen_seconds() {
    let test_dir = TestDir::new();
    let cluster = postgres::start(test_dir.disposable()).await.expect("start");
    let postmaster = test_dir.postmaster().expect("ready");
    kill(postmaster, Signal::SIGSTOP).expect("it runs");
    let began = Instant::now();
    cluster.stop().await;
    let took = began.elapsed();
    assert!((15..20).contains(&took.as_secs()), "{took:?}");
    assert!(!alive(postmaster));
    let cluster = postgres::start(test_dir.disposable()).await.expect("recovers");
    cluster.stop().await;
}

#[tokio::test]
async fn two_simultaneous_signals_count_as_one() {
    let test_dir = TestDir::new();
    let service = Service::start(&test_dir).await;
    service.signal(Signal::SIGTERM);
    service.signal(Signal::SIGINT);
    assert_eq!(service.ended().await.code(), Some(0));
    assert!(!test_dir.cluster().join("postmaster.pid").exists());
}

#[tokio::test]
async fn drain_waits_for_tracked_tasks_until_its_timeout() {
    let life = Lifecycle::default();
    let task = life.clone();
    life.tasks.spawn(async move { task.stopped().await });
    assert!(!life.drain(Duration::from_millis(1)).await, "the task is not cancelled yet");
    life.stopping.cancel();
    assert!(life.drain(Duration::from_secs(5)).await);
}
