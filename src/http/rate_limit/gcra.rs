//! The generic cell rate algorithm (GCRA): the only state per key is the time at which its quota is full again. The map
//! is sharded to reduce lock contention and bounded: a full shard drops the keys whose quota is full, and if none is, new
//! keys share one overflow entry.

use super::Rate;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

/// One shard: the times at which quotas are full again.
#[derive(Debug)]
struct Shard<K> {
    known: HashMap<K, Duration>,
    overflow: Duration,
}

impl<K> GcraLimiter<K> {
    pub fn of(rate: Rate) -> GcraLimiter<K> {
        let shard = || Mutex::new(Shard { known: HashMap::new(), overflow: Duration::ZERO });
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
}

impl<K: Hash + Eq> GcraLimiter<K> {
    /// Counts one request of `key`, or returns the wait until it is allowed.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut shard = self.shard(&key);
        let full_at = shard.full_at_of(key, now);
        *full_at = self.after_one(*full_at, now)?;
        Ok(())
    }

    /// Like [`GcraLimiter::take`], but counts nothing.
    pub fn look(&self, key: &K, now: Duration) -> Result<(), Duration> {
        let shard = self.shard(key);
        shard.known.get(key).map_or(Ok(()), |full_at| self.after_one(*full_at, now).map(drop))
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Shard<K> {
    fn full_at_of(&mut self, key: K, now: Duration) -> &mut Duration {
        if self.known.len() >= MAX_KEYS && !self.known.contains_key(&key) {
            self.known.retain(|_, full_at| *full_at > now);
            if self.known.len() >= MAX_KEYS {
                return &mut self.overflow;
            }
        }
        self.known.entry(key).or_default()
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
    fn look_counts_nothing() {
        let limiter = limiter("1/1s");
        for _ in 0..5 {
            assert_eq!(limiter.look(&1, SECOND), Ok(()));
        }
        assert_eq!(limiter.take(1, SECOND), Ok(()));
        assert_eq!(limiter.look(&1, SECOND), Err(SECOND));
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
