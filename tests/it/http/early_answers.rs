//! Answers that are sent before the body is read: the client, which may still be sending it, can read them.

use crate::support::raw_http::raw;
use crate::support::world::World;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any response takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sizes of bodies, in bytes: up to that of an import, and several times the largest that is read.
const SIZES: [usize; 3] = [100_000, 1_200_000, 5_000_000];

/// A request with this head and a body of this size, written whole before the answer is read.
async fn answered(world: &World, head: &str, size: usize) -> String {
    let mut stream = TcpStream::connect(world.address()).await.expect("it listens");
    let head = format!("{head}\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the head is read");
    // The answer to the head is underway before the body is.
    tokio::task::yield_now().await;
    stream.write_all(&vec![b' '; size]).await.unwrap_or_else(|fault| panic!("{head}: {size} bytes: {fault}"));
    let mut received = Vec::new();
    let read = timeout(TIMEOUT, stream.read_to_end(&mut received)).await.expect("an answer in time");
    read.unwrap_or_else(|fault| panic!("{head}: {size} bytes: {fault}"));
    String::from_utf8(received).expect("text")
}

#[tokio::test]
async fn an_answer_before_the_body_was_read_arrives_in_every_dialect() {
    let world = World::new().await;
    let key = format!("\r\nauthorization: Bearer {}", world.api_key.reveal());
    let (key, unknown) = (key.as_str(), "\r\nauthorization: Bearer seam_unknown_key");
    let requests = [
        ("POST /phones/list HTTP/1.1", unknown, 401),
        ("TRACE /phones/list HTTP/1.1", key, 405),
        ("POST /nowhere HTTP/1.1", key, 404),
        ("POST /v1/phone/import HTTP/1.1", unknown, 401),
        ("PUT /v1/phone/ HTTP/1.1", key, 405),
        ("POST /v4/accounts/1/extensions/1/contacts HTTP/1.1", unknown, 401),
        ("DELETE /v4/accounts HTTP/1.1", key, 405),
        ("POST /me/phones HTTP/1.1", "", 401),
        ("POST /webticket/oauthtoken HTTP/1.1", "", 413),
        ("POST /v4/oauth/access-token HTTP/1.1", "", 413),
    ];
    for (line, credential, status) in requests {
        for size in SIZES {
            let response = answered(&world, &format!("{line}{credential}"), size).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{line}, {size} bytes: {response}");
            assert!(response.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{line}: {response}");
        }
    }
    for _ in 0..20 {
        let response = answered(&world, &format!("POST /phones/list HTTP/1.1{key}"), 1_200_000).await;
        assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    }
}

#[tokio::test]
async fn an_answer_to_a_head_that_is_too_large_arrives() {
    let world = World::new().await;
    for _ in 0..10 {
        let head = format!("GET /phones/list HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(2_000_000));
        let mut stream = TcpStream::connect(world.address()).await.expect("it listens");
        stream.write_all(head.as_bytes()).await.expect("the head is read to its end");
        let mut received = String::new();
        stream.read_to_string(&mut received).await.expect("the answer is read to its end");
        assert!(received.starts_with("HTTP/1.1 431 "), "{received}");
    }
}

#[tokio::test]
async fn a_small_body_that_follows_its_head_is_drained_and_the_connection_is_kept() {
    let world = World::new().await;
    let mut stream = TcpStream::connect(world.address()).await.expect("it listens");
    for _ in 0..3 {
        let head = b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n";
        stream.write_all(head).await.expect("the connection is kept");
        // Nothing comes before the body.
        let early = timeout(Duration::from_millis(20), stream.peek(&mut [0])).await;
        assert!(early.is_err(), "{early:?}");
        stream.write_all(b"{}").await.expect("the connection is kept");
        let mut received = vec![0; 4_096];
        let count = timeout(TIMEOUT, stream.read(&mut received)).await.expect("in time").expect("an answer");
        let response = String::from_utf8_lossy(&received[..count]).to_ascii_lowercase();
        assert!(response.starts_with("http/1.1 404 ") && !response.contains("connection: close"), "{response}");
    }
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_answered_at_once() {
    let world = World::new().await;
    let head = "POST /nowhere HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    let started = Instant::now();
    let response = raw(world.address(), head.as_bytes()).await;
    response.refused(404, "not_found");
    assert_eq!(response.header("connection"), Some("close"));
    assert!(started.elapsed() < TIMEOUT / 2);
}

#[tokio::test]
async fn a_client_that_never_ends_its_body_is_closed() {
    let world = World::new().await;
    let head = b"POST /phones/list HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut stream = TcpStream::connect(world.address()).await.expect("it listens");
    stream.write_all(head).await.expect("the head is read");
    let (mut reading, mut writing) = stream.split();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut received = String::new();
    let endless = async {
        let mut sent = 0_usize;
        while writing.write_all(chunk.as_bytes()).await.is_ok() {
            sent += chunk.len();
        }
        sent
    };
    // The connection may be reset at the end.
    let (sent, _) = timeout(TIMEOUT, async { tokio::join!(endless, reading.read_to_string(&mut received)) })
        .await
        .expect("the server stops to read");
    assert!(received.starts_with("HTTP/1.1 401 "), "{received}");
    assert!(sent > 5_000_000, "only {sent} bytes were drained");
}
