//! `handset restore`: what is restored, into what, and what is refused before anything is changed.

use crate::support::durable_postgres::serve;
use crate::support::numbers::number;
use crate::support::private_postgres::{TestDir, query};
use crate::support::program::{Outcome, Server, admin, handset_in, operator_command};
use crate::support::shared_postgres::Database;
use crate::support::webhook_worker::Webhook;
use crate::support::world::{SEAL_KEY, World, list, text};
use handset::postgres;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// A backup of a world.
async fn backup_of(world: &World, test_dir: &TestDir, arguments: &[&str]) -> PathBuf {
    let file = test_dir.path().join("world.backup");
    let mut command = operator_command(world, test_dir, &["backup", "--json"]);
    command.arg(&file).args(arguments);
    Outcome::of(command).await.json();
    file
}

/// The command that restores a file into a database.
fn restore(database: &Database, test_dir: &TestDir, file: &Path, arguments: &[&str]) -> Command {
    let mut command = handset_in(test_dir, &["restore"]);
    command.arg(file).args(arguments).env("DATABASE_URL", &database.url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    command
}

async fn audit_of(database_url: &str) -> Vec<Value> {
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, &["audit", "--json"]);
    command.env("DATABASE_URL", database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    let outcome = Outcome::of(command).await;
    outcome.stdout_of_success().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Number of relations in the database that are not Postgres's own.
async fn relations(database: &Database) -> String {
    query(&database.url, "select count(*)::text from pg_class where relnamespace = 'public'::regnamespace").await
}

#[tokio::test]
async fn a_restored_database_has_all_that_was_there_and_the_guard_of_the_audit_trail() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    let (lost, kept) = (world.phone(&jane).await, world.phone(&jane).await);
    world.phone(&joe).await;
    world.sync_credential(&jane).await;
    let session = text(&world.client_session(json!({ "user_identity_id": jane })).await["token"]);
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    let imported = world.import_number(&number(1)).await;
    world.key().post("/phones/deactivate", json!({ "device_id": lost })).await.ok();
    let file = backup_of(&world, &test_dir, &[]).await;

    let database = Database::empty(6).await;
    let outcome = Outcome::of(restore(&database, &test_dir, &file, &[])).await;
    let printed = outcome.stdout_of_success();
    assert!(printed.contains("1 webhook delivery") && printed.contains("not in it"), "{printed}");
    assert_eq!(audit_of(&database.url).await, audit_of(&world.database_url).await);
    for refused in ["update audit set action = ''", "delete from audit", "truncate audit"] {
        let mut connection = PgConnection::connect(&database.url).await.expect("it accepts");
        let fault = sqlx::query(refused).execute(&mut connection).await.expect_err("the trail is guarded").to_string();
        assert!(fault.contains("audit"), "{refused}: {fault}");
    }
    let may = "select has_function_privilege('public', 'forget_audit(timestamptz, bigint)', 'execute')::text";
    assert_eq!(query(&database.url, may).await, "false");

    let server = serve(&database.url, 4, &test_dir).await;
    let key = server.client(world.api_key.reveal());
    for path in ["/phones/list", "/user_identities/list", "/acs/credentials/list", "/client_sessions/list"] {
        assert_eq!(key.get(path).await.ok(), world.key().get(path).await.ok(), "{path}");
    }
    let events = key.post("/events/list", json!({ "since": "2000-01-01", "limit": 1_000 })).await.ok();
    let known = world.key().post("/events/list", json!({ "since": "2000-01-01", "limit": 1_000 })).await.ok();
    assert_eq!(events["events"], known["events"]);
    let found = key.post("/webhooks/get", json!({ "webhook_id": webhook.id })).await.ok();
    assert_eq!(found["webhook"]["secret"], json!(webhook.secret));
    assert_eq!(key.get(&format!("/v1/phone/{}", text(&imported["id"]))).await.phone_number(), imported);
    // The deactivated phone is off for its user, too.
    let app = server.client(&session);
    let seen = list(&app.get("/devices/list").await.ok()["devices"]);
    assert_eq!(seen.iter().map(|phone| text(&phone["device_id"])).collect::<Vec<_>>(), [kept]);
    app.post("/devices/get", json!({ "device_id": lost })).await.refused(404, "device_not_found");
    server.stop().await;
}

#[tokio::test]
async fn a_private_postgres_is_backed_up_while_it_serves_and_restored_with_its_seal_key() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let (key, file) = (server.client(&server.demo_key()), test_dir.path().join("demo.backup"));
    let webhook = json!({ "url": "https://example.com/hook", "event_types": ["phone.registered"] });
    let webhook = key.post("/webhooks/create", webhook).await.ok()["webhook"].clone();
    let path = file.to_str().expect("a path is text");
    let written = admin(&test_dir, &["backup", path, "--include-seal-key"]).await;
    assert_eq!((&written["seal_key_included"], &written["schema"]), (&json!(true), &json!("public")), "{written}");
    assert_eq!(written["bytes"], json!(fs::metadata(&file).expect("it is there").len()));
    let phones = key.get("/phones/list").await.ok();
    server.stop().await;
    // Also without a server.
    admin(&test_dir, &["backup", path, "--overwrite", "--include-seal-key"]).await;

    let other = TestDir::new();
    let restored = admin(&other, &["restore", path]).await;
    assert_eq!(restored["seal_key_file"], json!(other.data().join("seal.key")));
    let key_in = |test_dir: &TestDir| fs::read_to_string(test_dir.data().join("seal.key")).expect("there is a key");
    assert_eq!(key_in(&other), key_in(&test_dir));
    let copy = Server::start(&other).await;
    assert!(!copy.has_demo(), "{}", copy.greeting);
    let demo_key = admin(&other, &["key", "create", "--workspace", "Demo"]).await;
    let copied = copy.client(&text(&demo_key["api_key"]));
    assert_eq!(copied.get("/phones/list").await.ok(), phones);
    let found = copied.post("/webhooks/get", json!({ "webhook_id": webhook["webhook_id"] })).await.ok();
    assert_eq!(found["webhook"]["secret"], webhook["secret"]);

    // Neither a running nor a stopped one is replaced.
    let again = || Outcome::of(handset_in(&other, &["restore", path]));
    assert!(again().await.error_message().contains("has Handset's tables already. Nothing was changed"));
    copy.stop().await;
    assert!(again().await.error_message().contains("has Handset's tables already. Nothing was changed"));
    assert!(!other.is_busy(), "its Postgres has stopped");
}

