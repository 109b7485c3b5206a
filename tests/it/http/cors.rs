//! Browser pages of other origins, in every dialect.

use crate::support::client::{Client, Response};
use crate::support::world::World;
use serde_json::json;

const ORIGIN: &str = "https://app.example.com";

/// A path of each dialect, and one of none.
const PATHS: [&str; 7] = [
    "/phones/deactivate",
    "/nowhere",
    "/v1/phone/",
    "/v4/accounts",
    "/v4/oauth/access-token",
    "/me/phones",
    "/Autodiscover/AutodiscoverService.svc/root",
];

fn page(client: &Client) -> Client {
    client.with("origin", ORIGIN)
}

fn is_open(response: &Response) {
    assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN), "{response:?}");
    assert_eq!(response.header("access-control-allow-credentials"), Some("true"), "{response:?}");
    let varying: Vec<&str> = response.headers.get_all("vary").iter().filter_map(|it| it.to_str().ok()).collect();
    assert!(varying.join(",").contains("origin"), "{response:?}");
}

#[tokio::test]
async fn preflights_are_answered_on_the_paths_of_every_dialect() {
    let world = World::new().await;
    for path in PATHS {
        let asking = page(&world.anonymous()).with("access-control-request-method", "DELETE");
        let asking = asking.with("access-control-request-headers", "authorization, if-match, last-event-id");
        let response = asking.call("OPTIONS", path).await;
        assert_eq!((response.status, response.text.as_str()), (200, ""), "{path}: {response:?}");
        is_open(&response);
        let methods = response.header("access-control-allow-methods").unwrap_or_default();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            assert!(methods.split(',').any(|allowed| allowed == method), "{path}: {methods}");
        }
        let headers = response.header("access-control-allow-headers");
        assert_eq!(headers, Some("authorization, if-match, last-event-id"), "{path}");
        assert_eq!(response.header("access-control-max-age"), Some("7200"), "{path}");
    }
}

#[tokio::test]
async fn pages_may_read_the_headers_of_responses_and_errors() {
    let world = World::new().await;
    let page = page(world.key());
    let mut responses = Vec::new();
    for path in PATHS {
        responses.push(page.get(path).await);
        responses.push(page.bearer("unknown").get(path).await);
    }
    responses.push(page.get("/openapi.json").await);
    responses.push(page.get("/health").await);
    responses.push(page.post("/phones/get", json!([])).await);
    for response in responses {
        is_open(&response);
        let exposed = response.header("access-control-expose-headers").unwrap_or_default();
        for name in [
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
            "etag",
            "link",
            "location",
            "seam-request-id",
            "x-request-id",
        ] {
            assert!(exposed.split(',').any(|it| it == name), "{name}: {response:?}");
        }
    }
}

#[tokio::test]
async fn diga_is_not_open_to_pages_of_the_own_machine() {
    let world = World::new().await;
    for origin in ["http://localhost", "http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080"] {
        let page = world.key().with("origin", origin);
        let response = page.get("/v1/phone/").await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (200, None), "{origin}");
        let preflight = page.with("access-control-request-method", "GET").call("OPTIONS", "/v1/phone/").await;
        assert_eq!(preflight.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(page.get("/phones/list").await.header("access-control-allow-origin"), Some(origin));
    }
    let page = world.key().with("origin", "https://localhost.example.com");
    assert!(page.get("/v1/phone/").await.header("access-control-allow-origin").is_some());
}
