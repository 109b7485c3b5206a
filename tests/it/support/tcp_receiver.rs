//! Webhook receivers on plain TCP, so that a test controls every byte and every close of a response.

use handset::webhooks::outbound::Message;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Secret of the messages below: bytes 0 to 23 in base64.
pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

/// A listener that records its requests until it is dropped.
pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Request>>>,
    connections: JoinHandle<()>,
}

/// One request as received.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    /// Keys are in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Receiver {
    /// Responds to each request with these bytes and closes.
    pub async fn responding_with(response: impl Into<String>) -> Receiver {
        let response = response.into();
        Receiver::with_handler(move |mut stream| {
            let response = response.clone();
            async move {
                // The sender may have closed the connection.
                let _ = stream.write_all(response.as_bytes()).await;
            }
        })
        .await
    }

    /// Reads a request from each connection, then passes the stream to `behaviour`.
    pub async fn with_handler<F: Future<Output = ()> + Send>(
        behaviour: impl Fn(TcpStream) -> F + Clone + Send + Sync + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let connections = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let (log, behaviour) = (Arc::clone(&log), behaviour.clone());
                tokio::spawn(async move {
                    if let Some(request) = read(&mut stream).await {
                        log.lock().expect("no test panics in here").push(request);
                        behaviour(stream).await;
                    }
                });
            }
        });
        Receiver { address, received, connections }
    }

    /// Requests received so far.
    pub fn received(&self) -> Vec<Request> {
        self.received.lock().expect("no test panics in here").clone()
    }

    /// A message to this receiver, with loopback allowed.
    pub fn message(&self) -> Message {
        message(&format!("http://{}/hook", self.address))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.connections.abort();
    }
}

/// A message with loopback allowed.
pub fn message(url: &str) -> Message {
    Message {
        url: url.to_owned(),
        message_id: "msg_01".to_owned(),
        body: r#"{"event_type":"phone.deactivated","device":"Jürgen’s phone"}"#.into(),
        secrets: vec![SECRET.to_owned().into()],
        may_reach_loopback: true,
    }
}

/// Reads one request; `None` if the connection ends first.
pub async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).expect("heads are text");
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |text| text.parse().expect("a length"));
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { line, headers, body })
}
