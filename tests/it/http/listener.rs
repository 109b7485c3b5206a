//! The listener: connection limit, idle timeout, header limit, and the headers for browsers and proxies.

use crate::support::wait::TIMEOUT;
use crate::support::world::World;
use handset::server::ListenerConfig;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Short for the tests, long compared with a request.
const IDLE: Duration = Duration::from_millis(400);

const ASK: &[u8] = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn with_timeout() -> ListenerConfig {
    ListenerConfig { idle: IDLE, ..ListenerConfig::default() }
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.url.trim_start_matches("http://")).await.expect("it listens")
}

/// Reads until the server closes the connection.
async fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut received)).await.expect("the server closes the connection");
    received
}

#[tokio::test]
async fn a_connection_that_never_finishes_a_request_head_is_closed() {
    let world = World::with_listener(with_timeout()).await;
    for beginning in [&b""[..], b"GET /phones/list HTTP/1.1\r\nhost: local"] {
        let started = Instant::now();
        let mut slow = connect(&world).await;
        slow.write_all(beginning).await.expect("the bytes are sent");
        assert!(to_the_end(&mut slow).await.is_empty());
        assert!(started.elapsed() >= IDLE);
    }
}

#[tokio::test]
async fn a_trickle_of_headers_does_not_keep_a_connection_open() {
    let world = World::with_listener(with_timeout()).await;
    let mut slow = connect(&world).await;
    slow.write_all(b"GET /phones/list HTTP/1.1\r\n").await.expect("the bytes are sent");
    let trickling = async {
        while slow.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(IDLE / 8).await;
        }
    };
    timeout(TIMEOUT, trickling).await.expect("the server closes the connection");
}

#[tokio::test]
async fn a_connection_without_another_request_is_closed_after_its_response() {
    let world = World::with_listener(with_timeout()).await;
    let mut idle = connect(&world).await;
    idle.write_all(ASK).await.expect("the bytes are sent");
    assert!(to_the_end(&mut idle).await.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_another_to_close() {
    let world = World::with_listener(ListenerConfig { connections: 1, ..with_timeout() }).await;
    let started = Instant::now();
    let silent = connect(&world).await;
    world.anonymous().get("/health").await.ok();
    assert!(started.elapsed() >= IDLE, "the idle connection had the only permit");
    drop(silent);
}

#[tokio::test]
async fn a_connection_whose_client_does_not_read_the_responses_is_closed() {
    let world = World::with_listener(ListenerConfig { connections: 1, ..with_timeout() }).await;
    let mut non_reading = connect(&world).await;
    let all_at_once = ASK.repeat(1_000);
    let started = Instant::now();
    // More than the socket buffers hold, until the server no longer reads the requests.
    let pending = async {
        let _ = non_reading.write_all(&all_at_once).await;
    };
    let other = async {
        timeout(TIMEOUT, world.anonymous().get("/health")).await.expect("the permit is released in time").ok();
    };
    tokio::join!(pending, other);
    assert!(started.elapsed() >= IDLE);
}

#[tokio::test]
async fn request_headers_have_limits_of_their_total_size_and_number() {
    let world = World::new().await;
    let with = |length: usize| world.key().with("x-long", &"x".repeat(length));
    with(100 * 1024).get("/phones/list").await.ok();
    let many = |count: usize| {
        let headers = "x: y\r\n".repeat(count - 2);
        world.raw(format!("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"))
    };
    many(150).await.ok();
    many(512).await.ok();
    many(513).await.refused(431, "headers_too_large");
    let head = format!("GET /phones/list HTTP/1.1\r\nx-long: {}\r\n\r\n", "x".repeat(140 * 1024));
    world.raw(head).await.refused(431, "headers_too_large");
}

#[tokio::test]
async fn every_response_has_nosniff_and_no_store_and_over_plain_http_no_hsts() {
    let world = World::new().await;
    for response in [
        world.key().get("/phones/list").await,
        world.key().get("/v1/phone/").await,
        world.anonymous().get("/phones/list").await,
        world.anonymous().get("/nowhere").await,
        world.anonymous().get("/health").await,
        world.raw("GET /phones/list HTTP/1.1\r\nbad header\r\n\r\n").await,
    ] {
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{response:?}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{response:?}");
        assert_eq!(response.header("strict-transport-security"), None, "not over plain HTTP: {response:?}");
    }
}
