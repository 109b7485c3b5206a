//! Addresses that messages may be sent to. Everything but public addresses is refused, in any notation: an IPv4 address
//! inside an IPv6 one is checked as IPv4.

use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

/// Allowed addresses that are not public.
pub struct Rules {
    /// Networks that the operator allows.
    pub allowed: Vec<IpNet>,
    /// Whether loopback is allowed.
    pub loopback: bool,
}

/// A refused address and its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub address: IpAddr,
    pub kind: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { address, kind } = self;
        write!(f, "{address} ({kind}), which webhooks reach only if HANDSET_WEBHOOK_ALLOW lists its network")
    }
}

/// Non-public networks by kind, narrow ones before those that contain them (IANA's special-purpose address registries;
/// RFC 6890).
static CLOSED: LazyLock<Vec<(IpNet, &'static str)>> = LazyLock::new(|| {
    let kinds: [(&'static str, &[&str]); 11] = [
        // The last is a public address, but in Azure the host machine.
        ("cloud metadata", &["169.254.169.254/32", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32"]),
        ("broadcast", &["255.255.255.255/32"]),
        ("loopback", &["127.0.0.0/8", "::1/128"]),
        ("unspecified", &["0.0.0.0/8", "::/128"]),
        ("private", &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "64:ff9b:1::/48"]),
        ("shared (carrier-grade NAT)", &["100.64.0.0/10"]),
        ("link-local", &["169.254.0.0/16", "fe80::/10"]),
        ("site-local", &["fec0::/10"]),
        ("multicast", &["224.0.0.0/4", "ff00::/8"]),
        ("documentation", &["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"]),
        // 2001::/23 includes Teredo. All outside 2000::/3 is reserved too.
        ("reserved", &["192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "2001::/23"]),
    ];
    let network = |text: &str| text.parse().expect("the table holds networks");
    kinds.iter().flat_map(|(kind, networks)| networks.iter().map(move |text| (network(text), *kind))).collect()
});

/// IPv6 global unicast (RFC 4291).
static GLOBAL_IPV6: LazyLock<IpNet> = LazyLock::new(|| "2000::/3".parse().expect("this is a network"));

impl Rules {
    /// Returns why an address is refused, or None.
    pub fn refusal(&self, address: IpAddr) -> Option<Refusal> {
        // The system connects to ::ffff:a.b.c.d over IPv4.
        let address = address.to_canonical();
        if self.is_allowed(address) || (self.loopback && address.is_loopback()) {
            return None;
        }
        let meant = embedded(address).unwrap_or(address);
        kind(meant).filter(|_| !self.is_allowed(meant)).map(|kind| Refusal { address, kind })
    }

    /// Whether only public addresses are allowed.
    pub fn are_public(&self) -> bool {
        self.allowed.is_empty() && !self.loopback
    }

    /// Whether tenants may read what this address answers: one that is public, or the demo's receiver.
    pub fn reveal_answers_of(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (self.loopback && address.is_loopback()) || kind(embedded(address).unwrap_or(address)).is_none()
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|network| network.contains(&address))
    }
}

/// Kind of a non-public address.
fn kind(address: IpAddr) -> Option<&'static str> {
    let closed = CLOSED.iter().find(|(network, _)| network.contains(&address)).map(|(_, kind)| *kind);
    closed.or_else(|| (address.is_ipv6() && !GLOBAL_IPV6.contains(&address)).then_some("reserved"))
}

/// The IPv4 address that a gateway extracts from an IPv6 one: NAT64 (RFC 6052) and 6to4 (RFC 3056).
fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let (high, low) = match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into())
}

#[cfg(test)]
mod tests;
