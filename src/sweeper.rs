//! What time does by itself: numbers move on through their life, the log of events and the audit trail forget what is
//! old, and nothing stays owed to those who are disabled. Any number of servers may sweep one database; they find less
//! to do.

use crate::clock::Clock;
use crate::error::Result;
use crate::metrics::Metrics;
use crate::store::Store;
use chrono::TimeDelta;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How many events, or entries of the audit trail, one statement deletes: few enough that nobody waits for it.
const BATCH: i64 = 1_000;

/// How many numbers one statement moves on.
const FEW: i64 = 100;

/// What a sweeper works with.
pub struct Sweeper {
    pub store: Store,
    pub clock: Clock,
    /// How long events and the audit trail are kept.
    pub keep_events: TimeDelta,
    /// Where what was done is counted.
    pub metrics: Metrics,
    /// How often to look.
    pub tick: Duration,
}

impl Sweeper {
    /// Sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.end_owed_to_disabled(&stop).await;
            self.move_numbers(&stop).await;
            self.prune_events(&stop).await;
            self.prune_audit(&stop).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.tick) => {}
            }
        }
    }

    async fn end_owed_to_disabled(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.store.end_owed_to_disabled().await {
                Ok(0) => return,
                Ok(count) => tracing::info!(count, "what disabled webhooks were owed is ended"),
                Err(error) => {
                    return tracing::warn!(%error, "what disabled webhooks are owed could not be ended; trying again");
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
                    tracing::info!(count, "numbers moved on in their life");
                }
                Err(error) => return tracing::warn!(%error, "numbers could not be moved on; trying again"),
            }
        }
    }

    /// One round through the workspaces that have something due.
    async fn move_some(&self) -> Result<i64> {
        let now = self.clock.now();
        let mut count = 0;
        for workspace in self.store.workspaces_with_due_registers(now, FEW).await? {
            count += self.store.move_due_registers(workspace, now, FEW).await?;
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
                    tracing::info!(count, %before, "old events pruned");
                }
                Err(error) => return tracing::warn!(%error, "old events could not be pruned; trying again"),
            }
        }
    }

    async fn prune_audit(&self, stop: &CancellationToken) {
        let before = self.clock.now() - self.keep_events;
        while !stop.is_cancelled() {
            match self.store.prune_audit(before, BATCH).await {
                Ok(0) => return,
                Ok(count) => tracing::info!(count, %before, "the audit trail forgot what is old"),
                Err(error) => return tracing::warn!(%error, "the audit trail could not be pruned; trying again"),
            }
        }
    }
}
