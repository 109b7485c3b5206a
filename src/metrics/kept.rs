//! The registered metrics. Each has a row in `.github/docs/monitoring.md`.

mod rows;

use super::{Outbox, Outcome, ProcessUsage, Snapshot, SweepStep};
use crate::build_info;
use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use rows::RowMetrics;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use strum::VariantArray;

/// Histogram buckets of request latencies, in seconds.
const LATENCIES: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// A gauge with a fraction. It is NaN while its value is unknown.
type Measure = Gauge<f64, AtomicU64>;

/// Name and value.
type Label = (&'static str, &'static str);

/// The labels of `handset_build_info`; empty ones are unknown, as in a development build.
const BUILD: [Label; 3] =
    [("version", build_info::VERSION), ("commit", or_empty(build_info::COMMIT)), ("date", or_empty(build_info::DATE))];

const fn or_empty(text: Option<&'static str>) -> &'static str {
    match text {
        Some(text) => text,
        None => "",
    }
}

#[derive(Debug)]
pub(super) struct Kept {
    pub registry: Registry,
    pub http: HttpMetrics,
    database: DatabaseMetrics,
    pub outbox: OutboxMetrics,
    pub sweeper: SweeperMetrics,
    pub rows: RowMetrics,
    pub process: ProcessMetrics,
}

/// Requests and connections of clients.
#[derive(Debug)]
pub(super) struct HttpMetrics {
    pub requests: Family<RequestOutcome, Counter>,
    pub latencies: Family<Route, Histogram, fn() -> Histogram>,
    pub refusals: Family<[Label; 2], Counter>,
    pub connections: Gauge,
    pub max_connections: Gauge,
    pub refused_connections: Counter,
    certificate_expiry: Measure,
}

#[derive(Debug)]
struct DatabaseMetrics {
    is_up: Gauge,
    connections: Family<[Label; 1], Gauge>,
    max_connections: Gauge,
    closed_in_transaction: Counter,
    acquire_timeouts: Counter,
    lookups: Counter,
    lookup_statements: Counter,
}

#[derive(Debug)]
pub(super) struct OutboxMetrics {
    pub attempts: Family<[Label; 1], Counter>,
    pending: Measure,
    oldest_age: Measure,
    overdue: Measure,
}

#[derive(Debug)]
pub(super) struct SweeperMetrics {
    pub moved_numbers: Counter,
    pub pruned_events: Counter,
    pub pruned_audit_entries: Counter,
    pub failures: Family<[Label; 1], Counter>,
    last_round: Measure,
}

/// The metrics of any process, by the names that Prometheus gives them.
#[derive(Debug)]
pub(super) struct ProcessMetrics {
    pub registry: Registry,
    cpu: Counter<f64, AtomicU64>,
    resident: Gauge,
    virtual_memory: Gauge,
    open_files: Gauge,
    max_open_files: Gauge,
    started_at: Measure,
    threads: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Route {
    pub dialect: &'static str,
    pub route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestOutcome {
    #[prometheus(flatten)]
    pub route: Route,
    pub status: u16,
}

impl Kept {
    pub fn new() -> Kept {
        let mut registry = Registry::with_prefix("handset");
        registry.register("build", "The build of this server", Info::new(BUILD));
        Kept {
            http: HttpMetrics::new(&mut registry),
            database: DatabaseMetrics::new(&mut registry),
            outbox: OutboxMetrics::new(&mut registry),
            sweeper: SweeperMetrics::new(&mut registry),
            rows: RowMetrics::new(&mut registry),
            process: ProcessMetrics::new(),
            registry,
        }
    }

    /// Sets what is read at a scrape.
    pub fn read(&self, snapshot: &Snapshot, swept_at: Option<DateTime<Utc>>) {
        let database = &self.database;
        database.connections.get_or_create(&[("state", "idle")]).set(snapshot.idle_connections.into());
        database.connections.get_or_create(&[("state", "used")]).set(snapshot.used_connections.into());
        database.max_connections.set(snapshot.max_connections.into());
        database.closed_in_transaction.inner().store(snapshot.connections_closed_in_transaction, Relaxed);
        database.acquire_timeouts.inner().store(snapshot.acquire_timeouts, Relaxed);
        database.lookups.inner().store(snapshot.lookups, Relaxed);
        database.lookup_statements.inner().store(snapshot.lookup_statements, Relaxed);
        self.sweeper.last_round.set(swept_at.map_or(0.0, unix_time));
        self.http.certificate_expiry.set(snapshot.certificate_expiry.map_or(f64::NAN, unix_time));
        if let Some(usage) = &snapshot.process {
            self.process.read(usage);
        }
    }

    pub fn set_database_up(&self, is_up: bool) {
        self.database.is_up.set(is_up.into());
    }

    pub fn set_outbox(&self, outbox: Option<Outbox>) {
        let OutboxMetrics { pending, oldest_age, overdue, .. } = &self.outbox;
        pending.set(outbox.map_or(f64::NAN, |outbox| count(outbox.pending)));
        oldest_age.set(outbox.map_or(f64::NAN, |outbox| outbox.oldest_age.as_secs_f64()));
        overdue.set(outbox.map_or(f64::NAN, |outbox| outbox.overdue.as_secs_f64()));
    }
}

impl HttpMetrics {
    fn new(all: &mut Registry) -> HttpMetrics {
        let latencies = Family::new_with_constructor((|| Histogram::new(LATENCIES)) as fn() -> Histogram);
        let help = "Time from the head of a request to the head of its response, by dialect and route";
        all.register_with_unit("request_duration", help, Unit::Seconds, latencies.clone());
        HttpMetrics {
            requests: registered(all, "requests", "Requests by dialect, route and status"),
            latencies,
            refusals: registered(
                all,
                "requests_refused",
                "Requests refused or failed for another reason than their input or credential, by dialect and reason",
            ),
            connections: registered(all, "client_connections", "Open connections of clients"),
            max_connections: registered(all, "client_connections_limit", "Maximum of open client connections"),
            refused_connections: registered(
                all,
                "client_connections_refused",
                "Connections closed because their client network has as many as it may have",
            ),
            certificate_expiry: seconds(
                all,
                "tls_certificate_expiry_timestamp",
                "When the certificate in use expires, in Unix time; NaN without TLS",
            ),
        }
    }
}

impl DatabaseMetrics {
    fn new(all: &mut Registry) -> DatabaseMetrics {
        DatabaseMetrics {
            is_up: registered(all, "database_up", "Whether the database answered, 1 or 0; asked every 10 s"),
            connections: registered(all, "database_connections", "Open database connections by state"),
            max_connections: registered(all, "database_connections_limit", "Maximum of open database connections"),
            closed_in_transaction: registered(
                all,
                "database_connections_closed_in_transaction",
                "Database connections closed because they were returned in a transaction",
            ),
            acquire_timeouts: registered(
                all,
                "database_acquire_timeouts",
                "Statements that failed because no database connection was free in time",
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
        }
    }
}

impl OutboxMetrics {
    fn new(all: &mut Registry) -> OutboxMetrics {
        let attempts: Family<[Label; 1], Counter> =
            registered(all, "deliveries", "Webhook delivery attempts by outcome");
        // From 0 on, so that the first one is seen as an increase.
        for outcome in Outcome::VARIANTS {
            _ = attempts.get_or_create(&[("outcome", outcome.into())]);
        }
        OutboxMetrics {
            attempts,
            pending: unknown(
                all,
                "outbox_messages",
                "Pending webhook deliveries of all servers on the database; counted every 10 s, or less often if that takes over 0.1 s",
            ),
            oldest_age: seconds(all, "outbox_oldest_age", "Age of the oldest event with a pending webhook delivery"),
            overdue: seconds(
                all,
                "outbox_overdue",
                "Longest time for which an attempt of a pending webhook delivery has been due",
            ),
        }
    }
}

impl SweeperMetrics {
    fn new(all: &mut Registry) -> SweeperMetrics {
        let failures: Family<[Label; 1], Counter> =
            registered(all, "sweeper_failures", "Failed steps of the sweeper, by step");
        for step in SweepStep::VARIANTS {
            _ = failures.get_or_create(&[("step", step.into())]);
        }
        SweeperMetrics {
            moved_numbers: registered(all, "numbers_moved", "Phone numbers whose status the sweeper changed"),
            pruned_events: registered(all, "events_pruned", "Events deleted after the retention period"),
            pruned_audit_entries: registered(
                all,
                "audit_entries_pruned",
                "Entries of the audit trail deleted after the retention period",
            ),
            failures,
            last_round: timestamp(
                all,
                "sweeper_last_round_timestamp",
                "When the sweeper of this server finished a round, in Unix time; 0 before the first",
            ),
        }
    }
}

impl ProcessMetrics {
    fn new() -> ProcessMetrics {
        let mut registry = Registry::with_prefix("process");
        let all = &mut registry;
        let cpu = Counter::default();
        all.register_with_unit("cpu", "User and system CPU time", Unit::Seconds, cpu.clone());
        ProcessMetrics {
            cpu,
            resident: bytes(all, "resident_memory", "Resident memory"),
            virtual_memory: bytes(all, "virtual_memory", "Virtual memory"),
            open_files: registered(all, "open_fds", "Open file descriptors"),
            max_open_files: registered(all, "max_fds", "Maximum of open file descriptors"),
            started_at: timestamp(all, "start_time", "When the process started, in Unix time"),
            threads: registered(all, "threads", "Threads"),
            registry,
        }
    }

    fn read(&self, usage: &ProcessUsage) {
        self.cpu.inner().store(usage.cpu.as_secs_f64().to_bits(), Relaxed);
        self.resident.set(usage.resident_bytes.cast_signed());
        self.virtual_memory.set(usage.virtual_bytes.cast_signed());
        self.open_files.set(usage.open_files.cast_signed());
        self.max_open_files.set(i64::try_from(usage.max_open_files).unwrap_or(i64::MAX));
        self.started_at.set(usage.started_at);
        self.threads.set(usage.threads.cast_signed());
    }
}

/// A metric that the registry encodes.
fn registered<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// A gauge whose value is not known yet.
fn unknown(registry: &mut Registry, name: &str, help: &str) -> Measure {
    let measure: Measure = registered(registry, name, help);
    measure.set(f64::NAN);
    measure
}

/// A gauge in seconds whose value is not known yet.
fn seconds(registry: &mut Registry, name: &str, help: &str) -> Measure {
    let measure = timestamp(registry, name, help);
    measure.set(f64::NAN);
    measure
}

/// A gauge in seconds.
fn timestamp(registry: &mut Registry, name: &str, help: &str) -> Measure {
    let measure = Measure::default();
    registry.register_with_unit(name, help, Unit::Seconds, measure.clone());
    measure
}

fn bytes(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register_with_unit(name, help, Unit::Bytes, gauge.clone());
    gauge
}

/// A count as a number with a fraction; it stays far below 2^53, up to which that is exact.
fn count(count: i64) -> f64 {
    count as f64
}

fn unix_time(at: DateTime<Utc>) -> f64 {
    // Microseconds fit a float until the year 2255.
    at.timestamp_micros() as f64 / 1e6
}
