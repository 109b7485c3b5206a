//! How much of its allowance each caller has used. The generic cell rate algorithm: all that is kept of a caller is the
//! time at which the allowance is whole again. In parts, so that callers rarely wait for one another, and of bounded
//! size: what is whole again is forgotten when there is no place left, and if that makes none, newcomers share one.

use super::Rate;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const PARTS: usize = 64;

/// How many callers one part knows at most: 65,536 in all, in a few megabytes.
const PLACES: usize = 1_024;

/// What each caller has used of one rate.
#[derive(Debug)]
pub struct GcraLimiter<K> {
    rate: Rate,
    chance: RandomState,
    parts: [Mutex<Part<K>>; PARTS],
}

/// When the allowance of whom is whole again.
#[derive(Debug)]
struct Part<K> {
    known: HashMap<K, Duration>,
    overflow: Duration,
}

impl<K> GcraLimiter<K> {
    pub fn of(rate: Rate) -> GcraLimiter<K> {
        let part = || Mutex::new(Part { known: HashMap::new(), overflow: Duration::ZERO });
        GcraLimiter { rate, chance: RandomState::new(), parts: std::array::from_fn(|_| part()) }
    }

    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// When the allowance is whole again after one more; too much, and it says how long to wait for that one.
    fn after_one(&self, whole_at: Duration, now: Duration) -> Result<Duration, Duration> {
        let after = whole_at.max(now) + self.rate.interval();
        match after.checked_sub(now + self.rate.period) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(after),
        }
    }
}

impl<K: Hash + Eq> GcraLimiter<K> {
    /// Takes one of a caller's allowance, or says how long to wait for it.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut part = self.part(&key);
        let whole_at = part.place(key, now);
        *whole_at = self.after_one(*whole_at, now)?;
        Ok(())
    }

    /// As [`GcraLimiter::take`], and takes nothing.
    pub fn look(&self, key: &K, now: Duration) -> Result<(), Duration> {
        let part = self.part(key);
        part.known.get(key).map_or(Ok(()), |whole_at| self.after_one(*whole_at, now).map(drop))
    }

    fn part(&self, key: &K) -> MutexGuard<'_, Part<K>> {
        let index = usize::try_from(self.chance.hash_one(key) % PARTS as u64).unwrap_or_default();
        self.parts[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Part<K> {
    fn place(&mut self, key: K, now: Duration) -> &mut Duration {
        if self.known.len() >= PLACES && !self.known.contains_key(&key) {
            self.known.retain(|_, whole_at| *whole_at > now);
            if self.known.len() >= PLACES {
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
        GcraLimiter::of(rate.parse().expect("a rate"))
    }

    #[test]
    fn an_allowance_is_used_up_and_comes_back_one_by_one() {
        let limiter = limiter("3/30s");
        let mut now = 1_000 * SECOND;
        for _ in 0..3 {
            assert_eq!(limiter.take(1, now), Ok(()));
        }
        assert_eq!(limiter.take(1, now), Err(10 * SECOND));
        assert_eq!(limiter.take(2, now), Ok(()), "another caller has their own");
        now += 9 * SECOND;
        assert_eq!(limiter.take(1, now), Err(SECOND), "having asked in vain costs nothing");
        now += SECOND;
        assert_eq!(limiter.take(1, now), Ok(()));
        assert_eq!(limiter.take(1, now), Err(10 * SECOND));
        now += 3_600 * SECOND;
        assert_eq!((0..5).filter(|_| limiter.take(1, now).is_ok()).count(), 3, "no more than all of it comes back");
    }

    #[test]
    fn who_looks_takes_nothing() {
        let limiter = limiter("1/1s");
        for _ in 0..5 {
            assert_eq!(limiter.look(&1, SECOND), Ok(()));
        }
        assert_eq!(limiter.take(1, SECOND), Ok(()));
        assert_eq!(limiter.look(&1, SECOND), Err(SECOND));
    }

    #[test]
    fn a_flood_of_newcomers_costs_no_more_than_the_places_there_are_and_takes_nothing_from_who_is_known() {
        let limiter = limiter("2/1h");
        let now = 10 * SECOND;
        assert_eq!(limiter.take(u64::MAX, now), Ok(()));
        for key in 0..100_000 {
            let _ = limiter.take(key, now);
        }
        let known = || limiter.parts.iter().map(|part| part.lock().expect("whole").known.len()).sum::<usize>();
        assert_eq!(known(), PARTS * PLACES);
        assert_eq!(limiter.take(u64::MAX, now), Ok(()), "who was known before has their own allowance");
        assert!(limiter.take(300_000, now).is_err(), "newcomers share one");
        assert_eq!(
            limiter.take(300_000, now + 7_200 * SECOND),
            Ok(()),
            "and when the flood is over, all have their own"
        );
        assert!(known() < PARTS * PLACES);
    }
}
