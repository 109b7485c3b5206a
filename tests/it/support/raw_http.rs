//! Hand-written HTTP, for requests that no client library sends.

use super::client::Response;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any response takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends bytes on a new connection and reads the response to its end; the request should ask to close the connection.
pub async fn raw(address: &str, request: &[u8]) -> Response {
    let mut connection = TcpStream::connect(address).await.expect("the server listens");
    // The server may respond and close before it has read everything.
    let _ = connection.write_all(request).await;
    let mut received = Vec::new();
    let end = timeout(TIMEOUT, connection.read_to_end(&mut received)).await.expect("an answer in time");
    assert!(end.is_ok() || !received.is_empty(), "no answer: {end:?}");
    parse(&received)
}

/// Parses a response.
pub fn parse(received: &[u8]) -> Response {
    let received = String::from_utf8(received.to_vec()).expect("answers are UTF-8");
    let (head, text) = received.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {received:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status line");
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            let value = HeaderValue::from_str(value).expect("a header's value");
            (name.parse::<HeaderName>().expect("a header's name"), value)
        })
        .collect();
    Response::new(status, headers, text.to_owned())
}
