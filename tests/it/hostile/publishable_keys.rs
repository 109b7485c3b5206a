//! A publishable key is public. It opens no session of a user, and cannot fill the database.

use crate::support::client::Client;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Outcome, handset_in};
use crate::support::wait::until;
use crate::support::world::{SEAL_KEY, World, text};
use chrono::TimeDelta;
use handset::sweeper::Sweeper;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const GET_OR_CREATE: &str = "/client_sessions/get_or_create";
const CREATE: &str = "/client_sessions/create";

/// Runs an administrative command on the database of a world.
async fn command(world: &World, arguments: &[&str]) -> Outcome {
    let test_dir = TestDir::new();
    let mut command = handset_in(&test_dir, arguments);
    command.args(["--json", "--database-url", &world.database_url]).env("HANDSET_SEAL_KEY", SEAL_KEY);
    Outcome::of(command).await
}

fn named(key: &str) -> Value {
    json!({ "user_identifier_key": key })
}

/// Each way to get the session of a user identifier key with a publishable key.
async fn responses(browser: &Client, key: &str) -> Vec<crate::support::client::Response> {
    let mut responses = Vec::new();
    for (method, path) in [("PUT", CREATE), ("POST", GET_OR_CREATE), ("PUT", GET_OR_CREATE)] {
        responses.push(browser.json(method, path, named(key)).await);
    }
    responses
}

#[tokio::test]
async fn a_publishable_key_opens_no_client_session_that_a_key_has_created_or_given_access() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    for (key, field, value) in [
        ("jane", "user_identity_id", json!(jane)),
        ("account", "connected_account_ids", json!([jane])),
        ("view", "connect_webview_ids", json!([jane])),
        ("customer", "customer_key", json!("acme")),
    ] {
        world.client_session(json!({ "user_identifier_key": key, field: value })).await;
        for response in responses(&world.browser(), key).await {
            response.refused(403, "client_session_has_access");
            assert!(!response.text.contains("seam_cst"), "{response:?}");
        }
    }

    // Nor one that has none yet, since the key may give it access later.
    world.client_session(named("ann")).await;
    for response in responses(&world.browser(), "ann").await {
        response.refused(403, "client_session_has_access");
        assert!(!response.text.contains("seam_cst"), "{response:?}");
    }

    // The page that had the session before the key gave it access keeps it.
    let first = world.browser().post(GET_OR_CREATE, named("joe")).await.ok()["client_session"].clone();
    let app = world.anonymous().bearer(&text(&first["token"]));
    let grant = json!({ "user_identifier_key": "joe", "user_identity_id": jane });
    world.key().post("/client_sessions/grant_access", grant).await.ok();
    for response in responses(&world.browser(), "joe").await {
        response.refused(403, "client_session_has_access");
    }
    assert_eq!(app.get("/devices/list").await.ok()["devices"][0]["device_id"], phone);
    world.advance(TimeDelta::days(300));
    app.get("/devices/list").await.ok();
}

#[tokio::test]
async fn a_key_does_not_hand_out_a_client_session_that_a_publishable_key_has_created_before() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for (method, path) in [("POST", CREATE), ("PUT", CREATE), ("POST", GET_OR_CREATE)] {
        let squatted = world.browser().post(GET_OR_CREATE, named(path)).await.ok()["client_session"].clone();
        let of_jane = json!({ "user_identifier_key": path, "user_identity_id": jane });
        let own = world.key().json(method, path, of_jane).await.ok()["client_session"].clone();
        assert_ne!(own["token"], squatted["token"], "{method} {path}");
        let squatter = world.anonymous().bearer(&text(&squatted["token"]));
        squatter.get("/devices/list").await.refused(401, "client_session_revoked");
        world.anonymous().bearer(&text(&own["token"])).get("/devices/list").await.ok();
        world
            .key()
            .post("/client_sessions/revoke", json!({ "client_session_id": own["client_session_id"] }))
            .await
            .ok();
    }
}

