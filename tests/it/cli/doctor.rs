//! `handset doctor`: finds what is wrong, says what to do, and changes nothing.

use crate::support::certificate::{CERTIFICATE, KEY};
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, handset_in, operator, operator_command};
use crate::support::receiver::Receiver;
use crate::support::world::{World, list, text};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::fs;
use std::process::Command;

/// The checks of an outcome, by name: state, message and advice.
#[track_caller]
fn check(outcome: &Outcome, name: &str) -> (String, String, Option<String>) {
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|fault| panic!("{fault}: {outcome:?}"));
    let checks = list(&report["checks"]);
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"));
    (text(&check["state"]), text(&check["message"]), check["advice"].as_str().map(str::to_owned))
}

#[track_caller]
fn failed(outcome: &Outcome, name: &str, words: &str) {
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    let (state, message, advice) = check(outcome, name);
    assert_eq!(state, "failed", "{name}: {message}");
    assert!(message.contains(words), "{name}: {message}");
    assert!(advice.is_some_and(|advice| !advice.is_empty()), "{name} says what to do");
}

#[tokio::test]
async fn doctor_finds_a_healthy_server_healthy() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    world.key().post("/webhooks/create", json!({ "url": receiver.url() })).await.ok();
    let arguments = ["doctor", "--webhook-allow", "127.0.0.0/8", "--max-connections", "10", "--json"];
    let outcome = operator(&world, &arguments).await;
    assert_eq!(outcome.json()["ok"], true);
    for (name, state) in [
        ("database", "ok"),
        ("schema", "ok"),
        ("time", "ok"),
        ("cluster", "skipped"),
        ("seal key", "ok"),
        ("webhooks", "ok"),
        ("certificate", "skipped"),
        ("open files", "ok"),
        ("disk space", "skipped"),
    ] {
        assert_eq!(check(&outcome, name).0, state, "{name}: {outcome:?}");
    }
    let printed = operator(&world, &["doctor", "--webhook-allow", "127.0.0.0/8", "--max-connections", "10"]).await;
    assert!(printed.stdout_of_success().contains("it opens the sealed secrets"), "{printed:?}");
}

#[tokio::test]
async fn doctor_finds_what_is_wrong_and_says_what_to_do() {
    let world = World::new().await;
    world.key().post("/webhooks/create", json!({ "url": "https://hook.invalid/secret-path" })).await.ok();
    let outcome = operator(&world, &["doctor", "--json"]).await;
    failed(&outcome, "webhooks", "hook.invalid: ");
    assert!(!outcome.stdout.contains("secret-path"), "{outcome:?}");
    let loopback = Receiver::new().await;
    world.key().post("/webhooks/create", json!({ "url": loopback.url() })).await.ok();
    failed(&operator(&world, &["doctor", "--json"]).await, "webhooks", "2 of 2 receivers cannot be reached");

    let test_dir = TestDir::new();
    let other_key = ["--seal-key", "b3RoZXIga2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM="];
    let mut command = handset_in(&test_dir, &["doctor", "--json"]);
    command.args(other_key).env("DATABASE_URL", &world.database_url);
    failed(&Outcome::of(command).await, "seal key", "another key");
    let mut command = handset_in(&test_dir, &["doctor", "--json"]);
    command.env("DATABASE_URL", &world.database_url);
    failed(&Outcome::of(command).await, "seal key", "there is no seal key");
    assert!(!test_dir.data().join("seal.key").exists(), "it generates none");

    sqlx::query("delete from _sqlx_migrations where version = 43")
        .execute(&mut world.database().await)
        .await
        .expect("it is ours");
    failed(&operator(&world, &["doctor", "--json"]).await, "schema", "migrations");
    sqlx::query("drop table _sqlx_migrations cascade").execute(&mut world.database().await).await.expect("it is ours");
    let foreign = operator(&world, &["doctor", "--json"]).await;
    failed(&foreign, "schema", "not Handset's");
    assert_eq!(check(&foreign, "seal key").0, "skipped");
    let mut command = operator_command(&world, &test_dir, &["doctor", "--json"]);
    command.env("DATABASE_URL", "postgres://user@127.0.0.1:1/nothing");
    let outcome = Outcome::of(command).await;
    failed(&outcome, "database", "does not answer");
    assert_eq!(check(&outcome, "webhooks").0, "skipped");
}

