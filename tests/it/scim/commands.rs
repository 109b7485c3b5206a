//! `handset scim-token`: tokens of directories, and their end.

use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, Server, admin, handset_in, operator};
use crate::support::scim::{USERS, new_user, path_of};
use crate::support::world::{World, text};
use serde_json::json;

#[tokio::test]
async fn a_token_opens_its_workspace_until_it_is_revoked() {
    let test_dir = TestDir::new();
    let server = Server::start(&test_dir).await;
    let workspace = admin(&test_dir, &["workspace", "create", "Acme", "--sandbox"]).await;
    let id = text(&workspace["workspace_id"]);
    let made = admin(&test_dir, &["scim-token", "create", "--workspace", "Acme", "--name", "Entra ID"]).await;
    let token = text(&made["scim_token"]);
    assert!(token.starts_with("handset_scim_"), "{token}");
    let directory = server.client(&token);
    directory.post(USERS, new_user("jane")).await.of_scim(201);
    let other = admin(&test_dir, &["scim-token", "create", "--workspace", &id]).await;
    admin(&test_dir, &["scim-token", "revoke", &text(&other["scim_token"])]).await;
    server.client(&text(&other["scim_token"])).get(USERS).await.scim_error(401, None);
    for _ in 0..2 {
        let revoked = admin(&test_dir, &["scim-token", "revoke", &text(&made["scim_token_id"])]).await;
        assert_eq!(revoked, json!({ "scim_token_id": made["scim_token_id"], "revoked": true }));
        directory.get(USERS).await.scim_error(401, None);
    }
    server.stop().await;
    let listed = admin(&test_dir, &["scim-token", "list", "--workspace", &id]).await;
    let first = &listed["scim_tokens"][0];
    assert_eq!((&first["name"], first["revoked_at"].is_string()), (&json!("Entra ID"), true), "{listed}");
    assert!(first["last_used_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(&token));
    let table = Outcome::of(handset_in(&test_dir, &["scim-token", "list"])).await;
    assert!(table.stdout_of_success().contains("handset_scim_"), "{table:?}");
    let unknown = Outcome::of(handset_in(&test_dir, &["scim-token", "revoke", "handset_scim_x"])).await;
    assert!(unknown.error_message().contains("there is no such token"), "{unknown:?}");
}

#[tokio::test]
async fn a_revoked_token_takes_no_user_along() {
    let world = World::new().await;
    let token = world.scim_token(&world).await;
    let directory = world.anonymous().bearer(token.reveal());
    let jane = directory.create_scim_user("jane").await;
    operator(&world, &["scim-token", "revoke", token.reveal()]).await.stdout_of_success();
    directory.get(&path_of(&jane)).await.scim_error(401, None);
    world.client_session(json!({ "user_identity_id": jane["id"] })).await;
    let next = world.directory().await;
    assert_eq!(next.get(&path_of(&jane)).await.of_scim(200)["userName"], "jane@example.com");
}