#[tokio::test]
async fn a_schema_is_restored_from_standard_input_into_a_schema_of_that_name() {
    let (database, test_dir) = (Database::empty(6).await, TestDir::new());
    query(&database.url, "create table of_another_program (id bigint)").await;
    let mut migrate = handset_in(&test_dir, &["workspace", "create", "Acme", "--schema", "handset"]);
    migrate.env("DATABASE_URL", &database.url);
    Outcome::of(migrate).await.stdout_of_success();
    let mut command = handset_in(&test_dir, &["backup", "-", "--schema", "handset"]);
    command.env("DATABASE_URL", &database.url);
    let output = command.output().await.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("keep"), "{output:?}");

    let target = Database::empty(6).await;
    let restore = async |schema: &[&str], bytes: &[u8]| {
        let mut command = handset_in(&test_dir, &["restore", "-"]);
        command.args(schema).env("DATABASE_URL", &target.url).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::piped()).spawn().expect("it runs");
        let (mut input, bytes) = (process.stdin.take().expect("it is piped"), bytes.to_vec());
        // It may end before it has read all.
        let fed = tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut input, &bytes).await });
        let ended = process.wait_with_output().await.expect("it ends");
        let _ = fed.await.expect("the task does not panic");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        Outcome { status: ended.status, stdout: text(ended.stdout), stderr: text(ended.stderr) }
    };
    let outcome = restore(&[], &output.stdout).await;
    assert!(outcome.error_message().contains("--schema handset"), "{outcome:?}");
    // Without its end, nothing of it is there.
    let outcome = restore(&["--schema", "handset"], &output.stdout[..output.stdout.len() - 1]).await;
    assert!(outcome.error_message().contains("truncated"), "{outcome:?}");
    let exists = "select (to_regnamespace('handset') is not null)::text";
    assert_eq!(query(&target.url, exists).await, "false");
    restore(&["--schema", "handset"], &output.stdout).await.stdout_of_success();
    assert_eq!(query(&target.url, "select name from handset.workspace").await, "Acme");
    assert_eq!(relations(&target).await, "0");
    // Into an empty schema that exists, too.
    query(&target.url, "drop schema handset cascade").await;
    query(&target.url, "create schema handset").await;
    restore(&["--schema", "handset"], &output.stdout).await.stdout_of_success();
    assert_eq!(query(&target.url, "select name from handset.workspace").await, "Acme");
}

