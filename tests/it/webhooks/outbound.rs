//! Delivery attempts against correct and misbehaving receivers. Whatever a receiver does, the outcome arrives in time,
//! states the fault in plain words and costs little.

mod addresses;
mod tls;

use crate::support::tcp_receiver::{self, Receiver, message};
use base64::prelude::*;
use chrono::{DateTime, Utc};
use handset::webhooks::outbound::{Message, Outbound, Outcome};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// Long for this machine, short enough for a test run.
const TIMEOUT: Duration = Duration::from_millis(400);
const CLOSED: &str = "the connection was closed before a whole answer";

fn outbound() -> Outbound {
    Outbound::new(Vec::new()).expect("a client")
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
}

async fn send(message: &Message) -> Outcome {
    outbound().with_patience(Duration::from_secs(5)).send(message, now()).await
}

/// Text of the outcome's fault; panics if there is none.
fn fault(outcome: &Outcome) -> &str {
    outcome.fault.as_deref().expect("the outcome has a fault")
}

/// Text of the fault for the operator; panics if there is none.
fn cause(outcome: &Outcome) -> &str {
    outcome.cause.as_deref().expect("the outcome has a cause")
}

fn ok(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{rest}")
}

/// HMAC-SHA256 after RFC 2104, so that the receiver shares no code with the sender.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| (0..64).map(|at| key.get(at).unwrap_or(&0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36).as_slice(), text].concat());
    Sha256::digest([pad(0x5c).as_slice(), &inner].concat()).to_vec()
}

#[tokio::test]
async fn a_2xx_response_is_delivered() {
    for response in [
        ok("content-length: 2\r\n\r\nok"),
        ok("\r\nuntil the connection ends"),
        ok("transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.0 200 OK\r\n\r\n".to_owned(),
    ] {
        let receiver = Receiver::responding_with(response.clone()).await;
        let outcome = send(&receiver.message()).await;
        assert!(outcome.is_delivered(), "{response}: {outcome:?}");
        assert_eq!(outcome.fault, None);
        assert_eq!(outcome.response_status.map(|status| status / 100), Some(2));
        assert_eq!(receiver.received().len(), 1);
    }
}

#[tokio::test]
async fn delivery_is_a_signed_post_of_the_exact_body() {
    let receiver = Receiver::responding_with(ok("content-length: 0\r\n\r\n")).await;
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut message = receiver.message();
    message.secrets.push(other.to_owned().into());
    assert!(send(&message).await.is_delivered());

    let [request] = receiver.received().try_into().expect("one request");
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    assert_eq!(request.body, message.body);
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["user-agent"], concat!("handset/", env!("CARGO_PKG_VERSION")));
    let signed = [b"msg_01.1700000000.", message.body.as_slice()].concat();
    let signatures = [tcp_receiver::SECRET, other].map(|secret| {
        let key = BASE64_STANDARD.decode(&secret["whsec_".len()..]).expect("base64");
        format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, &signed)))
    });
    for family in ["svix", "webhook"] {
        assert_eq!(request.headers[&format!("{family}-id")], "msg_01");
        assert_eq!(request.headers[&format!("{family}-timestamp")], "1700000000");
        assert_eq!(request.headers[&format!("{family}-signature")], signatures.join(" "));
    }
    for leak in ["cookie", "referer", "authorization", "accept-encoding"] {
        assert!(!request.headers.contains_key(leak), "{leak}");
    }
}

