//! Errors of the Phone.com dialect in the one envelope, and the two probes.

use crate::support::numbers::keys_as_written;
use crate::support::phone_com::Line;
use crate::support::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn every_error_is_in_the_envelope() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    let contacts = line.contacts();
    let missing = line.client.get(&line.contact(&json!(999_999))).await;
    let error = missing.is_error(404);
    assert_eq!(error["@message"], "Contact 999999 not found");
    assert_eq!(error["@time"], "2026-01-01T12:00:00.000Z", "the time is the server clock's");
    let written = missing.text.trim_start_matches(r#"{"@error":"#);
    assert_eq!(keys_as_written(written), ["@message", "@httpStatusCode", "@time"], "{missing:?}");
    line.client.get("/v4/nothing").await.is_error(404);
    line.client.get(&line.group(&json!(999_999))).await.is_error(404);
    let wrong = line.client.delete(&contacts).await;
    wrong.is_error(405);
    assert_eq!(wrong.header("allow"), Some("GET, POST"));
    line.client.call("HEAD", &contacts).await;
    line.client.bytes(&contacts, None, vec![b' '; 2 * 1024 * 1024]).await.is_error(413);
    line.client.get(&format!("{contacts}?x={}", "x".repeat(33_000))).await.is_error(414);
    line.client.bytes(&contacts, None, "{").await.is_error(400);
    let invalid = line.search("limit=0").await;
    let written = invalid.text.trim_start_matches(r#"{"@error":"#);
    assert_eq!(keys_as_written(written), ["@message", "@httpStatusCode", "@time", "fields"], "{invalid:?}");
}

#[tokio::test]
async fn an_unauthenticated_request_gets_401_in_both_error_forms() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    for (client, code, challenge) in [
        (world.anonymous(), "invalid_request", "Bearer"),
        (world.anonymous().with("authorization", "Bearer "), "invalid_request", "Bearer"),
        (world.anonymous().with("authorization", "Basic eDp5"), "invalid_request", "Bearer"),
        (world.anonymous().bearer("unknown"), "invalid_token", r#"Bearer error="invalid_token""#),
    ] {
        let answer = client.get(&line.contacts()).await;
        let error = answer.is_error(401);
        assert_eq!((&answer.body["error"], &error["@code"]), (&json!(code), &json!(code)), "{answer:?}");
        assert_eq!(answer.body["error_description"], error["@details"], "{answer:?}");
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
        assert_eq!(keys_as_written(&answer.text), ["@error", "error", "error_description"]);
    }
}

#[tokio::test]
async fn an_unavailable_database_is_503_in_the_envelope() {
    let world = World::new().await;
    let line = Line::new(&world).await;
    world.store.close().await;
    let answer = line.client.get(&line.contacts()).await;
    answer.is_error(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
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
    let line = Line::new(&world).await;
    let mason = line.client.with("accept", "application/vnd.mason+json, application/json;q=0.9");
    for (answer, status) in [
        (mason.get(&line.contacts()).await, 200),
        (mason.post(&line.contacts(), json!({})).await, 201),
        (mason.get(&line.contact(&json!(999_999))).await, 404),
    ] {
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/vnd.mason+json")));
        assert_ne!(answer.body, Value::Null);
    }
    for accept in ["*/*", "application/json", "text/html"] {
        line.client.with("accept", accept).get(&line.contacts()).await.of_phone_com(200);
    }
}
