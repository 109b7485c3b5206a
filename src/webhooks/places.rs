//! Places of a worker: how many attempts may be in flight, shared by workspace, host and endpoint.
//!
//! A receiver that does not respond holds a place until the attempt's timeout. So that some are always open, part of the
//! places is shared, and the rest is for workspaces with nothing in flight. Of the shared ones a workspace may hold a
//! quarter of what is open, so that each leaves some to the next; so do an endpoint, in its workspace, and a workspace,
//! at a host that several use. Workspaces with slow attempts leave some places to the others, however many they are. An
//! endpoint that hangs is tried once at a time, with growing pauses.

use crate::domain::id::{WebhookId, WorkspaceId};
use crate::domain::webhook::Endpoint;
use crate::store::ClaimFilter;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::time::Duration;
use tokio::time::Instant;

/// Attempts in flight. Most of them wait, so they cost a connection and some kilobytes each.
const ALL: Pool = Pool { places: 256, shared: 160, slow: 224 };

/// Attempts in flight to one host, whichever workspaces they are of.
const PER_HOST: Pool = Pool { places: 64, shared: 48, slow: 56 };

/// Maximum attempts in flight to one endpoint.
const PER_ENDPOINT: usize = 8;

/// Maximum attempts of one endpoint that a claim adds.
const PER_CLAIM: usize = PER_ENDPOINT / 2;

/// Divisor of the open places that one holder may have.
const SHARE: usize = 4;

/// An attempt that takes longer is slow.
pub const SLOW: Duration = Duration::from_secs(1);

/// Time for which a workspace counts as slow after a slow attempt.
const SLOW_FOR: Duration = Duration::from_secs(60);

/// Time for which a workspace is searched last after nothing of it could be started.
const DEFERRED_FOR: Duration = Duration::from_secs(1);

/// Pause after an endpoint hangs for the first time. It doubles each time.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);

/// Maximum pause of an endpoint.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// Maximum number of endpoints, and of workspaces, to remember.
const MAX_REMEMBERED: usize = 10_000;

/// A number of places.
struct Pool {
    places: usize,
    /// How many of them are shared. Beyond, a workspace may have one attempt in flight.
    shared: usize,
    /// How many of them workspaces with slow attempts may hold together.
    slow: usize,
}

/// How an attempt ended, as far as later ones depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The receiver responded, or refused at once.
    Responded,
    /// The receiver did not respond in time.
    Hung,
    /// The receiver asked for a pause.
    Throttled(TimeDelta),
}

/// Attempts in flight, and what is remembered of former ones.
#[derive(Debug, Default)]
pub struct Places {
    flights: HashMap<u64, Flight>,
    started: u64,
    slow_until: HashMap<WorkspaceId, Instant>,
    deferred_until: HashMap<WorkspaceId, Instant>,
    pauses: HashMap<WebhookId, Pause>,
}

/// An attempt in flight.
#[derive(Debug)]
struct Flight {
    endpoint: Endpoint,
    since: Instant,
}

/// A pause of an endpoint.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: DateTime<Utc>,
    /// How often it hung in a row; 0 if it asked for the pause.
    hangs: u32,
}

/// Places that are held.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    all: usize,
    /// By workspaces with slow attempts.
    slow: usize,
}

/// Numbers of attempts in flight.
#[derive(Default)]
struct Counts<'a> {
    slow: HashSet<WorkspaceId>,
    held: Held,
    hosts: HashMap<&'a str, Held>,
    workspaces: HashMap<WorkspaceId, usize>,
    workspaces_at_hosts: HashMap<(WorkspaceId, &'a str), usize>,
    endpoints: HashMap<WebhookId, usize>,
}

impl Places {
    /// Whether no workspace may start an attempt.
    pub fn is_full(&self) -> bool {
        self.flights.len() >= ALL.places
    }

