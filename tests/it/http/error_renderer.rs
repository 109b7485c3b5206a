//! Why `http::error_renderer` replaces bytes that hyper writes: hyper answers a request that it cannot parse by itself,
//! with a bare head, and offers no hook to change that. If the first test fails, hyper has learnt to do otherwise, and
//! the module may go.

use crate::support::raw_http::raw;
use crate::support::world::World;
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

/// Requests that hyper refuses, with the status and the type of Seam's error.
fn unparsable() -> [(String, u16, &'static str); 3] {
    let get = |path: &str, header: &str| format!("GET {path} HTTP/1.1\r\n{header}\r\n\r\n");
    [
        (get("/", "bad header"), 400, "bad_request"),
        (get(&format!("/{}", "x".repeat(70_000)), "a: b"), 414, "uri_too_long"),
        (get("/", &format!("a: {}", "x".repeat(500_000))), 431, "headers_too_large"),
    ]
}

#[tokio::test]
async fn hyper_answers_an_unparsable_request_with_a_bare_head() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let router = Router::new().route("/", get(|| async { "ok" }));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    for (request, status, _) in unparsable() {
        let response = raw(&address, request.as_bytes()).await;
        assert_eq!((response.status, response.text.as_str()), (status, ""));
        assert_eq!(response.header("content-type"), None, "{response:?}");
    }
    server.abort();
}

#[tokio::test]
async fn an_unparsable_request_gets_the_error_envelope_with_a_request_id() {
    let world = World::new().await;
    for (request, status, kind) in unparsable() {
        let response = world.raw(request).await;
        let error = response.refused(status, kind);
        // The limit of 65,534 bytes is hyper's; ours, which is lower, is the one to keep to.
        let limit = match status {
            414 => "32768 bytes",
            431 => "131072 bytes, or of 512 headers",
            _ => "",
        };
        assert!(error["message"].as_str().is_some_and(|message| message.contains(limit)), "{error}");
        assert!(response.header("seam-request-id").is_some(), "{response:?}");
    }
}