#[tokio::test]
async fn publishable_keys_are_off_in_production_until_the_operator_says_otherwise() {
    let world = World::new().await;
    let acme = world.production("Acme").await;
    let jane = acme.person("jane").await;
    let of_jane = acme.client_session(json!({ "user_identifier_key": "jane", "user_identity_id": jane })).await;
    let is_enabled = async |tenant: &crate::support::world::Tenant| {
        tenant.key().get("/workspaces/get").await.ok()["workspace"]["is_publishable_key_auth_enabled"].clone()
    };
    assert_eq!((is_enabled(&acme).await, is_enabled(&world).await), (json!(false), json!(true)));
    for response in responses(&acme.browser(), "anyone").await {
        let error = response.refused(403, "publishable_key_auth_disabled");
        assert!(text(&error["message"]).contains("handset workspace update"), "{error}");
    }
    let set = async |value: &str| {
        let printed = command(&world, &["workspace", "update", "Acme", "--publishable-key", value]).await.json();
        assert_eq!(printed, json!({ "workspace_id": acme.id, "publishable_key_sessions": value }));
    };
    set("anonymous").await;
    assert_eq!(is_enabled(&acme).await, json!(true));
    acme.browser().post(GET_OR_CREATE, named("anyone")).await.ok();
    acme.browser().post(GET_OR_CREATE, named("jane")).await.refused(403, "client_session_has_access");
    set("any-user").await;
    for response in responses(&acme.browser(), "jane").await {
        assert_eq!(response.ok()["client_session"]["token"], of_jane["token"]);
    }
    set("off").await;
    for response in responses(&acme.browser(), "jane").await {
        response.refused(403, "publishable_key_auth_disabled");
    }
    let created = command(&world, &["workspace", "create", "Other", "--publishable-key", "anonymous"]).await.json();
    let browser = world.anonymous().with("seam-publishable-key", &text(&created["publishable_key"]));
    browser.post(GET_OR_CREATE, named("anyone")).await.ok();
}

#[tokio::test]
async fn a_publishable_key_is_shown_to_keys_only_and_ends_when_it_is_rotated() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let session = world.session(&jane).await;
    for (client, is_shown) in
        [(world.key().clone(), true), (world.pat().await, true), (world.console().await, true), (session, false)]
    {
        let shown = client.get("/workspaces/get").await.ok()["workspace"].clone();
        let expected = is_shown.then(|| json!(world.record.publishable_key));
        assert_eq!(shown.get("publishable_key"), expected.as_ref(), "{shown}");
        assert_eq!(client.get("/workspaces/list").await.text.contains("seam_pk1"), is_shown);
    }
    let kept = world.browser().post(GET_OR_CREATE, named("page")).await.ok()["client_session"].clone();
    let printed = command(&world, &["workspace", "rotate-publishable-key", "First"]).await.json();
    let rotated = text(&printed["publishable_key"]);
    assert!(rotated.starts_with("seam_pk1") && rotated != world.record.publishable_key, "{printed}");
    world.browser().post(GET_OR_CREATE, named("page")).await.refused(401, "workspace_not_found");
    let browser = world.anonymous().with("seam-publishable-key", &rotated);
    assert_eq!(browser.post(GET_OR_CREATE, named("page")).await.ok()["client_session"], kept);
    assert_eq!(world.key().get("/workspaces/get").await.ok()["workspace"]["publishable_key"], rotated);
}

#[tokio::test]
async fn unused_client_sessions_of_a_publishable_key_expire_within_a_day_and_are_pruned() {
    let world = World::new().await;
    let asked = json!({ "user_identifier_key": "page", "expires_at": "9999-01-01T00:00:00Z" });
    let session = world.browser().post(GET_OR_CREATE, asked).await.ok()["client_session"].clone();
    assert_eq!(session["expires_at"], "2026-01-02T12:00:00Z");
    let granted = world.browser().post(GET_OR_CREATE, named("user")).await.ok()["client_session"].clone();
    let jane = world.person("jane").await;
    let grant = json!({ "client_session_id": granted["client_session_id"], "user_identity_id": jane });
    let granted = world.key().post("/client_sessions/grant_access", grant).await.ok()["client_session"].clone();
    assert_eq!(granted["expires_at"], "2027-01-01T12:00:00Z");

    let page = world.anonymous().bearer(&text(&session["token"]));
    world.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    page.get("/devices/list").await.ok();
    world.advance(TimeDelta::seconds(1));
    page.get("/devices/list").await.refused(401, "client_session_expired");
    let next = world.browser().post(GET_OR_CREATE, named("page")).await.ok()["client_session"].clone();
    assert_ne!(next["token"], session["token"]);

    let (store, clock, metrics) = (world.store.clone(), world.clock.clone(), world.metrics.clone());
    let sweeper = Sweeper { store, clock, keep_events: TimeDelta::days(30), metrics, tick: Duration::from_millis(10) };
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(sweeper.run(stop));
    let mut database = world.database().await;
    until("the expired session is pruned", async || {
        let rows: i64 = sqlx::query_scalar("select count(*) from client_session")
            .fetch_one(&mut database)
            .await
            .expect("the database answers");
        (rows == 2).then_some(())
    })
    .await;
    world.anonymous().bearer(&text(&next["token"])).get("/devices/list").await.ok();
    world.anonymous().bearer(&text(&granted["token"])).get("/devices/list").await.ok();
}