    /// Takes a place for an attempt, and returns its number.
    pub fn start(&mut self, endpoint: Endpoint, now: Instant) -> u64 {
        self.started += 1;
        self.flights.insert(self.started, Flight { endpoint, since: now });
        self.started
    }

    /// Returns the place of an attempt that ended at `at`, by the clock.
    pub fn finish(&mut self, flight: u64, ended: Ended, at: DateTime<Utc>, now: Instant) {
        let Some(Flight { endpoint, since }) = self.flights.remove(&flight) else { return };
        if now - since >= SLOW {
            let is_over = |until: &Instant| *until <= now;
            remember(&mut self.slow_until, endpoint.workspace_id, now + SLOW_FOR, is_over);
        }
        let former = self.pauses.get(&endpoint.webhook_id).copied();
        let pause = match (ended, former) {
            (Ended::Responded, _) => {
                self.pauses.remove(&endpoint.webhook_id);
                return;
            }
            // Attempts that hang at the same time count once.
            (Ended::Hung, Some(former)) if at < former.until => return,
            (Ended::Hung, former) => {
                let hangs = former.map_or(0, |former| former.hangs).saturating_add(1);
                let factor = 1_i32.checked_shl(hangs - 1).filter(|factor| *factor > 0).unwrap_or(i32::MAX);
                let length = FIRST_PAUSE.checked_mul(factor).unwrap_or(LONGEST_PAUSE);
                Pause { until: at + length.min(LONGEST_PAUSE), hangs }
            }
            (Ended::Throttled(pause), _) => Pause { until: at + pause.min(LONGEST_PAUSE), hangs: 0 },
        };
        remember(&mut self.pauses, endpoint.webhook_id, pause, |pause| pause.until <= at);
    }

    /// Notes that a workspace has due deliveries and may start none of them now.
    pub fn defer(&mut self, workspace: WorkspaceId, now: Instant) {
        remember(&mut self.deferred_until, workspace, now + DEFERRED_FOR, |until| *until <= now);
    }

    /// What a search for due deliveries skips because it has its share, and which workspaces it returns last.
    pub fn filter(&self, at: DateTime<Utc>, now: Instant, seed: i64) -> ClaimFilter {
        let counts = self.counts(now);
        let is_busy = |(id, held): (&WorkspaceId, &usize)| (*held >= counts.allowance(*id)).then_some(id.0);
        let mut busy_workspaces: Vec<_> = counts.workspaces.iter().filter_map(is_busy).collect();
        if ALL.allowance(counts.held, true) == 0 {
            busy_workspaces.extend(counts.slow.iter().map(|id| id.0));
        }
        let is_full =
            |(host, held): (&&str, &Held)| (PER_HOST.allowance(*held, false) == 0).then(|| (*host).to_owned());
        let paused = self.pauses.iter().filter(|(_, pause)| pause.is_on(at)).map(|(id, _)| id.0);
        let deferred = self.deferred_until.iter().filter(|(_, until)| **until > now).map(|(id, _)| id);
        let at_limit = self.flights.values().map(|flight| &flight.endpoint).filter(|endpoint| {
            counts.endpoints.get(&endpoint.webhook_id).copied().unwrap_or_default() >= self.limit(endpoint)
        });
        ClaimFilter {
            busy_workspaces,
            busy_webhooks: paused.chain(at_limit.map(|endpoint| endpoint.webhook_id.0)).collect(),
            busy_hosts: counts.hosts.iter().filter_map(is_full).collect(),
            deferred_workspaces: deferred.chain(&counts.slow).map(|id| id.0).collect(),
            seed,
        }
    }

    /// Shares the open places among endpoints with due deliveries: one for each in their order, then further ones.
    pub fn grant(&self, due: &[Endpoint], now: Instant) -> Vec<(WebhookId, i64)> {
        let mut counts = self.counts(now);
        let mut granted = vec![0; due.len()];
        for _ in 0..PER_CLAIM {
            for (endpoint, granted) in due.iter().zip(&mut granted) {
                if counts.admits(endpoint, self.limit(endpoint)) {
                    counts.add(endpoint);
                    *granted += 1;
                }
            }
        }
        let grants = due.iter().zip(granted).filter(|(_, count)| *count > 0);
        grants.map(|(endpoint, count)| (endpoint.webhook_id, count)).collect()
    }

