//! Limits of failed authentication. Each authentication reserves a unit before it is judged, so that concurrent ones cannot
//! exceed the rate; the unit is counted if it fails, and given back otherwise. Those beyond the units that are left wait until
//! earlier ones are judged, so the concurrency of valid requests is never refused.
//!
//! A token that was valid lately is judged without a reservation: it costs nothing, and it stays usable from an address
//! over the rate. This memory decides only whether a request has to wait, never whether its token is valid.
//!
//! A password also counts towards the rate of its account name, from all addresses. Above it, each client network still has
//! a tenth of that rate for the name, so that an account cannot be locked for addresses that have not failed.

use super::gcra::{GcraLimiter, Reservation, Shortage};
use super::{Rate, Rates};
use crate::clock::Clock;
use crate::error::{AuthFailure, Error, Result};
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Number of tokens that are remembered as valid, in 128 KiB.
const RECENT: usize = 16_384;

/// An exceeded rate, and the wait until one more authentication is allowed.
pub type Exceeded = (Rate, Duration);

/// The limiters of failed authentication.
#[derive(Debug)]
pub struct FailedAuthLimits {
    address: Option<GcraLimiter<IpAddr>>,
    account: Option<AccountLimits>,
    /// Hashes with a random key, so that names and tokens that collide cannot be chosen.
    hasher: RandomState,
    recent: RecentTokens,
}

/// The limiters of an account name: in all, and for each client network. The keys are hashes of names.
#[derive(Debug)]
struct AccountLimits {
    all: GcraLimiter<u64>,
    network: GcraLimiter<(u64, Option<IpAddr>)>,
}

impl FailedAuthLimits {
    /// Limiters for these rates; `None` if both are off.
    pub fn new(rates: &Rates) -> Option<FailedAuthLimits> {
        let account = |rate: Rate| AccountLimits { all: GcraLimiter::of(rate), network: GcraLimiter::of(rate.tenth()) };
        rates.failed.or(rates.failed_account).map(|_| FailedAuthLimits {
            address: rates.failed.map(GcraLimiter::of),
            account: rates.failed_account.map(account),
            hasher: RandomState::new(),
            recent: RecentTokens::new(),
        })
    }

    /// Authenticates by one of these tokens. A result that `is_caller` makes the token known as valid.
    pub async fn token<T>(
        &self,
        network: Option<IpAddr>,
        tokens: impl Iterator<Item = &str>,
        clock: &Clock,
        authenticated: impl Future<Output = Result<T>>,
        is_caller: impl FnOnce(&T) -> bool,
    ) -> Result<Result<T>, Exceeded> {
        let (Some(limiter), Some(network)) = (&self.address, network) else { return Ok(authenticated.await) };
        let (mut token, mut count) = (0, 0);
        for presented in tokens {
            (token, count) = (self.hasher.hash_one(presented), count + 1);
        }
        // Which of several tokens is judged is not known here.
        let is_recent = || count == 1 && self.recent.contains(token);
        let mut reservation = match count {
            0 => None,
            _ => reserve(limiter, network, clock, is_recent).await.map_err(|wait| (limiter.rate(), wait))?,
        };
        // Given back if the client goes away: tokens cannot be guessed, and a slow database must not use up the rate.
        reservation.iter_mut().for_each(|reservation| reservation.is_counted = false);
        let result = authenticated.await;
        match &result {
            Err(error) if is_guess(error) => {
                self.recent.forget(token);
                match &mut reservation {
                    Some(reservation) => reservation.is_counted = true,
                    None => _ = limiter.take(network, clock.elapsed()),
                }
            }
            Ok(caller) if count == 1 && reservation.is_some() && is_caller(caller) => self.recent.insert(token),
            _ => {}
        }
        Ok(result)
    }

