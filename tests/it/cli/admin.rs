//! Administration of workspaces and credentials, with and without a running server.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, admin, handset_in};
use crate::support::world::text;
use serde_json::{Value, json};

/// Output of the commands that create things.
struct CreatedCredentials {
    workspace: Value,
    key: Value,
    token: Value,
    console: Value,
}

async fn create_credentials(test_dir: &TestDir) -> CreatedCredentials {
    let workspace = admin(test_dir, &["workspace", "create", "Acme Corp", "--sandbox"]).await;
    let key = admin(test_dir, &["key", "create", "--workspace", "Acme Corp", "--name", "curl"]).await;
    let id = text(&workspace["workspace_id"]);
    let token = admin(test_dir, &["token", "create", "--workspace", &id, "--name", "me"]).await;
    let console = admin(test_dir, &["console-session", "create", "--workspace", &id, "--hours", "1"]).await;
    CreatedCredentials { workspace, key, token, console }
}

async fn all_are_accepted(server: &Server, made: &CreatedCredentials) {
    let id = text(&made.workspace["workspace_id"]);
    for (client, what) in [
        (server.client(&text(&made.key["api_key"])), "key"),
        (server.client(&text(&made.token["access_token"])).in_workspace(&id), "token"),
        (server.client(&text(&made.console["console_session_token"])).in_workspace(&id), "console session"),
    ] {
        let returned = client.get("/workspaces/get").await.ok();
        assert_eq!(returned["workspace"]["workspace_id"], id, "{what}");
        assert_eq!(returned["workspace"]["publishable_key"], made.workspace["publishable_key"], "{what}");
    }
}

#[tokio::test]
async fn credentials_created_beside_a_running_server_work_at_once() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let made = create_credentials(&test_dir).await;
    all_are_accepted(&server, &made).await;
    server.stop().await;
}

#[tokio::test]
async fn credentials_created_without_a_server_work_on_the_next_one() {
    let test_dir = TestDir::with_empty_database().await;
    let migrated = admin(&test_dir, &["migrate"]).await;
    assert_eq!(migrated, json!({ "migrated": true }));
    assert!(!test_dir.is_busy(), "Postgres stops with the command");
    let made = create_credentials(&test_dir).await;
    assert!(!test_dir.is_busy());
    let server = Server::start(&test_dir).await;
    assert!(!server.has_demo(), "the database was not empty");
    all_are_accepted(&server, &made).await;
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_credential_is_refused_at_once_by_the_running_server() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let made = create_credentials(&test_dir).await;
    let id = text(&made.workspace["workspace_id"]);
    let key = server.client(&text(&made.key["api_key"]));
    key.get("/phones/list").await.ok();
    let key_id = text(&made.key["api_key_id"]);
    for _ in 0..2 {
        let revoked = admin(&test_dir, &["key", "revoke", &key_id]).await;
        assert_eq!(revoked, json!({ "api_key_id": key_id, "revoked": true }));
        key.get("/phones/list").await.refused(401, "unauthorized");
    }
    // By the secret itself.
    let token = server.client(&text(&made.token["access_token"])).in_workspace(&id);
    token.get("/phones/list").await.ok();
    admin(&test_dir, &["token", "revoke", &text(&made.token["access_token"])]).await;
    token.get("/phones/list").await.refused(401, "unauthorized");

    let console = server.client(&text(&made.console["console_session_token"])).in_workspace(&id);
    admin(&test_dir, &["console-session", "rotate-key"]).await;
    console.get("/phones/list").await.ok();
    admin(&test_dir, &["console-session", "rotate-key", "--retire-older"]).await;
    console.get("/phones/list").await.refused(401, "unauthorized");
    server.stop().await;
}