#[tokio::test]
async fn doctor_opens_a_sealed_secret_of_each_kind() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.key().post("/webhooks/create", json!({ "url": "https://hook.invalid" })).await.ok();
    let code = json!({ "user_identity_id": jane, "access_method": "code", "code": "0123" });
    world.key().post("/acs/credentials/create", code).await.ok();
    world.key().post("/user_identities/generate_instant_key", json!({ "user_identity_id": jane })).await.ok();
    let sip = json!({ "termination_uri": "sip.example.com" });
    let import = json!({ "phone_number": "+34675897654", "sip_config": sip });
    world.key().post("/v1/phone/import", import).await.phone_number();
    let mut database = world.database().await;
    for (table, column) in [
        ("webhook", "secret_sealed"),
        ("client_session", "token_sealed"),
        ("credential", "code_sealed"),
        ("instant_key", "code_sealed"),
        ("number_register", "sip_config_sealed"),
    ] {
        let outcome = operator(&world, &["doctor", "--json"]).await;
        assert_eq!(check(&outcome, "seal key").0, "ok", "{table}: {outcome:?}");
        let change = |bytes: &str| AssertSqlSafe(format!("update {table} set {column} = {bytes}"));
        sqlx::query(change(&format!("'\\x00'::bytea || {column}")))
            .execute(&mut database)
            .await
            .expect("it is damaged");
        failed(&operator(&world, &["doctor", "--json"]).await, "seal key", "a sealed secret does not open");
        sqlx::query(change(&format!("substr({column}, 2)"))).execute(&mut database).await.expect("it is mended");
    }
}

#[tokio::test]
async fn doctor_checks_the_private_postgres_with_and_without_a_server() {
    let test_dir = TestDir::new();
    let none = Outcome::of(handset_in(&test_dir, &["doctor", "--json"])).await;
    failed(&none, "database", "handset serve --data-dir");
    assert!(!test_dir.data().exists(), "nothing was created");
    let server = Server::start(&test_dir).await;
    let run = async || Outcome::of(handset_in(&test_dir, &["doctor", "--max-connections", "10", "--json"])).await;
    let outcome = run().await;
    assert_eq!(outcome.json()["ok"], true, "{outcome:?}");
    assert!(check(&outcome, "disk space").1.contains("MiB are free"), "{outcome:?}");
    server.stop().await;
    assert_eq!(run().await.json()["ok"], true);
    assert!(!test_dir.is_busy(), "its Postgres has stopped");
}

#[tokio::test]
async fn doctor_checks_the_certificate() {
    let world = World::new().await;
    let test_dir = TestDir::new();
    let path = |name: &str| test_dir.path().join(name).to_str().expect("a path is text").to_owned();
    let write = |name: &str, content: &str| fs::write(path(name), content).expect("a file");
    write("chain.pem", CERTIFICATE);
    write("key.pem", KEY);
    let run = async |chain: &str, key: &str, url: &str| {
        let (chain, key) = (path(chain), path(key));
        let arguments = ["doctor", "--json", "--max-connections", "10", "--tls-cert", &chain, "--tls-key", &key];
        operator(&world, &[&arguments[..], &["--public-url", url]].concat()).await
    };
    let good = run("chain.pem", "key.pem", "https://localhost:8443").await;
    assert_eq!(good.json()["ok"], true, "{good:?}");
    assert!(check(&good, "certificate").1.contains("2126"), "{good:?}");
    failed(
        &run("chain.pem", "key.pem", "https://phones.example.com").await,
        "certificate",
        "not for phones.example.com",
    );
    failed(&run("missing.pem", "key.pem", "https://localhost").await, "certificate", "cannot read");
    let make = |name: &str, days: &str| {
        let (certificate, key) = (path(&format!("{name}.pem")), path(&format!("{name}.key")));
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=localhost",
            ])
            .args(["-addext", "subjectAltName=DNS:localhost", "-days", days, "-keyout", &key, "-out", &certificate])
            .output()
            .expect("openssl runs");
        assert!(made.status.success(), "{made:?}");
    };
    make("soon", "3");
    let soon = run("soon.pem", "soon.key", "https://localhost").await;
    assert_eq!(check(&soon, "certificate").0, "warning", "{soon:?}");
    failed(&run("soon.pem", "key.pem", "https://localhost").await, "certificate", "do not work together");
}
