//! The programs of Postgres: several versions, the wrong one, none; and the environment that they see.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use handset::postgres::binaries::clients::ClientPrograms;
use handset::postgres::binaries::{Binaries, install};
use handset::postgres::{self, StartError};

use crate::support::private_postgres::{Service, TestDir, query};

/// A fake installation that reports its version and supports nothing else.
fn fake_installation(test_dir: &TestDir, major: u32) -> PathBuf {
    let dir = test_dir.path().join(format!("postgresql-{major}"));
    // Written by another process: a file that a fork of this one still has open for writing cannot be executed.
    let script = r#"
        mkdir "$1" && cd "$1"
        printf '#!/bin/sh\necho "postgres (PostgreSQL) %s.3 (Pretend)"\n' "$2" > postgres
        printf '#!/bin/sh\necho "this is no initdb" >&2\nexit 3\n' > initdb
        chmod 755 . postgres initdb
    "#;
    let created = Command::new("sh").args(["-c", script, "sh"]).arg(&dir).arg(major.to_string()).status();
    assert!(created.expect("sh runs").success());
    dir.canonicalize().expect("just made")
}

fn path_with(first: PathBuf) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let test_dirs = std::iter::once(first).chain(std::env::split_paths(&path));
    std::env::join_paths(test_dirs).expect("no colon in it")
}

#[test]
fn a_new_cluster_uses_the_newest_version_and_an_existing_one_its_own() {
    let test_dir = TestDir::new();
    let test_dirs: Vec<PathBuf> = [16, 18, 17].map(|major| fake_installation(&test_dir, major)).into();
    let find = |wanted| Binaries::find_in(test_dirs.clone(), wanted).expect("it is there");
    assert_eq!(find(None).postgres(), test_dirs[1].join("postgres"));
    assert_eq!(find(Some(17)).initdb(), test_dirs[2].join("initdb"));
    assert_eq!(find(Some(16)).major(), 16);
}

#[test]
fn a_missing_version_is_named_with_its_package() {
    let test_dir = TestDir::new();
    let test_dirs = [fake_installation(&test_dir, 17), fake_installation(&test_dir, 18)];
    let missing = Binaries::find_in(test_dirs, Some(16)).expect_err("not there");
    let text = missing.to_string();
    assert!(text.contains("made by PostgreSQL 16 and this machine has only 17, 18"), "{text}");
    assert!(text.contains(&install::advice(Some(16))), "{text}");
}

