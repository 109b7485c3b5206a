//! The way out: one signed message to an address that a customer chose. Since such an address may point anywhere, into
//! the operator's own network too, all that keeps it out stands here and in the files below. When to try, and what to
//! do after a failure, is the caller's.

mod address;
mod fault;
mod resolver;
mod signature;

use crate::model::token::Token;
use address::Rules;
use chrono::{DateTime, Utc};
use fault::Fault;
use ipnet::IpNet;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, redirect, retry};
use resolver::Resolver;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

/// How long a whole exchange may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one of a receiver's machines may take to pick up. Shorter, so that the next one is tried as well.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is read. Nobody looks at it; a short one is read to its end so that the connection can serve
/// again.
const MOST_READ: usize = 64 * 1024;

/// One message to one endpoint. Without `Debug`, because the address may carry a password.
pub struct Message {
    /// Where it goes. A user name and password in it are sent as basic authentication.
    pub url: String,
    /// By which the receiver knows a repetition: the same in all tries.
    pub message_id: String,
    /// JSON; the same bytes in all tries.
    pub body: Vec<u8>,
    /// Each of them signs, so that a receiver may change from one to another.
    pub secrets: Vec<Token>,
    /// Whether the receiver may be on this very machine, as in a sandbox.
    pub may_reach_loopback: bool,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The answer's status, even if the rest of the answer was lost.
    pub response_status: Option<u16>,
    /// From the start until the answer was read or given up.
    pub latency: Duration,
    /// Why there was no good answer, in words for people. It never holds what is secret in the address.
    pub fault: Option<String>,
}

impl Outcome {
    /// Whether the receiver has it: it said so with a 2xx, in an answer that arrived whole.
    pub fn is_delivered(&self) -> bool {
        self.fault.is_none() && self.response_status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Why nothing can be sent at all.
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
    /// Apart, so that a connection to this machine is never reused for a message that may not come here.
    loopback: Route,
    patience: Duration,
}

/// A client and the rules that its resolver keeps.
#[derive(Clone)]
struct Route {
    rules: Arc<Rules>,
    client: Client,
}

impl Outbound {
    /// `allowed`: networks that may be reached though they are refused by default.
    pub fn new(allowed: Vec<IpNet>) -> Result<Outbound, OutboundError> {
        let tls = tls()?;
        Ok(Outbound {
            public: Route::new(Rules { allowed: allowed.clone(), loopback: false }, tls.clone())?,
            loopback: Route::new(Rules { allowed, loopback: true }, tls)?,
            patience: PATIENCE,
        })
    }

    /// The same with another patience than 15 seconds for a whole exchange.
    pub fn with_patience(self, patience: Duration) -> Outbound {
        Outbound { patience, ..self }
    }

    /// Tries once. Whatever happens is an outcome.
    pub async fn send(&self, message: &Message, now: DateTime<Utc>) -> Outcome {
        let start = Instant::now();
        let (response_status, fault) = match self.in_time(start, self.post(message, now)).await {
            Err(fault) => (None, Some(fault)),
            Ok(response) => {
                let (status, verdict) = (response.status().as_u16(), fault::of_response(&response));
                let lost = self.in_time(start, drain(response)).await.err();
                (Some(status), verdict.or(lost))
            }
        };
        Outcome { response_status, latency: start.elapsed(), fault: fault.map(|fault| fault.to_string()) }
    }

    async fn in_time<T>(&self, start: Instant, step: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        timeout_at(start + self.patience, step).await.unwrap_or(Err(Fault::Late(self.patience)))
    }

    async fn post(&self, message: &Message, now: DateTime<Utc>) -> Result<Response, Fault> {
        let route = if message.may_reach_loopback { &self.loopback } else { &self.public };
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
    fn new(rules: Rules, tls: ClientConfig) -> Result<Route, OutboundError> {
        let rules = Arc::new(rules);
        #[expect(clippy::disallowed_methods, reason = "this is the client that refuses addresses that are not public")]
        let client = Client::builder()
            .user_agent(concat!("handset/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls)
            .dns_resolver(Resolver::new(Arc::clone(&rules)))
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

    /// The address, unless it is none or spells out a machine that is refused. The client asks the resolver about names
    /// only, so addresses in figures are judged here; the parser has made one spelling of all by then.
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

/// Reads an answer to its end, or to the most that is read of any; then the rest is dropped with the connection.
async fn drain(mut response: Response) -> Result<(), Fault> {
    let mut read = 0;
    while let Some(chunk) = response.chunk().await? {
        read += chunk.len();
        if read >= MOST_READ {
            break;
        }
    }
    Ok(())
}

/// TLS that trusts whom the system trusts. A system that trusts nobody may still send over plain HTTP.
fn tls() -> Result<ClientConfig, OutboundError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("no root certificates found, so no https webhook can be trusted: install ca-certificates");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
