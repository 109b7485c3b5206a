//! What is counted, for Prometheus. Whoever does something hands in that it was done; when nobody asked for figures,
//! nothing is kept and nothing costs anything. Where they can be read is the server's matter.

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

/// The bounds between which latencies are told apart, in seconds.
const LATENCIES: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Figures that are kept, or not. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Kept>>);

/// A number that may be unknown, which is then not a number.
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

/// What came of an attempt to deliver a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// Not delivered; it is tried again later.
    Postponed,
    /// Not delivered, for the last time.
    GivenUp,
}

/// What is not counted but looked up whenever somebody reads the figures.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot {
    pub idle_connections: u32,
    pub used_connections: u32,
    /// Connections that were closed because they were returned in a transaction.
    pub connections_closed_in_transaction: u64,
    /// Lookups that could be asked together, and the statements in which they were.
    pub lookups: u64,
    pub lookup_statements: u64,
    /// How much is owed to webhooks and since when the oldest is; unknown while the database does not answer.
    pub pending_deliveries: Option<(i64, Duration)>,
}

impl Metrics {
    /// Figures that are kept.
    pub fn kept() -> Metrics {
        Metrics(Some(Arc::new(Kept::new())))
    }

    /// A request was answered.
    pub fn request(&self, dialect: &'static str, route: &str, status: u16, latency: Duration) {
        if let Metrics(Some(kept)) = self {
            let answered = RequestOutcome { route: Route { dialect, route: route.to_owned() }, status };
            kept.requests.get_or_create(&answered).inc();
            kept.latencies.get_or_create(&answered.route).observe(latency.as_secs_f64());
        }
    }

    /// An attempt to deliver a message ended.
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

    /// Numbers moved on in their life.
    pub fn moved_numbers(&self, count: u64) {
        if let Metrics(Some(kept)) = self {
            kept.moved_numbers.inc_by(count);
        }
    }

    /// Old events were forgotten.
    pub fn pruned_events(&self, count: u64) {
        if let Metrics(Some(kept)) = self {
            kept.pruned_events.inc_by(count);
        }
    }

    /// All figures, as OpenMetrics text; none if none are kept.
    pub fn text(&self, snapshot: &Snapshot) -> Option<String> {
        let Metrics(Some(kept)) = self else { return None };
        kept.connections.get_or_create(&Pooled { state: "idle" }).set(snapshot.idle_connections.into());
        kept.connections.get_or_create(&Pooled { state: "used" }).set(snapshot.used_connections.into());
        kept.connections_closed_in_transaction.inner().store(snapshot.connections_closed_in_transaction, Relaxed);
        kept.lookups.inner().store(snapshot.lookups, Relaxed);
        kept.lookup_statements.inner().store(snapshot.lookup_statements, Relaxed);
        // Counts are far below 2^53, where not every whole number has a place any more.
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
        all.register("requests", "Requests answered", kept.requests.clone());
        let latency = "Time from a request's head to its answer's";
        all.register_with_unit("request_duration", latency, Unit::Seconds, kept.latencies.clone());
        all.register("deliveries", "Attempts to deliver a message to a webhook", kept.deliveries.clone());
        all.register("numbers_moved", "Phone numbers that time moved on in their life", kept.moved_numbers.clone());
        all.register("events_pruned", "Events forgotten because of their age", kept.pruned_events.clone());
        all.register("database_connections", "Open connections to the database", kept.connections.clone());
        let closed = "Connections to the database closed because they were returned in a transaction";
        all.register(
            "database_connections_closed_in_transaction",
            closed,
            kept.connections_closed_in_transaction.clone(),
        );
        all.register("lookups", "Lookups that are asked together with others of their kind", kept.lookups.clone());
        let statements = "Statements in which lookups were asked; the fewer for a lookup, the busier the server";
        all.register("lookup_statements", statements, kept.lookup_statements.clone());
        let pending_deliveries = "Messages owed to webhooks, of all servers on the database";
        all.register("outbox_messages", pending_deliveries, kept.pending_deliveries.clone());
        let oldest = "Age of the oldest message owed to a webhook";
        all.register_with_unit("outbox_oldest_age", oldest, Unit::Seconds, kept.oldest_pending_delivery.clone());
        kept
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Metrics(kept)" } else { "Metrics(none)" })
    }
}
