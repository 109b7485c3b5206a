//! Client sessions: create, get, list, grant access, revoke and delete.

use crate::support::concurrency::{CONNECTIONS, at_once};
use crate::support::world::{World, list, text};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_client_session_has_all_fields_that_clients_require() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    world.phone(&jane).await;
    let session = world.client_session(json!({ "user_identity_id": jane, "customer_key": "acme" })).await;
    let expected = json!({
        "client_session_id": session["client_session_id"], "workspace_id": world.id, "token": session["token"],
        "created_at": "2026-01-01T12:00:00Z", "expires_at": "2027-01-01T12:00:00Z", "user_identifier_key": null,
        "device_count": 1, "connected_account_ids": [], "connect_webview_ids": [], "user_identity_ids": [jane],
        "user_identity_id": jane, "customer_key": "acme",
    });
    assert_eq!(session, expected);
    let which = json!({ "client_session_id": session["client_session_id"] });
    assert_eq!(world.key().post("/client_sessions/get", which).await.ok()["client_session"], expected);
    assert_eq!(world.key().get("/client_sessions/list").await.ok()["client_sessions"], json!([expected]));
}

#[tokio::test]
async fn put_returns_the_existing_client_session_and_post_refuses_a_second() {
    let world = World::new().await;
    let named = json!({ "user_identifier_key": "jane" });
    let first = world.key().put("/client_sessions/create", named.clone()).await.ok()["client_session"].clone();
    assert_eq!(world.key().put("/client_sessions/create", named.clone()).await.ok()["client_session"], first);
    let post = world.key().post("/client_sessions/create", named.clone()).await;
    post.refused(400, "client_session_token_already_exists");
    for method in ["POST", "PUT"] {
        let found = world.key().json(method, "/client_sessions/get_or_create", named.clone()).await.ok();
        assert_eq!(found["client_session"], first, "{method}");
        // A publishable key does not get a session of a key, only its own.
        let refused = world.browser().json(method, "/client_sessions/get_or_create", named.clone()).await;
        refused.refused(403, "client_session_has_access");
        let page = json!({ "user_identifier_key": "page" });
        let own = world.browser().json(method, "/client_sessions/get_or_create", page.clone()).await.ok().clone();
        let again = world.browser().json(method, "/client_sessions/get_or_create", page).await.ok().clone();
        assert_eq!(again["client_session"], own["client_session"], "{method}");
    }
    let by_key = world.key().get("/client_sessions/get?user_identifier_key=jane").await.ok();
    assert_eq!(by_key["client_session"], first);
}

#[tokio::test]
async fn create_client_session_without_a_body_creates_an_empty_one_each_time() {
    let world = World::new().await;
    let form = "application/x-www-form-urlencoded";
    let mut ids = Vec::new();
    for _ in 0..2 {
        let put = world.key().request("PUT", "/client_sessions/create").header("content-type", form);
        ids.push(text(&world.key().send(put).await.ok()["client_session"]["client_session_id"]));
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_revoked_or_expired_client_session_frees_its_user_identifier_key() {
    let world = World::new().await;
    let open = async |fields: Value| world.client_session(fields).await;
    let revoked = open(json!({ "user_identifier_key": "jane" })).await;
    let which = json!({ "client_session_id": revoked["client_session_id"] });
    assert_eq!(world.key().post("/client_sessions/revoke", which).await.ok(), json!({ "ok": true }));
    let expiring = json!({ "user_identifier_key": "jane", "expires_at": "2026-01-01T12:30:00Z" });
    let second = open(expiring).await;
    assert_ne!(second["token"], revoked["token"]);
    world.advance(TimeDelta::minutes(30));
    let third = open(json!({ "user_identifier_key": "jane" })).await;
    assert_ne!(third["token"], second["token"]);
}

#[tokio::test]
async fn delete_client_session_emits_one_event() {
    let world = World::new().await;
    let session = world.client_session(json!({})).await;
    let id = text(&session["client_session_id"]);
    let path = format!("/client_sessions/delete?client_session_id={id}");
    assert_eq!(world.key().delete(&path).await.ok(), json!({ "ok": true }));
    world.key().delete(&path).await.refused(404, "client_session_not_found");
    let events = world.events("client_session.deleted").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["client_session_id"], id);
    world
        .anonymous()
        .bearer(&text(&session["token"]))
        .get("/devices/list")
        .await
        .refused(401, "client_session_not_found");
}

#[tokio::test]
async fn grant_access_adds_a_user_identity_to_a_client_session() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let phone = world.phone(&jane).await;
    let session = world.client_session(json!({ "user_identifier_key": "browser" })).await;
    let app = world.anonymous().bearer(&text(&session["token"]));
    assert_eq!(app.get("/devices/list").await.ok()["devices"], json!([]));
    let account = "00000000-0000-4000-8000-000000000001";
    let grant =
        json!({ "user_identifier_key": "browser", "user_identity_ids": [jane], "connected_account_ids": [account] });
    let widened = world.key().patch("/client_sessions/grant_access", grant).await.ok()["client_session"].clone();
    assert_eq!(widened["token"], session["token"]);
    assert_eq!((&widened["user_identity_id"], &widened["connected_account_ids"]), (&json!(jane), &json!([account])));
    let seen = app.get("/devices/list").await.ok();
    assert_eq!(seen["devices"][0]["device_id"], phone);
    let anonymous = json!({ "user_identifier_key": "browser", "user_identity_id": account });
    world.key().patch("/client_sessions/grant_access", anonymous).await.refused(404, "user_identity_not_found");
    world.key().patch("/client_sessions/grant_access", json!({})).await.refused(400, "invalid_input");
}

