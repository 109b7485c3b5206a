//! A client of server-sent events after the HTML standard, limited to what the server sends.

use super::client::Client;
use super::wait::TIMEOUT;
use super::world::text;
use reqwest::Response;
use serde_json::Value;
use std::collections::VecDeque;
use tokio::time::timeout;

/// An open event stream.
pub struct Listening {
    response: Response,
    unread: String,
    said: VecDeque<Said>,
}

/// A block of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Event(Told),
    Comment,
}

/// An event and the id to resume from.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub id: String,
    pub event: Value,
}

impl Told {
    pub fn of(&self, name: &str) -> String {
        text(&self.event[name])
    }
}

impl Listening {
    /// Opens a stream that starts now, or where the query says.
    pub async fn to(client: &Client, query: &str) -> Listening {
        Listening::open(client, query).await
    }

    /// Resumes after the last received event.
    pub async fn again(client: &Client, query: &str, last: &str) -> Listening {
        Listening::open(&client.with("last-event-id", last), query).await
    }

    async fn open(client: &Client, query: &str) -> Listening {
        let response = client.request("GET", &format!("/events/stream{query}")).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        assert!(response.headers().contains_key("seam-request-id"));
        Listening { response, unread: String::new(), said: VecDeque::new() }
    }

    /// The next block; `None` at the end of the stream.
    pub async fn said(&mut self) -> Option<Said> {
        loop {
            if let Some(said) = self.said.pop_front() {
                return Some(said);
            }
            let chunk = timeout(TIMEOUT, self.response.chunk()).await.expect("a block arrives in time");
            let chunk = chunk.expect("the stream is whole")?;
            self.unread.push_str(std::str::from_utf8(&chunk).expect("text"));
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                self.said.push_back(read(block));
                self.unread = rest.to_owned();
            }
        }
    }

    /// The next event; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            match self.said().await? {
                Said::Event(told) => return Some(told),
                Said::Comment => {}
            }
        }
    }

    /// Receives this many events.
    pub async fn hear(&mut self, count: usize) -> Vec<Told> {
        let mut heard = Vec::with_capacity(count);
        while heard.len() < count {
            heard.push(self.next().await.expect("the stream goes on"));
        }
        heard
    }
}

fn read(block: &str) -> Said {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    match field("data:") {
        None => {
            assert!(block.lines().all(|line| line.starts_with(':')), "{block:?}");
            Said::Comment
        }
        Some(data) => Said::Event(Told {
            id: field("id:").expect("an event has an id").to_owned(),
            event: serde_json::from_str(data).expect("an event is JSON"),
        }),
    }
}
