//! Outbound HTTP: sends one signed message to a URL chosen by a customer. Such a URL may point into the operator's own
//! network; all protection against that (SSRF) is in this file and its submodules. Scheduling and retries are the
//! caller's.

mod address;
mod excerpt;
mod fault;
mod lookups;
mod resolver;
mod retry_after;
mod signature;

use crate::domain::token::Token;
use crate::outbound_tls;
use address::Rules;
use chrono::{DateTime, TimeDelta, Utc};
use excerpt::Excerpt;
use fault::Fault;
use ipnet::IpNet;
use lookups::Lookups;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, redirect, retry};
use resolver::Resolver;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

/// Timeout of a whole exchange.
const PATIENCE: Duration = Duration::from_secs(15);
/// Connect timeout per address. Shorter, so that the next address is tried as well.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(5);
/// Maximum number of response bytes read. All but the first are ignored; a short response is drained so that the connection
/// is reused.
const MOST_READ: usize = 64 * 1024;

/// One message to one endpoint. Without `Debug`, because the URL may contain a password.
pub struct Message {
    /// A user name and password in it are sent as Basic authentication.
    pub url: String,
    /// Identifies retries for the receiver: the same in all attempts.
    pub message_id: String,
    /// JSON; the same bytes in all attempts.
    pub body: Vec<u8>,
    /// Each of them signs, so that a receiver can switch between them.
    pub secrets: Vec<Token>,
    /// Whether loopback addresses are allowed, as for the demo.
    pub may_reach_loopback: bool,
}

/// Outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Status of the response, even if the rest of it was lost.
    pub response_status: Option<u16>,
    /// From the start until the response was read or abandoned; zero if it would tell tenants what `fault` does not.
    pub latency: Duration,
    /// Readable reason of a failure, for tenants: it does not tell what a name resolves to, nor how hosts fail that are
    /// not public. It never contains a secret part of the URL.
    pub fault: Option<String>,
    /// Whether no complete response arrived.
    pub is_unanswered: bool,
    /// The pause that an overloaded receiver asked for (`Retry-After`).
    pub retry_after: Option<TimeDelta>,
    /// The reason in full, for the operator's log.
    pub cause: Option<String>,
    /// The beginning of the response's body. Only that of a public receiver, or of the demo's: tenants would read from hosts of
    /// the operator's network otherwise.
    pub answer: Option<String>,
}

