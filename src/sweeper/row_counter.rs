//! Counts rows for the metrics at intervals, so that neither requests nor scrapes do. The pauses follow the cost: counting
//! takes at most a hundredth of the time.

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::metrics::{Metrics, Outbox};
use crate::store::Store;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Timeout for the database to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(3);

/// Timeout of a count, several statements and a connection; each statement has one of its own.
const COUNT_TIMEOUT: Duration = Duration::from_secs(60);

/// Pause after a count, as a multiple of the time that it took.
const PAUSES: u32 = 99;

/// Settings of the counting task.
#[derive(Debug, Clone)]
pub struct RowCounter {
    pub store: Store,
    pub clock: Clock,
    /// Receives the figures.
    pub metrics: Metrics,
    /// Retention of events and audit trail.
    pub keep_events: TimeDelta,
    /// Interval of asking whether the database answers, and least interval of counting pending deliveries.
    pub tick: Duration,
    /// Least interval of counting the registry.
    pub interval: Duration,
}

impl RowCounter {
    /// Counts until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let counting = async { tokio::join!(self.watch_outbox(), self.watch_registry()) };
        _ = stop.run_until_cancelled(counting).await;
    }

    /// Pings the database and counts pending deliveries.
    async fn watch_outbox(&self) {
        let mut next_count = Instant::now();
        loop {
            let is_up = timeout(PING_TIMEOUT, self.store.ping()).await.is_ok_and(|answer| answer.is_ok());
            self.metrics.database_is_up(is_up);
            if !is_up {
                self.metrics.outbox(None);
            } else if next_count <= Instant::now() {
                let began = Instant::now();
                let counted = bounded(self.store.count_pending_deliveries()).await;
                next_count = Instant::now() + pause(&counted, began.elapsed());
                let counted =
                    counted.inspect_err(|error| tracing::warn!(%error, "failed to count pending deliveries; retrying"));
                let age = |since: DateTime<Utc>| (self.clock.now() - since).to_std().unwrap_or_default();
                self.metrics.outbox(counted.ok().map(|pending| Outbox {
                    pending: pending.count,
                    oldest_age: pending.oldest.map(age).unwrap_or_default(),
                    overdue: pending.next_attempt_at.map(age).unwrap_or_default(),
                }));
            }
            tokio::time::sleep(self.tick).await;
        }
    }

    /// Counts the registry.
    async fn watch_registry(&self) {
        loop {
            let began = Instant::now();
            let counted = bounded(self.store.counts(self.keep_events)).await;
            let took = began.elapsed();
            let pause = match &counted {
                // Another server counts, so this one does soon.
                Ok(None) => self.tick,
                counted => pause(counted, took).max(self.interval),
            };
            match counted {
                Ok(Some(counts)) => self.metrics.counts(&counts, self.clock.now(), took),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "failed to count the registry; retrying"),
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// A count with a timeout, after which its connection is closed.
async fn bounded<T>(count: impl Future<Output = Result<T>>) -> Result<T> {
    let is_late = |_| Err(Error::Unavailable(format!("no count within {} s", COUNT_TIMEOUT.as_secs())));
    timeout(COUNT_TIMEOUT, count).await.unwrap_or_else(is_late)
}

/// The pause after a count. One that did not reach the database costs nothing.
fn pause<T>(counted: &Result<T>, took: Duration) -> Duration {
    match counted {
        Ok(_) | Err(Error::StatementTimeout) => took * PAUSES,
        Err(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_follows_the_cost() {
        let second = Duration::from_secs(1);
        assert_eq!(pause(&Ok(()), second), 99 * second);
        assert_eq!(pause::<()>(&Err(Error::StatementTimeout), second), 99 * second);
        assert_eq!(pause::<()>(&Err(Error::Unavailable("away".to_owned())), second), Duration::ZERO);
    }
}
