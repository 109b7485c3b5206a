//! A webhook receiver over HTTP on this machine, with configurable behaviour and a record of its requests.

use super::tcp_receiver::{Receiver as TcpReceiver, Request};
use super::wait::until;
use base64::prelude::*;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Behaviour of a receiver.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Responds with this status.
    Status(u16),
    /// Responds with this status and this `Retry-After`.
    RetryAfter(u16, String),
    /// Responds with this status and this body.
    Answer(u16, String),
    /// Responds with this status once notified.
    Held(u16, Arc<Notify>),
    /// Redirects to this URL.
    Redirect(String),
    /// Never responds.
    NoResponse,
    /// Closes without a response.
    Close,
    /// Closes in the middle of the response.
    Truncate,
    /// Responds 200 with ten million bytes.
    LargeBody,
}

/// A receiver that listens until it is dropped.
pub struct Receiver {
    listener: TcpReceiver,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Receiver {
    /// A receiver that responds 200.
    pub async fn new() -> Receiver {
        Receiver::with_behaviour(Behaviour::Status(200)).await
    }

    pub async fn with_behaviour(behaviour: Behaviour) -> Receiver {
        let behaviour = Arc::new(Mutex::new(behaviour));
        let shared = Arc::clone(&behaviour);
        let listener = TcpReceiver::with_handler(move |stream| {
            let behaviour = shared.lock().expect("no test panics in here").clone();
            respond(stream, behaviour)
        })
        .await;
        Receiver { listener, behaviour }
    }

    /// Changes the behaviour for later requests.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        *self.behaviour.lock().expect("no test panics in here") = behaviour;
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.listener.address)
    }

    /// Messages received so far, in order.
    pub fn received(&self) -> Vec<Message> {
        self.listener.received().into_iter().map(Message).collect()
    }

    /// Waits until this many messages are received.
    pub async fn wait_for_messages(&self, count: usize) -> Vec<Message> {
        until(&format!("{count} messages are received"), async || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }

    /// Number of messages by event id.
    pub fn tally(&self) -> HashMap<String, usize> {
        let mut tally = HashMap::new();
        for message in self.received() {
            *tally.entry(message.event_id()).or_default() += 1;
        }
        tally
    }
}

/// A URL with a closed port.
pub fn closed_port_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}/hook", listener.local_addr().expect("it is bound"))
}

async fn respond(mut stream: TcpStream, behaviour: Behaviour) {
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} Some\r\ncontent-length: {length}\r\nconnection: close\r\n")
    };
    let (text, rest) = match behaviour {
        Behaviour::Status(status) => (format!("{}\r\n", head(status, 0)), 0),
        Behaviour::Answer(status, body) => (format!("{}\r\n{body}", head(status, body.len())), 0),
        Behaviour::RetryAfter(status, value) => (format!("{}retry-after: {value}\r\n\r\n", head(status, 0)), 0),
        Behaviour::Held(status, release) => {
            release.notified().await;
            (format!("{}\r\n", head(status, 0)), 0)
        }
        Behaviour::Redirect(url) => (format!("{}location: {url}\r\n\r\n", head(307, 0)), 0),
        Behaviour::NoResponse => return std::future::pending().await,
        Behaviour::Close => return,
        Behaviour::Truncate => (format!("{}\r\n", head(200, 1_000)), 500),
        Behaviour::LargeBody => (format!("{}\r\n", head(200, 10_000_000)), 10_000_000),
    };
    // The sender may close the connection first.
    if stream.write_all(text.as_bytes()).await.is_ok() {
        let _ = stream.write_all(&vec![b'x'; rest]).await;
    }
}

/// A received message.
#[derive(Debug, Clone)]
pub struct Message(Request);

impl Message {
    pub fn header(&self, name: &str) -> &str {
        self.0.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.0.body).expect("a body is JSON")
    }

    pub fn event_id(&self) -> String {
        self.event()["event_id"].as_str().expect("an event has an id").to_owned()
    }

    /// Signing time in seconds since 1970.
    pub fn signed_at(&self) -> i64 {
        self.header("svix-timestamp").parse().expect("seconds")
    }

    /// The signatures, one per secret.
    pub fn signatures(&self) -> Vec<String> {
        self.header("svix-signature").split(' ').map(str::to_owned).collect()
    }

    /// The expected signature for this secret.
    pub fn signature_of(&self, secret: &str) -> String {
        let key = secret.strip_prefix("whsec_").expect("the prefix of secrets");
        let key = BASE64_STANDARD.decode(key).expect("strict base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.", self.header("svix-id"), self.header("svix-timestamp")).as_bytes());
        mac.update(self.body());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}
