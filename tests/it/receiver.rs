//! A receiver of webhooks as customers have them: HTTP on this machine, in whatever manner a test wants it to answer,
//! with a book of what it heard.

use crate::outbound::receiver::{Receiver as Listener, Request};
use crate::waiting::until;
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

/// How a receiver answers.
#[derive(Debug, Clone)]
pub enum Manner {
    /// With this status.
    Status(u16),
    /// With this status, once it is told to.
    Held(u16, Arc<Notify>),
    /// By sending elsewhere.
    Elsewhere(String),
    /// Never.
    Hanging,
    /// By closing without a word.
    Mute,
    /// By closing in the middle of the answer.
    HalfWay,
    /// With a status of success and ten million bytes.
    Wordy,
}

/// A receiver that listens until it is dropped.
pub struct Receiver {
    listener: Listener,
    manner: Arc<Mutex<Manner>>,
}

impl Receiver {
    /// One that takes everything well.
    pub async fn new() -> Receiver {
        Receiver::of(Manner::Status(200)).await
    }

    pub async fn of(manner: Manner) -> Receiver {
        let manner = Arc::new(Mutex::new(manner));
        let shared = Arc::clone(&manner);
        let listener = Listener::behaving(move |stream| {
            let manner = shared.lock().expect("no test panics in here").clone();
            answer(stream, manner)
        })
        .await;
        Receiver { listener, manner }
    }

    /// Changes how it answers from now on.
    pub fn become_of(&self, manner: Manner) {
        *self.manner.lock().expect("no test panics in here") = manner;
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.listener.address)
    }

    /// What was heard so far, in order.
    pub fn heard(&self) -> Vec<Message> {
        self.listener.heard().into_iter().map(Message).collect()
    }

    /// What was heard as soon as it is so much.
    pub async fn hears(&self, count: usize) -> Vec<Message> {
        until(&format!("{count} messages are heard"), async || {
            let heard = self.heard();
            (heard.len() >= count).then_some(heard)
        })
        .await
    }

    /// How often each event was heard of.
    pub fn tally(&self) -> HashMap<String, usize> {
        let mut tally = HashMap::new();
        for message in self.heard() {
            *tally.entry(message.event_id()).or_default() += 1;
        }
        tally
    }
}

/// An address where nobody listens.
pub fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}/hook", listener.local_addr().expect("it is bound"))
}

async fn answer(mut stream: TcpStream, manner: Manner) {
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} Some\r\ncontent-length: {length}\r\nconnection: close\r\n")
    };
    let (text, rest) = match manner {
        Manner::Status(status) => (format!("{}\r\n", head(status, 0)), 0),
        Manner::Held(status, release) => {
            release.notified().await;
            (format!("{}\r\n", head(status, 0)), 0)
        }
        Manner::Elsewhere(url) => (format!("{}location: {url}\r\n\r\n", head(307, 0)), 0),
        Manner::Hanging => return std::future::pending().await,
        Manner::Mute => return,
        Manner::HalfWay => (format!("{}\r\n", head(200, 1_000)), 500),
        Manner::Wordy => (format!("{}\r\n", head(200, 10_000_000)), 10_000_000),
    };
    // The sender may have had enough before the end.
    if stream.write_all(text.as_bytes()).await.is_ok() {
        let _ = stream.write_all(&vec![b'x'; rest]).await;
    }
}

/// A message that was heard.
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

    /// The seconds since 1970 at which it was signed.
    pub fn signed_at(&self) -> i64 {
        self.header("svix-timestamp").parse().expect("seconds")
    }

    /// The signatures, of each secret one.
    pub fn signatures(&self) -> Vec<String> {
        self.header("svix-signature").split(' ').map(str::to_owned).collect()
    }

    /// What this secret's signature has to be.
    pub fn signature_of(&self, secret: &str) -> String {
        let key = secret.strip_prefix("whsec_").expect("the prefix of secrets");
        let key = BASE64_STANDARD.decode(key).expect("strict base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.", self.header("svix-id"), self.header("svix-timestamp")).as_bytes());
        mac.update(self.body());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}
