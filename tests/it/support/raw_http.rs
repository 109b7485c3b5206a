//! Hand-written HTTP, for requests that no client library sends.

use super::client::Response;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any response takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server answers to a head with `expect: 100-continue`.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

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

/// A request whose head was sent, while the server waits for its body.
pub struct Opened {
    connection: TcpStream,
    body: Vec<u8>,
}

impl Opened {
    /// Sends a head, which should ask to close the connection, and returns once the server asks for the body.
    pub async fn new(address: &str, head: &str, body: impl Into<Vec<u8>>) -> Opened {
        let (mut connection, body) = (TcpStream::connect(address).await.expect("the server listens"), body.into());
        let head = format!("{head}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n", body.len());
        connection.write_all(head.as_bytes()).await.expect("the head is read");
        let mut asked = vec![0; CONTINUE.len()];
        timeout(TIMEOUT, connection.read_exact(&mut asked)).await.expect("in time").expect("the body is asked for");
        assert_eq!(asked, CONTINUE, "{}", String::from_utf8_lossy(&asked));
        Opened { connection, body }
    }

    /// Sends the body.
    pub async fn finish(&mut self) {
        self.connection.write_all(&self.body).await.expect("the body is read");
    }

    /// Reads the response to its end.
    pub async fn response(mut self) -> Response {
        let mut received = Vec::new();
        let end = timeout(TIMEOUT, self.connection.read_to_end(&mut received)).await.expect("an answer in time");
        assert!(end.is_ok() || !received.is_empty(), "no answer: {end:?}");
        parse(&received)
    }
}

/// Sends all heads, then all bodies, then reads all responses.
pub async fn heads_first(address: &str, requests: Vec<(String, String)>) -> Vec<Response> {
    let mut opened = Vec::with_capacity(requests.len());
    for (head, body) in requests {
        opened.push(Opened::new(address, &head, body).await);
    }
    for request in &mut opened {
        request.finish().await;
    }
    let mut responses = Vec::with_capacity(opened.len());
    for request in opened {
        responses.push(request.response().await);
    }
    responses
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
