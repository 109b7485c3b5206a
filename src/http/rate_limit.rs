//! Rate limits per credential and per client network, checked in the dialect's middleware, before any lookup; and of failed
//! authentication, checked where a credential is judged. Each server counts for itself.

mod failed_auth;
mod gcra;
mod rate;
mod workspace_limit;

pub use rate::{Rate, RateOrOff};
pub use workspace_limit::WorkspaceLimit;

use crate::clock::Clock;
use crate::domain::token::TokenHash;
use crate::error::{Error, Result, Throttle};
use crate::store::{Origin, client_network};
use axum::http::HeaderMap;
use axum::http::header::RETRY_AFTER;
use failed_auth::FailedAuthLimits;
use gcra::GcraLimiter;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

/// The configured rates; `None` is unlimited.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    pub credential: Option<Rate>,
    pub address: Option<Rate>,
    /// Failed authentications per client network: by token, and as many by password.
    pub failed: Option<Rate>,
    /// Failed sign-ins per account name.
    pub failed_account: Option<Rate>,
}

/// The limiters and their state.
#[derive(Debug)]
pub struct Limits {
    clock: Clock,
    credential: Option<GcraLimiter<TokenHash>>,
    address: Option<GcraLimiter<IpAddr>>,
    failed_auth: Option<FailedAuthLimits>,
}

impl Limits {
    /// Creates limiters for these rates; `None` if all are unlimited.
    pub fn new(rates: &Rates, clock: Clock) -> Option<Limits> {
        let failed_auth = FailedAuthLimits::new(rates);
        let is_any = rates.credential.or(rates.address).is_some() || failed_auth.is_some();
        is_any.then(|| Limits {
            clock,
            credential: rates.credential.map(GcraLimiter::of),
            address: rates.address.map(GcraLimiter::of),
            failed_auth,
        })
    }

    /// Counts a request from `address`.
    pub fn admit(&self, address: Option<IpAddr>, credential_headers: &[&str], headers: &HeaderMap) -> Result<()> {
        let now = self.clock.elapsed();
        if let Some(address) = address {
            self.take(&self.address, client_network(address), now)?;
        }
        if self.credential.is_some() {
            for token in tokens(credential_headers, headers) {
                self.take(&self.credential, TokenHash::of(token), now)?;
            }
        }
        Ok(())
    }

    /// Authenticates by a token, within the limit of failed authentications.
    pub async fn authenticate<T>(&self, origin: Origin, authenticated: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(limits) = &self.failed_auth else { return authenticated.await };
        let judged = limits.token(origin.client_network(), &self.clock, authenticated);
        judged.await.unwrap_or_else(|(rate, wait)| Err(self.throttled(rate, wait)))
    }

    /// Authenticates by name and password; `None` is a failure, and so is a success that `is_failure`.
    pub async fn authenticate_by_password<T>(
        &self,
        origin: Origin,
        name: &str,
        authenticated: impl Future<Output = Result<Option<T>>>,
        is_failure: impl FnOnce(&T) -> bool,
    ) -> Result<Option<T>> {
        let Some(limits) = &self.failed_auth else { return authenticated.await };
        let judged = limits.password(origin.client_network(), name, &self.clock, authenticated, is_failure);
        judged.await.unwrap_or_else(|(rate, wait)| Err(self.throttled(rate, wait)))
    }

    fn take<K: Hash + Eq>(&self, limiter: &Option<GcraLimiter<K>>, key: K, now: Duration) -> Result<()> {
        match limiter {
            Some(limiter) => limiter.take(key, now).map_err(|wait| self.throttled(limiter.rate(), wait)),
            None => Ok(()),
        }
    }

    fn throttled(&self, rate: Rate, wait: Duration) -> Error {
        Error::Throttled(Throttle {
            limit: rate.count.get(),
            remaining: 0,
            reset: self.clock.now() + wait + rate.interval() * (rate.count.get() - 1),
            retry_after: whole_seconds(wait),
        })
    }
}

/// The distinct credentials of a request: some clients send theirs in two headers.
fn tokens<'a>(names: &'a [&str], headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
    let token = |name: &&str| headers.get(*name)?.to_str().ok()?.split_ascii_whitespace().next_back();
    names.iter().enumerate().filter_map(move |(index, name)| {
        let found = token(name)?;
        (!names[..index].iter().any(|earlier| token(earlier) == Some(found))).then_some(found)
    })
}

/// Adds `Retry-After` and `RateLimit-*`; the reset is in Unix seconds.
pub fn hint(throttle: &Throttle, headers: &mut HeaderMap) {
    headers.insert(RETRY_AFTER, throttle.retry_after.into());
    headers.insert("ratelimit-limit", throttle.limit.into());
    headers.insert("ratelimit-remaining", throttle.remaining.into());
    headers.insert("ratelimit-reset", throttle.reset.timestamp().into());
}

/// Rounds up to whole seconds, at least 1.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
