//! `handset backup`: the file, while servers write, over TLS with a password, and when it cannot be completed.

use crate::faults::standby::{Postgres, owned, owner, program, run};
use crate::support::certificate::{CERTIFICATE, KEY};
use crate::support::durable_postgres::migrate;
use crate::support::private_postgres::{TestDir, query, until, until_async};
use crate::support::program::{Outcome, handset_in, operator_command};
use crate::support::shared_postgres::Database;
use crate::support::world::{SEAL_KEY, World};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, chown};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::process::Command;

fn backup(world: &World, test_dir: &TestDir, file: &Path, arguments: &[&str]) -> Command {
    let mut command = operator_command(world, test_dir, &["backup"]);
    command.arg(file).args(arguments);
    command
}

/// Names of the files in a directory.
fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is readable");
    entries.map(|entry| entry.expect("it is there").file_name().into_string().expect("a name is text")).collect()
}

#[tokio::test]
async fn a_backup_is_one_private_file_that_is_not_overwritten_unless_asked() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let directory = test_dir.path().join("backups");
    fs::create_dir(&directory).expect("a new directory");
    let file = directory.join("one.backup");
    let outcome = Outcome::of(backup(&world, &test_dir, &file, &[])).await;
    assert!(outcome.stdout_of_success().contains("The seal key is not in it: keep HANDSET_SEAL_KEY"), "{outcome:?}");
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(files(&directory), ["one.backup"]);
    let bytes = fs::read(&file).expect("it is readable");
    let header = bytes.split(|byte| *byte == b'\n').next().expect("a first line");
    let header: Value = serde_json::from_slice(header).expect("the first line is JSON");
    assert_eq!((&header["format"], &header["schema"]), (&json!("handset-backup"), &json!("public")), "{header}");
    assert_eq!(header["seal_key"], Value::Null);

    let again = Outcome::of(backup(&world, &test_dir, &file, &[])).await;
    assert!(again.error_message().contains("exists. Nothing was written"), "{again:?}");
    assert_eq!(fs::read(&file).expect("it is readable"), bytes);
    Outcome::of(backup(&world, &test_dir, &file, &["--overwrite"])).await.stdout_of_success();
    assert_ne!(fs::read(&file).expect("it is readable"), bytes);
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);

    // The dump can be taken out of it, and restored with pg_restore alone.
    let taken_out = format!("tail -n +2 {0} | head -c -94 > {0}.dump", file.display());
    assert!(Command::new("sh").args(["-c", &taken_out]).status().await.expect("sh runs").success());
    let mut list = program("pg_restore");
    list.arg("--list").arg(format!("{}.dump", file.display()));
    fs::set_permissions(format!("{}.dump", file.display()), Permissions::from_mode(0o644)).expect("it is ours");
    run(list).await;
}

