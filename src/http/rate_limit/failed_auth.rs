//! Limits of failed authentication, by password and by token.
//!
//! A password is not judged above the rates. Each sign-in reserves a unit before it is judged, so that concurrent ones cannot
//! exceed a rate; the unit is counted if it fails, and given back otherwise. Those beyond the units that are left wait until
//! earlier ones are judged, so the concurrency of valid sign-ins is never refused. A password counts towards the rate of its
//! client network, and towards that of its account name, from all addresses. Above the latter, each client network still has
//! a tenth of that rate for the name, so that an account cannot be locked for addresses that have not failed.
//!
//! A token is always judged, because it has too many random bits to be guessed, and a valid one must not be refused for the
//! others of its address. Above the rate, unknown ones are refused as too many. They have a rate of their own: a client that
//! goes on with a deleted session's token does not use up the one of passwords.

use super::gcra::{GcraLimiter, Reservation, Shortage};
use super::{Rate, Rates};
use crate::clock::Clock;
use crate::domain::text::caseless;
use crate::error::{AuthFailure, Error, Result};
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// An exceeded rate, and the wait until one more authentication is allowed.
pub type Exceeded = (Rate, Duration);

/// The limiters of failed authentication.
#[derive(Debug)]
pub struct FailedAuthLimits {
    /// Of tokens, for each client network.
    token: Option<GcraLimiter<IpAddr>>,
    /// Of passwords, for each client network.
    password: Option<GcraLimiter<IpAddr>>,
    account: Option<AccountLimits>,
    /// Hashes with a random key, so that names that collide cannot be chosen.
    hasher: RandomState,
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
            token: rates.failed.map(GcraLimiter::of),
            password: rates.failed.map(GcraLimiter::of),
            account: rates.failed_account.map(account),
            hasher: RandomState::new(),
        })
    }

    /// Authenticates by a token.
    pub async fn token<T>(
        &self,
        network: Option<IpAddr>,
        clock: &Clock,
        authenticated: impl Future<Output = Result<T>>,
    ) -> Result<Result<T>, Exceeded> {
        let result = authenticated.await;
        if let (Some(limiter), Some(network), Err(error)) = (&self.token, network, &result)
            && is_guess(error)
        {
            limiter.take(network, clock.elapsed()).map_err(|wait| (limiter.rate(), wait))?;
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
        let mut of_address = match self.password.as_ref().zip(network) {
            Some((limiter, network)) => {
                Some(reserve(limiter, network, clock).await.map_err(|wait| (limiter.rate(), wait))?)
            }
            None => None,
        };
        let mut of_account = match &self.account {
            Some(account) => account.reserve(self.hasher.hash_one(caseless(name.trim())), network, clock).await,
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

/// Reserves a unit, or returns the wait until one is left.
async fn reserve<'a, K: Hash + Eq + Copy>(
    limiter: &'a GcraLimiter<K>,
    key: K,
    clock: &'a Clock,
) -> Result<Reservation<'a, K>, Duration> {
    let mut waiter = Waiter::default();
    loop {
        match limiter.reserve(key, clock) {
            Ok(reservation) => return Ok(reservation),
            Err(Shortage::UsedUp(wait)) => return Err(wait),
            Err(Shortage::Reserved(settled)) => waiter.wait(settled).await,
        }
    }
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
    async fn concurrent_valid_sign_ins_wait_for_each_other_and_are_all_served() {
        let (limits, clock) = limits("2/1h");
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
    async fn above_the_rate_unknown_tokens_are_refused_and_valid_ones_are_not() {
        let (limits, clock) = limits("1/1h");
        let unknown = || {
            let rejected = Error::Unauthenticated(Rejection::of(Scheme::ApiKey, AuthFailure::Unknown));
            limits.token(CLIENT, &clock, async { Err::<(), _>(rejected) })
        };
        assert!(matches!(unknown().await, Ok(Err(_))));
        assert!(unknown().await.is_err());
        assert!(matches!(limits.token(CLIENT, &clock, async { Ok(()) }).await, Ok(Ok(()))));
    }
}
