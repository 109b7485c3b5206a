//! Periodic maintenance: advances phone numbers in their lifecycle, prunes the event log and the audit trail, and
//! cancels deliveries of disabled webhooks. Any number of servers may sweep one database; they share the work.

use crate::clock::Clock;
use crate::error::Result;
use crate::metrics::Metrics;
use crate::store::Store;
use chrono::TimeDelta;
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
            self.cancel_deliveries_of_disabled_webhooks(&stop).await;
            self.move_numbers(&stop).await;
            self.prune_events(&stop).await;
            self.prune_audit(&stop).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.tick) => {}
            }
        }
    }

    async fn cancel_deliveries_of_disabled_webhooks(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.store.cancel_deliveries_of_disabled_webhooks().await {
                Ok(0) => return,
                Ok(count) => tracing::info!(count, "cancelled deliveries of disabled webhooks"),
                Err(error) => {
                    return tracing::warn!(%error, "failed to cancel deliveries of disabled webhooks; retrying");
                }
            }
        }
    }

    async fn move_numbers(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.move_some().await {
                Ok(0) => return,
                Ok(count) => {
                    self.metrics.moved_numbers(count.unsigned_abs());
                    tracing::info!(count, "advanced phone numbers");
                }
                Err(error) => return tracing::warn!(%error, "failed to advance phone numbers; retrying"),
            }
        }
    }

    /// One round through the workspaces with due numbers.
    async fn move_some(&self) -> Result<i64> {
        let now = self.clock.now();
        let mut count = 0;
        for workspace in self.store.workspaces_with_due_numbers(now, FEW).await? {
            count += self.store.move_due_numbers(workspace, now, FEW).await?;
        }
        Ok(count)
    }

    async fn prune_events(&self, stop: &CancellationToken) {
        let before = self.clock.now() - self.keep_events;
        while !stop.is_cancelled() {
            match self.store.prune_events(before, BATCH).await {
                Ok(0) => return,
                Ok(count) => {
                    self.metrics.pruned_events(count);
                    tracing::info!(count, %before, "pruned old events");
                }
                Err(error) => return tracing::warn!(%error, "failed to prune old events; retrying"),
            }
        }
    }

    async fn prune_audit(&self, stop: &CancellationToken) {
        let before = self.clock.now() - self.keep_events;
        while !stop.is_cancelled() {
            match self.store.prune_audit(before, BATCH).await {
                Ok(0) => return,
                Ok(count) => tracing::info!(count, %before, "pruned old audit entries"),
                Err(error) => return tracing::warn!(%error, "failed to prune old audit entries; retrying"),
            }
        }
    }
}
