//! Webhook delivery: claims due deliveries, sends them, records the outcome. Any number of servers on one database
//! share the work. A message is sent outside any transaction. If a server dies between claim and record, the delivery
//! is claimed again: each is sent at least once, and exactly once without failures. Claims are made by the worker's own
//! tasks, which no request drops.

pub mod outbound;
mod places;

use crate::clock::Clock;
use crate::domain::id::WorkspaceId;
use crate::domain::webhook::{Attempted, Claim, pause_after};
use crate::error::Result;
use crate::metrics::{Metrics, Outcome};
use crate::random::Random;
use crate::store::{ClaimFilter, Store};
use chrono::{DateTime, TimeDelta, Utc};
use outbound::{Message, Outbound, Outcome as Response};
use places::{Ended, Places};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Maximum number of workspaces per round, two statements each, so that a workspace whose delivery becomes due meanwhile
/// waits for a few of others at most.
const MAX_WORKSPACES: usize = 16;

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
struct InFlight {
    tasks: JoinSet<Finished>,
    places: Places,
    /// Time of the next search, so that searches take at most half of a connection's time.
    next_search: Option<Instant>,
}

/// A finished attempt.
struct Finished {
    place: u64,
    ended: Ended,
    at: DateTime<Utc>,
}

/// What a round of claims did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    /// No place is open.
    Full,
    /// More attempts may be due.
    More,
    /// No other attempt is due, or may start.
    Idle,
}

impl Worker {
    /// Runs until `stop`, then finishes the attempts in flight.
    pub async fn run(self, stop: CancellationToken) {
        let mut in_flight = InFlight::default();
        let mut events_changed = self.store.subscribe();
        while !stop.is_cancelled() {
            in_flight.finish_all();
            let round = self.claim(&mut in_flight).await;
            if round == Round::More {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = in_flight.one_finished() => {}
                // A full worker claims nothing.
                _ = events_changed.changed(), if round != Round::Full => {}
                () = tokio::time::sleep(self.tick) => {}
            }
        }
        in_flight.tasks.join_all().await;
    }

    /// Claims and starts due attempts.
    async fn claim(&self, in_flight: &mut InFlight) -> Round {
        if in_flight.places.is_full() {
            return Round::Full;
        }
        match self.claim_round(in_flight).await {
            Ok(round) => round,
            Err(error) => {
                tracing::warn!(%error, "failed to claim deliveries; retrying");
                Round::Idle
            }
        }
    }

    async fn claim_round(&self, in_flight: &mut InFlight) -> Result<Round> {
        if let Some(next_search) = in_flight.next_search {
            tokio::time::sleep_until(next_search).await;
        }
        let (at, search) = (self.clock.now(), Instant::now());
        let filter = in_flight.places.filter(at, search, i64::from_ne_bytes(self.random.bytes()));
        let limit = i64::try_from(MAX_WORKSPACES).expect("it is small");
        let due = self.store.due_workspaces(&filter, limit, at).await?;
        in_flight.next_search = Some(Instant::now() + search.elapsed());
        let mut round = Round::Idle;
        for workspace in &due {
            let claims = self.claims_of(*workspace, &filter, &in_flight.places).await?;
            if !claims.is_empty() {
                round = Round::More;
            } else if due.len() == MAX_WORKSPACES && !filter.deferred_workspaces.contains(&workspace.0) {
                // There may be others, which the next search returns first.
                in_flight.places.defer(*workspace, Instant::now());
                round = Round::More;
            }
            claims.into_iter().for_each(|claim| in_flight.start(self.clone(), claim));
        }
        Ok(round)
    }

    async fn claims_of(&self, workspace: WorkspaceId, filter: &ClaimFilter, places: &Places) -> Result<Vec<Claim>> {
        let at = self.clock.now();
        let due = self.store.due_endpoints(workspace, filter, at).await?;
        let grants = places.grant(&due, Instant::now());
        if grants.is_empty() {
            return Ok(Vec::new());
        }
        self.store.claim_deliveries(workspace, &grants, at, at + GIVEN_UP_AFTER).await
    }