#[tokio::test]
async fn pending_deliveries_are_dropped_if_the_operator_says_so() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    let phone = world.phone(&world.person("jane").await).await;
    world.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    let file = backup_of(&world, &test_dir, &[]).await;
    let database = Database::empty(6).await;
    let outcome = Outcome::of(restore(&database, &test_dir, &file, &["--drop-pending-deliveries"])).await;
    assert!(outcome.stdout_of_success().contains("1 webhook delivery that was pending was dropped"), "{outcome:?}");
    let server = serve(&database.url, 3, &test_dir).await;
    let restored = server.client(world.api_key.reveal());
    let found = restored.post("/webhooks/list_deliveries", json!({ "webhook_id": webhook.id })).await.ok();
    let deliveries = list(&found["webhook_deliveries"]);
    assert_eq!(deliveries.iter().map(|delivery| text(&delivery["status"])).collect::<Vec<_>>(), ["failed"]);
    server.stop().await;
}

#[tokio::test]
async fn a_backup_that_is_not_whole_not_ours_or_too_new_changes_nothing() {
    let (world, test_dir) = (World::new().await, TestDir::new());
    world.phone(&world.person("jane").await).await;
    let file = backup_of(&world, &test_dir, &[]).await;
    let whole = fs::read(&file).expect("it is there");
    let end_of_header = whole.iter().position(|byte| *byte == b'\n').expect("a first line");
    let header: Value = serde_json::from_slice(&whole[..end_of_header]).expect("the first line is JSON");
    let newer = json!({ "last_migration": 99_990_001, "handset": "9.9.9" });
    let mut newer_header = header.as_object().expect("an object").clone();
    newer_header.extend(newer.as_object().expect("an object").clone());
    let newer = [serde_json::to_vec(&newer_header).expect("JSON"), whole[end_of_header..].to_vec()].concat();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    let database = Database::empty(3).await;
    for (name, bytes, message) in [
        ("truncated", whole[..whole.len() - 1000].to_vec(), "is truncated"),
        ("damaged", damaged, "is damaged"),
        ("empty", Vec::new(), "no backup that `handset backup` has written"),
        ("foreign", b"create table phone ();\n".repeat(9_000), "no backup that `handset backup` has written"),
        ("dump", whole[end_of_header + 1..].to_vec(), "restore it with pg_restore"),
        ("newer", newer, "written by Handset 9.9.9, which is newer"),
    ] {
        let path = test_dir.path().join(name);
        fs::write(&path, bytes).expect("there is room");
        let outcome = Outcome::of(restore(&database, &test_dir, &path, &[])).await;
        assert!(outcome.error_message().contains(message), "{name}: {outcome:?}");
        assert!(outcome.error_message().contains("Nothing was changed"), "{name}: {outcome:?}");
        assert_eq!(relations(&database).await, "0", "{name}");
        // Nor is a data directory created.
        let other = TestDir::new();
        let mut command = handset_in(&other, &["restore"]);
        Outcome::of({
            command.arg(&path).env("HANDSET_SEAL_KEY", SEAL_KEY);
            command
        })
        .await
        .error_message();
        assert!(!other.data().exists(), "{name}");
    }
    let missing = Outcome::of(restore(&database, &test_dir, Path::new("/nowhere/x.backup"), &[])).await;
    assert!(missing.error_message().contains("cannot read /nowhere/x.backup"), "{missing:?}");
    let checked = Outcome::of(restore(&database, &test_dir, &file, &["--check"])).await;
    assert!(checked.stdout_of_success().contains("is whole"), "{checked:?}");
    assert_eq!(relations(&database).await, "0");
}