    /// Authenticates by the name of an account and a password; `None` is a failure, and so is a success that `is_failure`.
    /// It counts even if the client goes away, since the password is checked all the same.
    pub async fn password<T>(
        &self,
        network: Option<IpAddr>,
        name: &str,
        clock: &Clock,
        authenticated: impl Future<Output = Result<Option<T>>>,
        is_failure: impl FnOnce(&T) -> bool,
    ) -> Result<Result<Option<T>>, Exceeded> {
        let mut of_address = match self.address.as_ref().zip(network) {
            Some((limiter, network)) => {
                reserve(limiter, network, clock, || false).await.map_err(|wait| (limiter.rate(), wait))?
            }
            None => None,
        };
        let mut of_account = match &self.account {
            Some(account) => account.reserve(self.hasher.hash_one(folded(name)), network, clock).await,
            None => Ok((None, None)),
        };
        let result = match &of_account {
            Ok(_) => Ok(authenticated.await),
            Err(exceeded) => Err(*exceeded),
        };
        let is_counted = match &result {
            Ok(Ok(success)) => success.as_ref().is_none_or(is_failure),
            _ => false,
        };
        if !is_counted {
            of_address.iter_mut().for_each(|reservation| reservation.is_counted = false);
            if let Ok((of_all, of_network)) = &mut of_account {
                of_all.iter_mut().for_each(|reservation| reservation.is_counted = false);
                of_network.iter_mut().for_each(|reservation| reservation.is_counted = false);
            }
        }
        result
    }
}

/// Units of an account name, in all and of the client network: at least one of them.
type AccountReservation<'a> = (Option<Reservation<'a, u64>>, Option<Reservation<'a, (u64, Option<IpAddr>)>>);

impl AccountLimits {
    /// Reserves a unit of each rate that has one left.
    async fn reserve<'a>(
        &'a self,
        name: u64,
        network: Option<IpAddr>,
        clock: &'a Clock,
    ) -> Result<AccountReservation<'a>, Exceeded> {
        let mut waiter = Waiter::default();
        loop {
            match (self.all.reserve(name, clock), self.network.reserve((name, network), clock)) {
                (Err(Shortage::UsedUp(of_all)), Err(Shortage::UsedUp(of_network))) => {
                    let exceeded = [(self.all.rate(), of_all), (self.network.rate(), of_network)];
                    return Err(if of_all <= of_network { exceeded[0] } else { exceeded[1] });
                }
                (Err(Shortage::Reserved(settled)), Err(_)) | (Err(_), Err(Shortage::Reserved(settled))) => {
                    waiter.wait(settled).await;
                }
                (of_all, of_network) => return Ok((of_all.ok(), of_network.ok())),
            }
        }
    }
}

/// Reserves a unit, or none once `is_exempt`; otherwise returns the wait until one is left.
async fn reserve<'a, K: Hash + Eq + Copy>(
    limiter: &'a GcraLimiter<K>,
    key: K,
    clock: &'a Clock,
    is_exempt: impl Fn() -> bool,
) -> Result<Option<Reservation<'a, K>>, Duration> {
    let mut waiter = Waiter::default();
    while !is_exempt() {
        match limiter.reserve(key, clock) {
            Ok(reservation) => return Ok(Some(reservation)),
            Err(Shortage::UsedUp(wait)) => return Err(wait),
            Err(Shortage::Reserved(settled)) => waiter.wait(settled).await,
        }
    }
    Ok(None)
}

/// A waiter for a settled unit. A settled unit notifies one waiter; whichever way that one goes on, it notifies the next,
/// which looks for itself.
#[derive(Default)]
struct Waiter(Option<Arc<Notify>>);

impl Waiter {
    async fn wait(&mut self, settled: Arc<Notify>) {
        settled.notified().await;
        self.0 = Some(settled);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(settled) = &self.0 {
            settled.notify_one();
        }
    }
}

