//! Webhook delivery: claims due deliveries, sends them, records the outcome. Any number of servers on one database
//! share the work. A message is sent outside any transaction. If a server dies between claim and record, the delivery
//! is claimed again: each is sent at least once, and exactly once without failures. Claims are made by the worker's own
//! tasks, which no request drops.

pub mod outbound;

use crate::clock::Clock;
use crate::domain::webhook::{Attempted, Claim, pause_after};
use crate::metrics::{Metrics, Outcome};
use crate::random::Random;
use crate::store::{Capacity, Store};
use chrono::TimeDelta;
use outbound::{Message, Outbound};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Maximum number of attempts in flight.
const TOTAL: usize = 64;

/// Approximate maximum per endpoint, so that a slow one does not delay others.
const PER_ENDPOINT: usize = 8;

/// Claim timeout: well above the maximum duration of an attempt.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::seconds(60);

/// A delivery worker.
#[derive(Clone)]
pub struct Worker {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub outbound: Arc<Outbound>,
    /// Counts attempts.
    pub metrics: Metrics,
    /// Whether the demo workspace may send to loopback addresses, for trials.
    pub demo_reaches_loopback: bool,
    /// Polling interval for other servers' events and for due retries.
    pub tick: Duration,
}

/// Attempts in flight.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Uuid>,
    by_endpoint: HashMap<Uuid, usize>,
}

impl Worker {
    /// Runs until `stop`, then finishes the attempts in flight.
    pub async fn run(self, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        let mut events_changed = self.store.subscribe();
        while !stop.is_cancelled() {
            let is_full = self.take_up(&mut under_way).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = under_way.one_less() => {}
                // A full worker claims nothing.
                _ = events_changed.changed(), if !is_full => {}
                () = tokio::time::sleep(self.tick) => {}
            }
        }
        under_way.tasks.join_all().await;
    }

    /// Claims and starts due attempts; true if the worker is full.
    async fn take_up(&self, under_way: &mut UnderWay) -> bool {
        let free = TOTAL.saturating_sub(under_way.tasks.len());
        let busy = under_way.busy();
        let capacity = Capacity {
            total: i64::try_from(free).unwrap_or_default(),
            per_endpoint: i64::try_from(PER_ENDPOINT / 2).unwrap_or_default(),
            busy: &busy,
        };
        let now = self.clock.now();
        if free == 0 {
            return true;
        }
        match self.store.claim_deliveries(&capacity, now, now + GIVEN_UP_AFTER).await {
            Ok(claims) => {
                let is_full = claims.len() >= free;
                claims.into_iter().for_each(|claim| under_way.start(self.clone(), claim));
                is_full
            }
            Err(error) => {
                tracing::warn!(%error, "failed to claim deliveries; retrying");
                false
            }
        }
    }

    /// Sends and records one attempt.
    async fn attempt(&self, claim: &Claim) {
        let message = Message {
            url: claim.url.clone(),
            message_id: format!("msg_{}", claim.delivery_id.simple()),
            body: serde_json::to_vec(&claim.event).expect("an event has string keys"),
            secrets: claim.secrets.clone(),
            may_reach_loopback: claim.is_demo && self.demo_reaches_loopback,
        };
        let outcome = self.outbound.send(&message, self.clock.now()).await;
        let attempted = Attempted {
            at: self.clock.now(),
            response_status: outcome.response_status,
            latency_ms: i32::try_from(outcome.latency.as_millis()).unwrap_or(i32::MAX),
            fault: outcome.fault.clone(),
        };
        let (recorded, counted) = if outcome.is_delivered() {
            (self.store.record_delivered(claim, &attempted).await, Outcome::Delivered)
        } else {
            let failures = usize::try_from(claim.failures).unwrap_or_default() + 1;
            let [spread] = self.random.bytes::<1>();
            let next = pause_after(failures, spread).map(|pause| attempted.at + pause);
            let counted = if next.is_some() { Outcome::Postponed } else { Outcome::GivenUp };
            (self.store.record_failed(claim, &attempted, next).await, counted)
        };
        self.metrics.delivery(counted);
        let (delivery, attempt) = (claim.delivery_id, claim.attempt);
        match recorded {
            Ok(()) => {
                tracing::info!(%delivery, attempt, status = outcome.response_status, fault = outcome.cause, "sent delivery")
            }
            // It will be claimed and sent again.
            Err(error) => tracing::warn!(%delivery, attempt, %error, "failed to record delivery attempt"),
        }
    }
}

impl UnderWay {
    fn start(&mut self, worker: Worker, claim: Claim) {
        *self.by_endpoint.entry(claim.webhook_id.0).or_default() += 1;
        self.tasks.spawn(async move {
            worker.attempt(&claim).await;
            claim.webhook_id.0
        });
    }

    /// Waits until an attempt finishes; forever if there is none.
    async fn one_less(&mut self) {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(done) => {
                let endpoint = done.expect("an attempt does not panic");
                if let Some(count) = self.by_endpoint.get_mut(&endpoint) {
                    *count -= 1;
                }
                self.by_endpoint.retain(|_, count| *count > 0);
            }
        }
    }

    /// Endpoints with over half their maximum in flight. A claim adds at most the other half.
    fn busy(&self) -> Vec<Uuid> {
        let is_busy = |(endpoint, count): (&Uuid, &usize)| (*count > PER_ENDPOINT / 2).then_some(*endpoint);
        self.by_endpoint.iter().filter_map(is_busy).collect()
    }
}