#[tokio::test]
async fn a_status_other_than_2xx_is_a_fault() {
    for status in [400, 404, 410, 429, 500, 503, 304] {
        let receiver = Receiver::responding_with(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")).await;
        let outcome = send(&receiver.message()).await;
        assert_eq!((outcome.response_status, fault(&outcome)), (Some(status), format!("answered {status}").as_str()));
        assert!(!outcome.is_delivered());
    }
}

#[tokio::test]
async fn a_redirect_is_a_fault_and_not_followed() {
    let target = Receiver::responding_with(ok("content-length: 0\r\n\r\n")).await;
    for status in [301, 302, 303, 307, 308] {
        let place = format!("http://someone:hunter2@{}/there", target.address);
        let head = format!("HTTP/1.1 {status} X\r\nlocation: {place}?key=hunter3\r\ncontent-length: 0\r\n\r\n");
        let outcome = send(&Receiver::responding_with(head).await.message()).await;
        let words = format!("redirected with {status} to http://{}/there: redirects are not followed", target.address);
        assert_eq!((outcome.response_status, fault(&outcome)), (Some(status), words.as_str()));
        assert!(!outcome.is_delivered());
    }
    assert!(target.received().is_empty());
}

#[tokio::test]
async fn a_receiver_that_never_responds_times_out() {
    let receiver = Receiver::with_handler(|stream| async move {
        let _held_open = stream;
        std::future::pending().await
    })
    .await;
    let outcome = outbound().with_patience(TIMEOUT).send(&receiver.message(), now()).await;
    assert_eq!((outcome.response_status, fault(&outcome)), (None, "no answer within 0.4 s"));
    assert!(outcome.latency >= TIMEOUT && outcome.latency < TIMEOUT * 5, "{:?}", outcome.latency);
}

#[tokio::test]
async fn a_slowly_written_response_does_not_extend_the_timeout() {
    for (head, status) in
        [("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", Some(200)), ("HTTP/1.1 200 OK\r\nx: ", None)]
    {
        let receiver = Receiver::with_handler(move |mut stream| async move {
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let outcome = outbound().with_patience(TIMEOUT).send(&receiver.message(), now()).await;
        assert_eq!((outcome.response_status, fault(&outcome)), (status, "no answer within 0.4 s"));
        assert!(!outcome.is_delivered());
        assert!(outcome.latency < TIMEOUT * 5, "{:?}", outcome.latency);
    }
}

#[tokio::test]
async fn a_truncated_response_is_a_closed_connection() {
    for (response, status) in [
        ("", None),
        ("HTTP/1.1 20", None),
        ("HTTP/1.1 200 OK\r\ncontent-le", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", Some(200)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhalf", Some(200)),
    ] {
        let receiver = Receiver::responding_with(response).await;
        let outcome = send(&receiver.message()).await;
        assert_eq!((outcome.response_status, fault(&outcome)), (status, CLOSED), "{response}");
        assert!(!outcome.is_delivered());
        assert_eq!(receiver.received().len(), 1, "this layer does not retry");
    }
}

#[tokio::test]
async fn a_connection_closed_on_accept_is_a_closed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let accepting = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let outcome = send(&message(&format!("http://{address}/"))).await;
    assert_eq!((outcome.response_status, fault(&outcome)), (None, CLOSED));
    accepting.abort();
}

#[tokio::test]
async fn a_closed_port_is_a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let outcome = send(&message(&format!("http://{address}/"))).await;
    assert_eq!((outcome.response_status, cause(&outcome)), (None, "connection refused"));
}

#[tokio::test]
async fn only_the_start_of_an_endless_response_is_read() {
    let written = Arc::new(AtomicUsize::new(0));
    let (counter, (done, ended)) = (Arc::clone(&written), tokio::sync::mpsc::channel::<()>(1));
    let mut ended = ended;
    let receiver = Receiver::with_handler(move |mut stream| {
        let (counter, done) = (Arc::clone(&counter), done.clone());
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
            while stream.write_all(&chunk).await.is_ok() {
                counter.fetch_add(chunk.len(), Ordering::Relaxed);
            }
            let _ = done.send(()).await;
        }
    })
    .await;
    let outcome = send(&receiver.message()).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    assert!(outcome.latency < Duration::from_secs(2), "{:?}", outcome.latency);
    tokio::time::timeout(Duration::from_secs(2), ended.recv()).await.expect("the connection is dropped");
    // Bytes written but not read stayed in socket buffers.
    let written = written.load(Ordering::Relaxed);
    assert!(written < 10_000_000, "{written}");
}

#[tokio::test]
async fn a_response_of_ten_megabytes_is_delivered_in_two_seconds() {
    let body = "x".repeat(10_000_000);
    let receiver = Receiver::responding_with(ok(&format!("content-length: {}\r\n\r\n{body}", body.len()))).await;
    let outcome = send(&receiver.message()).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    assert!(outcome.latency < Duration::from_secs(2), "{:?}", outcome.latency);
}

#[tokio::test]
async fn a_response_that_is_not_http_is_a_fault() {
    let endless_head = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(200_000));
    for response in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "220 mail.example ESMTP\r\n",
        "\0\0\0\0\0\0\0\0",
        "HTTP/9.9 200 OK\r\n\r\n",
        &endless_head,
    ] {
        let receiver = Receiver::responding_with(response).await;
        let outcome = send(&receiver.message()).await;
        assert_eq!(outcome.response_status, None);
        assert!(fault(&outcome).starts_with("the answer is not HTTP/1"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_keep_alive_connection_is_reused_for_the_next_message() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let receiver = Receiver::with_handler(move |mut stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            while stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.is_ok() {
                if tcp_receiver::read(&mut stream).await.is_none() {
                    break;
                }
            }
        }
    })
    .await;
    let outbound = outbound();
    for _ in 0..3 {
        assert!(outbound.send(&receiver.message(), now()).await.is_delivered());
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_hanging_receiver_does_not_delay_other_receivers() {
    let hung = Receiver::with_handler(|stream| async move {
        let _held_open = stream;
        std::future::pending().await
    })
    .await;
    let working = Receiver::responding_with(ok("content-length: 0\r\n\r\n")).await;
    let outbound = outbound().with_patience(Duration::from_secs(2));
    let (stuck, quick) = (hung.message(), working.message());
    let start = Instant::now();
    let (_, took) = tokio::join!(outbound.send(&stuck, now()), async {
        assert!(outbound.send(&quick, now()).await.is_delivered());
        start.elapsed()
    });
    assert!(took < Duration::from_secs(1), "{took:?}");
}
