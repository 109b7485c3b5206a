//! Prometheus metrics, which the server's operations routes serve; without `--metrics-listen` they are not recorded. The
//! figures of the status page are, from the same calls.

mod activity;

pub use activity::{Activity, INTERVAL, Sample};

use crate::build_info;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Histogram buckets of request latencies, in seconds.
const LATENCIES: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The labels of `handset_build_info`; empty ones are unknown, as in a development build.
const BUILD: [Label; 3] =
    [("version", build_info::VERSION), ("commit", or_empty(build_info::COMMIT)), ("date", or_empty(build_info::DATE))];

const fn or_empty(text: Option<&'static str>) -> &'static str {
    match text {
        Some(text) => text,
        None => "",
    }
}

/// The metrics. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Nothing if they are off.
    kept: Option<Arc<Kept>>,
    activity: Arc<Activity>,
}

/// A gauge that is NaN while its value is unknown.
type Measure = Gauge<f64, AtomicU64>;

#[derive(Debug)]
struct Kept {
    registry: Registry,
    requests: Family<RequestOutcome, Counter>,
    latencies: Family<Route, Histogram, fn() -> Histogram>,
    deliveries: Family<[Label; 1], Counter>,
    moved_numbers: Counter,
    pruned_events: Counter,
    connections: Family<[Label; 1], Gauge>,
    connections_closed_in_transaction: Counter,
    lookups: Counter,
    lookup_statements: Counter,
    pending_deliveries: Measure,
    oldest_pending_delivery: Measure,
}

/// Name and value.
type Label = (&'static str, &'static str);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    dialect: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestOutcome {
    #[prometheus(flatten)]
    route: Route,
    status: u16,
}

/// The outcome of a delivery attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Delivered,
    /// Failed, to be retried.
    Postponed,
    /// Failed, without another retry.
    GivenUp,
}

/// Values that are read at each scrape instead of being counted.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot {
    pub idle_connections: u32,
    pub used_connections: u32,
    /// Connections closed because they were returned in a transaction.
    pub connections_closed_in_transaction: u64,
    /// Lookups and changes that can share a statement, and the statements that they took.
    pub lookups: u64,
    pub lookup_statements: u64,
    /// Count and oldest age of pending deliveries; `None` while the database does not respond.
    pub pending_deliveries: Option<(i64, Duration)>,
}

impl Metrics {
    /// Metrics that are recorded.
    pub fn kept() -> Metrics {
        Metrics { kept: Some(Arc::new(Kept::new())), activity: Arc::default() }
    }

    /// Counts a request and its latency.
    pub fn request(&self, dialect: &'static str, route: &str, status: u16, latency: Duration) {
        self.activity.request(status, latency);
        if let Some(kept) = &self.kept {
            let answered = RequestOutcome { route: Route { dialect, route: route.to_owned() }, status };
            kept.requests.get_or_create(&answered).inc();
            kept.latencies.get_or_create(&answered.route).observe(latency.as_secs_f64());
        }
    }

    /// Rates and latencies of the last hour.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Counts a delivery attempt.
    pub fn delivery(&self, outcome: Outcome) {
        if let Some(kept) = &self.kept {
            kept.deliveries.get_or_create(&[("outcome", outcome.into())]).inc();
        }
    }

    /// Counts phone numbers whose status the sweeper changed.
    pub fn moved_numbers(&self, count: u64) {
        if let Some(kept) = &self.kept {
            kept.moved_numbers.inc_by(count);
        }
    }

    /// Counts events deleted after their retention.
    pub fn pruned_events(&self, count: u64) {
        if let Some(kept) = &self.kept {
            kept.pruned_events.inc_by(count);
        }
    }

    /// All metrics as OpenMetrics text; `None` if they are off.
    pub fn text(&self, snapshot: &Snapshot) -> Option<String> {
        let kept = self.kept.as_ref()?;
        kept.connections.get_or_create(&[("state", "idle")]).set(snapshot.idle_connections.into());
        kept.connections.get_or_create(&[("state", "used")]).set(snapshot.used_connections.into());
        kept.connections_closed_in_transaction.inner().store(snapshot.connections_closed_in_transaction, Relaxed);
        kept.lookups.inner().store(snapshot.lookups, Relaxed);
        kept.lookup_statements.inner().store(snapshot.lookup_statements, Relaxed);
        // Counts stay far below 2^53, up to which f64 holds every integer.
        let (pending_deliveries, oldest) =
            snapshot.pending_deliveries.map_or((f64::NAN, f64::NAN), |(count, age)| (count as f64, age.as_secs_f64()));
        kept.pending_deliveries.set(pending_deliveries);
        kept.oldest_pending_delivery.set(oldest);
        let mut text = String::new();
        encode(&mut text, &kept.registry).ok()?;
        Some(text)
    }
}

impl Kept {
    fn new() -> Kept {
        let mut registry = Registry::with_prefix("handset");
        let all = &mut registry;
        all.register("build", "The build of this server", Info::new(BUILD));
        let latencies = Family::new_with_constructor((|| Histogram::new(LATENCIES)) as fn() -> Histogram);
        Kept {
            requests: registered(all, "requests", "Requests by dialect, route and status"),
            latencies: {
                let help = "Time from the head of a request to the head of its response";
                all.register_with_unit("request_duration", help, Unit::Seconds, latencies.clone());
                latencies
            },
            deliveries: registered(all, "deliveries", "Webhook delivery attempts by outcome"),
            moved_numbers: registered(all, "numbers_moved", "Phone numbers whose status the sweeper changed"),
            pruned_events: registered(all, "events_pruned", "Events deleted after the retention period"),
            connections: registered(all, "database_connections", "Open database connections by state"),
            connections_closed_in_transaction: registered(
                all,
                "database_connections_closed_in_transaction",
                "Database connections closed because they were returned in a transaction",
            ),
            lookups: registered(
                all,
                "lookups",
                "Lookups and changes that can share a statement with others of their kind",
            ),
            lookup_statements: registered(
                all,
                "lookup_statements",
                "Statements of these lookups and changes; fewer for each on a busier server",
            ),
            pending_deliveries: registered(
                all,
                "outbox_messages",
                "Pending webhook deliveries of all servers on the database",
            ),
            oldest_pending_delivery: {
                let oldest = Measure::default();
                let help = "Age of the oldest pending webhook delivery";
                all.register_with_unit("outbox_oldest_age", help, Unit::Seconds, oldest.clone());
                oldest
            },
            registry,
        }
    }
}

/// A metric that the registry encodes.
fn registered<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}
