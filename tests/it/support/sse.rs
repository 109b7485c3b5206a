//! A client of server-sent events after the HTML standard, limited to what the server sends.

use super::client::Client;
use super::wait::TIMEOUT;
use super::world::text;

use serde_json::Value;
use std::collections::VecDeque;
use tokio::time::timeout;

/// An open event stream.
pub struct EventStream {
    response: reqwest::Response,
    unread: String,
    blocks: VecDeque<Block>,
}

/// A block of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Event(StreamedEvent),
    Comment,
}

/// An event and the id to resume from.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamedEvent {
    pub id: String,
    pub event: Value,
}

impl StreamedEvent {
    pub fn of(&self, name: &str) -> String {
        text(&self.event[name])
    }
}

impl EventStream {
    /// Opens a stream that starts now, or where the query says.
    pub async fn open(client: &Client, query: &str) -> EventStream {
        EventStream::request(client, query).await
    }

    /// Resumes after the last received event.
    pub async fn resume(client: &Client, query: &str, last: &str) -> EventStream {
        EventStream::request(&client.with("last-event-id", last), query).await
    }

    async fn request(client: &Client, query: &str) -> EventStream {
        let response = client.request("GET", &format!("/events/stream{query}")).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert!(response.headers().contains_key("seam-request-id"));
        EventStream { response, unread: String::new(), blocks: VecDeque::new() }
    }

    /// The next block; `None` at the end of the stream.
    pub async fn next_block(&mut self) -> Option<Block> {
        loop {
            if let Some(block) = self.blocks.pop_front() {
                return Some(block);
            }
            let chunk = timeout(TIMEOUT, self.response.chunk()).await.expect("a block arrives in time");
            let chunk = chunk.expect("the stream is whole")?;
            self.unread.push_str(std::str::from_utf8(&chunk).expect("text"));
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                self.blocks.push_back(parse_block(block));
                self.unread = rest.to_owned();
            }
        }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<StreamedEvent> {
        loop {
            match self.next_block().await? {
                Block::Event(event) => return Some(event),
                Block::Comment => {}
            }
        }
    }

    /// Receives this many events.
    pub async fn receive(&mut self, count: usize) -> Vec<StreamedEvent> {
        let mut received = Vec::with_capacity(count);
        while received.len() < count {
            received.push(self.next().await.expect("the stream goes on"));
        }
        received
    }
}

fn parse_block(block: &str) -> Block {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    match field("data:") {
        None => {
            assert!(block.lines().all(|line| line.starts_with(':')), "{block:?}");
            Block::Comment
        }
        Some(data) => Block::Event(StreamedEvent {
            id: field("id:").expect("an event has an id").to_owned(),
            event: serde_json::from_str(data).expect("an event is JSON"),
        }),
    }
}
