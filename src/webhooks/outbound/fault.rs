//! Reasons of failed attempts. Each has a text for the operator's log; where that would tell a tenant about the operator's
//! own network, there is another one for the tenant. Messages of libraries are passed on only where they cannot contain
//! the URL, because a URL may contain a password.

use super::address::Refusal;
use super::resolver::Unreachable;
use reqwest::Response;
use reqwest::header::LOCATION;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::time::Duration;
use url::{ParseError, Url};

/// Characters of a redirect URL to repeat.
const MOST_REPEATED: usize = 200;
/// One text for a refused address of any kind, a name that resolves to one, and a name that does not resolve: names of the
/// operator's network may resolve for the server only.
const NOT_ALLOWED: &str = "the webhook's host has no address that is allowed: only public addresses are, and networks that \
    the server's operator lists in HANDSET_WEBHOOK_ALLOW";
/// One text for all reasons why there is no connection.
const NO_CONNECTION: &str = "no connection to the webhook's host";
const CLOSED: &str = "the connection was closed before a whole answer";

/// Reason of a failed attempt.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the webhook's address is not a URL: {0}")]
    Url(ParseError),
    #[error("the webhook's address must begin with https:// or http://")]
    Scheme,
    #[error("the webhook leads to {0}")]
    Refused(Refusal),
    #[error("the webhook has no signing secret, so its receiver could not trust a message")]
    Unsigned,
    #[error("signing secret {0} is not whsec_ and base64: replace it")]
    Secret(usize),
    #[error("the message's id cannot stand in a header")]
    MessageId,
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// The name resolves to no address, or to refused ones only.
    #[error("{0}")]
    NoAddress(String),
    /// No connection could be opened, or secured.
    #[error("{0}")]
    Connection(String),
    #[error("{0}")]
    Exchange(String),
    #[error("redirected with {0} to {1}: redirects are not followed")]
    Redirected(u16, String),
    #[error("answered {0}")]
    Status(u16),
}

impl Fault {
    /// The text for tenants, if it differs. `reveals_connections` is false if an address may be reached that is not public.
    pub fn withheld(&self, reveals_connections: bool) -> Option<&'static str> {
        match self {
            Fault::Refused(_) | Fault::NoAddress(_) => Some(NOT_ALLOWED),
            Fault::Connection(_) if !reveals_connections => Some(NO_CONNECTION),
            _ => None,
        }
    }
}

/// The fault of a response; None if it succeeded.
pub fn of_response(response: &Response) -> Option<Fault> {
    let status = response.status();
    match response.headers().get(LOCATION) {
        _ if status.is_success() => None,
        Some(location) if status.is_redirection() => {
            let place = location.to_str().ok().and_then(|text| response.url().join(text).ok());
            Some(Fault::Redirected(status.as_u16(), place.map_or("an unreadable address".to_owned(), public_part)))
        }
        _ => Some(Fault::Status(status.as_u16())),
    }
}

/// A URL without the parts that may be secret.
fn public_part(mut url: Url) -> String {
    // A URL without a host has no user either; both calls fail.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().chars().take(MOST_REPEATED).collect()
}

impl From<ParseError> for Fault {
    fn from(error: ParseError) -> Fault {
        match error {
            ParseError::RelativeUrlWithoutBase => Fault::Scheme,
            error => Fault::Url(error),
        }
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Fault {
        let error = error.without_url();
        if let Some(unreachable) = causes(&error).find_map(|cause| cause.downcast_ref::<Unreachable>()) {
            return Fault::NoAddress(unreachable.to_string());
        }
        let words = causes(&error).find_map(explain).unwrap_or_else(|| {
            if error.is_timeout() {
                format!("no connection within {} s", super::PATIENCE_TO_CONNECT.as_secs())
            } else {
                causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string)
            }
        });
        if error.is_connect() { Fault::Connection(words) } else { Fault::Exchange(words) }
    }
}

/// An error and its causes; an I/O error's cause is its inner error, not `source`.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(fault) => fault.get_ref().map(|inside| inside as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// Explains a cause, if it is a common one.
fn explain(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(fault) = cause.downcast_ref::<rustls::Error>() {
        return Some(match fault {
            rustls::Error::InvalidCertificate(why) => format!("certificate not trusted: {}", distrust(why)),
            fault => format!("no secure connection: {fault}"),
        });
    }
    if let Some(fault) = cause.downcast_ref::<hyper::Error>() {
        return match fault {
            fault if fault.is_incomplete_message() => Some(CLOSED.to_owned()),
            fault if fault.is_parse() => Some(format!("the answer is not HTTP/1: {fault}")),
            _ => None,
        };
    }
    let fault = cause.downcast_ref::<io::Error>()?;
    Some(match fault.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "no way to the receiver's network".to_owned()
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        _ => return None,
    })
}

/// Reason to distrust a certificate.
fn distrust(why: &CertificateError) -> String {
    use CertificateError::*;
    let words = match why {
        UnknownIssuer => "its issuer is unknown",
        Expired | ExpiredContext { .. } => "it has expired",
        NotValidYet | NotValidYetContext { .. } => "it is not valid yet",
        NotValidForName | NotValidForNameContext { .. } => "it is for another name",
        other => return other.to_string(),
    };
    words.to_owned()
}
