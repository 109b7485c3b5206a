//! A leaked key that is revoked takes along the client sessions that its holder may have.

use crate::support::client::Client;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::world::{SEAL_KEY, World, text};
use futures_util::future::join_all;
use handset::store::EndedSessions;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn created(client: &Client, fields: Value) -> Value {
    client.post("/client_sessions/create", fields).await.ok()["client_session"].clone()
}

fn app(world: &World, session: &Value) -> Client {
    world.anonymous().bearer(&text(&session["token"]))
}

impl World {
    /// Creates an API key; returns its id and a client with it.
    pub async fn another_key(&self) -> (String, Client) {
        let created = self.store.create_api_key(&self.record, "leaked", self.clock.now(), &self.random).await;
        let (id, key) = created.expect("the workspace exists");
        (id.to_string(), self.anonymous().bearer(key.reveal()))
    }

    /// Revokes an API key with the client sessions that it issued, and returns their number.
    pub async fn revoke_with_client_sessions(&self, id: &str) -> u64 {
        let id = self.store.revoke_api_key(id, self.clock.now()).await.expect("the key exists");
        self.store.end_client_sessions_of(id.0, EndedSessions::Issued, self.clock.now()).await.expect("they end")
    }
}

#[tokio::test]
async fn a_revoked_key_ends_the_client_sessions_that_it_created_or_extended() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let (id, leaked) = world.another_key().await;
    let made = created(&leaked, json!({ "user_identity_id": jane })).await;
    // Access that was granted to a session of another origin, and a session that another key has extended since.
    let page = world.browser().post("/client_sessions/get_or_create", json!({ "user_identifier_key": "page" })).await;
    let page = page.ok()["client_session"].clone();
    let other = created(world.key(), json!({})).await;
    for session in [&page, &other] {
        let grant = json!({ "client_session_id": session["client_session_id"], "user_identity_id": jane });
        leaked.post("/client_sessions/grant_access", grant).await.ok();
    }
    let grant = json!({ "client_session_id": made["client_session_id"], "connected_account_ids": [jane] });
    world.key().post("/client_sessions/grant_access", grant).await.ok();
    let kept = created(world.key(), json!({ "user_identity_id": jane })).await;

    assert_eq!(world.revoke_with_client_sessions(&id).await, 3);
    for session in [&made, &page, &other] {
        app(&world, session).get("/devices/list").await.refused(401, "client_session_not_found");
    }
    app(&world, &kept).get("/devices/list").await.ok();
    let events = world.events("client_session.deleted").await;
    let told: BTreeSet<String> = events.iter().map(|event| text(&event["client_session_id"])).collect();
    let expected = [&made, &page, &other].map(|session| text(&session["client_session_id"]));
    assert_eq!(told, BTreeSet::from(expected));
    assert_eq!(world.revoke_with_client_sessions(&id).await, 0);
}

#[tokio::test]
async fn a_revoked_key_ends_the_client_sessions_that_it_got_by_their_user_identifier_key() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let fields = |key: &str| json!({ "user_identifier_key": key, "user_identity_id": jane });
    let (got, kept) = (created(world.key(), fields("got")).await, created(world.key(), fields("kept")).await);
    let (id, leaked) = world.another_key().await;
    for _ in 0..2 {
        let again = leaked.post("/client_sessions/get_or_create", fields("got")).await.ok()["client_session"].clone();
        assert_eq!(again, got);
    }
    leaked.post("/client_sessions/create", fields("kept")).await.refused(400, "client_session_token_already_exists");
    assert_eq!(world.revoke_with_client_sessions(&id).await, 1);
    app(&world, &got).get("/devices/list").await.refused(401, "client_session_not_found");
    app(&world, &kept).get("/devices/list").await.ok();
}

