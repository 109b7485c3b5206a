//! Errors in the envelope of the Seam dialect, with the request id: also outside of handlers, without a database, and
//! for browsers.

use crate::support::client::{Client, Response};
use crate::support::durable_postgres::world_on_durable_postgres;
use crate::support::private_postgres::{TestDir, until_async};
use crate::support::world::World;
use handset::http::body;
use serde_json::json;
use std::time::{Duration, Instant};

const ORIGIN: &str = "https://app.example.com";

/// One request for each kind of error, with the expected status and type.
async fn refusals(client: &Client) -> Vec<(Response, u16, &'static str)> {
    let long = format!("/phones/list?search={}", "x".repeat(33 * 1024));
    vec![
        (client.get("/nowhere").await, 404, "not_found"),
        (client.post("/phones/list/more", json!({})).await, 404, "not_found"),
        (client.anonymous().get("/phones/list").await, 401, "unauthorized"),
        (client.call("PUT", "/phones/list").await, 405, "method_not_allowed"),
        (client.get("/phones/get").await, 400, "invalid_input"),
        (client.get("/phones/list?limit=1&limit=2").await, 400, "invalid_query_params"),
        (client.bytes("/phones/get", Some("application/json"), "{").await, 400, "invalid_json"),
        (client.bytes("/phones/get", Some("text/plain"), "x").await, 400, "invalid_content_type"),
        (client.get("/phones/get?device_id=00000000-0000-0000-0000-000000000000").await, 404, "device_not_found"),
        (client.post("/phones/get", json!({ "x": "x".repeat(body::LIMIT) })).await, 413, "payload_too_large"),
        (client.get(&long).await, 414, "uri_too_long"),
        (client.call("POST", "/openapi.json").await, 405, "method_not_allowed"),
    ]
}

#[tokio::test]
async fn every_error_is_in_the_envelope_with_a_unique_request_id() {
    let world = World::new().await;
    let mut numbers = Vec::new();
    for (response, status, kind) in refusals(world.key()).await {
        response.refused(status, kind);
        numbers.push(response.request_id());
    }
    numbers.push(world.key().get("/phones/list").await.request_id());
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "each request has its own id");
}

#[tokio::test]
async fn every_response_has_cors_headers_errors_included() {
    let world = World::new().await;
    let page = world.key().with("origin", ORIGIN);
    let mut responses: Vec<Response> = refusals(&page).await.into_iter().map(|(response, ..)| response).collect();
    responses.push(page.get("/phones/list").await);
    // The anonymous client of `refusals` sends no origin.
    responses.retain(|response| response.status != 401);
    responses.push(page.bearer("unknown").get("/phones/list").await);
    for response in responses {
        assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN), "{response:?}");
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"), "{response:?}");
        let exposed = response.header("access-control-expose-headers");
        assert!(exposed.is_some_and(|exposed| exposed.contains("seam-request-id")), "{response:?}");
        assert!(response.header("vary").is_some_and(|vary| vary.contains("origin")), "{response:?}");
    }
    let plain = world.key().get("/nowhere").await;
    assert_eq!(plain.header("access-control-allow-origin"), None, "the request has no origin");
}

#[tokio::test]
async fn a_cors_preflight_needs_no_credential() {
    let world = World::new().await;
    let browser = world.anonymous().with("origin", ORIGIN).with("access-control-request-method", "DELETE");
    let wanted = "authorization, client-session-token, seam-client-session-token, seam-publishable-key, \
                  seam-workspace, seam-sdk-name, seam-sdk-version, seam-lts-version, content-type";
    for path in ["/phones/deactivate", "/nowhere"] {
        let response = browser.with("access-control-request-headers", wanted).call("OPTIONS", path).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN));
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
        let methods = response.header("access-control-allow-methods").unwrap_or_default();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            assert!(methods.contains(method), "{methods}");
        }
        let headers = response.header("access-control-allow-headers").unwrap_or_default();
        for header in wanted.split(", ") {
            assert!(headers.contains(header), "{headers}");
        }
    }
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_read_and_a_byte_more_is_413() {
    let world = World::new().await;
    let phone = world.phone(&world.person("jane").await).await;
    let body = |length: usize| {
        let start = format!("{{\"device_id\":\"{phone}\",\"x\":\"");
        format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
    };
    let json = Some("application/json");
    world.key().bytes("/phones/get", json, body(body::LIMIT)).await.ok();
    let error = world.key().bytes("/phones/get", json, body(body::LIMIT + 1)).await.refused(413, "payload_too_large");
    assert_eq!(error["message"], "The request body is over the limit of 1048576 bytes");
}

#[tokio::test]
async fn a_500_response_discloses_no_internals() {
    let world = World::new().await;
    let jane = world.person("jane").await;
    sqlx::query("drop table delivery").execute(&mut world.database().await).await.expect("it is dropped");
    let body = json!({ "user_identity_id": jane });
    let response = world.key().post("/phones/simulate/create_sandbox_phone", body).await;
    let error = response.refused(500, "internal_server_error");
    assert_eq!(error["message"], "Internal server error. The log has more under this request id");
    assert!(!response.text.contains("delivery"), "{response:?}");
    assert!(world.phone_ids().await.is_empty(), "the phone and its event are one statement");
}

#[tokio::test]
async fn requests_get_503_without_the_database_and_succeed_soon_after_it_is_back() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 5).await;
    let app = world.session(&world.person("jane").await).await;
    world.anonymous().get("/health").await.ok();

    cluster.shut_down().await;
    for (client, method, path) in [
        (world.key(), "GET", "/phones/list"),
        (world.key(), "POST", "/user_identities/create"),
        (&app, "GET", "/devices/list"),
        (&world.anonymous(), "GET", "/health"),
        (&world.anonymous(), "POST", "/health/get_health"),
    ] {
        let began = Instant::now();
        let response = client.call(method, path).await;
        response.refused(503, "service_unavailable");
        assert_eq!(response.header("retry-after"), Some("1"), "{path}");
        assert!(began.elapsed() < Duration::from_secs(10), "{path} took {:?}", began.elapsed());
    }
    // Requests that need no database are answered as before.
    world.anonymous().get("/phones/list").await.refused(401, "unauthorized");
    world.anonymous().get("/nowhere").await.refused(404, "not_found");

    cluster.restart().await;
    let back = Instant::now();
    until_async("requests succeed again", async || world.key().get("/phones/list").await.status == 200).await;
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
    world.anonymous().get("/health").await.ok();
    cluster.stop().await;
}

#[tokio::test]
async fn a_pool_of_dead_connections_fails_no_more_requests_than_its_size() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 5).await;
    let concurrent_requests = async || {
        let calls = (0..20).map(|_| {
            let key = world.key().clone();
            tokio::spawn(async move { key.get("/phones/list").await })
        });
        let mut responses = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            responses.push(call.await.expect("it does not panic"));
        }
        responses
    };
    concurrent_requests().await.iter().for_each(|response| _ = response.ok());
    cluster.restart().await;
    let refused = concurrent_requests().await.into_iter().filter(|response| response.status != 200).collect::<Vec<_>>();
    for response in &refused {
        response.refused(503, "service_unavailable");
    }
    assert!(refused.len() <= 5, "{} of 20 were refused by a pool of 5", refused.len());
    concurrent_requests().await.iter().for_each(|response| _ = response.ok());
    cluster.stop().await;
}