#[tokio::test]
async fn a_backup_without_its_seal_key_needs_that_key_and_no_other() {
    let (world, test_dir, database) = (World::new().await, TestDir::new(), Database::empty(3).await);
    Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    // As a server does at its start.
    world.store.migrate().await.expect("it is migrated");
    let file = backup_of(&world, &test_dir, &[]).await;
    assert!(!String::from_utf8_lossy(&fs::read(&file).expect("it is there")).contains(SEAL_KEY));
    let mut command = restore(&database, &test_dir, &file, &[]);
    command.env_remove("HANDSET_SEAL_KEY");
    let without = Outcome::of(command).await;
    let message = without.error_message();
    assert!(message.contains("not in this backup") && message.contains("HANDSET_SEAL_KEY"), "{message}");
    let mut command = restore(&database, &test_dir, &file, &[]);
    command.env("HANDSET_SEAL_KEY", "b3RoZXIga2V5IG90aGVyIGtleSBvdGhlciBrZXkhISE=");
    let other = Outcome::of(command).await;
    assert!(other.error_message().contains("is not that of the backup. Nothing was changed"), "{other:?}");
    assert_eq!(relations(&database).await, "0");
    assert!(!test_dir.data().join("seal.key").exists());

    // A backup with the key does not replace another one, either.
    let file = test_dir.path().join("with-key.backup");
    let mut command = operator_command(&world, &test_dir, &["backup", "--include-seal-key"]);
    command.arg(&file);
    let outcome = Outcome::of(command).await;
    assert!(outcome.stdout_of_success().contains("keep it as a secret"), "{outcome:?}");
    let mut command = restore(&database, &test_dir, &file, &[]);
    command.env("HANDSET_SEAL_KEY", "b3RoZXIga2V5IG90aGVyIGtleSBvdGhlciBrZXkhISE=");
    assert!(Outcome::of(command).await.error_message().contains("is not that of the backup"));
    let mut command = restore(&database, &test_dir, &file, &[]);
    command.env_remove("HANDSET_SEAL_KEY");
    Outcome::of(command).await.stdout_of_success();
    assert_eq!(fs::read_to_string(test_dir.data().join("seal.key")).expect("it is stored").trim(), SEAL_KEY);
}

#[tokio::test]
async fn an_older_backup_is_migrated_and_an_empty_database_is_not_backed_up() {
    let (old, test_dir) = (Database::empty(3).await, TestDir::new());
    let backup = |file: &str| {
        let mut command = handset_in(&test_dir, &["backup"]);
        command.arg(test_dir.path().join(file)).env("DATABASE_URL", &old.url);
        command
    };
    let empty = Outcome::of(backup("empty")).await;
    assert!(empty.error_message().contains("nothing to back up"), "{empty:?}");
    assert!(!test_dir.path().join("empty").exists());

    let mut migrator = sqlx::migrate!();
    let newest = migrator.iter().map(|step| step.version).max().expect("there are some");
    migrator.migrations = migrator.iter().filter(|step| step.version <= 40).cloned().collect();
    let mut connection = PgConnection::connect(&old.url).await.expect("it accepts");
    migrator.run(&mut connection).await.expect("the migrations are right");
    Outcome::of(backup("old")).await.stdout_of_success();
    let last = "select max(version)::text from _sqlx_migrations";
    assert_eq!(query(&old.url, last).await, "40", "a backup migrates nothing");

    let database = Database::empty(3).await;
    Outcome::of(restore(&database, &test_dir, &test_dir.path().join("old"), &[])).await.stdout_of_success();
    assert_eq!(query(&database.url, last).await, newest.to_string());
}

#[tokio::test]
async fn a_database_of_another_program_is_not_restored_into() {
    let (world, test_dir, database) = (World::new().await, TestDir::new(), Database::empty(3).await);
    let file = backup_of(&world, &test_dir, &[]).await;
    query(&database.url, "create table of_another_program (id bigint)").await;
    let outcome = Outcome::of(restore(&database, &test_dir, &file, &[])).await;
    assert!(outcome.error_message().contains("in use by another program"), "{outcome:?}");
    assert_eq!(relations(&database).await, "1");
    // A restore that Postgres refuses leaves nothing: a name of a type is taken.
    let taken = Database::empty(3).await;
    query(&taken.url, "create type webhook as (id bigint)").await;
    let outcome = Outcome::of(restore(&taken, &test_dir, &file, &[])).await;
    assert!(outcome.error_message().contains("pg_restore failed"), "{outcome:?}");
    assert_eq!(query(&taken.url, "select count(*)::text from pg_class where relname = 'phone'").await, "0");
    assert!(postgres::binaries::clients::ClientPrograms::find(99).is_err());
}
