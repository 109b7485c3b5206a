//! Time and randomness as values that are handed in, so that tests can hold them still. Nothing else in the crate asks
//! the system for either.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::{Builder, Uuid};

/// What time it is.
#[derive(Debug, Clone)]
pub struct Clock(Option<Arc<Mutex<DateTime<Utc>>>>);

impl Clock {
    /// The system's time.
    pub fn system() -> Clock {
        Clock(None)
    }

    /// A time that stands still until it is moved.
    pub fn held(at: DateTime<Utc>) -> Clock {
        Clock(Some(Arc::new(Mutex::new(at))))
    }

    /// Now, in whole microseconds: what Postgres keeps, so that a value read back equals the one written.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
            None => Utc::now(),
            Some(held) => *held.lock().unwrap_or_else(PoisonError::into_inner),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }

    /// The time since some moment, for telling how far two others lie apart: it never goes back, whatever becomes of the
    /// system's time.
    pub fn elapsed(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            None => START.elapsed(),
            Some(_) => (self.now() - DateTime::UNIX_EPOCH).to_std().unwrap_or_default(),
        }
    }

    /// Moves a held time on; the system's time moves by itself.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(held) = &self.0 {
            *held.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

/// Where random bytes come from.
#[derive(Debug, Clone)]
pub struct Entropy(Option<Arc<Mutex<u64>>>);

impl Entropy {
    /// Of this thread's generator, which the system seeds.
    pub fn system() -> Entropy {
        Entropy(None)
    }

    /// A repeatable sequence, for tests.
    pub fn seeded(seed: u64) -> Entropy {
        Entropy(Some(Arc::new(Mutex::new(seed << 32))))
    }

    /// `N` random bytes, at most 32 from a seeded sequence.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            // A generator for secrets, too; the system is asked for a seed only now and then.
            #[expect(clippy::disallowed_methods, reason = "this is the entropy that is handed in")]
            None => rand::fill(&mut bytes),
            Some(counter) => {
                let mut counter = counter.lock().unwrap_or_else(PoisonError::into_inner);
                *counter += 1;
                let digest = Sha256::digest(counter.to_be_bytes());
                bytes.copy_from_slice(&digest[..N]);
            }
        }
        bytes
    }

    /// A new identifier whose order is the order of time (RFC 9562, version 7), so that new rows lie together.
    pub fn id<T: From<Uuid>>(&self, now: DateTime<Utc>) -> T {
        let millis = now.timestamp_millis().max(0).unsigned_abs();
        T::from(Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid())
    }

    /// `count` letters of the base58 alphabet, each equally likely.
    pub fn base58(&self, count: usize) -> String {
        const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        std::iter::repeat_with(|| self.bytes::<32>())
            .flatten()
            // The largest multiple of 58 in a byte: what is above would favour the first letters.
            .filter(|byte| *byte < 232)
            .map(|byte| char::from(ALPHABET[usize::from(byte % 58)]))
            .take(count)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_moves_only_when_told() {
        let clock = Clock::held(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::seconds(5));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH + TimeDelta::seconds(5));
    }

    #[test]
    fn ids_sort_by_time_and_a_seed_repeats_them() {
        let (one, two) = (Entropy::seeded(7), Entropy::seeded(7));
        let early: Uuid = one.id(DateTime::UNIX_EPOCH + TimeDelta::seconds(1));
        let late: Uuid = one.id(DateTime::UNIX_EPOCH + TimeDelta::seconds(2));
        assert!(early < late);
        assert_eq!(early, two.id::<Uuid>(DateTime::UNIX_EPOCH + TimeDelta::seconds(1)));
    }
}
