//! The generic cell rate algorithm (GCRA): the only state per key is the time at which its quota is full again. The map
//! is sharded to reduce lock contention and bounded: a full shard drops the keys whose quota is full, and if none is, new
//! keys share one overflow entry.
//!
//! A unit can also be reserved: it is not available to others until it is settled, and only then counted or given back.

use super::Rate;
use crate::clock::Clock;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

const SHARDS: usize = 64;

/// Maximum number of keys per shard: 65,536 in all, in a few megabytes.
const MAX_KEYS: usize = 1_024;

/// The limiter of one rate.
#[derive(Debug)]
pub struct GcraLimiter<K> {
    rate: Rate,
    hasher: RandomState,
    shards: [Mutex<Shard<K>>; SHARDS],
}

/// One shard of the keys' quotas.
#[derive(Debug)]
struct Shard<K> {
    known: HashMap<K, Quota>,
    overflow: Quota,
}

/// The state of one key.
#[derive(Debug, Default)]
struct Quota {
    full_at: Duration,
    /// Units that are reserved.
    reserved: u32,
    /// Notified of each settled unit, once a caller has waited for one.
    settled: Option<Arc<Notify>>,
}

/// Why no unit could be reserved.
#[derive(Debug)]
pub enum Shortage {
    /// The units that are left are reserved: one may be given back.
    Reserved(Arc<Notify>),
    /// None is left, for this long.
    UsedUp(Duration),
}

/// A reserved unit. When dropped, it is counted or given back.
#[derive(Debug)]
pub struct Reservation<'a, K: Hash + Eq> {
    limiter: &'a GcraLimiter<K>,
    clock: &'a Clock,
    key: K,
    is_overflow: bool,
    /// Whether it is counted. True at first.
    pub is_counted: bool,
}

impl<K> GcraLimiter<K> {
    pub fn of(rate: Rate) -> GcraLimiter<K> {
        let shard = || Mutex::new(Shard { known: HashMap::new(), overflow: Quota::default() });
        GcraLimiter { rate, hasher: RandomState::new(), shards: std::array::from_fn(|_| shard()) }
    }

    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The time at which the quota is full again after one more request, or `Err` with the wait until that is allowed.
    fn after_one(&self, full_at: Duration, now: Duration) -> Result<Duration, Duration> {
        let after = full_at.max(now) + self.rate.interval();
        match after.checked_sub(now + self.rate.period) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(after),
        }
    }

    /// Number of units that are left, reserved ones included.
    fn left(&self, full_at: Duration, now: Duration) -> u128 {
        (now + self.rate.period).saturating_sub(full_at.max(now)).as_nanos() / self.rate.interval().as_nanos().max(1)
    }
}

