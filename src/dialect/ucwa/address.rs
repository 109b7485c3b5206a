//! Claims the requests of this dialect and normalizes their paths for routing: some clients double slashes, and
//! documents and servers vary the case of the discovery paths.

use crate::http::Claim;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::{PathAndQuery, Uri};
use std::borrow::Cow;

/// Autodiscover's root (UCWA reference, "Autodiscover service").
pub const ROOT: &str = "/autodiscover/autodiscoverservice.svc/root";
/// Token endpoint, as in the challenge.
pub const TOKEN: &str = "/webticket/oauthtoken";

/// Prefixes of this dialect's paths.
const OWN: [&str; 5] = ["/ucwa", "/v1/applications", "/me", "/autodiscover", "/webticket"];

/// Claims paths below one of [`OWN`], and `/` for discovery.
pub fn claim(parts: &Parts) -> Claim {
    let path = parts.uri.path();
    let clean = clean(path);
    if matches!(&*clean, "/" | "") {
        return if is_discovery(parts) { as_if(ROOT, parts) } else { Claim::No };
    }
    let is_own =
        OWN.iter().any(|own| clean.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    match is_own {
        false => Claim::No,
        true if clean == path => Claim::Yes,
        true => as_if(&clean, parts),
    }
}

/// Collapses double slashes, and lowercases paths that are case-insensitive.
fn clean(path: &str) -> Cow<'_, str> {
    let single = if path.contains("//") {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
        Cow::Owned(format!("/{}{end}", segments.join("/")))
    } else {
        Cow::Borrowed(path)
    };
    let begins = |name: &str| single.get(1..=name.len()).is_some_and(|first| first.eq_ignore_ascii_case(name));
    let is_caseless = begins("autodiscover") || begins("webticket");
    if is_caseless && single.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(single.to_ascii_lowercase());
    }
    single
}

/// Discovery is by host name or by query parameter (UCWA reference, "Root URL").
fn is_discovery(parts: &Parts) -> bool {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let names = |name: &str| {
        query.split('&').any(|pair| pair.split('=').next().is_some_and(|it| it.eq_ignore_ascii_case(name)))
    };
    host.get(..12).is_some_and(|first| first.eq_ignore_ascii_case("lyncdiscover"))
        || names("sipuri")
        || names("originalDomain")
}

fn as_if(path: &str, parts: &Parts) -> Claim {
    let address = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    PathAndQuery::try_from(address).map_or(Claim::No, |address| Claim::As(Uri::from(address)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn claimed(address: &str, host: &str) -> Claim {
        let request = Request::builder().uri(address).header(HOST, host).body(()).expect("a request");
        claim(&request.into_parts().0)
    }

    #[test]
    fn paths_are_claimed_in_every_spelling() {
        for (address, path) in [
            ("//ucwa/oauth//v1/applications?a=//b", "/ucwa/oauth/v1/applications?a=//b"),
            ("/Autodiscover/AutodiscoverService.svc/Root", ROOT),
            ("//WebTicket/OAuthToken", TOKEN),
            ("/?sipuri=sip:jane@example.com", "/autodiscover/autodiscoverservice.svc/root?sipuri=sip:jane@example.com"),
            ("/v1//applications/", "/v1/applications/"),
        ] {
            assert_eq!(claimed(address, "localhost"), Claim::As(path.parse().expect("an address")), "{address}");
        }
        assert_eq!(claimed("/", "LyncDiscover.example.com"), Claim::As(ROOT.parse().expect("an address")));
        for address in ["/me", "/me/phones", "/v1/applications", "/ucwa/x", TOKEN] {
            assert_eq!(claimed(address, "localhost"), Claim::Yes, "{address}");
        }
    }

    #[test]
    fn paths_of_other_dialects_are_not_claimed() {
        for address in ["/", "//", "/v1/phone/", "/v1/applicationsx", "/meat", "/phones/list", "/ME", "/v4/ping"] {
            assert_eq!(claimed(address, "localhost"), Claim::No, "{address}");
        }
    }
}
