//! Randomness as a value, so that tests can repeat it. No other module reads the system's generator.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::{Builder, Uuid};

/// The alphabet of base 58.
pub const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// A source of random bytes.
#[derive(Debug, Clone)]
pub struct Random(Option<Arc<Mutex<u64>>>);

impl Random {
    /// The thread's generator, seeded by the system.
    pub fn system() -> Random {
        Random(None)
    }

    /// A reproducible sequence, for tests.
    pub fn seeded(seed: u64) -> Random {
        Random(Some(Arc::new(Mutex::new(seed << 32))))
    }

    /// `N` random bytes, at most 32 from a seeded sequence.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            // Cryptographically secure; reseeded from the system periodically.
            #[expect(clippy::disallowed_methods, reason = "this is the source that is handed in")]
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

    /// A new UUID of version 7 (RFC 9562), ordered by time, so that new rows are adjacent in indexes.
    pub fn id<T: From<Uuid>>(&self, now: DateTime<Utc>) -> T {
        let millis = now.timestamp_millis().max(0).unsigned_abs();
        T::from(Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid())
    }

    /// `count` uniformly distributed characters of the base58 alphabet.
    pub fn base58(&self, count: usize) -> String {
        std::iter::repeat_with(|| self.bytes::<32>())
            .flatten()
            // 232 is the largest multiple of 58 in a byte: higher values would bias towards the first characters.
            .filter(|byte| *byte < 232)
            .map(|byte| char::from(BASE58[usize::from(byte % 58)]))
            .take(count)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn ids_sort_by_time_and_a_seed_reproduces_them() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        let early: Uuid = one.id(DateTime::UNIX_EPOCH + TimeDelta::seconds(1));
        let late: Uuid = one.id(DateTime::UNIX_EPOCH + TimeDelta::seconds(2));
        assert!(early < late);
        assert_eq!(early, two.id::<Uuid>(DateTime::UNIX_EPOCH + TimeDelta::seconds(1)));
    }
}
