//! Periodic maintenance: advances phone numbers in their lifecycle, prunes the event log, the audit trail,
//! unused client sessions and expired instant keys, cancels deliveries of disabled webhooks, and writes when keys were last used. Any number of servers may sweep one database; they share the work.

mod row_counter;

pub use row_counter::RowCounter;

use crate::clock::Clock;
use crate::error::Result;
use crate::metrics::{Metrics, SweepStep};
use crate::store::Store;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Maximum number of events or audit entries that one statement deletes: few enough not to delay requests.
const BATCH: i64 = 1_000;

/// Numbers that one statement advances.
const FEW: i64 = 100;

/// A sweeper's settings.
pub struct Sweeper {
    pub store: Store,
    pub clock: Clock,
    /// Retention of events and audit trail.
    pub keep_events: TimeDelta,
    /// Counts the work done.
    pub metrics: Metrics,
    /// Sweep interval.
    pub tick: Duration,
}

impl Sweeper {
    /// Sweeps until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let (store, before) = (&self.store, self.clock.now() - self.keep_events);
            self.repeat(&stop, SweepStep::DisabledWebhooks, || store.cancel_deliveries_of_disabled_webhooks()).await;
            self.repeat(&stop, SweepStep::DueNumbers, || self.move_numbers()).await;
            self.repeat(&stop, SweepStep::OldEvents, || self.prune_events(before)).await;
            self.repeat(&stop, SweepStep::OldAuditEntries, || self.prune_audit(before)).await;
            let prune_sessions = || store.prune_anonymous_client_sessions(self.clock.now(), BATCH);
            self.repeat(&stop, SweepStep::UnusedClientSessions, prune_sessions).await;
            let prune_instant_keys = || store.prune_instant_keys(self.clock.now(), BATCH);
            self.repeat(&stop, SweepStep::ExpiredInstantKeys, prune_instant_keys).await;
            // Not repeated: what is used meanwhile is written next time.
            if let Err(error) = store.write_last_used().await {
                self.metrics.failed_sweep(SweepStep::LastUses);
                tracing::warn!(%error, "failed to write the last uses of credentials; retrying");
            }
            self.repeat(&stop, SweepStep::OperatorSessions, || store.prune_operator_sessions(self.clock.now())).await;
            self.metrics.activity().swept(self.clock.now());
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.tick) => {}
            }
        }
    }

    /// One round through the workspaces with due numbers.
    async fn move_numbers(&self) -> Result<u64> {
        let now = self.clock.now();
        let mut count = 0;
        for workspace in self.store.workspaces_with_due_numbers(now, FEW).await? {
            count += self.store.move_due_numbers(workspace, now, FEW).await?.unsigned_abs();
        }
        self.metrics.moved_numbers(count);
        Ok(count)
    }

    async fn prune_events(&self, before: DateTime<Utc>) -> Result<u64> {
        let count = self.store.prune_events(before, BATCH).await?;
        self.metrics.pruned_events(count);
        Ok(count)
    }

    async fn prune_audit(&self, before: DateTime<Utc>) -> Result<u64> {
        let count = self.store.prune_audit(before, BATCH).await?;
        self.metrics.pruned_audit_entries(count);
        Ok(count)
    }

    /// Repeats a step until there is nothing left to do, it fails, or `stop` is cancelled.
    async fn repeat<F>(&self, stop: &CancellationToken, sweep_step: SweepStep, step: impl Fn() -> F)
    where
        F: Future<Output = Result<u64>>,
    {
        let subject: &str = sweep_step.into();
        while !stop.is_cancelled() {
            match step().await {
                Ok(0) => return,
                Ok(count) => tracing::info!(subject, count, "swept"),
                Err(error) => {
                    self.metrics.failed_sweep(sweep_step);
                    return tracing::warn!(subject, %error, "failed to sweep; retrying");
                }
            }
        }
    }
}
