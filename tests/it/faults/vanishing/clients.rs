//! Clients that send a request and go away: by a reset, by closing their side, or by falling silent in the middle of it.

use super::requests::Targets;
use crate::post_office::Hook;
use crate::receiver::Receiver;
use crate::world::{Tenant, World};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// A client leaves after any time up to this, or up to how long answers take just then, whichever is longer.
const LONGEST_STAY: Duration = Duration::from_millis(6);
/// How long a client keeps silent in the middle of its request.
const SILENCE: Duration = Duration::from_millis(50);
/// How long a client waits for the end of a connection that it has not reset: event streams have none.
const OPEN: Duration = Duration::from_secs(1);

/// The events that changes of vanishing clients cause.
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

/// A way to go away.
#[derive(Debug, Clone, Copy)]
enum Departure {
    /// The request is sent, and the connection is reset.
    Reset,
    /// The request is sent, and the client's side is closed.
    HalfClose,
    /// Half of the request is sent, nothing for a while, and the connection is reset.
    Stall,
    /// None: the client waits for its answer. So it is known how long answers take.
    Stay,
}

/// What vanishing clients have done.
#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub sent: usize,
    pub vanished: usize,
    pub answered: usize,
}

impl Figures {
    pub fn add(&mut self, other: Figures) {
        self.sent += other.sent;
        self.vanished += other.vanished;
        self.answered += other.answered;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests sent, {} clients vanished, {} answered", self.sent, self.vanished, self.answered)
    }
}

/// A workspace of its own in which clients vanish, with a webhook that wants every event.
pub struct VanishingClients {
    pub tenant: Tenant,
    targets: Arc<Targets>,
    _receiver: Receiver,
}

impl VanishingClients {
    pub async fn new(world: &World) -> VanishingClients {
        let tenant = world.sandbox("Vanishing").await;
        let receiver = Receiver::new().await;
        Hook::at(&tenant, &receiver.url(), &EVENT_TYPES).await;
        let targets = Arc::new(Targets::new(world, &tenant).await);
        VanishingClients { tenant, targets, _receiver: receiver }
    }

    /// Lets so many clients connect to a server, send, vanish and connect again, until they are stopped.
    pub fn start(&self, address: &str, clients: u64) -> Running {
        let (stop, latency) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
        let mut running = JoinSet::new();
        for seed in 0..clients {
            let mut client = Client {
                address: address.to_owned(),
                random: StdRng::seed_from_u64(seed),
                latency: Arc::clone(&latency),
                figures: Figures::default(),
            };
            let (targets, stop) = (Arc::clone(&self.targets), stop.clone());
            running.spawn(async move {
                while !stop.is_cancelled() {
                    let request = targets.request(&mut client.random);
                    client.send_and_vanish(&request).await;
                }
                client.figures
            });
        }
        Running { stop, running }
    }
}

/// Vanishing clients at work.
pub struct Running {
    stop: CancellationToken,
    running: JoinSet<Figures>,
}

impl Running {
    /// Waits until each has finished with its last request.
    pub async fn stop(self) -> Figures {
        self.stop.cancel();
        let mut all = Figures::default();
        for figures in self.running.join_all().await {
            all.add(figures);
        }
        all
    }
}

/// One client, which connects anew for each request.
struct Client {
    address: String,
    random: StdRng,
    /// How many microseconds the last answer took; shared by all clients.
    latency: Arc<AtomicU64>,
    figures: Figures,
}

impl Client {
    async fn send_and_vanish(&mut self, request: &[u8]) {
        let departure = match self.random.random_range(0..20) {
            0..13 => Departure::Reset,
            13..16 => Departure::HalfClose,
            16..18 => Departure::Stall,
            _ => Departure::Stay,
        };
        // A server that has been killed does not listen for a while.
        let Ok(mut connection) = TcpStream::connect(&self.address).await else { return sleep(SILENCE).await };
        let sent = if matches!(departure, Departure::Stall) { request.len() / 2 } else { request.len() };
        if connection.write_all(&request[..sent]).await.is_err() {
            return;
        }
        self.figures.sent += 1;
        match departure {
            Departure::Reset => {
                sleep(self.stay()).await;
                connection.set_zero_linger().expect("the socket is open");
            }
            Departure::Stall => {
                sleep(SILENCE).await;
                connection.set_zero_linger().expect("the socket is open");
            }
            Departure::HalfClose => {
                sleep(self.stay()).await;
                let _ = connection.shutdown().await;
                if is_answered(&mut connection).await {
                    self.figures.answered += 1;
                    return;
                }
            }
            Departure::Stay => {
                let began = Instant::now();
                if is_answered(&mut connection).await {
                    let took = began.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
                    self.latency.store(took, Ordering::Relaxed);
                    self.figures.answered += 1;
                    return;
                }
            }
        }
        self.figures.vanished += 1;
    }

    fn stay(&mut self) -> Duration {
        let longest = LONGEST_STAY.max(Duration::from_micros(self.latency.load(Ordering::Relaxed)));
        longest.mul_f64(self.random.random_range(0.0..1.0))
    }
}

/// Whether there is an answer before the connection ends. An event stream does not end.
async fn is_answered(connection: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    matches!(timeout(OPEN, connection.read_to_end(&mut answer)).await, Ok(Ok(count)) if count > 0)
}
