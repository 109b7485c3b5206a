//! Rates and latencies of the last hour, for the status page: counters that are always on, and a ring of samples of them.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the latencies that are counted together, in microseconds; longer ones are counted at the end.
const BOUNDS: [u64; 16] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 30_000_000,
];

/// Interval of the samples.
pub const INTERVAL: Duration = Duration::from_secs(10);

/// Number of samples that are kept: those of an hour.
const KEPT: usize = 360;

/// The counters and their samples.
#[derive(Debug, Default)]
pub struct Activity {
    buckets: [AtomicU64; BOUNDS.len()],
    failures: AtomicU64,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    counted: [u64; BOUNDS.len()],
    failures: u64,
    sampled_at: Option<DateTime<Utc>>,
    samples: VecDeque<Sample>,
    swept_at: Option<DateTime<Utc>>,
}

/// What happened between two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub at: DateTime<Utc>,
    /// Requests each second.
    pub rate: f64,
    /// Requests each second that the server answered with a fault of its own (5xx).
    pub failure_rate: f64,
    /// Latency that half of the requests, and 99 of 100, did not exceed; `None` without requests.
    pub median: Option<Duration>,
    pub slowest_percent: Option<Duration>,
}

impl Activity {
    /// Counts a request.
    pub fn request(&self, status: u16, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros).min(BOUNDS.len() - 1);
        self.buckets[bucket].fetch_add(1, Relaxed);
        if status >= 500 {
            self.failures.fetch_add(1, Relaxed);
        }
    }

    /// Notes a finished round of the sweeper.
    pub fn swept(&self, now: DateTime<Utc>) {
        self.history().swept_at = Some(now);
    }

    /// When the sweeper of this server finished a round.
    pub fn swept_at(&self) -> Option<DateTime<Utc>> {
        self.history().swept_at
    }

    /// Takes a sample of what was counted since the last one.
    pub fn sample(&self, now: DateTime<Utc>) {
        let counted = self.buckets.each_ref().map(|bucket| bucket.load(Relaxed));
        let failures = self.failures.load(Relaxed);
        let mut history = self.history();
        let since = history.sampled_at.replace(now);
        let new: Vec<u64> = counted.iter().zip(history.counted).map(|(now, before)| now - before).collect();
        let failed = failures - history.failures;
        (history.counted, history.failures) = (counted, failures);
        let Some(seconds) = since.map(|since| seconds(now - since)).filter(|seconds| *seconds > 0.0) else { return };
        let total: u64 = new.iter().sum();
        let sample = Sample {
            at: now,
            rate: count(total) / seconds,
            failure_rate: count(failed) / seconds,
            median: quantile(&new, total, 0.5),
            slowest_percent: quantile(&new, total, 0.99),
        };
        if history.samples.len() == KEPT {
            history.samples.pop_front();
        }
        history.samples.push_back(sample);
    }

    /// The samples of the last hour, oldest first.
    pub fn samples(&self) -> Vec<Sample> {
        self.history().samples.iter().copied().collect()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(time: TimeDelta) -> f64 {
    time.to_std().unwrap_or_default().as_secs_f64()
}

/// A count as a number with a fraction; it stays far below 2^53, up to which that is exact.
fn count(count: u64) -> f64 {
    count as f64
}

/// The latency that this part of the requests did not exceed, between the bounds of its bucket in proportion.
fn quantile(buckets: &[u64], total: u64, part: f64) -> Option<Duration> {
    if total == 0 {
        return None;
    }
    let wanted = count(total) * part;
    let mut before = 0.0;
    for (index, bucket) in buckets.iter().enumerate().filter(|(_, bucket)| **bucket > 0) {
        let within = count(*bucket);
        if before + within >= wanted {
            let lower = if index == 0 { 0.0 } else { count(BOUNDS[index - 1]) };
            let micros = lower + (count(BOUNDS[index]) - lower) * (wanted - before) / within;
            return Some(Duration::from_secs_f64(micros / 1e6));
        }
        before += within;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn a_sample_has_the_rates_and_latencies_since_the_one_before() {
        let activity = Activity::default();
        activity.sample(at(0));
        assert!(activity.samples().is_empty(), "there is nothing to compare with");
        for _ in 0..98 {
            activity.request(200, Duration::from_micros(700));
        }
        activity.request(503, Duration::from_millis(200));
        activity.request(404, Duration::from_secs(60));
        activity.sample(at(10));
        activity.sample(at(20));
        let [busy, quiet] = activity.samples()[..] else { panic!("two samples") };
        assert_eq!((busy.at, busy.rate, busy.failure_rate), (at(10), 10.0, 0.1));
        let median = busy.median.expect("there were requests");
        assert!(median > Duration::from_micros(500) && median < Duration::from_micros(1_000), "{median:?}");
        let slowest = busy.slowest_percent.expect("there were requests");
        assert!(slowest > Duration::from_millis(100) && slowest <= Duration::from_millis(250), "{slowest:?}");
        assert_eq!((quiet.rate, quiet.median), (0.0, None));
    }

    #[test]
    fn samples_of_an_hour_are_kept() {
        let activity = Activity::default();
        for second in 0..1_000 {
            activity.sample(at(second * 10));
        }
        let samples = activity.samples();
        assert_eq!((samples.len(), samples[0].at), (KEPT, at(6_400)));
    }
}
