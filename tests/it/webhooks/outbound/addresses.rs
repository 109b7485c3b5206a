//! Addresses closed to webhooks, in every spelling, and the settings that open them. Outcomes never contain the
//! credentials of a URL.

use super::{cause, fault, now, ok, outbound, send};
use crate::support::tcp_receiver::{Receiver, message};
use handset::webhooks::outbound::{Message, Outbound};
use std::time::Duration;

/// Spellings of the loopback address.
const THIS_MACHINE: [&str; 12] = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "[::1]",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]",
];

async fn working() -> Receiver {
    Receiver::responding_with(ok("content-length: 0\r\n\r\n")).await
}

fn strict(url: &str) -> Message {
    Message { may_reach_loopback: false, ..message(url) }
}

#[tokio::test]
async fn loopback_is_refused_without_permission_in_every_spelling() {
    let receiver = working().await;
    for host in THIS_MACHINE {
        let outcome = send(&strict(&format!("http://{host}:{}/", receiver.address.port()))).await;
        assert_eq!(outcome.response_status, None);
        let words = cause(&outcome);
        assert!(words.contains("(loopback), which webhooks reach only if HANDSET_WEBHOOK_ALLOW"), "{host}: {words}");
        assert!(fault(&outcome).contains("no address that is allowed"), "{host}: {outcome:?}");
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn loopback_is_reached_with_permission_or_by_configuration() {
    let receiver = working().await;
    let allowing = Outbound::new(vec!["127.0.0.0/8".parse().expect("a network")]).expect("a client");
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1"] {
        let url = format!("http://{host}:{}/", receiver.address.port());
        let permitted = outbound().send(&message(&url), now()).await;
        assert!(permitted.is_delivered(), "{host}: {permitted:?}");
        // Of a name with several addresses, only the allowed ones are tried.
        let configured = allowing.send(&strict(&url), now()).await;
        assert!(configured.is_delivered(), "{host}: {configured:?}");
    }
}

#[tokio::test]
async fn a_pooled_loopback_connection_is_not_reused_without_permission() {
    let receiver = Receiver::with_handler(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let _ = stream.write_all(ok("content-length: 0\r\n\r\n").as_bytes()).await;
        std::future::pending().await
    })
    .await;
    let outbound = outbound();
    let url = format!("http://localhost:{}/", receiver.address.port());
    assert!(outbound.send(&message(&url), now()).await.is_delivered());
    assert!(cause(&outbound.send(&strict(&url), now()).await).contains("(loopback)"));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn private_and_metadata_addresses_are_refused_before_a_byte_is_sent() {
    for (host, kind) in [
        ("10.0.0.1", "private"),
        ("169.254.169.254", "cloud metadata"),
        ("0xa9fea9fe", "cloud metadata"),
        ("[fd00:ec2::254]", "cloud metadata"),
        ("[::ffff:10.0.0.1]", "private"),
        ("[64:ff9b::a00:1]", "private"),
        ("0.0.0.0", "unspecified"),
        ("0", "unspecified"),
        ("[::]", "unspecified"),
    ] {
        // Permission for loopback does not include private networks.
        for message in [strict(&format!("http://{host}/")), message(&format!("https://{host}/"))] {
            let outcome = send(&message).await;
            assert!(cause(&outcome).contains(&format!("({kind})")), "{host}: {outcome:?}");
            assert!(outcome.latency < Duration::from_millis(200), "{host}: {:?}", outcome.latency);
        }
    }
}

#[tokio::test]
async fn a_url_that_is_not_http_or_https_is_a_fault() {
    for url in ["", "receiver.example", "ftp://r.example/", "file:///etc/passwd", "javascript:0", "user:hunter2@r"] {
        assert_eq!(fault(&send(&message(url)).await), "the webhook's address must begin with https:// or http://");
    }
    for url in ["http://", "http://user:hunter2@", "http://user:hunter2@127.0.0.1:99999/"] {
        let outcome = send(&message(url)).await;
        assert!(fault(&outcome).starts_with("the webhook's address is not a URL"), "{url}: {outcome:?}");
        assert!(!fault(&outcome).contains("hunter2"));
    }
}

#[tokio::test]
async fn url_credentials_are_sent_and_never_part_of_the_outcome() {
    let responses = [
        ok("content-length: 0\r\n\r\n"),
        "HTTP/1.1 302 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        String::new(),
    ];
    for response in responses {
        let receiver = Receiver::responding_with(response).await;
        let outcome = send(&message(&format!("http://user:hunter2@{}/?key=hunter3", receiver.address))).await;
        let [request] = receiver.received().try_into().expect("one request");
        assert_eq!(request.headers["authorization"], "Basic dXNlcjpodW50ZXIy");
        assert!(!format!("{outcome:?}").contains("hunter"), "{outcome:?}");
        let address = receiver.address;
        drop(receiver);
        for message in [message, strict] {
            for place in [address.to_string(), format!("localhost:{}", address.port())] {
                let outcome = send(&message(&format!("http://user:hunter2@{place}/?key=hunter3"))).await;
                assert!(!format!("{outcome:?}").contains("hunter"), "{outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_host_name_that_does_not_resolve_is_a_fault() {
    // A label of more than 63 bytes, so that no name server is queried.
    let name = format!("{}.example", "n".repeat(64));
    let outcome = send(&message(&format!("http://{name}/"))).await;
    assert!(cause(&outcome).starts_with(&format!("the name {name} cannot be resolved")), "{outcome:?}");
}
