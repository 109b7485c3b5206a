//! The state that all handlers share.

use super::in_flight::InFlight;
use super::rate_limit::{Limits, Rate, WorkspaceLimit};
use super::retry_after::RetryAfter;
use super::traces::Traces;
use crate::clock::Clock;
use crate::domain::e164::Region;
use crate::domain::password::SignedIn;
use crate::error::Result;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::sso::Sso;
use crate::store::{Origin, Store, StreamLimits};
use ipnet::IpNet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Interval of the comments on an idle event stream, so that no proxy closes it as dead.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Default lifetime of a phone number reservation.
pub const RESERVATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Test events of webhooks per workspace.
const PINGS: Rate = Rate { count: NonZeroU32::new(60).expect("it is not zero"), period: Duration::from_secs(60) };

/// Default maximum number of connections, or of requests behind a proxy, of one client network.
pub const REQUESTS_OF_CLIENT: usize = 4_096;

/// Application state, passed to axum.
#[derive(Debug)]
pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    /// Base URL for clients, without a trailing slash; `None` uses the request's `Host`.
    pub public_url: Option<Arc<str>>,
    /// Cancelled when the server stops; ends streams without an end of their own.
    pub stopping: CancellationToken,
    /// [`HEARTBEAT`], or shorter in tests.
    pub heartbeat: Duration,
    /// Lifetime of a reservation; [`RESERVATION`] by default.
    pub reservation: Duration,
    /// Default region of phone numbers without a country code.
    pub region: Region,
    /// Networks of the proxies whose `X-Forwarded-For` is trusted.
    pub proxies: Arc<[IpNet]>,
    /// Rate limits, if any are configured.
    pub limits: Option<Arc<Limits>>,
    /// Limit of the test events of webhooks.
    pub pings: WorkspaceLimit,
    /// Waits that responses with 503 ask for.
    pub retry_after: RetryAfter,
    /// What requests in flight may hold.
    pub in_flight: InFlight,
    pub streams: StreamLimits,
    pub metrics: Metrics,
    pub traces: Traces,
    /// Whether there are the operators' pages.
    pub has_console: bool,
    /// The operators' single sign-on, if it is configured.
    pub sso: Option<Arc<Sso>>,
}

impl App {
    /// State over a store, with defaults for everything else.
    pub fn new(store: Store, clock: Clock, random: Random) -> App {
        App {
            pings: WorkspaceLimit::new(PINGS, clock.clone()),
            store,
            clock,
            random,
            public_url: None,
            stopping: CancellationToken::new(),
            heartbeat: HEARTBEAT,
            reservation: RESERVATION,
            region: Region::US,
            proxies: Arc::default(),
            limits: None,
            retry_after: RetryAfter::default(),
            in_flight: InFlight::new(REQUESTS_OF_CLIENT),
            streams: StreamLimits::default(),
            metrics: Metrics::default(),
            traces: Traces::default(),
            has_console: true,
            sso: None,
        }
    }

    /// Authenticates by a token, within the limit of failed authentications.
    pub async fn authenticate<T>(&self, origin: Origin, authenticated: impl Future<Output = Result<T>>) -> Result<T> {
        match &self.limits {
            None => authenticated.await,
            Some(limits) => limits.authenticate(origin, authenticated).await,
        }
    }

    /// Authenticates by name and password, within the limits of failed authentications; `None` is a failure.
    pub async fn authenticate_by_password(
        &self,
        origin: Origin,
        name: &str,
        authenticated: impl Future<Output = Result<Option<SignedIn>>>,
    ) -> Result<Option<SignedIn>> {
        let is_failure = |signed_in: &SignedIn| signed_in.is_failed_elsewhere;
        match &self.limits {
            None => authenticated.await,
            Some(limits) => limits.authenticate_by_password(origin, name, authenticated, is_failure).await,
        }
    }

    /// Judges the password of an operator, within the same limits; `None` is a failure. Failures for a user of that name do
    /// not count for the operator.
    pub async fn judge_operator_password<T>(
        &self,
        origin: Origin,
        email: &str,
        authenticated: impl Future<Output = Result<Option<T>>>,
    ) -> Result<Option<T>> {
        match &self.limits {
            None => authenticated.await,
            Some(limits) => {
                let name = format!("operator {}", email.trim());
                limits.authenticate_by_password(origin, &name, authenticated, |_| false).await
            }
        }
    }
}