    /// Maximum attempts in flight to an endpoint.
    fn limit(&self, endpoint: &Endpoint) -> usize {
        let hangs = self.pauses.get(&endpoint.webhook_id).is_some_and(|pause| pause.hangs > 0);
        if hangs || endpoint.is_failing { 1 } else { PER_ENDPOINT }
    }

    fn counts(&self, now: Instant) -> Counts<'_> {
        let is_slow = |flight: &&Flight| now - flight.since >= SLOW;
        let slow_now = self.flights.values().filter(is_slow).map(|flight| flight.endpoint.workspace_id);
        let slow_before = self.slow_until.iter().filter(|(_, until)| **until > now).map(|(id, _)| *id);
        let mut counts = Counts { slow: slow_now.chain(slow_before).collect(), ..Counts::default() };
        self.flights.values().for_each(|flight| counts.add(&flight.endpoint));
        counts
    }
}

impl Pause {
    /// Whether it is not over. A clock that was set back does not prolong it.
    fn is_on(&self, at: DateTime<Utc>) -> bool {
        at < self.until && self.until - at <= LONGEST_PAUSE
    }
}

impl Pool {
    /// How many places one workspace may have.
    fn allowance(&self, held: Held, is_slow: bool) -> usize {
        if held.all >= self.places || (is_slow && held.slow >= self.slow) {
            return 0;
        }
        self.shared.saturating_sub(held.all).div_ceil(SHARE).max(1)
    }
}

impl<'a> Counts<'a> {
    fn add(&mut self, endpoint: &'a Endpoint) {
        let slow = usize::from(self.slow.contains(&endpoint.workspace_id));
        for held in [&mut self.held, self.hosts.entry(endpoint.host.as_str()).or_default()] {
            held.all += 1;
            held.slow += slow;
        }
        *self.workspaces.entry(endpoint.workspace_id).or_default() += 1;
        *self.workspaces_at_hosts.entry((endpoint.workspace_id, endpoint.host.as_str())).or_default() += 1;
        *self.endpoints.entry(endpoint.webhook_id).or_default() += 1;
    }

    /// How many places a workspace may have.
    fn allowance(&self, workspace: WorkspaceId) -> usize {
        ALL.allowance(self.held, self.slow.contains(&workspace))
    }

    /// Whether one more attempt to an endpoint may start; `limit` is the endpoint's own.
    fn admits(&self, endpoint: &'a Endpoint, limit: usize) -> bool {
        let workspace = endpoint.workspace_id;
        let open = self.allowance(workspace).saturating_sub(count(&self.workspaces, &workspace));
        let at_host = self.hosts.get(endpoint.host.as_str()).copied().unwrap_or_default();
        let host_allowance = PER_HOST.allowance(at_host, self.slow.contains(&workspace));
        count(&self.endpoints, &endpoint.webhook_id) < limit.min(open.div_ceil(SHARE))
            && count(&self.workspaces_at_hosts, &(workspace, endpoint.host.as_str())) < host_allowance
    }
}

fn count<K: Hash + Eq>(counts: &HashMap<K, usize>, key: &K) -> usize {
    counts.get(key).copied().unwrap_or_default()
}

/// Adds to a bounded map: at the limit, entries that are over are dropped, and if none is, the new one.
fn remember<K: Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: V, is_over: impl Fn(&V) -> bool) {
    if map.len() >= MAX_REMEMBERED && !map.contains_key(&key) {
        map.retain(|_, value| !is_over(value));
        if map.len() >= MAX_REMEMBERED {
            return;
        }
    }
    map.insert(key, value);
}

#[cfg(test)]
mod tests;
