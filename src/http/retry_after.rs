//! `Retry-After` of responses with 503. It grows while the trouble lasts and is spread at random, so that clients do not
//! come back all at once to a database that has just recovered.

use crate::error::Error;
use crate::random::Random;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Maximum of the header in seconds, with the random part.
const MAX: u64 = 60;

/// Maximum without the random part, which is up to a half.
const MAX_BASE: u64 = MAX * 2 / 3;

/// Minimum after a statement timeout. The statement had 20 s, so a repetition soon would only add to the load.
const AFTER_STATEMENT_TIMEOUT: u64 = 20;

/// The waits of this server, by the kind of trouble.
#[derive(Debug, Default)]
pub struct RetryAfter {
    unavailable: Mutex<Option<Episode>>,
    statement_timeout: Mutex<Option<Episode>>,
}

/// Failures of which each came before its predecessor's clients had all tried again.
#[derive(Debug, Clone, Copy)]
struct Episode {
    began: Duration,
    /// When the next failure belongs to another episode.
    ends: Duration,
}

impl RetryAfter {
    /// Seconds that the client of a request which failed `now`, by a monotonic clock, is to wait; `None` for other errors.
    pub fn seconds(&self, error: &Error, now: Duration, random: &Random) -> Option<u64> {
        let (episode, min) = match error {
            Error::Unavailable(_) => (&self.unavailable, 1),
            Error::StatementTimeout => (&self.statement_timeout, AFTER_STATEMENT_TIMEOUT),
            _ => return None,
        };
        let mut episode = episode.lock().unwrap_or_else(PoisonError::into_inner);
        let began = episode.filter(|episode| now <= episode.ends).map_or(now, |episode| episode.began);
        // As long again as it has lasted: each client tries a few times, however long that is.
        let base = now.saturating_sub(began).as_secs().saturating_add(min).min(MAX_BASE);
        *episode = Some(Episode { began, ends: now + Duration::from_secs(base * 2) });
        let [spread] = random.bytes::<1>();
        Some(base + base * u64::from(spread) / 510)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable() -> Error {
        Error::Unavailable("away".to_owned())
    }

    #[test]
    fn waits_grow_with_the_outage_up_to_a_minute_and_start_anew_after_it() {
        let (waits, random) = (RetryAfter::default(), Random::seeded(1));
        let at = |seconds| waits.seconds(&unavailable(), Duration::from_secs(seconds), &random).expect("a wait");
        assert_eq!((at(100), at(100)), (1, 1));
        for (seconds, least) in [(101, 2), (104, 5), (110, 11), (125, 26), (160, 40), (200, 40), (280, 40)] {
            let wait = at(seconds);
            assert!((least..=least + least / 2).contains(&wait), "{wait} s at {seconds} s");
        }
        assert_eq!(at(361), 1, "after more than twice the last wait without a failure");
    }

    #[test]
    fn waits_differ_between_clients() {
        let (waits, random) = (RetryAfter::default(), Random::seeded(1));
        waits.seconds(&unavailable(), Duration::ZERO, &random);
        waits.seconds(&unavailable(), Duration::from_secs(2), &random);
        let all = (0..50).map(|_| waits.seconds(&unavailable(), Duration::from_secs(8), &random));
        let different: std::collections::BTreeSet<_> = all.collect();
        assert!(different.len() >= 4, "{different:?}");
    }

    #[test]
    fn a_statement_timeout_asks_for_a_longer_wait_and_is_counted_by_itself() {
        let (waits, random) = (RetryAfter::default(), Random::seeded(1));
        let first = waits.seconds(&Error::StatementTimeout, Duration::ZERO, &random).expect("a wait");
        assert!((20..=30).contains(&first), "{first}");
        let later = waits.seconds(&Error::StatementTimeout, Duration::from_secs(25), &random).expect("a wait");
        assert!((40..=60).contains(&later), "{later}");
        assert_eq!(waits.seconds(&unavailable(), Duration::from_secs(25), &random), Some(1));
        assert_eq!(waits.seconds(&Error::NoRoute, Duration::ZERO, &random), None);
    }
}
