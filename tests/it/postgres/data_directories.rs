//! Data directories: path too long, odd names, no access, another owner, disk full.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use handset::postgres::{self, Durability, Settings, StartError};
use nix::unistd::{User, chown, geteuid};
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

use crate::support::private_postgres::{Service, TestDir, query};

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_private_socket_directory() {
    let test_dir = TestDir::new();
    let settings = Settings { data_dir: test_dir.path().join("a".repeat(100)), durability: Durability::Disposable };
    let data_dir = settings.data_dir.clone();
    for _ in 0..2 {
        let cluster = postgres::start(settings.clone()).await.expect("start");
        let url = cluster.url();
        assert_eq!(query(&url, "select 'reached'").await, "reached");
        assert_eq!(postgres::join(&data_dir).expect("the directory is readable"), Some(url.clone()));
        let elsewhere = socket_dir(&url);
        assert!(!elsewhere.starts_with(&data_dir), "{}", elsewhere.display());
        let meta = fs::symlink_metadata(&elsewhere).expect("it is there");
        assert_eq!(meta.mode() & 0o777, 0o700);
        cluster.stop().await;
        assert!(!elsewhere.exists(), "stop removes the socket directory");
    }
}

fn socket_dir(url: &str) -> PathBuf {
    let options: PgConnectOptions = url.parse().expect("sqlx accepts it");
    options.get_socket().expect("it is a socket").clone()
}

#[tokio::test]
async fn a_data_directory_path_with_odd_characters_works() {
    let test_dir = TestDir::new();
    let data_dir = test_dir.path().join("one, two \"three\" 'four' 50%&x=ü+");
    let settings = Settings { data_dir, durability: Durability::Disposable };
    let cluster = postgres::start(settings).await.expect("start");
    assert_eq!(query(&cluster.url(), "select 'reached'").await, "reached");
    cluster.stop().await;
}

#[tokio::test]
async fn postgres_never_runs_as_root() {
    let test_dir = TestDir::new();
    let cluster = postgres::start(test_dir.disposable()).await.expect("start");
    let owner = fs::metadata(test_dir.cluster()).expect("made").uid();
    assert_ne!(owner, 0);
    assert_eq!(fs::metadata(test_dir.data()).expect("made").uid(), geteuid().as_raw());
    if !geteuid().is_root() {
        assert_eq!(owner, geteuid().as_raw());
    }
    #[cfg(target_os = "linux")]
    assert_eq!(fs::metadata(format!("/proc/{}", cluster.pid())).expect("runs").uid(), owner);
    cluster.stop().await;
}

#[tokio::test]
async fn as_root_the_error_names_a_directory_that_the_postgres_user_cannot_enter() {
    if !geteuid().is_root() {
        return eprintln!("skipped: only root drops to another user");
    }
    let test_dir = TestDir::new();
    let closed = test_dir.path().join("closed");
    DirBuilder::new().mode(0o700).create(&closed).expect("ours");
    let settings = Settings { data_dir: closed.join("data"), durability: Durability::Disposable };
    let barred = postgres::start(settings).await.expect_err("the directory is closed");
    let text = barred.to_string();
    let StartError::Barred { dir, .. } = barred else { panic!("{text}") };
    assert_eq!(dir, closed);
    assert!(text.contains(&format!("run `chmod o+x {}`", closed.display())), "{text}");
    assert!(!closed.join("data/postgres.new").exists(), "checked before anything is made");
}

#[tokio::test]
async fn as_root_postgres_runs_as_the_owner_of_the_cluster_unless_that_is_root() {
    if !geteuid().is_root() {
        return eprintln!("skipped: only root can give files away");
    }
    let test_dir = TestDir::new();
    postgres::start(test_dir.disposable()).await.expect("start").stop().await;
    let anonymous = User::from_name("nobody").expect("readable").expect("every system has it");
    give(&test_dir.cluster(), &anonymous);
    give(&test_dir.data().join("run"), &anonymous);
    let cluster = postgres::start(test_dir.disposable()).await.expect("start as the owner");
    assert_eq!(query(&cluster.url(), "select 'reached'").await, "reached");
    cluster.stop().await;

    give(&test_dir.cluster(), &User::from_uid(0.into()).expect("readable").expect("root"));
    let foreign = postgres::start(test_dir.disposable()).await.expect_err("not as root");
    assert!(foreign.to_string().contains("run `chown -R "), "{foreign}");
}

fn give(path: &Path, user: &User) {
    chown(path, Some(user.uid), Some(user.gid)).expect("root may");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("readable") {
            give(&entry.expect("readable").path(), user);
        }
    }
}

#[tokio::test]
async fn a_disk_too_small_for_initdb_is_named_in_the_error() {
    let test_dir = TestDir::new();
    let Some(mut command) = on_a_disk_of("12m", &test_dir, r#"exec "$1" dev-db --data-dir "$2""#).await else {
        return;
    };
    let ended = command.output().await.expect("runs");
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{text}");
    assert!(text.contains("handset: initdb failed"), "{text}");
    assert!(text.contains("free some space on the disk of"), "{text}");
    assert!(text.contains("No space left on device"), "{text}");
}

#[tokio::test]
async fn a_full_disk_is_named_in_the_error_and_the_next_start_with_space_succeeds() {
    let test_dir = TestDir::new();
    let script = r#"
        "$1" dev-db --data-dir "$2" > "$2/said" &
        until grep -q URL "$2/said"; do kill -0 $! || exit 9; done
        kill $! && wait $! || exit 9
        cat /dev/zero > "$2/fill" 2> /dev/null
        "$1" dev-db --data-dir "$2" && exit 9
        rm "$2/fill"
        exec "$1" dev-db --data-dir "$2"
    "#;
    let Some(command) = on_a_disk_of("80m", &test_dir, script).await else {
        return;
    };
    let service = Service::start_with(command, &test_dir).await;
    let log = service.log();
    assert!(log.contains("handset: Postgres failed"), "{log}");
    assert!(log.contains("free some space on the disk of"), "{log}");
    assert!(log.contains("No space left on device"), "{log}");
    assert!(service.terminate().await.success());
}

/// A shell with the program as `$1` and a data directory as `$2`, on a tmpfs that only it and its children see.
async fn on_a_disk_of(size: &str, test_dir: &TestDir, script: &str) -> Option<Command> {
    let script = format!(
        r#"mount -t tmpfs -o size={size},mode=0755 tmpfs "$2" || exit 9
        {script}"#
    );
    let unshare = || {
        let mut command = Command::new("unshare");
        command.arg("--mount").kill_on_drop(true);
        command
    };
    let allowed = unshare().arg("true").output().await;
    if !allowed.is_ok_and(|tried| tried.status.success()) {
        eprintln!("skipped: only root on Linux can mount a small disk");
        return None;
    }
    fs::create_dir(test_dir.data()).expect("ours");
    let mut command = unshare();
    command.args(["sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_handset")]).arg(test_dir.data());
    Some(command)
}