#[tokio::test]
async fn list_client_sessions_filters_by_present_and_absent_fields() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    let of_jane = world.client_session(json!({ "user_identity_id": jane })).await;
    let view = "00000000-0000-4000-8000-000000000002";
    let named = world.client_session(json!({ "user_identifier_key": "named", "connect_webview_ids": [view] })).await;
    let found = async |query: &str| {
        let listed = world.key().get(&format!("/client_sessions/list?{query}&_strict=true")).await.ok();
        list(&listed["client_sessions"]).iter().map(|session| session["token"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await.len(), 2);
    assert_eq!(found(&format!("user_identity_id={jane}")).await, [of_jane["token"].clone()]);
    assert_eq!(found("user_identity_id=").await, [named["token"].clone()], "null matches sessions without one");
    assert_eq!(found(&format!("connect_webview_id={view}")).await, [named["token"].clone()]);
    assert_eq!(found("connect_webview_id=").await, [of_jane["token"].clone()]);
    assert_eq!(found("without_user_identifier_key=true").await, [of_jane["token"].clone()]);
    assert_eq!(found("user_identifier_key=named").await, [named["token"].clone()]);
}

#[tokio::test]
async fn get_client_session_requires_one_key_and_create_an_existing_user_identity() {
    let world = World::new().await;
    let session = world.client_session(json!({ "user_identifier_key": "jane" })).await;
    let both = json!({ "client_session_id": session["client_session_id"], "user_identifier_key": "jane" });
    world.key().post("/client_sessions/get", both).await.refused(400, "invalid_options");
    world.key().post("/client_sessions/get", json!({})).await.refused(400, "invalid_input");
    let anonymous = json!({ "user_identity_id": "00000000-0000-4000-8000-000000000000" });
    world.key().post("/client_sessions/create", anonymous).await.refused(404, "user_identity_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_with_a_user_identifier_key_open_one_client_session() {
    let world = World::with_connections(CONNECTIONS).await;
    let named = |_| json!({ "user_identifier_key": "jane" });
    let responses = at_once(&world, 50, "/client_sessions/get_or_create", named).await;
    let tokens: BTreeSet<String> =
        responses.iter().map(|response| text(&response.ok()["client_session"]["token"])).collect();
    assert_eq!(tokens.len(), 1);
    let listed = world.key().get("/client_sessions/list").await.ok();
    assert_eq!(list(&listed["client_sessions"]).len(), 1);

    let refused = at_once(&world, 20, "/client_sessions/create", |_| json!({ "user_identifier_key": "joe" })).await;
    let created = refused.iter().filter(|response| response.status == 200).count();
    assert_eq!(created, 1);
    for response in refused.iter().filter(|response| response.status != 200) {
        response.refused(400, "client_session_token_already_exists");
    }
}

#[tokio::test]
async fn expires_at_requires_a_date_a_time_and_an_offset() {
    let world = World::new().await;
    for (written, returned) in [
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00.123456Z", "2027-01-01T00:00:00.123456Z"),
        ("2027-01-01T00:00:00+01:00", "2026-12-31T23:00:00Z"),
        ("2027-01-01T00:00:00-0130", "2027-01-01T01:30:00Z"),
    ] {
        let session = world.client_session(json!({ "expires_at": written })).await;
        assert_eq!(session["expires_at"], returned);
    }
    for written in ["2027-01-01", "2027-01-01T00:00:00", "2027-01-01 00:00:00Z", "2027-02-29T00:00:00Z", "tomorrow", ""]
    {
        let response = world.key().post("/client_sessions/create", json!({ "expires_at": written })).await;
        response.invalid("expires_at", "Invalid datetime");
    }
}

#[tokio::test]
async fn canonically_equivalent_user_identifier_keys_are_one_key_and_blank_ones_none() {
    let world = World::new().await;
    let (composed, decomposed) = ("Café", "Cafe\u{301}");
    let first = world.client_session(json!({ "user_identifier_key": decomposed })).await;
    for key in [composed, decomposed] {
        let named = json!({ "user_identifier_key": key });
        let post = world.key().post("/client_sessions/create", named.clone()).await;
        post.refused(400, "client_session_token_already_exists");
        for path in ["/client_sessions/get_or_create", "/client_sessions/get", "/client_sessions/list"] {
            let found = world.key().post(path, named.clone()).await.ok();
            let session = if path.ends_with("list") { &found["client_sessions"][0] } else { &found["client_session"] };
            assert_eq!(*session, first, "{path}");
        }
        world.key().post("/client_sessions/grant_access", named).await.ok();
        let page = json!({ "user_identifier_key": format!("page {key}") });
        let own = world.browser().post("/client_sessions/get_or_create", page).await.ok();
        assert_eq!(own["client_session"]["user_identifier_key"], format!("page {composed}"));
    }
    let mut ids = BTreeSet::new();
    for blank in [" ", " ", "\u{200b}"] {
        let session = world.client_session(json!({ "user_identifier_key": blank })).await;
        assert_eq!(session["user_identifier_key"], Value::Null, "{blank:?}");
        ids.insert(text(&session["client_session_id"]));
    }
    assert_eq!(ids.len(), 3);
    let blank = world.browser().post("/client_sessions/create", json!({ "user_identifier_key": " " })).await;
    blank.refused(401, "publishable_key_requires_user_identifier_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_get_or_create_of_two_forms_of_a_key_create_one_client_session() {
    let world = World::with_connections(CONNECTIONS).await;
    let responses = at_once(
        &world,
        30,
        "/client_sessions/get_or_create",
        |index| json!({ "user_identifier_key": if index % 2 == 0 { "Café" } else { "Cafe\u{301}" } }),
    );
    let ids: BTreeSet<String> =
        responses.await.iter().map(|response| text(&response.ok()["client_session"]["client_session_id"])).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn times_whose_year_has_no_four_digits_in_utc_are_refused() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    for time in ["9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59.999999999-12:00", "0000-01-01T00:00:00+00:01"] {
        let expires = json!({ "expires_at": time });
        world.key().post("/client_sessions/create", expires).await.invalid("expires_at", "Invalid datetime");
        for field in ["starts_at", "ends_at"] {
            let credential = json!({ "access_method": "card", "user_identity_id": jane, field: time });
            world.key().post("/acs/credentials/create", credential).await.invalid(field, "Invalid datetime");
        }
        for path in ["/phones/list", "/devices/list", "/user_identities/list", "/acs/credentials/list"] {
            let filter = json!({ "created_before": time });
            world.key().post(path, filter).await.invalid("created_before", "Invalid datetime");
        }
        let since = world.key().post("/events/list", json!({ "since": time })).await;
        since.refused(400, "invalid_input");
        let numbers = world.key().get(&format!("/v1/phone/?start_assigned_at={}", time.replace('+', "%2B"))).await;
        assert!([200, 422].contains(&numbers.status), "{numbers:?}");
    }
    for (time, shown) in [
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59+12:00", "9999-12-31T11:59:59Z"),
    ] {
        let session = world.client_session(json!({ "expires_at": time })).await;
        assert_eq!(session["expires_at"], shown);
        let parsed = chrono::DateTime::parse_from_rfc3339(&text(&session["expires_at"]));
        assert!(parsed.is_ok(), "{session}");
    }
}
