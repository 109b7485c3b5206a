//! Prometheus metrics, which the server's operations routes serve; without `--metrics-listen` they are not recorded. The
//! figures of the status page are, from the same calls. A scrape reads memory only: what is counted in the database is
//! counted by [`crate::sweeper::RowCounter`], at intervals.

mod activity;
mod counts;
mod kept;

pub use activity::{Activity, INTERVAL, Sample};
pub use counts::{Counts, NumberCounts, PerEnvironment, WebhookCounts};

use chrono::{DateTime, Utc};
use kept::{Kept, RequestOutcome, Route};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use std::sync::Arc;
use std::time::Duration;

/// The metrics. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Nothing if they are off.
    kept: Option<Arc<Kept>>,
    activity: Arc<Activity>,
}

/// The outcome of a delivery attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Delivered,
    /// Failed, to be retried.
    Postponed,
    /// Failed, without another retry.
    GivenUp,
}

/// A step of the sweeper, by the name that the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
pub enum SweepStep {
    #[strum(serialize = "deliveries of disabled webhooks")]
    DisabledWebhooks,
    #[strum(serialize = "due phone numbers")]
    DueNumbers,
    #[strum(serialize = "old events")]
    OldEvents,
    #[strum(serialize = "old audit entries")]
    OldAuditEntries,
    #[strum(serialize = "unused client sessions")]
    UnusedClientSessions,
    #[strum(serialize = "expired instant keys")]
    ExpiredInstantKeys,
    #[strum(serialize = "last uses of credentials")]
    LastUses,
    #[strum(serialize = "sessions of operators")]
    OperatorSessions,
}

/// Why a request was refused or failed, other than by its input or its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RefusalReason {
    RateLimit,
    StreamLimit,
    /// The database does not answer, or the server has as much in flight as it takes.
    Unavailable,
    StatementTimeout,
    InternalError,
}

/// Pending deliveries of all workspaces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outbox {
    pub pending: i64,
    /// Age of their oldest event.
    pub oldest_age: Duration,
    /// Time for which the next attempt of one of them has been due.
    pub overdue: Duration,
}

/// Values that are read at each scrape instead of being counted. None of them is read from the database.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub idle_connections: u32,
    pub used_connections: u32,
    pub max_connections: u32,
    /// Connections closed because they were returned in a transaction.
    pub connections_closed_in_transaction: u64,
    /// Statements that got no connection in time.
    pub acquire_timeouts: u64,
    /// Lookups and changes that can share a statement, and the statements that they took.
    pub lookups: u64,
    pub lookup_statements: u64,
    /// When the server's certificate ends, if it has one.
    pub certificate_expiry: Option<DateTime<Utc>>,
    /// What the operating system says of this process, where it does.
    pub process: Option<ProcessUsage>,
}

/// Resources of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessUsage {
    pub cpu: Duration,
    pub resident_bytes: u64,
    pub virtual_bytes: u64,
    pub open_files: u64,
    pub max_open_files: u64,
    /// Seconds since the epoch.
    pub started_at: f64,
    pub threads: u64,
}

/// A client connection that is counted as open until this is dropped.
#[derive(Debug)]
pub struct OpenConnection(Option<Arc<Kept>>);

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
            kept.http.requests.get_or_create(&answered).inc();
            kept.http.latencies.get_or_create(&answered.route).observe(latency.as_secs_f64());
        }
    }

    /// Counts a request that was refused or failed.
    pub fn refusal(&self, dialect: &'static str, reason: RefusalReason) {
        if let Some(kept) = &self.kept {
            kept.http.refusals.get_or_create(&[("dialect", dialect), ("reason", reason.into())]).inc();
        }
    }

    /// Rates and latencies of the last hour.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Counts a delivery attempt.
    pub fn delivery(&self, outcome: Outcome) {
        if let Some(kept) = &self.kept {
            kept.outbox.attempts.get_or_create(&[("outcome", outcome.into())]).inc();
        }
    }

    /// Counts phone numbers whose status the sweeper changed.
    pub fn moved_numbers(&self, count: u64) {
        if let Some(kept) = &self.kept {
            kept.sweeper.moved_numbers.inc_by(count);
        }
    }

    /// Counts events deleted after their retention.
    pub fn pruned_events(&self, count: u64) {
        if let Some(kept) = &self.kept {
            kept.sweeper.pruned_events.inc_by(count);
        }
    }

    /// Counts entries of the audit trail deleted after their retention.
    pub fn pruned_audit_entries(&self, count: u64) {
        if let Some(kept) = &self.kept {
            kept.sweeper.pruned_audit_entries.inc_by(count);
        }
    }

    /// Counts a failed step of the sweeper.
    pub fn failed_sweep(&self, step: SweepStep) {
        if let Some(kept) = &self.kept {
            kept.sweeper.failures.get_or_create(&[("step", step.into())]).inc();
        }
    }

    /// Counts a client connection as open until the returned value is dropped.
    pub fn open_connection(&self) -> OpenConnection {
        if let Some(kept) = &self.kept {
            kept.http.connections.inc();
        }
        OpenConnection(self.kept.clone())
    }

    /// Counts a connection that was closed because its client has as many as it may have.
    pub fn refused_connection(&self) {
        if let Some(kept) = &self.kept {
            kept.http.refused_connections.inc();
        }
    }

    /// Sets the maximum number of client connections.
    pub fn max_client_connections(&self, max: usize) {
        if let Some(kept) = &self.kept {
            kept.http.max_connections.set(i64::try_from(max).unwrap_or(i64::MAX));
        }
    }

    /// Whether metrics are recorded, so that counting for them is of use.
    pub fn are_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Sets whether the database answers.
    pub fn database_is_up(&self, is_up: bool) {
        if let Some(kept) = &self.kept {
            kept.set_database_up(is_up);
        }
    }

    /// Sets the figures of pending deliveries; `None` if they are unknown.
    pub fn outbox(&self, outbox: Option<Outbox>) {
        if let Some(kept) = &self.kept {
            kept.set_outbox(outbox);
        }
    }

    /// Sets what was counted in the database.
    pub fn counts(&self, counts: &Counts, at: DateTime<Utc>, duration: Duration) {
        if let Some(kept) = &self.kept {
            kept.rows.set(counts, at, duration);
        }
    }

    /// All metrics as OpenMetrics text; `None` if they are off.
    pub fn text(&self, snapshot: &Snapshot) -> Option<String> {
        let kept = self.kept.as_ref()?;
        kept.read(snapshot, self.activity.swept_at());
        let mut text = String::new();
        encode_registry(&mut text, &kept.registry).ok()?;
        if snapshot.process.is_some() {
            encode_registry(&mut text, &kept.process.registry).ok()?;
        }
        encode_eof(&mut text).ok()?;
        Some(text)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if let Some(kept) = &self.0 {
            kept.http.connections.dec();
        }
    }
}
