//! The client's address: the peer of the connection or, behind trusted proxies, the address in `X-Forwarded-For`.

use crate::store::client_network;
use axum::http::{Extensions, HeaderMap, Request};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The header to which each proxy appends the address of its peer.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The peer of a connection, an extension of each of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub address: SocketAddr,
    /// Whether the connection uses TLS.
    pub is_secure: bool,
}

/// The client's address: the nearest that is not a trusted proxy's. Addresses left of it in the header are untrusted
/// input.
pub fn of<B>(request: &Request<B>, proxies: &[IpNet]) -> Option<IpAddr> {
    let Peer { address, .. } = request.extensions().get()?;
    Some(nearest(address.ip().to_canonical(), request.headers(), proxies).0)
}

/// The number of trusted proxies that a request of this peer has passed.
pub fn trusted(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> usize {
    nearest(peer.to_canonical(), headers, proxies).1
}

/// The client's network, if a trusted proxy forwarded its request.
pub fn forwarded(extensions: &Extensions, client: Option<IpAddr>) -> Option<IpAddr> {
    let Peer { address, .. } = extensions.get()?;
    client.filter(|client| *client != address.ip().to_canonical()).map(client_network)
}

/// Whether an address is a trusted proxy's.
pub fn is_proxy(address: IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|network| network.contains(&address.to_canonical()))
}

/// The nearest address that is not a trusted proxy's, and the number of trusted proxies before it.
fn nearest(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> (IpAddr, usize) {
    let (mut address, mut count) = (peer, 0);
    let named = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let mut named = named.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    while is_proxy(address, proxies) {
        count += 1;
        match named.next().and_then(parse) {
            Some(before) => address = before,
            None => break,
        }
    }
    (address, count)
}

/// Parses an address with or without a port.
pub fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn nearest_of(peer: &str, forwarded: &[&'static str]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        nearest(peer.parse().expect("an address"), &headers, &proxies).0.to_string()
    }

    #[test]
    fn x_forwarded_for_is_used_only_behind_a_trusted_proxy() {
        assert_eq!(nearest_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(nearest_of("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(nearest_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_nearest_untrusted_address_is_the_clients() {
        assert_eq!(nearest_of("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.7.7.7"]), "198.51.100.1");
        assert_eq!(nearest_of("10.0.0.1", &["1.2.3.4", "198.51.100.1 , 10.7.7.7"]), "198.51.100.1");
        assert_eq!(nearest_of("10.0.0.1", &["10.1.1.1, 10.2.2.2"]), "10.1.1.1");
    }

    #[test]
    fn an_invalid_address_in_x_forwarded_for_ends_the_search() {
        assert_eq!(nearest_of("10.0.0.1", &["198.51.100.1, unknown, 10.7.7.7"]), "10.7.7.7");
        assert_eq!(nearest_of("10.0.0.1", &["\"; drop"]), "10.0.0.1");
    }

    #[test]
    fn addresses_with_ports_brackets_and_ipv4_mapped_ones_are_parsed() {
        assert_eq!(nearest_of("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(nearest_of("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(nearest_of("10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }
}