#[tokio::test]
async fn one_console_session_is_listed_and_revoked_at_once() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let made = create_credentials(&test_dir).await;
    let id = text(&made.workspace["workspace_id"]);
    let another = admin(&test_dir, &["console-session", "create", "--workspace", &id, "--name", "Ann"]).await;
    let [first, second] = [&made.console, &another]
        .map(|created| server.client(&text(&created["console_session_token"])).in_workspace(&id));
    let listed = async || admin(&test_dir, &["console-session", "list", "--workspace", "Acme Corp"]).await;
    let sessions = listed().await["console_sessions"].clone();
    assert_eq!(sessions.as_array().map(Vec::len), Some(2), "{sessions}");
    let ann = &sessions[1];
    assert_eq!((&ann["console_session_id"], &ann["name"]), (&another["console_session_id"], &json!("Ann")));
    assert_eq!((&ann["workspace_ids"], &ann["revoked_at"]), (&json!([id]), &json!(null)));
    assert_eq!(ann["expires_at"], another["expires_at"]);

    let first_id = text(&made.console["console_session_id"]);
    for _ in 0..2 {
        let revoked = admin(&test_dir, &["console-session", "revoke", &first_id]).await;
        assert_eq!(revoked, json!({ "console_session_id": first_id, "revoked": true }));
        first.get("/phones/list").await.refused(401, "unauthorized");
    }
    second.get("/phones/list").await.ok();
    assert!(listed().await["console_sessions"][0]["revoked_at"].is_string());
    let table = Outcome::of(handset_in(&test_dir, &["console-session", "list"])).await;
    assert!(table.stdout_of_success().contains("revoked"), "{table:?}");
    assert!(!table.stdout.contains("eyJ"), "{table:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_key_ends_its_client_sessions_unless_they_are_to_be_kept() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let made = create_credentials(&test_dir).await;
    let key = server.client(&text(&made.key["api_key"]));
    let session = key.post("/client_sessions/create", json!({})).await.ok()["client_session"].clone();
    let app = server.client(&text(&session["token"]));
    let key_id = text(&made.key["api_key_id"]);
    admin(&test_dir, &["key", "revoke", &key_id, "--keep-client-sessions"]).await;
    key.get("/phones/list").await.refused(401, "unauthorized");
    app.get("/devices/list").await.ok();
    let revoked = Outcome::of(handset_in(&test_dir, &["key", "revoke", &key_id])).await;
    assert_eq!(revoked.stdout_of_success().trim(), "Revoked. Client sessions ended: 1.");
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    let other = admin(&test_dir, &["key", "create", "--workspace", "Acme Corp"]).await;
    let session = server.client(&text(&other["api_key"])).post("/client_sessions/create", json!({})).await.ok();
    let app = server.client(&text(&session["client_session"]["token"]));
    let all = Outcome::of(handset_in(&test_dir, &["key", "revoke", &key_id, "--end-all-client-sessions"])).await;
    assert_eq!(all.stdout_of_success().trim(), "Revoked. Client sessions ended: 1.");
    app.get("/devices/list").await.refused(401, "client_session_not_found");
    let both = ["key", "revoke", &key_id, "--end-all-client-sessions", "--keep-client-sessions"];
    assert_eq!(Outcome::of(handset_in(&test_dir, &both)).await.status.code(), Some(2));
    server.stop().await;
}

#[tokio::test]
async fn lists_show_access_tokens_without_their_secrets() {
    let test_dir = TestDir::with_empty_database().await;
    let made = create_credentials(&test_dir).await;
    let id = &made.workspace["workspace_id"];
    admin(&test_dir, &["workspace", "create", "Other"]).await;
    let revoked = admin(&test_dir, &["token", "create", "--workspace", "Other", "--workspace", "Acme Corp"]).await;
    admin(&test_dir, &["token", "revoke", &text(&revoked["access_token_id"])]).await;
    let tokens = admin(&test_dir, &["token", "list"]).await;
    let [first, second] = [&tokens["access_tokens"][0], &tokens["access_tokens"][1]];
    assert_eq!((&first["access_token_id"], &first["name"]), (&made.token["access_token_id"], &json!("me")));
    assert_eq!((&first["workspace_ids"], &first["revoked_at"]), (&json!([id]), &json!(null)));
    let secret = text(&made.token["access_token"]);
    assert!(secret.starts_with(first["hint"].as_str().unwrap_or("none")), "{tokens}");
    assert_eq!(second["workspace_ids"].as_array().map(Vec::len), Some(2));
    assert!(second["revoked_at"].is_string());
    let own = admin(&test_dir, &["token", "list", "--workspace", "Other"]).await;
    assert_eq!(own["access_tokens"], json!([second]));
    let table = Outcome::of(handset_in(&test_dir, &["token", "list"])).await;
    assert!(table.stdout_of_success().contains("Acme Corp, Other"), "{table:?}");
    for printed in [tokens.to_string(), table.stdout] {
        assert!(!printed.contains(&secret), "{printed}");
    }
}

