//! `handset user`: passwords and voice of persons, set by the operator.

use crate::support::client::{Client, Response};
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, admin, handset_in};
use crate::support::world::text;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// A running server with one person; returns a client with an API key, and the person's id.
async fn with_person(test_dir: &TestDir) -> (Server, Client, String) {
    let server = Server::start(test_dir).await;
    admin(test_dir, &["workspace", "create", "Acme"]).await;
    let key = admin(test_dir, &["key", "create", "--workspace", "Acme"]).await;
    let key = server.client(&text(&key["api_key"]));
    let created = key.post("/user_identities/create", json!({ "email_address": "jane@example.com" })).await.ok();
    (server, key, text(&created["user_identity"]["user_identity_id"]))
}

/// Runs a command with this input.
async fn reading(mut command: Command, input: &str) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("it runs");
    let mut stdin = process.stdin.take().expect("it is piped");
    // A command that fails at once may not read it.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = process.wait_with_output().await.expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    Outcome { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

async fn set_password(test_dir: &TestDir, arguments: &[&str], input: &str) -> Outcome {
    reading(handset_in(test_dir, &[&["user", "set-password"][..], arguments].concat()), input).await
}

async fn sign_in(server: &Server, password: &str) -> Response {
    let form = format!("grant_type=password&username=jane@example.com&password={}", password.replace(' ', "+"));
    let kind = "application/x-www-form-urlencoded";
    Client::new(&server.url).bytes("/webticket/oauthtoken", Some(kind), form).await
}

#[tokio::test]
async fn set_password_reads_standard_input_and_works_at_once() {
    let test_dir = TestDir::new();
    let (server, _key, jane) = with_person(&test_dir).await;
    assert_eq!(sign_in(&server, "correct horse").await.status, 400);
    let actual = set_password(&test_dir, &[&jane, "--json"], "correct horse\nanything else\n").await;
    assert_eq!(actual.json(), json!({ "user_identity_id": jane, "password_set": true }));
    assert_eq!(sign_in(&server, "correct horse").await.status, 200);
    // A new password replaces the old one; a line may end with CR LF, or without a line end.
    for (input, password) in [("battery staple\r\n", "battery staple"), ("last one", "last one")] {
        let actual = set_password(&test_dir, &[&jane, "--password-stdin"], input).await;
        assert!(!actual.stdout_of_success().contains(password), "{actual:?}");
        assert_eq!(sign_in(&server, password).await.status, 200);
        assert_eq!(sign_in(&server, "correct horse").await.status, 400);
    }
    let log = server.stop().await;
    assert!(!log.contains("last one"), "{log}");
}

#[tokio::test]
async fn set_password_ends_the_tokens_got_with_the_old_one_and_is_audited() {
    let test_dir = TestDir::new();
    let (server, _key, jane) = with_person(&test_dir).await;
    set_password(&test_dir, &[&jane], "correct horse").await.stdout_of_success();
    let signed_in = sign_in(&server, "correct horse").await;
    let client = server.client(&text(&signed_in.body["access_token"]));
    assert_eq!(client.get("/me").await.status, 200);
    set_password(&test_dir, &[&jane], "battery staple").await.stdout_of_success();
    assert_eq!(client.get("/me").await.status, 401);
    let trail = Outcome::of(handset_in(&test_dir, &["audit", "--workspace", "Acme", "--json"])).await;
    let rows: Vec<Value> =
        trail.stdout_of_success().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    for (row, ended) in rows.iter().zip([0, 1]) {
        assert_eq!((&row["action"], &row["subject_id"]), (&json!("user_identity.password_set"), &json!(jane)));
        assert_eq!(
            (&row["credential_kind"], &row["after"]["client_sessions_ended"]),
            (&json!("operator"), &json!(ended))
        );
    }
    assert!(!trail.stdout.contains("argon2") && !trail.stdout.contains("horse"), "{trail:?}");
    let table = Outcome::of(handset_in(&test_dir, &["audit", "--workspace", "Acme"])).await;
    assert!(table.stdout_of_success().contains("user_identity.password_set"), "{table:?}");
    server.stop().await;
}

#[tokio::test]
async fn an_invalid_password_changes_nothing() {
    let test_dir = TestDir::new();
    let (server, _key, jane) = with_person(&test_dir).await;
    set_password(&test_dir, &[&jane], "correct horse").await.stdout_of_success();
    for (arguments, input, words) in [
        (&[jane.as_str()][..], "1234567\n", "a password has at least 8 characters"),
        (&[&jane], "", "a password has at least 8 characters"),
        (&[&jane], &"x".repeat(257), "a password has at most 256 characters"),
        (&[UNKNOWN], "correct horse", "there is no user identity 00000000-0000-4000-8000-000000000000"),
    ] {
        let outcome = set_password(&test_dir, arguments, input).await;
        assert!(outcome.error_message().starts_with(words), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
    }
    let outcome = set_password(&test_dir, &["jane"], "correct horse").await;
    assert_eq!(outcome.status.code(), Some(2), "that is not an id: {outcome:?}");
    assert_eq!(sign_in(&server, "correct horse").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn set_voice_turns_enterprise_voice_off_and_on() {
    let test_dir = TestDir::new();
    let (server, key, jane) = with_person(&test_dir).await;
    let phones = key.with("x-ucwa-user", &jane);
    let set = async |client: &str| -> Value { admin(&test_dir, &["user", "set-voice", &jane, client]).await };
    assert_eq!(phones.get("/me/phones").await.status, 200);
    for _ in 0..2 {
        assert_eq!(set("off").await, json!({ "user_identity_id": jane, "enterprise_voice_enabled": false }));
        assert_eq!(phones.get("/me/phones").await.status, 403);
    }
    assert_eq!(set("on").await, json!({ "user_identity_id": jane, "enterprise_voice_enabled": true }));
    assert_eq!(phones.get("/me/phones").await.status, 200);
    let outcome = Outcome::of(handset_in(&test_dir, &["user", "set-voice", UNKNOWN, "off"])).await;
    assert!(outcome.error_message().starts_with("there is no user identity"), "{outcome:?}");
    for wrong in [&["user", "set-voice", &jane, "loud"][..], &["user", "set-voice", &jane]] {
        assert_eq!(Outcome::of(handset_in(&test_dir, wrong)).await.status.code(), Some(2));
    }
    server.stop().await;
}
