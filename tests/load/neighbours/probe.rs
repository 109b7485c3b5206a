//! The measured tenant: deactivations and reads at a fixed rate, each on a new connection, as from a person with a script,
//! and the delay until its webhook has the event.

use super::noise::exchange;
use super::receiver::Receiver;
use crate::generator::{self, histogram};
use crate::registry::{Kind, finish_head, finish_request};
use crate::report::Percentiles;
use crate::settings::Settings;
use crate::workbench::Workbench;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

/// Number of the measured workspace.
pub const PROBED: u64 = 0;

/// Deactivations, and reads, a second.
const RATE: f64 = 50.0;

/// Response timeout; later counts as failed.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a delivery is waited for after the last request.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Latencies in microseconds since each request was due.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    pub deactivate: Percentiles,
    pub get: Percentiles,
    /// Until the webhook has the event of a deactivation.
    pub webhook: Percentiles,
    /// Deactivations and reads not answered with 200.
    pub failed: u64,
    /// Events of acknowledged deactivations that were not delivered.
    pub unheard: u64,
}

/// Makes the requests of the first workspace.
pub struct Probe {
    runtime: Runtime,
    address: SocketAddr,
    receiver: Arc<Receiver>,
    workspaces: u64,
    /// Requests per measurement.
    count: u64,
    /// Number of the next phone to deactivate.
    next: u64,
    is_brief: bool,
}

/// A request that was sent.
struct Outcome {
    is_deactivation: bool,
    device_id: String,
    due: Instant,
    latency: Duration,
    is_ok: bool,
}

impl Probe {
    /// Inserts the phones to deactivate, and creates the webhook.
    pub fn new(workbench: &mut Workbench, settings: &Settings) -> Probe {
        let seconds = settings.time().as_secs_f64() * f64::from(settings.rounds);
        let count = ((RATE * seconds) as u64).max(3);
        let workspaces = workbench.source.registry.workspaces;
        workbench.source.registry.insert_spare_phones(&mut workbench.database, 2 * count * workspaces);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let receiver = Arc::new(runtime.block_on(Receiver::start()));
        let body = format!(r#"{{"url":"http://{}/","event_types":["phone.deactivated"]}}"#, receiver.address);
        let mut request = b"POST /webhooks/create".to_vec();
        finish_request(Some(PROBED), Some(body.as_bytes()), &mut request);
        let address = workbench.server.address;
        let (status, answer) = generator::send_one(address, &request).expect("the server responds");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        Probe { runtime, address, receiver, workspaces, count, next: 0, is_brief: settings.is_brief }
    }

    /// Measures for some time, then waits for the deliveries.
    pub fn measure(&mut self) -> Sample {
        let first = self.next;
        self.next += self.count;
        let outcomes = self.runtime.block_on(requests(self.address, self.workspaces, first, self.count, self.is_brief));
        let [mut deactivate, mut get, mut webhook] = [(); 3].map(|()| histogram());
        let (mut failed, mut unheard) = (0, 0);
        let until = Instant::now() + DELIVERY_TIMEOUT;
        for outcome in outcomes {
            failed += u64::from(!outcome.is_ok);
            record(if outcome.is_deactivation { &mut deactivate } else { &mut get }, outcome.latency);
            if outcome.is_deactivation && outcome.is_ok {
                match self.runtime.block_on(self.receiver.heard(&outcome.device_id, until)) {
                    Some(at) => record(&mut webhook, at.saturating_duration_since(outcome.due)),
                    None => unheard += 1,
                }
            }
        }
        let [deactivate, get, webhook] = [deactivate, get, webhook].map(|latencies| Percentiles::of(&latencies));
        Sample { deactivate, get, webhook, failed, unheard }
    }
}

fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
}

/// Sends `count` deactivations and as many reads, each when it is due, whether or not earlier ones were answered.
async fn requests(address: SocketAddr, workspaces: u64, first: u64, count: u64, is_brief: bool) -> Vec<Outcome> {
    let mut under_way = JoinSet::new();
    let began = Instant::now();
    let rate = if is_brief { 20.0 * RATE } else { RATE };
    for number in 0..count {
        let due = began + Duration::from_secs_f64(number as f64 / rate);
        sleep_until(due.into()).await;
        // Spares are spread over the workspaces in turn.
        let spare = (first + number) * workspaces;
        under_way.spawn(request(address, "DELETE /phones/deactivate?device_id=", Kind::Spare, spare, due));
        under_way.spawn(request(address, "GET /phones/get?device_id=", Kind::Phone, number, due));
    }
    under_way.join_all().await
}

async fn request(address: SocketAddr, target: &'static str, kind: Kind, number: u64, due: Instant) -> Outcome {
    let mut id = Vec::with_capacity(36);
    kind.write(number, &mut id);
    let mut bytes = [target.as_bytes(), &id, b" HTTP/1.1\r\nconnection: close\r\n"].concat();
    finish_head(Some(PROBED), None, &mut bytes);
    let answered = timeout(RESPONSE_TIMEOUT, async {
        let mut stream = TcpStream::connect(address).await?;
        exchange(&mut stream, &bytes, &mut Vec::new()).await
    });
    let is_ok = matches!(answered.await, Ok(Ok(200)));
    let device_id = String::from_utf8(id).expect("an id is ASCII");
    Outcome { is_deactivation: matches!(kind, Kind::Spare), device_id, due, latency: due.elapsed(), is_ok }
}