#[tokio::test]
async fn a_place_that_cannot_be_written_to_is_an_error_and_leaves_nothing() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    for (place, message) in [
        (test_dir.path().join("missing/one.backup"), "cannot write"),
        (test_dir.path().to_owned(), "is no file"),
        ("/dev/full".into(), "is no file"),
    ] {
        let outcome = Outcome::of(backup(&world, &test_dir, &place, &["--overwrite"])).await;
        assert!(outcome.error_message().contains(message), "{outcome:?}");
    }
    let mut command = backup(&world, &test_dir, Path::new("-"), &[]);
    let full = File::options().write(true).open("/dev/full").expect("Unix has it");
    let process = command.stdout(full).stderr(Stdio::piped()).spawn().expect("it runs");
    let output = process.wait_with_output().await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write standard output: No space left"), "{said}");
    // A reader that goes away has no backup.
    let mut command = backup(&world, &test_dir, Path::new("-"), &[]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(process.stdout.take());
    let output = process.wait_with_output().await.expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{output:?}");

    let mut command = backup(&world, &test_dir, &test_dir.path().join("two.backup"), &["--include-seal-key"]);
    command.env("HANDSET_SEAL_KEY", "b3RoZXIga2V5IG90aGVyIGtleSBvdGhlciBrZXkhISE=");
    world.store.migrate().await.expect("it is migrated");
    let other = Outcome::of(command).await;
    assert!(other.error_message().contains("is not that of the database"), "{other:?}");
    let mut command = backup(&world, &test_dir, &test_dir.path().join("two.backup"), &["--include-seal-key"]);
    let none = Outcome::of({
        command.env_remove("HANDSET_SEAL_KEY");
        command
    })
    .await;
    assert!(none.error_message().contains("there is no seal key here"), "{none:?}");
    let nowhere = Outcome::of(handset_in(&test_dir, &["backup", "x.backup"])).await;
    assert!(nowhere.error_message().contains("there is no Handset data"), "{nowhere:?}");
    assert!(files(test_dir.path()).is_empty(), "{:?}", files(test_dir.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_while_servers_write_is_one_moment() {
    let (world, test_dir) = (Arc::new(World::with_connections(8).await), TestDir::new());
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|number| {
        let (world, stop) = (Arc::clone(&world), Arc::clone(&stop));
        tokio::spawn(async move {
            let person = world.person(&format!("p{number}")).await;
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                let phone = world.phone(&person).await;
                world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
                count += 1;
            }
            count
        })
    });
    let writers: Vec<_> = writers.collect();
    until_async("there are some", async || world.events("phone.deactivated").await.len() > 8).await;
    let file = test_dir.path().join("busy.backup");
    Outcome::of(backup(&world, &test_dir, &file, &[])).await.stdout_of_success();
    stop.store(true, Ordering::Relaxed);
    let mut written = 0;
    for writer in writers {
        written += writer.await.expect("the task does not panic");
    }

    let database = Database::empty(3).await;
    let mut command = handset_in(&test_dir, &["restore"]);
    command.arg(&file).env("DATABASE_URL", &database.url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await.stdout_of_success();
    let counted = query(
        &database.url,
        "select concat_ws(' ',
            (select count(*) from phone where deactivated_at is not null),
            (select count(distinct device_id) from event where event_type = 'phone.deactivated'),
            (select count(distinct subject_id) from audit where action = 'phone.deactivated'))",
    )
    .await;
    let counts: Vec<i32> = counted.split(' ').map(|count| count.parse().expect("a number")).collect();
    assert!(counts[0] >= 8 && counts[0] <= written && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

/// A Postgres that takes connections over TLS and with a password only, and the URL of its database.
async fn with_tls_and_password(test_dir: &TestDir) -> (Postgres, String) {
    let postgres = Postgres::primary(test_dir).await;
    migrate(&postgres.admin()).await;
    query(&postgres.admin(), "create role jane superuser login password 'p@ss: w''ord'").await;
    query(&postgres.admin(), "create database \"a = b\" template postgres").await;
    let data = test_dir.path().join("first");
    for (name, text) in [("server.crt", CERTIFICATE), ("server.key", KEY)] {
        let path = data.join(name);
        fs::write(&path, text).expect("there is room");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
        if let Some(user) = owner() {
            chown(&path, Some(user.uid), Some(user.gid)).expect("root may change the owner");
        }
    }
    let root = test_dir.path().join("root.crt");
    fs::write(&root, CERTIFICATE).expect("there is room");
    query(&postgres.admin(), "alter system set ssl = on").await;
    let rules = "hostssl all jane 127.0.0.1/32 scram-sha-256\nhost all handset 127.0.0.1/32 trust\n";
    fs::write(data.join("pg_hba.conf"), rules).expect("there is room");
    query(&postgres.admin(), "select pg_reload_conf()::text").await;
    let settings = format!("sslmode=verify-full&sslrootcert={}&statement-cache-capacity=10", root.display());
    let url = format!("postgres://jane:p%40ss%3A%20w%27ord@localhost:{}/a%20%3D%20b?{settings}", postgres.port);
    until_async("it speaks TLS", async || PgConnection::connect(&url).await.is_ok()).await;
    (postgres, url)
}

/// The command lines of all processes whose program has this name and whose parent is `parent`.
fn command_lines(parent: u32) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let line = |pid: &str| fs::read_to_string(format!("/proc/{pid}/cmdline")).ok().map(|line| line.replace('\0', " "));
    children.split_whitespace().filter_map(line).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_backup_over_tls_hides_the_password_and_leaves_no_file_if_it_is_ended() {
    let test_dir = TestDir::new();
    let (postgres, url) = with_tls_and_password(&test_dir).await;
    let directory = owned(&test_dir.path().join("backups"));
    let file = directory.join("one.backup");
    let backup = |environment: &[(&str, &str)]| {
        let mut command = handset_in(&test_dir, &["backup"]);
        command.arg(&file).env("DATABASE_URL", &url).env("HANDSET_SEAL_KEY", SEAL_KEY);
        command.envs(environment.iter().copied());
        command
    };
    let mut lock_holder = PgConnection::connect(&url).await.expect("it accepts");
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGKILL] {
        let mut lock = lock_holder.begin().await.expect("a transaction");
        sqlx::query("lock table phone").execute(&mut *lock).await.expect("the lock");
        let mut process = backup(&[]).stderr(Stdio::piped()).spawn().expect("it runs");
        let pid = process.id().expect("it runs");
        until_async("pg_dump waits", async || {
            let waiting = "select exists (select from pg_stat_activity
                where application_name = 'handset-backup' and wait_event_type = 'Lock')::text";
            query(&postgres.admin(), waiting).await == "true"
        })
        .await;
        let lines = command_lines(pid);
        assert!(lines.iter().any(|line| line.contains("pg_dump") && !line.contains("p@ss")), "{lines:?}");
        assert_eq!(files(&directory).len(), 1);
        kill(Pid::from_raw(pid.try_into().expect("a pid fits")), signal).expect("it runs");
        let ended = process.wait().await.expect("it is our child");
        assert!(!file.exists(), "{signal}");
        lock.rollback().await.expect("the lock is released");
        match signal {
            // What is left has another name.
            Signal::SIGKILL => assert!(files(&directory).iter().all(|name| name.ends_with(".partial"))),
            _ => assert_eq!((ended.code(), files(&directory).len()), (Some(1), 0)),
        }
        until_async("pg_dump has ended", async || {
            let left = "select exists (select from pg_stat_activity where application_name = 'handset-backup')::text";
            query(&postgres.admin(), left).await == "false"
        })
        .await;
    }
    lock_holder.close().await.expect("it stands");
    Outcome::of(backup(&[])).await.stdout_of_success();
    // Variables of libpq do not replace what the URL says.
    fs::remove_file(&file).expect("it is there");
    Outcome::of(backup(&[("PGPORT", "1"), ("PGHOSTADDR", "192.0.2.1"), ("PGDATABASE", "x"), ("PGUSER", "x")]))
        .await
        .stdout_of_success();
    let restored = url.replace("a%20%3D%20b", "restored");
    query(&postgres.admin(), "create database restored").await;
    let mut command = handset_in(&test_dir, &["restore"]);
    command.arg(&file).env("DATABASE_URL", &restored).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await.stdout_of_success();
    until("no process of it is left", || command_lines(std::process::id()).iter().all(|line| !line.contains("pg_")))
        .await;
}
