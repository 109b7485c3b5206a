//! Prometheus metrics. Without `--metrics-listen` nothing is recorded. The server's operations routes serve them.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Histogram buckets of request latencies, in seconds.
const LATENCIES: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The metrics, or nothing if they are off. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Kept>>);

/// A gauge that is NaN while its value is unknown.
type Measure = Gauge<f64, AtomicU64>;

struct Kept {
    registry: Registry,
    requests: Family<RequestOutcome, Counter>,
    latencies: Family<Route, Histogram, fn() -> Histogram>,
    deliveries: Family<Sent, Counter>,
    moved_numbers: Counter,
    pruned_events: Counter,
    connections: Family<Pooled, Gauge>,
    connections_closed_in_transaction: Counter,
    lookups: Counter,
    lookup_statements: Counter,
    pending_deliveries: Measure,
    oldest_pending_delivery: Measure,
}

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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pooled {
    state: &'static str,
}

/// The outcome of a delivery attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Batchable lookups, and the statements that they took.
    pub lookups: u64,
    pub lookup_statements: u64,
    /// Count and oldest age of pending deliveries; `None` while the database does not respond.
    pub pending_deliveries: Option<(i64, Duration)>,
}

impl Metrics {
    /// Metrics that are recorded.
    pub fn kept() -> Metrics {
        Metrics(Some(Arc::new(Kept::new())))
    }

    /// Counts a request and its latency.
    pub fn request(&self, dialect: &'static str, route: &str, status: u16, latency: Duration) {
        if let Metrics(Some(kept)) = self {
            let answered = RequestOutcome { route: Route { dialect, route: route.to_owned() }, status };
            kept.requests.get_or_create(&answered).inc();
            kept.latencies.get_or_create(&answered.route).observe(latency.as_secs_f64());
        }
    }

    /// Counts a delivery attempt.
    pub fn delivery(&self, outcome: Outcome) {
        if let Metrics(Some(kept)) = self {
            let outcome = match outcome {
                Outcome::Delivered => "delivered",
                Outcome::Postponed => "postponed",
                Outcome::GivenUp => "given_up",
            };
            kept.deliveries.get_or_create(&Sent { outcome }).inc();
        }
    }

    /// Counts phone numbers whose status the sweeper changed.
    pub fn moved_numbers(&self, count: u64) {
        if let Metrics(Some(kept)) = self {
            kept.moved_numbers.inc_by(count);
        }
    }

    /// Counts events deleted after their retention.
    pub fn pruned_events(&self, count: u64) {
        if let Metrics(Some(kept)) = self {
            kept.pruned_events.inc_by(count);
        }
    }

    /// All metrics as OpenMetrics text; `None` if they are off.
    pub fn text(&self, snapshot: &Snapshot) -> Option<String> {
        let Metrics(Some(kept)) = self else { return None };
        kept.connections.get_or_create(&Pooled { state: "idle" }).set(snapshot.idle_connections.into());
        kept.connections.get_or_create(&Pooled { state: "used" }).set(snapshot.used_connections.into());
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
        let mut kept = Kept {
            registry: Registry::with_prefix("handset"),
            requests: Family::default(),
            latencies: Family::new_with_constructor(|| Histogram::new(LATENCIES)),
            deliveries: Family::default(),
            moved_numbers: Counter::default(),
            pruned_events: Counter::default(),
            connections: Family::default(),
            connections_closed_in_transaction: Counter::default(),
            lookups: Counter::default(),
            lookup_statements: Counter::default(),
            pending_deliveries: Measure::default(),
            oldest_pending_delivery: Measure::default(),
        };
        let all = &mut kept.registry;
        all.register("requests", "Requests by dialect, route and status", kept.requests.clone());
        let latency = "Time from the head of a request to the head of its response";
        all.register_with_unit("request_duration", latency, Unit::Seconds, kept.latencies.clone());
        all.register("deliveries", "Webhook delivery attempts by outcome", kept.deliveries.clone());
        all.register("numbers_moved", "Phone numbers whose status the sweeper changed", kept.moved_numbers.clone());
        all.register("events_pruned", "Events deleted after the retention period", kept.pruned_events.clone());
        all.register("database_connections", "Open database connections by state", kept.connections.clone());
        let closed = "Database connections closed because they were returned in a transaction";
        all.register(
            "database_connections_closed_in_transaction",
            closed,
            kept.connections_closed_in_transaction.clone(),
        );
        all.register("lookups", "Lookups that can share a statement with others of their kind", kept.lookups.clone());
        let statements = "Statements of these lookups; fewer per lookup on a busier server";
        all.register("lookup_statements", statements, kept.lookup_statements.clone());
        let pending_deliveries = "Pending webhook deliveries of all servers on the database";
        all.register("outbox_messages", pending_deliveries, kept.pending_deliveries.clone());
        let oldest = "Age of the oldest pending webhook delivery";
        all.register_with_unit("outbox_oldest_age", oldest, Unit::Seconds, kept.oldest_pending_delivery.clone());
        kept
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Metrics(kept)" } else { "Metrics(none)" })
    }
}
