//! The measured tenant's webhook endpoint: notes when it has the event of which phone.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout_at;

const DEVICE_ID: &str = "\"device_id\":\"";

/// A running endpoint.
pub struct Receiver {
    pub address: SocketAddr,
    heard: watch::Receiver<HashMap<String, Instant>>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let (notes, heard) = watch::channel(HashMap::new());
        let notes = Arc::new(notes);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&notes)));
            }
        });
        Receiver { address, heard }
    }

    /// When the event of a phone arrived; `None` if it has not by `until`.
    pub async fn heard(&self, device_id: &str, until: Instant) -> Option<Instant> {
        let mut heard = self.heard.clone();
        let arrived = timeout_at(until.into(), heard.wait_for(|heard| heard.contains_key(device_id))).await;
        arrived.ok()?.ok()?.get(device_id).copied()
    }
}

/// Answers requests with 204 until the peer closes the connection.
async fn serve(mut stream: TcpStream, notes: Arc<watch::Sender<HashMap<String, Instant>>>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        bytes.extend_from_slice(&buffer[..count]);
        // The event is the last part of a request, and ends with its braces.
        let text = String::from_utf8_lossy(&bytes);
        let Some((_, rest)) = text.split_once(DEVICE_ID).filter(|_| text.ends_with('}')) else { continue };
        let device_id: String = rest.chars().take_while(|character| *character != '"').collect();
        let now = Instant::now();
        notes.send_modify(|heard| _ = heard.entry(device_id).or_insert(now));
        bytes.clear();
        if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
            return;
        }
    }
}
