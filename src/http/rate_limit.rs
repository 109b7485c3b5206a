//! Rate limits per credential, per client network, and per client network for failed authentication. They are checked in
//! the dialect's middleware, before any lookup. Each server counts for itself.

mod gcra;
mod rate;
mod workspace_limit;

pub use rate::Rate;
pub use workspace_limit::WorkspaceLimit;

use super::client_address;
use super::failure::Failure;
use crate::clock::Clock;
use crate::domain::token::TokenHash;
use crate::error::{Error, Throttle};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use gcra::GcraLimiter;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

/// The configured rates; `None` is unlimited.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    pub credential: Option<Rate>,
    pub address: Option<Rate>,
    /// Failed authentications per client network.
    pub failed: Option<Rate>,
}

/// Response extension: an authentication failure that is not an [`Error::Unauthenticated`], as of a token endpoint that
/// takes passwords. It counts towards the limit all the same.
#[derive(Debug, Clone, Copy)]
pub struct AuthFailed;

/// The limiters and their state.
#[derive(Debug)]
pub struct Limits {
    clock: Clock,
    credential: Option<GcraLimiter<TokenHash>>,
    address: Option<GcraLimiter<IpAddr>>,
    failed: Option<GcraLimiter<IpAddr>>,
}

impl Limits {
    /// Creates limiters for these rates; `None` if all are unlimited.
    pub fn new(rates: &Rates, clock: Clock) -> Option<Limits> {
        let is_any = rates.credential.or(rates.address).or(rates.failed).is_some();
        is_any.then(|| Limits {
            clock,
            credential: rates.credential.map(GcraLimiter::of),
            address: rates.address.map(GcraLimiter::of),
            failed: rates.failed.map(GcraLimiter::of),
        })
    }

    /// Runs `answer` for a request from `address`, or returns `Throttled`.
    pub async fn around<F: Future<Output = Response>>(
        &self,
        address: Option<IpAddr>,
        credential_headers: &[&str],
        request: Request,
        answer: impl FnOnce(Request) -> F,
    ) -> Response {
        let client_network = address.map(client_address::client_network);
        if let Err(throttle) = self.admit(client_network, credential_headers, request.headers()) {
            return Error::Throttled(throttle).into_response();
        }
        // If dropped here, the request has used the other limits; without a response, no credential was guessed.
        let response = answer(request).await;
        if let Some((failed, client_network)) =
            self.failed.as_ref().zip(client_network).filter(|_| is_auth_failure(&response))
        {
            // This response passes even over the limit; the next request is refused.
            let _ = failed.take(client_network, self.clock.elapsed());
        }
        response
    }

    fn admit(
        &self,
        client_network: Option<IpAddr>,
        credential_headers: &[&str],
        headers: &HeaderMap,
    ) -> Result<(), Throttle> {
        let now = self.clock.elapsed();
        if let Some(client_network) = client_network {
            if let Some(failed) = &self.failed {
                failed.look(&client_network, now).map_err(|wait| self.throttle(failed, wait))?;
            }
            self.take(&self.address, client_network, now)?;
        }
        if self.credential.is_some() {
            for token in tokens(credential_headers, headers) {
                self.take(&self.credential, TokenHash::of(token), now)?;
            }
        }
        Ok(())
    }

    fn take<K: Hash + Eq>(&self, limiter: &Option<GcraLimiter<K>>, key: K, now: Duration) -> Result<(), Throttle> {
        match limiter {
            Some(limiter) => limiter.take(key, now).map_err(|wait| self.throttle(limiter, wait)),
            None => Ok(()),
        }
    }

    fn throttle<K>(&self, limiter: &GcraLimiter<K>, wait: Duration) -> Throttle {
        let rate = limiter.rate();
        Throttle {
            limit: rate.count.get(),
            remaining: 0,
            reset: self.clock.now() + wait + rate.interval() * (rate.count.get() - 1),
            retry_after: whole_seconds(wait),
        }
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

fn is_auth_failure(response: &Response) -> bool {
    let extensions = response.extensions();
    let is_unauthenticated = |Failure(error): &Failure| matches!(**error, Error::Unauthenticated(_));
    extensions.get::<AuthFailed>().is_some() || extensions.get::<Failure>().is_some_and(is_unauthenticated)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentication_failures_count_in_every_format() {
        let unauthenticated = Error::Unauthenticated(crate::error::Rejection::MISSING).into_response();
        assert!(is_auth_failure(&unauthenticated));
        let mut in_other_words = Response::default();
        assert!(!is_auth_failure(&in_other_words));
        in_other_words.extensions_mut().insert(AuthFailed);
        assert!(is_auth_failure(&in_other_words));
        assert!(!is_auth_failure(&Error::NoRoute.into_response()));
    }
}
