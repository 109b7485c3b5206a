//! Receivers of webhooks, of every sort that the world has: TCP on this machine, so that each byte and each closing of
//! an answer is the test's own choice.

use handset::webhooks::outbound::Message;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The secret of the messages below: 24 bytes, counted up from 0, in base64.
pub const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

/// Something that listens until it is dropped, and what it has heard.
pub struct Receiver {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Request>>>,
    connections: JoinHandle<()>,
}

/// One request as it stood on the wire.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    /// By name in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Receiver {
    /// Answers each request in these bytes and closes.
    pub async fn answering(answer: impl Into<String>) -> Receiver {
        let answer = answer.into();
        Receiver::behaving(move |mut stream| {
            let answer = answer.clone();
            async move {
                // The sender may have had enough.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    /// Reads a request from each connection, then does as told with it.
    pub async fn behaving<F: Future<Output = ()> + Send>(
        behaviour: impl Fn(TcpStream) -> F + Clone + Send + Sync + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&heard);
        let connections = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let (book, behaviour) = (Arc::clone(&book), behaviour.clone());
                tokio::spawn(async move {
                    if let Some(request) = read(&mut stream).await {
                        book.lock().expect("no test panics in here").push(request);
                        behaviour(stream).await;
                    }
                });
            }
        });
        Receiver { address, heard, connections }
    }

    /// What was heard so far.
    pub fn heard(&self) -> Vec<Request> {
        self.heard.lock().expect("no test panics in here").clone()
    }

    /// A message to here that may come here.
    pub fn message(&self) -> Message {
        message(&format!("http://{}/hook", self.address))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.connections.abort();
    }
}

/// A message that may reach this machine.
pub fn message(url: &str) -> Message {
    Message {
        url: url.to_owned(),
        message_id: "msg_01".to_owned(),
        body: r#"{"event_type":"phone.deactivated","device":"Jürgen’s phone"}"#.into(),
        secrets: vec![SECRET.to_owned().into()],
        may_reach_loopback: true,
    }
}

/// One request, unless the connection ends before it does.
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
