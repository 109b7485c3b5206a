//! A rate limit per workspace, for operations that cost more than others.

use super::gcra::GcraLimiter;
use super::{Rate, whole_seconds};
use crate::clock::Clock;
use crate::domain::id::WorkspaceId;
use crate::error::{Error, Result, Throttle};

/// The limiter of one operation. Each server counts for itself.
#[derive(Debug)]
pub struct WorkspaceLimit {
    clock: Clock,
    limiter: GcraLimiter<WorkspaceId>,
}

impl WorkspaceLimit {
    pub fn new(rate: Rate, clock: Clock) -> WorkspaceLimit {
        WorkspaceLimit { clock, limiter: GcraLimiter::of(rate) }
    }

    /// Counts one operation, or returns `Throttled`.
    pub fn take(&self, workspace: WorkspaceId) -> Result<()> {
        let rate = self.limiter.rate();
        self.limiter.take(workspace, self.clock.elapsed()).map_err(|wait| {
            Error::Throttled(Throttle {
                limit: rate.count.get(),
                remaining: 0,
                reset: self.clock.now() + wait + rate.interval() * (rate.count.get() - 1),
                retry_after: whole_seconds(wait),
            })
        })
    }
}