#[tokio::test]
async fn the_texts_of_a_publishable_keys_client_session_are_bounded() {
    let world = World::new().await;
    for (length, is_accepted) in [(500, true), (501, false), (900_000, false)] {
        let response = world.browser().post(GET_OR_CREATE, named(&"a".repeat(length))).await;
        if is_accepted {
            response.ok();
        } else {
            response.invalid("user_identifier_key", "String must contain at most 500 character(s)");
        }
        let response = world.browser().post(GET_OR_CREATE, named(&"😀".repeat(length / 2))).await;
        assert_eq!(response.status == 200, length < 502, "{response:?}");
    }
    for field in ["customer_key", "customer_id"] {
        let body = json!({ "user_identifier_key": "page", field: "acme" });
        world.browser().post(CREATE, body).await.refused(403, "publishable_keys_must_create_empty_client_sessions");
        let body = json!({ "user_identifier_key": "page", field: "a".repeat(501) });
        world.key().post(CREATE, body).await.invalid(field, "String must contain at most 500 character(s)");
    }
    let body = json!({ "connected_account_ids": vec![world.id.clone(); 1_001] });
    let response = world.key().post(CREATE, body).await;
    response.invalid("connected_account_ids", "Array must contain at most 1000 element(s)");
    // Not in several steps either.
    let session = world.client_session(json!({})).await;
    let grant = async |count| {
        let accounts: Vec<_> = (0..count).map(|_| uuid::Uuid::now_v7()).collect();
        let body = json!({ "client_session_id": session["client_session_id"], "connected_account_ids": accounts });
        world.key().post("/client_sessions/grant_access", body).await
    };
    grant(999).await.ok();
    grant(2).await.refused(400, "too_many_grants");
    grant(1).await.ok();
}

#[tokio::test]
async fn a_workspace_has_at_most_ten_thousand_unused_client_sessions_of_its_publishable_key() {
    let world = World::new().await;
    let other = world.sandbox("Other").await;
    let page = world.browser().post(GET_OR_CREATE, named("page")).await.ok()["client_session"].clone();
    sqlx::query(
        "insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identifier_key,
             connected_account_ids, connect_webview_ids, created_at, expires_at, anonymous_until)
         select workspace_id, gen_random_uuid(), uuid_send(gen_random_uuid()), token_sealed, 'page ' || number, '{}', '{}',
             created_at, expires_at, anonymous_until
         from client_session cross join generate_series(1, 9998) as rows (number)",
    )
    .execute(&mut world.database().await)
    .await
    .expect("the rows are inserted");
    world.browser().post(GET_OR_CREATE, named("last")).await.ok();
    for response in responses(&world.browser(), "one too many").await {
        let error = response.refused(429, "too_many_client_sessions");
        assert!(text(&error["message"]).contains("10000"), "{error}");
    }
    assert_eq!(world.browser().post(GET_OR_CREATE, named("page")).await.ok()["client_session"], page);
    world.key().post(GET_OR_CREATE, named("of a key")).await.ok();
    other.browser().post(GET_OR_CREATE, named("page")).await.ok();
    world.advance(TimeDelta::days(1));
    world.browser().post(GET_OR_CREATE, named("one too many")).await.ok();
}
