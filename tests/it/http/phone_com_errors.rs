//! Errors of the Phone.com dialect in the one envelope, and the two probes.

use crate::support::numbers::keys_in_order;
use crate::support::phone_com::Extension;
use crate::support::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn every_error_is_in_the_envelope() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let contacts = extension.contacts();
    let missing = extension.client.get(&extension.contact(&json!(999_999))).await;
    let error = missing.is_error(404);
    assert_eq!(error["@message"], "Contact 999999 not found");
    assert_eq!(error["@time"], "2026-01-01T12:00:00.000Z", "the time is the server clock's");
    let written = missing.text.trim_start_matches(r#"{"@error":"#);
    assert_eq!(keys_in_order(written), ["@message", "@httpStatusCode", "@time"], "{missing:?}");
    extension.client.get("/v4/nothing").await.is_error(404);
    extension.client.get(&extension.group(&json!(999_999))).await.is_error(404);
    let wrong = extension.client.delete(&contacts).await;
    wrong.is_error(405);
    assert_eq!(wrong.header("allow"), Some("GET, POST"));
    extension.client.call("HEAD", &contacts).await;
    extension.client.bytes(&contacts, None, vec![b' '; 2 * 1024 * 1024]).await.is_error(413);
    extension.client.get(&format!("{contacts}?x={}", "x".repeat(33_000))).await.is_error(414);
    extension.client.bytes(&contacts, None, "{").await.is_error(400);
    let invalid = extension.search("limit=0").await;
    let written = invalid.text.trim_start_matches(r#"{"@error":"#);
    assert_eq!(keys_in_order(written), ["@message", "@httpStatusCode", "@time", "fields"], "{invalid:?}");
}

#[tokio::test]
async fn an_unauthenticated_request_gets_401_in_both_error_forms() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    for (client, code, challenge) in [
        (world.anonymous(), "invalid_request", "Bearer"),
        (world.anonymous().with("authorization", "Bearer "), "invalid_request", "Bearer"),
        (world.anonymous().with("authorization", "Basic eDp5"), "invalid_request", "Bearer"),
        (world.anonymous().bearer("unknown"), "invalid_token", r#"Bearer error="invalid_token""#),
    ] {
        let response = client.get(&extension.contacts()).await;
        let error = response.is_error(401);
        assert_eq!((&response.body["error"], &error["@code"]), (&json!(code), &json!(code)), "{response:?}");
        assert_eq!(response.body["error_description"], error["@details"], "{response:?}");
        assert_eq!(response.header("www-authenticate"), Some(challenge));
        assert_eq!(keys_in_order(&response.text), ["@error", "error", "error_description"]);
    }
}

#[tokio::test]
async fn an_unavailable_database_is_503_in_the_envelope() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    world.store.close().await;
    let response = extension.client.get(&extension.contacts()).await;
    response.is_error(503);
    assert_eq!(response.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn probes_need_no_credentials() {
    let world = World::new().await;
    for at in ["/v4", "/v4/", "/v4/ping", "/v4/ping/"] {
        assert!(world.anonymous().get(at).await.of_phone_com(200).is_object(), "{at}");
    }
    let page = world.anonymous().get("/v4/accounts/1/").await;
    page.is_error(401);
}

#[tokio::test]
async fn accept_of_mason_json_gets_that_content_type() {
    let world = World::new().await;
    let extension = Extension::new(&world).await;
    let mason = extension.client.with("accept", "application/vnd.mason+json, application/json;q=0.9");
    for (response, status) in [
        (mason.get(&extension.contacts()).await, 200),
        (mason.post(&extension.contacts(), json!({})).await, 201),
        (mason.get(&extension.contact(&json!(999_999))).await, 404),
    ] {
        assert_eq!((response.status, response.header("content-type")), (status, Some("application/vnd.mason+json")));
        assert_ne!(response.body, Value::Null);
    }
    for accept in ["*/*", "application/json", "text/html"] {
        extension.client.with("accept", accept).get(&extension.contacts()).await.of_phone_com(200);
    }
}
