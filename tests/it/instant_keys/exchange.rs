//! The exchange of a short code for a client session: counted, atomic, and limited by the instant key.

use super::*;
use crate::support::concurrency::CONNECTIONS;
use crate::support::world::{World, list};
use chrono::TimeDelta;
use std::collections::BTreeSet;

#[tokio::test]
async fn a_phone_gets_a_client_session_by_a_link_registers_and_gets_its_credentials() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let credential = world.sync_credential(&jane).await;
    let key = generate(&world, &jane, json!({})).await;
    // The link is looked at first, by a person and by programs that check links.
    for _ in 0..3 {
        assert_eq!(world.anonymous().get(&path(&key)).await.status, 200);
        assert_eq!(world.anonymous().call("HEAD", &path(&key)).await.status, 200);
    }
    let session = exchange(&world, &key).await.ok()["client_session"].clone();
    assert_eq!(session["client_session_id"], key["client_session_id"]);
    assert_eq!((&session["user_identity_id"], &session["expires_at"]), (&json!(jane), &key["expires_at"]));
    let app = world.anonymous().with("client-session-token", &text(&session["token"]));
    let phone = register(&app, "jane's phone").await;
    assert_eq!(world.phone_ids().await, [phone.as_str()]);
    let credentials = list(&app.post(MOBILE_CREDENTIALS, json!({})).await.ok()["acs_credentials"]);
    assert_eq!(credentials, world.credentials(&jane).await);
    assert_eq!(credentials.len(), 2, "the credential, and that of the phone");
    assert!(credentials.iter().any(|it| it["acs_credential_id"] == credential));
    assert_eq!(
        list(&app.get(&format!("{MOBILE_CREDENTIALS}?_strict=true")).await.ok()["acs_credentials"]),
        credentials
    );
    exchange(&world, &key).await.refused(400, "instant_key_used");
    assert_eq!(register(&app, "jane's phone").await, phone, "the session goes on");
}

#[tokio::test]
async fn the_credentials_of_the_mobile_sdk_are_those_of_the_person_of_the_client_session() {
    let world = World::new().await;
    let (jane, joe) = (world.person("jane").await, world.person("joe").await);
    world.sync_credential(&joe).await;
    let app = world.session(&jane).await;
    assert_eq!(app.post(MOBILE_CREDENTIALS, json!({})).await.ok()["acs_credentials"], json!([]));
    let own = world.sync_credential(&jane).await;
    let shown = list(&app.get(MOBILE_CREDENTIALS).await.ok()["acs_credentials"]);
    assert_eq!((shown.len(), &shown[0]["acs_credential_id"]), (1, &json!(own)));
    world.key().post(MOBILE_CREDENTIALS, json!({})).await.refused(401, "unauthorized");
    let nameless = world.client_session(json!({})).await;
    let nameless = world.anonymous().bearer(&text(&nameless["token"]));
    assert_eq!(nameless.get(MOBILE_CREDENTIALS).await.ok()["acs_credentials"], json!([]));
}

#[tokio::test]
async fn each_use_hands_out_a_client_session_of_its_own() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 3 })).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(exchange(&world, &key).await.ok()["client_session"].clone());
        world.advance(TimeDelta::minutes(1));
    }
    let of = |name: &str| -> BTreeSet<String> { sessions.iter().map(|session| text(&session[name])).collect() };
    assert_eq!((of("client_session_id").len(), of("token").len()), (3, 3));
    assert_eq!(sessions[0]["client_session_id"], key["client_session_id"]);
    for session in &sessions {
        assert_eq!((&session["user_identity_id"], &session["expires_at"]), (&json!(jane), &key["expires_at"]));
        world.anonymous().bearer(&text(&session["token"])).get("/devices/list").await.ok();
    }
    exchange(&world, &key).await.refused(400, "instant_key_used");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_exchanges_exactly_as_many_succeed_as_the_instant_key_allows() {
    let world = World::with_connections(CONNECTIONS).await;
    let jane = world.person("jane").await;
    for max_use_count in [1, 3] {
        let key = generate(&world, &jane, json!({ "max_use_count": max_use_count })).await;
        let code = json!({ "short_code": short_code(&key) });
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let (client, code) = (world.anonymous(), code.clone());
                tokio::spawn(async move { client.post(EXCHANGE, code).await })
            })
            .collect();
        let mut tokens = BTreeSet::new();
        for call in calls {
            let response = call.await.expect("it does not panic");
            match response.status {
                200 => _ = tokens.insert(text(&response.ok()["client_session"]["token"])),
                _ => _ = response.refused(400, "instant_key_used"),
            }
        }
        assert_eq!(tokens.len(), max_use_count);
        for token in tokens {
            world.anonymous().bearer(&token).get("/devices/list").await.ok();
        }
    }
}

#[tokio::test]
async fn an_expired_instant_key_hands_out_nothing() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let key = generate(&world, &jane, json!({ "max_use_count": 2, "expires_at": "2026-01-01T13:00:00Z" })).await;
    let app = exchanged(&world, &key).await;
    world.advance(TimeDelta::minutes(59));
    app.get("/devices/list").await.ok();
    world.advance(TimeDelta::minutes(1));
    exchange(&world, &key).await.refused(400, "instant_key_expired");
    app.get("/devices/list").await.refused(401, "client_session_expired");
    assert_eq!(world.anonymous().get(&path(&key)).await.status, 404);
}

#[tokio::test]
async fn unknown_and_malformed_short_codes_are_not_found() {
    let world = World::new().await;
    let key = generate(&world, &world.person("jane").await, json!({})).await;
    let code = short_code(&key);
    let mut other = code.clone();
    other.replace_range(45.., if code.ends_with('1') { "2" } else { "1" });
    let swapped: String = code.chars().rev().collect();
    for code in [&code[..45], &other, &swapped, &format!("{code}1"), &code.to_lowercase(), "x", "é", "\u{1F511}"] {
        let error =
            world.anonymous().post(EXCHANGE, json!({ "short_code": code })).await.refused(404, "instant_key_not_found");
        assert_eq!((&error["message"], error.get("data")), (&json!("Instant key not found"), None));
        assert!(!error.to_string().contains(code) || code == "x", "{error}");
    }
    let long = "a".repeat(2_000);
    let too_long = world.anonymous().post(EXCHANGE, json!({ "short_code": long })).await;
    too_long.refused(400, "invalid_input");
    world.anonymous().post(EXCHANGE, json!({})).await.invalid("short_code", "Required");
    world.anonymous().get(EXCHANGE).await.refused(405, "method_not_allowed");
    exchange(&world, &key).await.ok();
}

#[tokio::test]
async fn a_whole_link_is_as_good_as_its_short_code() {
    let world = World::new().await;
    let key = generate(&world, &world.person("jane").await, json!({})).await;
    world.anonymous().post(EXCHANGE, json!({ "short_code": key["instant_key_url"] })).await.ok();
}
