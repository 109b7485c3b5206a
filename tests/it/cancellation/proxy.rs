//! A proxy between the server and Postgres that parses the frontend/backend protocol: it names the statements of each
//! connection, and withholds Postgres's response to a chosen statement until the request that waits for it is dropped.

use crate::support::server_address::ServerAddress;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

/// Code of SSLRequest, which is followed by another startup message (Postgres, "Message Formats").
const SSL_REQUEST: u32 = 80_877_103;

/// Maximum length of a statement's name, in characters.
const NAME: usize = 90;

/// A proxy that accepts connections until it is dropped.
pub struct Proxy {
    directory: TempDir,
    traffic: Arc<Traffic>,
    accepting: JoinHandle<()>,
}

/// State shared by the connections of a proxy.
struct Traffic {
    recording: Mutex<Recording>,
    /// The connection whose responses are withheld, and the statement's name.
    withheld: watch::Sender<Option<(usize, String)>>,
    /// Whether transactions stay open: a no-op statement replaces each commit.
    loses_commits: AtomicBool,
}

#[derive(Default)]
struct Recording {
    /// How often each statement was sent since the recording began.
    counts: HashMap<String, usize>,
    sent: Vec<String>,
    /// Names of statements that are answered; the response to the first other one is withheld. None: nothing is withheld.
    answered: Option<BTreeSet<String>>,
}

impl Proxy {
    /// A proxy to the Postgres of this URL.
    pub fn to(url: &str) -> Proxy {
        let address = ServerAddress::of(url);
        let directory = tempfile::tempdir().expect("a directory for the socket");
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("a socket of its own");
        let traffic = Arc::new(Traffic {
            recording: Mutex::default(),
            withheld: watch::Sender::new(None),
            loses_commits: AtomicBool::default(),
        });
        let known = Arc::clone(&traffic);
        let accepting = tokio::spawn(async move {
            for connection in 0.. {
                let (near, _) = listener.accept().await.expect("a connection");
                tokio::spawn(carry(connection, near, address.clone(), Arc::clone(&known)));
            }
        });
        Proxy { directory, traffic, accepting }
    }

    /// The URL of a database through this proxy.
    pub fn url(&self, direct: &str) -> String {
        let mut url: Url = direct.parse().expect("a URL of Postgres");
        url.set_port(None).expect("it has a host");
        url.set_query(Some(&format!("host={}", self.directory.path().display())));
        url.into()
    }

    /// Starts a new recording. The response to the first statement that is not in `answered` is withheld.
    pub fn record(&self, answered: Option<&BTreeSet<String>>) {
        let mut recording = self.traffic.recording.lock().expect("never poisoned");
        *recording = Recording { answered: answered.cloned(), ..Recording::default() };
    }

    /// The statements sent since the recording began, but for the pool's own checks of its connections.
    pub fn statements(&self) -> Vec<String> {
        let recording = self.traffic.recording.lock().expect("never poisoned");
        let is_check = |name: &&String| *name == "sync" || name.starts_with("select") || name.contains("is_it!");
        recording.sent.iter().filter(|name| !is_check(name)).cloned().collect()
    }

    /// Whether the server sees commits succeed that do not take place.
    pub fn loses_commits(&self, loses: bool) {
        self.traffic.loses_commits.store(loses, Ordering::Relaxed);
    }

    /// Resolves when a response is withheld.
    pub async fn withholds(&self) {
        let mut withheld = self.traffic.withheld.subscribe();
        withheld.wait_for(Option::is_some).await.expect("the sender lives");
    }