    /// Sends and records one attempt.
    async fn attempt(&self, claim: &Claim) -> (Ended, DateTime<Utc>) {
        let message = Message {
            url: claim.url.clone(),
            message_id: format!("msg_{}", claim.delivery_id.simple()),
            body: serde_json::to_vec(&claim.event).expect("an event has string keys"),
            secrets: claim.secrets.clone(),
            may_reach_loopback: claim.is_demo && self.demo_reaches_loopback,
        };
        let response = self.outbound.send(&message, self.clock.now()).await;
        let mut attempted = Attempted {
            at: self.clock.now(),
            response_status: response.response_status,
            latency_ms: i32::try_from(response.latency.as_millis()).unwrap_or(i32::MAX),
            fault: response.fault.clone(),
            answer: response.answer.clone(),
        };
        if attempted.is_gone() {
            attempted.fault = attempted.fault.map(|fault| format!("{fault}: the webhook was disabled"));
        }
        let next = match response.is_delivered() {
            true => None,
            false => self.next_attempt(claim, &attempted, response.retry_after),
        };
        let (recorded, counted) = match next {
            None if response.is_delivered() => {
                (self.store.record_delivered(claim, &attempted).await, Outcome::Delivered)
            }
            None => (self.store.record_failed(claim, &attempted, None).await, Outcome::GivenUp),
            Some(_) => (self.store.record_failed(claim, &attempted, next).await, Outcome::Postponed),
        };
        self.metrics.delivery(counted);
        log_attempt(claim, &response, next, recorded);
        (ended(&response), attempted.at)
    }

    /// Time of the attempt after a failed one, if there is one.
    fn next_attempt(
        &self,
        claim: &Claim,
        attempted: &Attempted,
        retry_after: Option<TimeDelta>,
    ) -> Option<DateTime<Utc>> {
        if attempted.is_gone() {
            return None;
        }
        let failures = usize::try_from(claim.failures).unwrap_or_default() + 1;
        let [spread] = self.random.bytes::<1>();
        Some(attempted.at + pause_after(failures, spread, retry_after)?)
    }
}

/// Logs an attempt. What the receiver answered is the tenant's.
fn log_attempt(claim: &Claim, response: &Response, next: Option<DateTime<Utc>>, recorded: Result<()>) {
    let (delivery, webhook, attempt) = (claim.delivery_id, claim.endpoint.webhook_id, claim.attempt);
    let (status, latency_ms) = (response.response_status, u64::try_from(response.latency.as_millis()).ok());
    match recorded {
        // It will be claimed and sent again.
        Err(error) => tracing::warn!(%delivery, %webhook, attempt, %error, "failed to record delivery attempt"),
        Ok(()) if response.is_delivered() => {
            tracing::info!(%delivery, %webhook, attempt, status, latency_ms, "sent delivery");
        }
        Ok(()) => {
            let (fault, next_attempt_at) = (response.cause.as_deref(), next.map(tracing::field::display));
            tracing::warn!(%delivery, %webhook, attempt, status, latency_ms, fault, next_attempt_at, "delivery attempt failed");
        }
    }
}

/// How an attempt ended, for the endpoint's later ones.
fn ended(response: &Response) -> Ended {
    match response.retry_after {
        Some(pause) => Ended::Throttled(pause),
        None if response.is_unanswered && response.latency >= places::SLOW => Ended::Hung,
        None => Ended::Responded,
    }
}

impl InFlight {
    fn start(&mut self, worker: Worker, claim: Claim) {
        let place = self.places.start(claim.endpoint.clone(), Instant::now());
        self.tasks.spawn(async move {
            let (ended, at) = worker.attempt(&claim).await;
            worker.outbound.lookup_ended(&claim.url).await;
            Finished { place, ended, at }
        });
    }

    /// Waits until an attempt finishes; forever if there is none.
    async fn one_finished(&mut self) {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(finished) => self.finish(finished.expect("an attempt does not panic")),
        }
    }

    /// Returns the places of attempts that have finished.
    fn finish_all(&mut self) {
        while let Some(finished) = self.tasks.try_join_next() {
            self.finish(finished.expect("an attempt does not panic"));
        }
    }

    fn finish(&mut self, Finished { place, ended, at }: Finished) {
        self.places.finish(place, ended, at, Instant::now());
    }
}