/// Whether a credential may have been guessed. One that is missing, expired or revoked, or that is valid for something else,
/// was not.
fn is_guess(error: &Error) -> bool {
    matches!(error, Error::Unauthenticated(rejection)
        if matches!(rejection.failure, AuthFailure::Unknown | AuthFailure::Malformed))
}

/// A name without what look-ups ignore.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Hashes of tokens that were valid lately: a table without locks, in which a token replaces another one of the same cell.
#[derive(Debug)]
struct RecentTokens(Box<[AtomicU64]>);

impl RecentTokens {
    fn new() -> RecentTokens {
        RecentTokens((0..RECENT).map(|_| AtomicU64::new(0)).collect())
    }

    fn cell(&self, token: u64) -> &AtomicU64 {
        let RecentTokens(cells) = self;
        &cells[usize::try_from(token % RECENT as u64).unwrap_or_default()]
    }

    fn contains(&self, token: u64) -> bool {
        token != 0 && self.cell(token).load(Ordering::Relaxed) == token
    }

    fn insert(&self, token: u64) {
        self.cell(token).store(token, Ordering::Relaxed);
    }

    fn forget(&self, token: u64) {
        let _ = self.cell(token).compare_exchange(token, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Rejection, Scheme};
    use chrono::DateTime;

    const CLIENT: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn limits(failed: &str) -> (FailedAuthLimits, Clock) {
        let rates = Rates { failed: failed.parse().ok(), ..Rates::default() };
        (FailedAuthLimits::new(&rates).expect("there is a rate"), Clock::fixed(DateTime::UNIX_EPOCH))
    }

    #[test]
    fn only_unknown_and_malformed_credentials_are_guesses() {
        let rejected = |failure| is_guess(&Error::Unauthenticated(Rejection::of(Scheme::ApiKey, failure)));
        assert!(rejected(AuthFailure::Unknown) && rejected(AuthFailure::Malformed));
        for failure in [
            AuthFailure::Missing,
            AuthFailure::Expired,
            AuthFailure::Revoked,
            AuthFailure::NotMember,
            AuthFailure::Incomplete,
        ] {
            assert!(!rejected(failure), "{failure:?}");
        }
        assert!(!is_guess(&Error::NoRoute));
    }

    #[tokio::test]
    async fn concurrent_valid_requests_wait_for_each_other_and_are_all_served() {
        let (limits, clock) = limits("2/1h");
        let valid = |token: &'static str| {
            let judged = async {
                tokio::task::yield_now().await;
                Ok(())
            };
            limits.token(CLIENT, std::iter::once(token), &clock, judged, |()| true)
        };
        for tokens in [["a"; 50], ["b"; 50]] {
            for result in futures_util::future::join_all(tokens.map(valid)).await {
                assert!(matches!(result, Ok(Ok(()))), "{result:?}");
            }
        }
        let sign_in = || {
            let judged = async {
                tokio::task::yield_now().await;
                Ok(Some(()))
            };
            limits.password(CLIENT, "jane", &clock, judged, |()| false)
        };
        for result in futures_util::future::join_all((0..50).map(|_| sign_in())).await {
            assert!(matches!(result, Ok(Ok(Some(())))), "{result:?}");
        }
    }

    #[tokio::test]
    async fn a_token_beside_a_valid_one_does_not_become_known() {
        let (limits, clock) = limits("1/1h");
        let valid = limits.token(CLIENT, ["valid", "guess"].into_iter(), &clock, async { Ok(()) }, |()| true);
        assert!(matches!(valid.await, Ok(Ok(()))));
        let guess = || {
            let judged =
                async { Err::<(), _>(Error::Unauthenticated(Rejection::of(Scheme::ApiKey, AuthFailure::Unknown))) };
            limits.token(CLIENT, std::iter::once("guess"), &clock, judged, |()| true)
        };
        assert!(matches!(guess().await, Ok(Err(_))));
        assert!(guess().await.is_err(), "over the rate, and not known");
    }
}