#[test]
fn the_error_without_postgres_says_how_to_install_it() {
    let text = Binaries::find_in([], None).expect_err("nowhere to look").to_string();
    assert!(text.contains(&install::advice(None)), "{text}");
    assert!(text.contains("set DATABASE_URL"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn the_error_names_a_postgres_that_is_too_old() {
    let test_dir = TestDir::new();
    let text = Binaries::find_in([fake_installation(&test_dir, 12)], None).expect_err("too old").to_string();
    assert!(text.contains("PostgreSQL 12 is the newest on this machine and 15 is the oldest"), "{text}");
}

#[test]
fn install_advice_fits_the_operating_system() {
    for (os_release, any, sixteen) in [
        ("ID=debian", "apt-get install postgresql", "apt-get install postgresql-16"),
        ("ID_LIKE=\"ubuntu debian\"", "apt-get install postgresql", "apt-get install postgresql-16"),
        ("ID=fedora", "dnf install postgresql-server", "dnf install postgresql16-server"),
        ("ID_LIKE=\"rhel fedora\"", "dnf install postgresql-server", "dnf install postgresql16-server"),
        ("ID_LIKE=\"suse opensuse\"", "zypper install postgresql-server", "zypper install postgresql16-server"),
        ("ID=alpine", "apk add postgresql", "apk add postgresql16"),
        ("ID=arch", "pacman -S postgresql", "pacman -S postgresql-old-upgrade"),
    ] {
        let os_release = format!("NAME=x\n{os_release}\nVERSION_ID=1\n");
        assert_eq!(install::advice_for(&os_release, None), format!("run `{any}`"));
        assert_eq!(install::advice_for(&os_release, Some(16)), format!("run `{sixteen}`"));
    }
    assert!(install::advice_for("", Some(16)).contains("the server of PostgreSQL 16"));
}

#[tokio::test]
async fn a_newer_installation_does_not_affect_an_existing_cluster() {
    let test_dir = TestDir::new();
    postgres::start(test_dir.disposable()).await.expect("start").stop().await;
    let mut command = Service::command(&test_dir);
    command.env("PATH", path_with(fake_installation(&test_dir, 99)));
    let service = Service::start_with(command, &test_dir).await;
    assert_eq!(query(&service.url, "select 'served'").await, "served");
}

#[tokio::test]
async fn an_initdb_error_is_reported_and_no_partial_cluster_stays() {
    let test_dir = TestDir::new();
    let mut command = Service::command(&test_dir);
    command.env("PATH", path_with(fake_installation(&test_dir, 99)));
    let ended = command.output().await.expect("runs");
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1));
    assert!(text.contains("initdb failed (exit status: 3)"), "{text}");
    assert!(text.contains("this is no initdb"), "{text}");
    assert!(!test_dir.data().join("postgres.new").exists());
    let cluster = postgres::start(test_dir.disposable()).await.expect("nothing is in the way");
    cluster.stop().await;
}

#[tokio::test]
async fn a_cluster_of_a_missing_version_is_left_unchanged() {
    let test_dir = TestDir::new();
    postgres::start(test_dir.disposable()).await.expect("start").stop().await;
    fs::write(test_dir.cluster().join("PG_VERSION"), "9\n").expect("ours, or we are root");
    let missing = postgres::start(test_dir.disposable()).await.expect_err("no such version");
    assert!(matches!(missing, StartError::MajorMissing { wanted: 9, .. }), "{missing}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn postgres_does_not_inherit_the_environment_of_the_service() {
    let test_dir = TestDir::new();
    let mut command = Service::command(&test_dir);
    command.env("HANDSET_SECRET", "hush").env("PGPORT", "1").env("PGDATA", "/nowhere");
    let service = Service::start_with(command, &test_dir).await;
    let pid = test_dir.postmaster().expect("ready");
    let seen = fs::read(format!("/proc/{pid}/environ")).expect("ours, or we are root");
    let seen = String::from_utf8_lossy(&seen);
    assert!(!seen.contains("hush"), "{seen}");
    assert_eq!(query(&service.url, "select 'served'").await, "served");
}

/// A fake installation of client programs that report their version.
fn fake_clients(test_dir: &TestDir, major: u32) -> PathBuf {
    let dir = test_dir.path().join(format!("clients-{major}"));
    let script = r#"
        mkdir "$1" && cd "$1"
        for name in pg_dump pg_restore; do
            printf '#!/bin/sh\necho "%s (PostgreSQL) %s.3 (Pretend)"\n' $name "$2" > $name
        done
        chmod 755 . pg_dump pg_restore
    "#;
    let created = Command::new("sh").args(["-c", script, "sh"]).arg(&dir).arg(major.to_string()).status();
    assert!(created.expect("sh runs").success());
    dir.canonicalize().expect("just made")
}

#[test]
fn the_client_programs_are_the_oldest_that_are_not_older_than_the_server() {
    let test_dir = TestDir::new();
    let test_dirs: Vec<PathBuf> = [18, 15, 17].map(|major| fake_clients(&test_dir, major)).into();
    let find = |wanted| ClientPrograms::find_in(test_dirs.clone(), wanted);
    assert_eq!(find(15).expect("it is there").pg_dump(), test_dirs[1].join("pg_dump"));
    assert_eq!(find(16).expect("it is there").pg_restore(), test_dirs[2].join("pg_restore"));
    assert_eq!(find(18).expect("it is there").major(), 18);
    let missing = find(19).expect_err("all are older").to_string();
    assert!(missing.contains("of PostgreSQL 19 or later") && missing.contains("only those of 18"), "{missing}");
    assert!(missing.contains(&install::client_advice(19)), "{missing}");
    let none = ClientPrograms::find_in([], 15).expect_err("nowhere to look").to_string();
    assert!(none.contains("this machine has none"), "{none}");
}

#[test]
fn the_advice_on_client_programs_names_the_package_of_the_distribution() {
    for (id, command) in [
        ("debian", "apt-get install postgresql-client-17"),
        ("fedora", "dnf install postgresql17"),
        ("alpine", "apk add postgresql17-client"),
    ] {
        assert_eq!(install::client_advice_for(&format!("ID={id}\n"), 17), format!("run `{command}`"));
    }
    assert!(install::client_advice_for("", 17).contains("the client programs of PostgreSQL 17"));
}
