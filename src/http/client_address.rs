//! From where a request comes: the other end of the connection or, where that is a proxy which is trusted, whom the proxy
//! names.

use crate::store::Origin;
use axum::http::{Extensions, HeaderMap, Request};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The header to which each proxy on the way adds whom it was called by.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of a connection; each of its requests bears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub address: SocketAddr,
    /// Whether nobody between can listen.
    pub is_secure: bool,
}

/// The scheme of the address that a request was sent to, as far as this server can tell.
pub fn scheme(extensions: &Extensions) -> &'static str {
    if extensions.get::<Peer>().is_some_and(|client_address| client_address.is_secure) { "https" } else { "http" }
}

/// What the edge made out of where a request comes from.
pub fn origin(extensions: &Extensions) -> Origin {
    extensions.get().copied().unwrap_or_default()
}

/// The address of whoever calls: the nearest that is no trusted proxy's. What stands before that in the header is said by
/// somebody who is not trusted.
pub fn of<B>(request: &Request<B>, proxies: &[IpNet]) -> Option<IpAddr> {
    let Peer { address, .. } = request.extensions().get()?;
    Some(nearest(address.ip().to_canonical(), request.headers(), proxies))
}

fn nearest(client_address: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut address = client_address;
    let named = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let mut named = named.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    while is_proxy(&address) {
        match named.next().and_then(parse) {
            Some(before) => address = before,
            None => break,
        }
    }
    address
}

/// An address, alone or with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

/// The network that one caller has to themselves: an IPv4 address, or 64 bits of IPv6, within which they may have any.
pub fn client_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn nearest_of(client_address: &str, forwarded: &[&'static str]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        nearest(client_address.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(nearest_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(nearest_of("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(nearest_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_nearest_that_is_not_trusted_counts_whatever_stands_before_it() {
        assert_eq!(nearest_of("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.7.7.7"]), "198.51.100.1");
        assert_eq!(nearest_of("10.0.0.1", &["1.2.3.4", "198.51.100.1 , 10.7.7.7"]), "198.51.100.1");
        assert_eq!(nearest_of("10.0.0.1", &["10.1.1.1, 10.2.2.2"]), "10.1.1.1");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(nearest_of("10.0.0.1", &["198.51.100.1, unknown, 10.7.7.7"]), "10.7.7.7");
        assert_eq!(nearest_of("10.0.0.1", &["\"; drop"]), "10.0.0.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_seen_through() {
        assert_eq!(nearest_of("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(nearest_of("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(nearest_of("10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn neighbours_in_ipv6_are_one_caller() {
        let site_of = |text: &str| client_network(text.parse().expect("an address")).to_string();
        assert_eq!(site_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(site_of("198.51.100.1"), "198.51.100.1");
    }
}