impl Outcome {
    /// Whether the receiver accepted it: a complete response with a 2xx status.
    pub fn is_delivered(&self) -> bool {
        self.fault.is_none() && self.response_status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Error of the client's setup.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("the TLS library offers no protocol version; this is a fault of the build: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP client cannot be set up; this is a fault of the build or of the system's resolver: {0}")]
    Client(#[from] reqwest::Error),
}

/// Signs messages and sends them.
#[derive(Clone)]
pub struct Outbound {
    public: Route,
    /// Separate, so that a loopback connection is never reused for a message to public addresses.
    loopback: Route,
    lookups: Lookups,
    patience: Duration,
}

/// A client and its resolver's rules.
#[derive(Clone)]
struct Route {
    rules: Arc<Rules>,
    client: Client,
}

impl Outbound {
    /// `allowed`: exceptions to the networks refused by default.
    pub fn new(allowed: Vec<IpNet>) -> Result<Outbound, OutboundError> {
        let (tls, lookups) = (outbound_tls::config()?, Lookups::default());
        Ok(Outbound {
            public: Route::new(Rules { allowed: allowed.clone(), loopback: false }, &lookups, tls.clone())?,
            loopback: Route::new(Rules { allowed, loopback: true }, &lookups, tls)?,
            lookups,
            patience: PATIENCE,
        })
    }

    /// Replaces the timeout of 15 seconds for a whole exchange.
    pub fn with_patience(self, patience: Duration) -> Outbound {
        Outbound { patience, ..self }
    }

    /// Makes one attempt. Failures are outcomes.
    pub async fn send(&self, message: &Message, now: DateTime<Utc>) -> Outcome {
        let start = Instant::now();
        let reveals_connections = self.route(message).rules.are_public();
        let mut answer = None;
        let (response_status, retry_after, verdict, lost) = match self.in_time(start, self.post(message, now)).await {
            Err(fault) => (None, None, None, Some(fault)),
            Ok(response) => {
                let (status, verdict) = (response.status().as_u16(), fault::of_response(&response));
                let retry_after = retry_after::of_response(&response, now);
                let peer = response.remote_addr().map(|peer| peer.ip());
                if peer.is_some_and(|peer| self.route(message).rules.reveal_answers_of(peer)) {
                    answer = Some(Excerpt::default());
                }
                let drained = self.in_time(start, drain(response, answer.as_mut()));
                (Some(status), retry_after, verdict, drained.await.err())
            }
        };
        let is_unanswered = lost.is_some();
        let fault = verdict.or(lost);
        let withheld = fault.as_ref().and_then(|fault| fault.withheld(reveals_connections));
        let latency = if withheld.is_some() { Duration::ZERO } else { start.elapsed() };
        let cause = fault.map(|fault| fault.to_string());
        let fault = withheld.map(str::to_owned).or_else(|| cause.clone());
        let answer = answer.and_then(Excerpt::into_text);
        Outcome { response_status, latency, fault, is_unanswered, retry_after, cause, answer }
    }

    /// Why the receiver of a URL cannot be reached, for the operator; None if it answers anything. Nothing is sent to it but
    /// a HEAD request.
    pub async fn reach(&self, url: &str, may_reach_loopback: bool) -> Option<String> {
        let route = if may_reach_loopback { &self.loopback } else { &self.public };
        let asked = async { Ok(route.client.head(route.admit(url)?).send().await?) };
        self.in_time(Instant::now(), asked).await.err().map(|fault| fault.to_string())
    }

    /// Waits until no lookup of the URL's host is in progress; one may outlive the attempt that began it.
    pub async fn lookup_ended(&self, url: &str) {
        if let Some(Host::Domain(name)) = Url::parse(url).ok().as_ref().and_then(Url::host) {
            self.lookups.ended(name).await;
        }
    }

    fn route(&self, message: &Message) -> &Route {
        if message.may_reach_loopback { &self.loopback } else { &self.public }
    }

    async fn in_time<T>(&self, start: Instant, step: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        timeout_at(start + self.patience, step).await.unwrap_or(Err(Fault::Late(self.patience)))
    }

    async fn post(&self, message: &Message, now: DateTime<Utc>) -> Result<Response, Fault> {
        let route = self.route(message);
        let request = route
            .client
            .post(route.admit(&message.url)?)
            .headers(signature::headers(message, now)?)
            .header(CONTENT_TYPE, "application/json")
            .body(message.body.clone());
        Ok(request.send().await?)
    }
}

impl Route {
    fn new(rules: Rules, lookups: &Lookups, tls: ClientConfig) -> Result<Route, OutboundError> {
        let rules = Arc::new(rules);
        #[expect(clippy::disallowed_methods, reason = "this is the client that refuses addresses that are not public")]
        let client = Client::builder()
            .user_agent(concat!("handset/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls)
            .dns_resolver(Resolver { rules: Arc::clone(&rules), lookups: lookups.clone() })
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(PATIENCE_TO_CONNECT)
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(Route { rules, client })
    }

    /// Parses the URL and refuses it if it has a refused IP address. The client calls the resolver for names only, so
    /// IP addresses are checked here; the parser has normalised them.
    fn admit(&self, url: &str) -> Result<Url, Fault> {
        let url = Url::parse(url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::Scheme);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        };
        match literal.and_then(|address| self.rules.refusal(address)) {
            Some(refusal) => Err(Fault::Refused(refusal)),
            None => Ok(url),
        }
    }
}

/// Reads a response to its end or to [`MOST_READ`]; the rest is dropped with the connection.
async fn drain(mut response: Response, mut answer: Option<&mut Excerpt>) -> Result<(), Fault> {
    let mut read = 0;
    while let Some(chunk) = response.chunk().await? {
        read += chunk.len();
        if let Some(answer) = &mut answer {
            answer.extend(&chunk);
        }
        if read >= MOST_READ {
            break;
        }
    }
    Ok(())
}
