//! The base URL of links to this server: as configured, else as the client has addressed it. Behind a trusted proxy, that
//! is what the proxy says of the request that it received.

use super::app::App;
use super::client_address::{self, Peer};
use super::host;
use axum::http::header::{FORWARDED, HOST};
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use std::sync::Arc;

const PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";

/// What is known of a request's base URL without its headers.
#[derive(Debug, Clone, Default)]
pub struct BaseUrl {
    configured: Option<Arc<str>>,
    peer: Option<Peer>,
    proxies: Arc<[IpNet]>,
}

impl BaseUrl {
    /// The base URL of a request with these extensions.
    pub fn of(app: &App, extensions: &Extensions) -> BaseUrl {
        BaseUrl {
            configured: app.public_url.clone(),
            peer: extensions.get().copied(),
            proxies: Arc::clone(&app.proxies),
        }
    }

    /// The base URL of a request with these headers, without a trailing slash. It is safe within quotes and HTML.
    pub fn resolve(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.configured {
            return url.to_string();
        }
        let is_secure = self.peer.is_some_and(|peer| peer.is_secure);
        let forwarded = self.forwarded(headers);
        let scheme = forwarded.scheme.unwrap_or(if is_secure { "https" } else { "http" });
        let host = forwarded.host.as_deref().or_else(|| headers.get(HOST)?.to_str().ok());
        format!("{scheme}://{}", host.filter(|host| is_plain(host)).unwrap_or("localhost"))
    }

    /// What the outermost trusted proxy received. `X-Forwarded-` headers win, because a proxy that sets them may let a
    /// client's `Forwarded` pass.
    fn forwarded(&self, headers: &HeaderMap) -> Request {
        let address = self.peer.map(|peer| peer.address.ip());
        let Some(address) = address.filter(|address| client_address::is_proxy(*address, &self.proxies)) else {
            return Request::default();
        };
        let count = client_address::trusted(address, headers, &self.proxies);
        let value = |name: &str| nth_from_end(headers, name, count);
        let standard = self.of_standard_header(headers);
        Request {
            scheme: value(PROTO).and_then(scheme).or(standard.scheme),
            host: value(FORWARDED_HOST).filter(|host| host::is_valid(host)).map(str::to_owned).or(standard.host),
        }
    }

    /// The element of the outermost trusted proxy in `Forwarded` (RFC 7239).
    fn of_standard_header(&self, headers: &HeaderMap) -> Request {
        let lines = headers.get_all(FORWARDED).iter().filter_map(|line| line.to_str().ok());
        let elements: Vec<Element> = lines.flat_map(|line| split(line, ',')).map(Element::parse).collect();
        let mut found = None;
        for element in elements.into_iter().rev() {
            let is_of_proxy = element.sender.as_deref().is_some_and(|sender| {
                client_address::parse(sender).is_some_and(|sender| client_address::is_proxy(sender, &self.proxies))
            });
            found = Some(element.received);
            if !is_of_proxy {
                break;
            }
        }
        found.unwrap_or_default()
    }
}

/// The scheme and host of the request that a proxy received, as far as it says so.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    scheme: Option<&'static str>,
    host: Option<String>,
}

/// One element of `Forwarded`: the sender of a request, and the request.
#[derive(Debug, Default)]
struct Element {
    sender: Option<String>,
    received: Request,
}

impl Element {
    fn parse(text: &str) -> Element {
        let mut element = Element::default();
        for (name, value) in split(text, ';').filter_map(|pair| pair.split_once('=')) {
            let value = value.trim().trim_matches('"').replace('\\', "");
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => element.sender = Some(value),
                "proto" => element.received.scheme = scheme(&value),
                "host" => element.received.host = Some(value).filter(|host| host::is_valid(host)),
                _ => {}
            }
        }
        element
    }
}

/// The parts of a text between separators that are not within quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |sign| {
        is_quoted ^= sign == '"';
        sign == separator && !is_quoted
    })
}

/// The value of the `count`-th proxy from the end of a header; the first value if there are fewer.
fn nth_from_end<'a>(headers: &'a HeaderMap, name: &str, count: usize) -> Option<&'a str> {
    let lines = headers.get_all(name).into_iter().rev().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.rsplit(',')).map(str::trim).take(count.max(1)).last()
}

fn scheme(text: &str) -> Option<&'static str> {
    ["https", "http"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

/// Whether a host is safe within quotes and HTML.
fn is_plain(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn base(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let peer = Peer { address: peer.parse().expect("an address"), is_secure: false };
        let proxies = Arc::from([IpNet::new([10, 0, 0, 0].into(), 8).expect("a network")]);
        let base = BaseUrl { configured: None, peer: Some(peer), proxies };
        let mut map = HeaderMap::from_iter([(HOST, HeaderValue::from_static("own.example"))]);
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        base.resolve(&map)
    }

    #[test]
    fn forwarded_scheme_and_host_are_used_only_behind_a_trusted_proxy() {
        let headers = [("x-forwarded-proto", "https"), ("x-forwarded-host", "phones.example.com")];
        assert_eq!(base("203.0.113.9:1", &headers), "http://own.example");
        assert_eq!(base("10.0.0.1:1", &headers), "https://phones.example.com");
        assert_eq!(base("10.0.0.1:1", &[]), "http://own.example");
        assert_eq!(base("10.0.0.1:1", &[("x-forwarded-proto", "HTTPS")]), "https://own.example");
        let standard = [("forwarded", "for=198.51.100.1;proto=https;host=\"phones.example.com:8443\"")];
        assert_eq!(base("10.0.0.1:1", &standard), "https://phones.example.com:8443");
        assert_eq!(base("203.0.113.9:1", &standard), "http://own.example");
    }

    #[test]
    fn the_outermost_trusted_proxy_decides() {
        let of = |header| base("10.0.0.1:1", &[("x-forwarded-for", "1.2.3.4, 198.51.100.1, 10.7.7.7"), header]);
        assert_eq!(of(("x-forwarded-proto", "http, https, http")), "https://own.example");
        assert_eq!(of(("x-forwarded-host", "evil.example, a.example, b.example")), "http://a.example");
        assert_eq!(of(("x-forwarded-proto", "https")), "https://own.example");
        let line = "for=1.2.3.4;host=evil.example, for=\"198.51.100.1:4711\";proto=https;host=a.example, for=10.7.7.7;proto=http";
        assert_eq!(base("10.0.0.1:1", &[("forwarded", line)]), "https://a.example");
    }

    #[test]
    fn invalid_forwarded_values_are_ignored() {
        for (name, value) in [
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-host", "a b"),
            ("x-forwarded-host", "jane@evil"),
            ("forwarded", "proto=ftp;host=\"a/b\""),
            ("forwarded", ";;=,\"\",="),
        ] {
            assert_eq!(base("10.0.0.1:1", &[(name, value)]), "http://own.example", "{name}: {value}");
        }
    }
}
