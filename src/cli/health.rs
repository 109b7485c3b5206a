//! Asks a running server whether it is healthy, for the probes of containers and for scripts.

use super::admin::Outcome;
use super::output::{escaped, print};
use crate::config::{PublicUrl, listen_address};
use crate::outbound_tls;
use clap::Args;
use reqwest::{Response, StatusCode, redirect};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// Timeout for the whole answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of an answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

pub const HELP: &str = "Example:\n  handset health\n\n\
    It ends with 0 if the server and its database answer within 5 seconds, and with 1 if not. On a loopback address the \
    certificate is not verified: it names the host of clients.";

#[derive(Debug, Args)]
pub struct HealthCommand {
    /// Base URL of the server [default: that of --listen on this machine, with https if there is a --tls-cert]
    #[arg(long, value_name = "URL")]
    url: Option<PublicUrl>,
    /// Address that the server listens on, as for serve
    #[arg(long, env = "HANDSET_LISTEN", hide_env = true, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT",
        value_parser = listen_address)]
    listen: SocketAddr,
    /// The server's certificate chain, as for serve
    #[arg(long, env = "HANDSET_TLS_CERT", hide_env = true, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
}

/// Why a server is not healthy.
#[derive(Debug, thiserror::Error)]
enum Unhealthy {
    #[error("--listen has port 0, which selects a free port: name the server's URL with --url")]
    UnknownPort,
    #[error("no answer from {url}: {cause}")]
    NoAnswer { url: Url, cause: String },
    #[error("{url} answers {status}")]
    Status { url: Url, status: StatusCode },
}

impl HealthCommand {
    /// The URL to ask.
    fn health_url(&self) -> Result<Url, Box<dyn Error>> {
        let base = match &self.url {
            Some(url) => url.0.clone(),
            None if self.listen.port() == 0 => return Err(Unhealthy::UnknownPort.into()),
            None => {
                let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
                format!("{scheme}://{}", reachable(self.listen))
            }
        };
        Ok(Url::parse(&format!("{base}/health"))?)
    }
}

pub async fn health(is_json: bool, command: HealthCommand) -> Outcome {
    let url = command.health_url()?;
    let answered = tokio::time::timeout(TIMEOUT, answer(&url)).await;
    let (status, body) = match answered {
        Ok(answer) => answer?,
        Err(_) => {
            let cause = format!("it took more than {} s", TIMEOUT.as_secs());
            return Err(Unhealthy::NoAnswer { url, cause }.into());
        }
    };
    if status != StatusCode::OK {
        return Err(Unhealthy::Status { url, status }.into());
    }
    print(&if is_json { escaped(body.trim()) + "\n" } else { format!("{url} is healthy\n") })?;
    Ok(())
}

/// Asks, and reads the answer.
async fn answer(url: &Url) -> Result<(StatusCode, String), Box<dyn Error>> {
    let tls = if is_loopback(url) { outbound_tls::unverified_config() } else { outbound_tls::config() };
    #[expect(clippy::disallowed_methods, reason = "the address is the operator's setting, not a tenant's")]
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .http1_only()
        .build()?;
    let unanswered = |fault: reqwest::Error| Unhealthy::NoAnswer { url: url.clone(), cause: cause(&fault) };
    let mut response = client.get(url.clone()).send().await.map_err(unanswered)?;
    let body = body(&mut response).await.map_err(unanswered)?;
    Ok((response.status(), body))
}

async fn body(response: &mut Response) -> reqwest::Result<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The innermost cause: the outer ones say only that a request was sent.
fn cause(fault: &reqwest::Error) -> String {
    let mut cause: &dyn Error = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The address at which a server that listens on `address` is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether the connection stays on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_the_loopback_one() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8443", "[::1]:8443"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), asked);
        }
    }
}
