//! Tables of allowed and refused addresses.

use super::*;

const STRICT: Rules = Rules { allowed: Vec::new(), loopback: false };

fn address(text: &str) -> IpAddr {
    text.parse().expect("an IP address")
}

fn refused_as(rules: &Rules, text: &str) -> Option<&'static str> {
    rules.refusal(address(text)).map(|refusal| refusal.kind)
}

#[test]
fn public_addresses_are_allowed() {
    let open = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "192.0.1.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::1",
        "2606:4700::1111",
        "2a00:1450:4001::200e",
        "2001:200::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "3ffe::1",
    ];
    for text in open {
        assert_eq!(refused_as(&STRICT, text), None, "{text}");
    }
}

#[test]
fn non_public_addresses_are_refused_with_their_kind() {
    let closed = [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.0", "shared (carrier-grade NAT)"),
        ("100.100.100.200", "cloud metadata"),
        ("100.127.255.255", "shared (carrier-grade NAT)"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("168.63.129.16", "cloud metadata"),
        ("169.254.0.0", "link-local"),
        ("169.254.169.254", "cloud metadata"),
        ("169.254.255.255", "link-local"),
        ("172.16.0.0", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.0", "reserved"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "reserved"),
        ("192.168.0.0", "private"),
        ("192.168.255.255", "private"),
        ("198.18.0.0", "reserved"),
        ("198.19.255.255", "reserved"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::2", "reserved"),
        ("100::1", "reserved"),
        ("2001::1", "reserved"),
        ("2001:2::1", "reserved"),
        ("2001:1ff:ffff::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("3fff:fff::1", "documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fc00::1", "private"),
        ("fd00:ec2::254", "cloud metadata"),
        ("fdff::1", "private"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("fec0::1", "site-local"),
        ("feff::1", "site-local"),
        ("ff02::1", "multicast"),
    ];
    for (text, kind) in closed {
        assert_eq!(refused_as(&STRICT, text), Some(kind), "{text}");
    }
}

#[test]
fn ipv4_inside_ipv6_is_checked_as_ipv4() {
    let disguised = [
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "cloud metadata"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b:1::8.8.8.8", "private"),
        ("2002:a00:1::1", "private"),
        ("2002:7f00:1::", "loopback"),
        ("2002:c0a8:101::", "private"),
        ("2002:a9fe:a9fe::", "cloud metadata"),
        // IPv4-compatible addresses are deprecated, public ones as well.
        ("::127.0.0.1", "reserved"),
        ("::8.8.8.8", "reserved"),
    ];
    for (text, kind) in disguised {
        assert_eq!(refused_as(&STRICT, text), Some(kind), "{text}");
    }
}

#[test]
fn allowed_networks_and_no_others_are_allowed_in_any_notation() {
    let allowed = ["10.1.0.0/16", "fd12::/16"].map(|text| text.parse().expect("a network"));
    let rules = Rules { allowed: allowed.to_vec(), loopback: false };
    for text in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::", "fd12::1"] {
        assert_eq!(refused_as(&rules, text), None, "{text}");
    }
    for text in ["10.2.0.1", "::ffff:10.2.0.1", "64:ff9b::10.2.0.1", "fd13::1", "127.0.0.1", "169.254.169.254"] {
        assert!(refused_as(&rules, text).is_some(), "{text}");
    }
}

#[test]
fn allowed_loopback_covers_loopback_addresses_only() {
    let rules = Rules { allowed: Vec::new(), loopback: true };
    for text in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(refused_as(&rules, text), None, "{text}");
    }
    for text in ["0.0.0.0", "::", "10.0.0.1", "169.254.169.254", "64:ff9b::127.0.0.1", "2002:7f00:1::", "::127.0.0.1"] {
        assert!(refused_as(&rules, text).is_some(), "{text}");
    }
}
