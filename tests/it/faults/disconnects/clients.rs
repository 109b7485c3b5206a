//! Clients that send a request and disconnect: with a reset, a half-close, or silence in the middle of it.

use super::requests::Targets;
use crate::support::receiver::Receiver;
use crate::support::webhook_worker::Webhook;
use crate::support::world::{Tenant, World};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Maximum time until a client disconnects, or the current latency of responses, whichever is longer.
const MAX_DELAY: Duration = Duration::from_millis(6);
/// How long a client is silent in the middle of its request.
const SILENCE: Duration = Duration::from_millis(50);
/// How long a client waits for the end of a connection that it has not reset: event streams do not end.
const OPEN: Duration = Duration::from_secs(1);

/// The events caused by changes of disconnecting clients.
const EVENT_TYPES: [&str; 8] = [
    "phone.registered",
    "phone.deactivated",
    "acs_credential.issued",
    "acs_credential.invalidated",
    "acs_credential.deleted",
    "phone_number.assigned",
    "phone_number.release_scheduled",
    "phone_number.finished",
];

/// How a client disconnects.
#[derive(Debug, Clone, Copy)]
enum Disconnect {
    /// The request is sent, and the connection is reset.
    Reset,
    /// The request is sent, and the client's side is closed.
    HalfClose,
    /// Half of the request is sent, nothing for a while, and the connection is reset.
    Stall,
    /// None: the client waits for its response, which measures the latency.
    Stay,
}

/// Counts of the requests of disconnecting clients.
#[derive(Debug, Default, Clone, Copy)]
pub struct RequestCounts {
    pub sent: usize,
    pub responded: usize,
}

impl RequestCounts {
    pub fn add(&mut self, other: RequestCounts) {
        self.sent += other.sent;
        self.responded += other.responded;
    }

    pub fn disconnected(&self) -> usize {
        self.sent - self.responded
    }
}

impl fmt::Display for RequestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests sent, {} answered, {} clients vanished", self.sent, self.responded, self.disconnected())
    }
}

/// Disconnecting clients in a workspace of their own, with a webhook for every event.
pub struct DisconnectingClients {
    pub tenant: Tenant,
    targets: Arc<Targets>,
    /// The next seed; each client has another.
    seeds: AtomicU64,
    _receiver: Receiver,
}

impl DisconnectingClients {
    pub async fn new(world: &World) -> DisconnectingClients {
        let tenant = world.sandbox("Vanishing").await;
        let receiver = Receiver::new().await;
        Webhook::create_at(&tenant, &receiver.url(), &EVENT_TYPES).await;
        let targets = Arc::new(Targets::new(world, &tenant).await);
        DisconnectingClients { tenant, targets, seeds: AtomicU64::new(0), _receiver: receiver }
    }

    /// Starts clients that connect to a server, send, disconnect and connect again, until they are stopped.
    pub fn start(&self, address: &str, clients: u64) -> RunningClients {
        let (counters, mut running) = (Arc::new(Counters::default()), JoinSet::new());
        for _ in 0..clients {
            let mut client = Client {
                address: address.to_owned(),
                random: StdRng::seed_from_u64(self.seeds.fetch_add(1, Ordering::Relaxed)),
                targets: Arc::clone(&self.targets),
                counters: Arc::clone(&counters),
            };
            running.spawn(async move {
                loop {
                    client.send_and_disconnect().await;
                }
            });
        }
        RunningClients { counters, running }
    }
}

/// Disconnecting clients that run.
pub struct RunningClients {
    counters: Arc<Counters>,
    running: JoinSet<()>,
}

impl RunningClients {
    /// Resets all connections at the same time.
    pub async fn stop(mut self) -> RequestCounts {
        self.running.shutdown().await;
        let (sent, responded) =
            (self.counters.sent.load(Ordering::Relaxed), self.counters.responded.load(Ordering::Relaxed));
        RequestCounts { sent, responded }
    }
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicUsize,
    responded: AtomicUsize,
    /// Latency of the last response, in microseconds.
    latency: AtomicU64,
}

/// One client, with a new connection for each request.
struct Client {
    address: String,
    random: StdRng,
    targets: Arc<Targets>,
    counters: Arc<Counters>,
}

impl Client {
    async fn send_and_disconnect(&mut self) {
        let request = self.targets.request(&mut self.random);
        let disconnect = match self.random.random_range(0..20) {
            0..13 => Disconnect::Reset,
            13..16 => Disconnect::HalfClose,
            16..18 => Disconnect::Stall,
            _ => Disconnect::Stay,
        };
        // A killed server does not listen for a while.
        let Ok(mut connection) = TcpStream::connect(&self.address).await else { return sleep(SILENCE).await };
        // Dropping the connection resets it.
        connection.set_zero_linger().expect("the socket is open");
        let sent = if matches!(disconnect, Disconnect::Stall) { request.len() / 2 } else { request.len() };
        if connection.write_all(&request[..sent]).await.is_err() {
            return;
        }
        self.counters.sent.fetch_add(1, Ordering::Relaxed);
        match disconnect {
            Disconnect::Reset => sleep(self.stay()).await,
            Disconnect::Stall => sleep(SILENCE).await,
            Disconnect::HalfClose => {
                sleep(self.stay()).await;
                let _ = connection.shutdown().await;
                self.is_responded(&mut connection).await;
            }
            Disconnect::Stay => {
                let began = Instant::now();
                if self.is_responded(&mut connection).await {
                    let took = began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
                    self.counters.latency.store(took, Ordering::Relaxed);
                }
            }
        }
    }

    fn stay(&mut self) -> Duration {
        let longest = MAX_DELAY.max(Duration::from_micros(self.counters.latency.load(Ordering::Relaxed)));
        longest.mul_f64(self.random.random_range(0.0..1.0))
    }

    /// Whether a response arrives before the connection ends. An event stream does not end.
    async fn is_responded(&self, connection: &mut TcpStream) -> bool {
        let mut response = Vec::new();
        let read = timeout(OPEN, connection.read_to_end(&mut response)).await;
        let is_responded = matches!(read, Ok(Ok(count)) if count > 0);
        self.counters.responded.fetch_add(usize::from(is_responded), Ordering::Relaxed);
        is_responded
    }
}