    /// Lets all responses through again. Returns the statement whose response was withheld, and the last that was sent.
    pub fn release(&self) -> (Option<String>, Option<String>) {
        let mut recording = self.traffic.recording.lock().expect("never poisoned");
        recording.answered = None;
        let withheld = self.traffic.withheld.send_replace(None).map(|(_, name)| name);
        (withheld, recording.sent.last().cloned())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Traffic {
    /// Records a statement before it is forwarded, so that its response cannot precede the decision to withhold it.
    fn note(&self, connection: usize, statement: String) {
        let mut recording = self.recording.lock().expect("never poisoned");
        let count = recording.counts.entry(statement.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { statement } else { format!("{statement} (time {count})") };
        recording.sent.push(name.clone());
        if recording.answered.as_ref().is_some_and(|answered| !answered.contains(&name)) {
            recording.answered = None;
            self.withheld.send_replace(Some((connection, name)));
        }
    }
}

/// Forwards one connection until both sides have closed it.
async fn carry(connection: usize, near: UnixStream, address: ServerAddress, traffic: Arc<Traffic>) {
    let Ok((mut far_read, mut far_write)) = address.connect().await else { return };
    let (mut near_read, mut near_write) = near.into_split();
    let requests = async {
        let (mut bytes, mut frontend) = (vec![0; 64 * 1024], Frontend::default());
        while let Ok(count @ 1..) = near_read.read(&mut bytes).await {
            frontend.read(&bytes[..count]).into_iter().for_each(|statement| traffic.note(connection, statement));
            if traffic.loses_commits.load(Ordering::Relaxed) {
                lose_commits(&mut bytes[..count]);
            }
            if far_write.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
        let _ = far_write.shutdown().await;
    };
    let responses = async {
        let (mut bytes, mut withheld) = (vec![0; 64 * 1024], traffic.withheld.subscribe());
        while let Ok(count @ 1..) = far_read.read(&mut bytes).await {
            let is_responded =
                |withheld: &Option<(usize, String)>| withheld.as_ref().is_none_or(|it| it.0 != connection);
            if withheld.wait_for(is_responded).await.is_err() || near_write.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
        let _ = near_write.shutdown().await;
    };
    tokio::join!(requests, responses);
}

/// Replaces each simple query `COMMIT` with `SELECT`, which has the same length and selects nothing.
fn lose_commits(bytes: &mut [u8]) {
    const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
    let places: Vec<usize> =
        bytes.windows(COMMIT.len()).enumerate().filter(|(_, window)| *window == COMMIT).map(|(at, _)| at).collect();
    places.into_iter().for_each(|at| bytes[at + 5..at + 11].copy_from_slice(b"SELECT"));
}

/// Parser of the messages that one connection sends.
#[derive(Default)]
struct Frontend {
    unread: Vec<u8>,
    has_started: bool,
    /// Prepared statements by name.
    prepared: HashMap<String, String>,
    /// Messages since the last Sync.
    parts: Vec<String>,
}

impl Frontend {
    /// Parses more bytes; returns the complete statements, each up to where Postgres responds.
    fn read(&mut self, bytes: &[u8]) -> Vec<String> {
        self.unread.extend_from_slice(bytes);
        let mut statements = Vec::new();
        loop {
            let head = usize::from(self.has_started);
            let Some(length) = self.unread.get(head..head + 4) else { break };
            let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
            if self.unread.len() < head + length {
                break;
            }
            let message: Vec<u8> = self.unread.drain(..head + length).collect();
            if self.has_started {
                statements.extend(self.message(message[0], &message[5..]));
            } else {
                self.has_started = message[4..8] != SSL_REQUEST.to_be_bytes();
            }
        }
        statements
    }

    /// Parses one message; returns the statement that it completes, if any.
    fn message(&mut self, kind: u8, body: &[u8]) -> Option<String> {
        let mut texts = body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        let mut text = || texts.next().unwrap_or_default();
        match kind {
            b'Q' => Some(shortened(&text())),
            b'P' => {
                let (name, sql) = (text(), shortened(&text()));
                self.parts.push(format!("prepare {sql}"));
                self.prepared.insert(name, sql);
                None
            }
            b'B' => {
                let (_, name) = (text(), text());
                let sql = self.prepared.get(&name).cloned();
                self.parts.push(format!("execute {}", sql.unwrap_or(name)));
                None
            }
            b'S' if self.parts.is_empty() => Some("sync".to_owned()),
            b'S' => Some(std::mem::take(&mut self.parts).join(", ")),
            _ => None,
        }
    }
}

/// A statement on one line.
fn shortened(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().collect();
    words.join(" ").chars().take(NAME).collect()
}