#[tokio::test]
async fn lists_show_workspaces_and_api_keys_without_secrets() {
    let test_dir = TestDir::with_empty_database().await;
    let made = create_credentials(&test_dir).await;
    let id = &made.workspace["workspace_id"];
    let workspaces = admin(&test_dir, &["workspace", "list"]).await;
    let listed = &workspaces["workspaces"][0];
    assert_eq!((&listed["workspace_id"], &listed["name"]), (id, &json!("Acme Corp")));
    assert_eq!(listed["is_sandbox"], json!(true));
    let keys = admin(&test_dir, &["key", "list", "--workspace", "Acme Corp"]).await;
    assert_eq!(keys["api_keys"][0]["api_key_id"], made.key["api_key_id"]);
    let secret = text(&made.key["api_key"]);
    assert!(secret.starts_with(keys["api_keys"][0]["hint"].as_str().unwrap_or("none")), "{keys}");
    let table = Outcome::of(handset_in(&test_dir, &["key", "list"])).await;
    assert!(table.stdout_of_success().contains("in use"), "{table:?}");
    for printed in [keys.to_string(), table.stdout] {
        assert!(!printed.contains(&secret), "{printed}");
    }
}

#[tokio::test]
async fn key_create_without_json_prints_only_the_key() {
    let test_dir = TestDir::with_empty_database().await;
    Outcome::of(handset_in(&test_dir, &["workspace", "create", "Acme"])).await.stdout_of_success();
    let created = Outcome::of(handset_in(&test_dir, &["key", "create", "--workspace", "Acme"])).await;
    let key = created.stdout_of_success().trim();
    assert!(key.starts_with("seam_") && !key.contains(char::is_whitespace), "{created:?}");
}

#[tokio::test]
async fn invalid_administration_commands_are_refused_with_the_cause() {
    let test_dir = TestDir::with_empty_database().await;
    for _ in 0..2 {
        admin(&test_dir, &["workspace", "create", "Twin"]).await;
    }
    for (arguments, words) in [
        (&["key", "create", "--workspace", "Nowhere"][..], "there is no workspace called \"Nowhere\""),
        (&["key", "create", "--workspace", "Twin"], "2 workspaces are called \"Twin\""),
        (&["workspace", "create", ""], "a workspace's name must not be empty"),
        (&["key", "revoke", "seam_test1111_111111111111111111111111"], "there is no such key"),
        (&["token", "revoke", "00000000-0000-4000-8000-000000000000"], "there is no such token"),
        (&["console-session", "revoke", "00000000-0000-4000-8000-000000000000"], "there is no such console session"),
        (&["workspace", "update", "Nowhere", "--publishable-key", "off"], "there is no workspace called \"Nowhere\""),
        (&["workspace", "rotate-publishable-key", "Twin"], "2 workspaces are called \"Twin\""),
    ] {
        let outcome = Outcome::of(handset_in(&test_dir, arguments)).await;
        assert!(outcome.error_message().starts_with(words), "{outcome:?}");
        assert_eq!(outcome.stdout, "");
    }
    assert!(!test_dir.is_busy(), "Postgres has stopped each time");
}