impl<K: Hash + Eq> GcraLimiter<K> {
    /// Counts one request of `key`, or returns the wait until it is allowed.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut shard = self.shard(&key);
        let (quota, _) = shard.quota(key, now);
        quota.full_at = self.after_one(quota.full_at, now)?;
        Ok(())
    }

    /// Reserves a unit of `key`.
    pub fn reserve<'a>(&'a self, key: K, clock: &'a Clock) -> Result<Reservation<'a, K>, Shortage>
    where
        K: Clone,
    {
        let now = clock.elapsed();
        let mut shard = self.shard(&key);
        let (quota, is_overflow) = shard.quota(key.clone(), now);
        if u128::from(quota.reserved) < self.left(quota.full_at, now) {
            quota.reserved += 1;
            return Ok(Reservation { limiter: self, clock, key, is_overflow, is_counted: true });
        }
        match self.after_one(quota.full_at, now) {
            Err(wait) if quota.reserved == 0 => Err(Shortage::UsedUp(wait)),
            _ => Err(Shortage::Reserved(Arc::clone(quota.settled.get_or_insert_default()))),
        }
    }

    fn settle(&self, key: &K, is_overflow: bool, is_counted: bool, now: Duration) {
        let mut shard = self.shard(key);
        let Shard { known, overflow } = &mut *shard;
        let quota = if is_overflow { Some(overflow) } else { known.get_mut(key) };
        let quota = quota.expect("a key with a reserved unit is kept");
        quota.reserved = quota.reserved.saturating_sub(1);
        if is_counted {
            quota.full_at = quota.full_at.max(now) + self.rate.interval();
        }
        if let Some(settled) = &quota.settled {
            settled.notify_one();
        }
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Shard<K> {
    /// The key's quota, and whether it is the overflow entry.
    fn quota(&mut self, key: K, now: Duration) -> (&mut Quota, bool) {
        if self.known.len() >= MAX_KEYS && !self.known.contains_key(&key) {
            self.known.retain(|_, quota| quota.full_at > now || quota.reserved > 0);
            if self.known.len() >= MAX_KEYS {
                return (&mut self.overflow, true);
            }
        }
        (self.known.entry(key).or_default(), false)
    }
}

impl<K: Hash + Eq> Drop for Reservation<'_, K> {
    fn drop(&mut self) {
        self.limiter.settle(&self.key, self.is_overflow, self.is_counted, self.clock.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(rate: &str) -> GcraLimiter<u64> {
        GcraLimiter::of(rate.parse().expect("a valid rate"))
    }

    #[test]
    fn a_quota_is_used_up_and_refills_request_by_request() {
        let limiter = limiter("3/30s");
        let mut now = 1_000 * SECOND;
        for _ in 0..3 {
            assert_eq!(limiter.take(1, now), Ok(()));
        }
        assert_eq!(limiter.take(1, now), Err(10 * SECOND));
        assert_eq!(limiter.take(2, now), Ok(()), "another key has its own quota");
        now += 9 * SECOND;
        assert_eq!(limiter.take(1, now), Err(SECOND), "a refused request is not counted");
        now += SECOND;
        assert_eq!(limiter.take(1, now), Ok(()));
        assert_eq!(limiter.take(1, now), Err(10 * SECOND));
        now += 3_600 * SECOND;
        assert_eq!((0..5).filter(|_| limiter.take(1, now).is_ok()).count(), 3, "the quota is capped at the full rate");
    }

    #[test]
    fn a_reserved_unit_is_counted_or_given_back() {
        let (limiter, clock) = (limiter("2/60s"), Clock::fixed(chrono::DateTime::UNIX_EPOCH));
        let reserve = || limiter.reserve(1, &clock);
        for _ in 0..5 {
            reserve().expect("a unit is left").is_counted = false;
        }
        let (mut first, second) = (reserve().expect("one is left"), reserve().expect("one is left"));
        assert!(matches!(reserve(), Err(Shortage::Reserved(_))), "both are reserved");
        assert!(limiter.reserve(2, &clock).is_ok(), "another key has its own quota");
        first.is_counted = false;
        drop((first, second));
        drop(reserve().expect("the unit that was given back"));
        assert!(matches!(reserve(), Err(Shortage::UsedUp(wait)) if wait == 30 * SECOND));
        clock.advance(chrono::TimeDelta::seconds(30));
        assert!(reserve().is_ok());
    }

    #[test]
    fn a_flood_of_new_keys_is_bounded_and_leaves_known_keys_their_quota() {
        let limiter = limiter("2/1h");
        let now = 10 * SECOND;
        assert_eq!(limiter.take(u64::MAX, now), Ok(()));
        for key in 0..100_000 {
            let _ = limiter.take(key, now);
        }
        let known = || limiter.shards.iter().map(|shard| shard.lock().expect("whole").known.len()).sum::<usize>();
        assert_eq!(known(), SHARDS * MAX_KEYS);
        assert_eq!(limiter.take(u64::MAX, now), Ok(()), "a key from before the flood keeps its own quota");
        assert!(limiter.take(300_000, now).is_err(), "new keys share the overflow entry");
        assert_eq!(limiter.take(300_000, now + 7_200 * SECOND), Ok(()), "after the flood each key has its own quota");
        assert!(known() < SHARDS * MAX_KEYS);
    }
}
