//! The figures that are counted in the database.

use super::{Label, Measure, count, registered, seconds, timestamp, unix_time, unknown};
use crate::metrics::{Counts, PerEnvironment};
use chrono::{DateTime, Utc};
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// What is counted in the database.
#[derive(Debug)]
pub(in crate::metrics) struct RowMetrics {
    workspaces: Family<[Label; 1], Measure>,
    user_identities: Family<[Label; 1], Measure>,
    phones: Family<[Label; 2], Measure>,
    barred_installations: Measure,
    numbers: Family<[Label; 1], Measure>,
    webhooks: Family<[Label; 1], Measure>,
    oldest_audit_entry: Measure,
    audit_retention: Measure,
    counted_at: Measure,
    duration: Measure,
}

impl RowMetrics {
    pub fn new(all: &mut Registry) -> RowMetrics {
        // Each help text names the time of the count, since these figures are not those of the scrape.
        RowMetrics {
            workspaces: registered(all, "workspaces", "Workspaces by environment, at handset_counts_timestamp_seconds"),
            user_identities: registered(
                all,
                "user_identities",
                "User identities by environment, at handset_counts_timestamp_seconds",
            ),
            phones: registered(all, "phones", "Phones by state and environment, at handset_counts_timestamp_seconds"),
            barred_installations: unknown(
                all,
                "barred_installations",
                "Deactivated phones whose installations may not register again, at handset_counts_timestamp_seconds",
            ),
            numbers: registered(all, "numbers", "Phone numbers by status, at handset_counts_timestamp_seconds"),
            webhooks: registered(all, "webhooks", "Webhooks by state, at handset_counts_timestamp_seconds"),
            oldest_audit_entry: seconds(
                all,
                "audit_oldest_entry_timestamp",
                "Time of the oldest entry of the audit trail, in Unix time; NaN without any",
            ),
            audit_retention: seconds(
                all,
                "audit_retention",
                "Time after which entries of the audit trail are deleted; NaN before the first count",
            ),
            counted_at: timestamp(
                all,
                "counts_timestamp",
                "When phones, user identities, workspaces, numbers and webhooks were counted, in Unix time; 0 before the first time. They are counted every 60 s, or less often if that takes over 0.6 s",
            ),
            duration: seconds(all, "counts_duration", "How long that count took"),
        }
    }

    /// Sets all of them.
    pub fn set(&self, counts: &Counts, at: DateTime<Utc>, duration: Duration) {
        for (family, counted) in
            [(&self.workspaces, counts.workspaces), (&self.user_identities, counts.user_identities)]
        {
            for environment in environments(counted) {
                family.get_or_create(&[("environment", environment.0)]).set(count(environment.1));
            }
        }
        for (state, phones) in [("active", counts.active_phones), ("deactivated", counts.deactivated_phones)] {
            for (environment, phones) in environments(phones) {
                self.phones.get_or_create(&[("state", state), ("environment", environment)]).set(count(phones));
            }
        }
        self.barred_installations.set(count(counts.barred_installations));
        let numbers = counts.numbers;
        for (status, numbers) in [
            ("reserved", numbers.reserved),
            ("assigned", numbers.assigned),
            ("released", numbers.released),
            ("finished", numbers.finished),
        ] {
            self.numbers.get_or_create(&[("status", status)]).set(count(numbers));
        }
        let webhooks = counts.webhooks;
        for (state, webhooks) in
            [("enabled", webhooks.enabled), ("failing", webhooks.failing), ("disabled", webhooks.disabled)]
        {
            self.webhooks.get_or_create(&[("state", state)]).set(count(webhooks));
        }
        self.oldest_audit_entry.set(counts.oldest_audit_entry.map_or(f64::NAN, unix_time));
        self.audit_retention.set(counts.audit_retention.as_seconds_f64());
        self.duration.set(duration.as_secs_f64());
        self.counted_at.set(unix_time(at));
    }
}

fn environments(counts: PerEnvironment) -> [(&'static str, i64); 2] {
    [("sandbox", counts.sandbox), ("production", counts.production)]
}