#[tokio::test]
async fn a_revocation_ends_all_client_sessions_of_the_workspaces_of_a_credential_on_demand() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let third = world.sandbox("Third").await;
    let mut sessions = Vec::new();
    for tenant in [&*world, &other, &third] {
        let jane = tenant.person("jane").await;
        sessions.push(tenant.client_session(json!({ "user_identity_id": jane })).await);
    }
    let page = world.browser().post("/client_sessions/get_or_create", json!({ "user_identifier_key": "page" })).await;
    sessions.push(page.ok()["client_session"].clone());
    let token = world.access_token(&[&world, &other]).await;
    // It could have read their tokens.
    let list = world.anonymous().bearer(token.reveal()).in_workspace(&world.id).get("/client_sessions/list").await;
    assert_eq!(list.ok()["client_sessions"].as_array().map(Vec::len), Some(2));

    let test_dir = TestDir::new();
    for (arguments, printed) in [
        (vec!["token", "revoke", token.reveal()], "Revoked. Client sessions ended: 0."),
        (vec!["token", "revoke", token.reveal(), "--end-all-client-sessions"], "Revoked. Client sessions ended: 3."),
        (vec!["token", "revoke", token.reveal(), "--end-all-client-sessions"], "Revoked. Client sessions ended: 0."),
    ] {
        let mut command = handset_in(&test_dir, &arguments);
        command.args(["--database-url", &world.database_url]).env("HANDSET_SEAL_KEY", SEAL_KEY);
        assert_eq!(Outcome::of(command).await.stdout_of_success().trim(), printed);
    }
    for (at, session) in sessions.iter().enumerate() {
        let response = app(&world, session).get("/devices/list").await;
        assert_eq!(response.status, if at == 2 { 200 } else { 401 }, "{response:?}");
    }
    assert_eq!(world.events("client_session.deleted").await.len(), 2);
}

#[tokio::test]
async fn a_revoked_access_token_ends_its_client_sessions_in_each_workspace() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let token = world.access_token(&[&world, &other]).await;
    let mut sessions = Vec::new();
    for tenant in [&*world, &other] {
        let member = world.anonymous().bearer(token.reveal()).in_workspace(&tenant.id);
        sessions.push(created(&member, json!({ "user_identity_id": tenant.person("jane").await })).await);
    }
    let now = world.clock.now();
    let id = world.store.revoke_access_token(token.reveal(), now).await.expect("the token exists");
    assert_eq!(world.store.end_client_sessions_of(id.0, EndedSessions::Issued, now).await.expect("they end"), 2);
    for session in &sessions {
        app(&world, session).get("/devices/list").await.refused(401, "client_session_not_found");
    }
}

#[tokio::test]
async fn many_client_sessions_end_in_batches() {
    let world = World::new().await;
    let (id, leaked) = world.another_key().await;
    let first = created(&leaked, json!({})).await;
    sqlx::query(
        "insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, connected_account_ids,
             connect_webview_ids, created_at, expires_at, issuer_ids)
         select workspace_id, gen_random_uuid(), uuid_send(gen_random_uuid()), token_sealed, '{}', '{}', created_at,
             expires_at, issuer_ids
         from client_session cross join generate_series(1, 2500)",
    )
    .execute(&mut world.database().await)
    .await
    .expect("the rows are inserted");
    assert_eq!(world.revoke_with_client_sessions(&id).await, 2_501);
    app(&world, &first).get("/devices/list").await.refused(401, "client_session_not_found");
    assert_eq!(world.events("client_session.deleted").await.len(), 2_501);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_session_of_a_key_is_created_or_extended_while_the_key_is_revoked() {
    let world = World::with_connections(8).await;
    let jane = world.person("jane").await;
    for _ in 0..5 {
        let (id, leaked) = world.another_key().await;
        let empty = created(world.key(), json!({})).await;
        let requests = (0..24).map(async |at| match at % 3 {
            0 => {
                let grant = json!({ "client_session_id": empty["client_session_id"], "user_identity_id": jane });
                let extended = leaked.post("/client_sessions/grant_access", grant).await;
                (extended.status == 200).then(|| empty.clone())
            }
            _ => {
                let body = json!({ "user_identity_id": jane, "user_identifier_key": format!("{id} {at}") });
                let response = leaked.post("/client_sessions/get_or_create", body).await;
                assert!([200, 401].contains(&response.status), "{response:?}");
                (response.status == 200).then(|| response.body["client_session"].clone())
            }
        });
        let (sessions, _) = tokio::join!(join_all(requests), world.revoke_with_client_sessions(&id));
        for session in sessions.iter().flatten() {
            app(&world, session).get("/devices/list").await.refused(401, "client_session_not_found");
        }
    }
}
