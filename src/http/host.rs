//! The host that a request is for (RFC 9112, section 3.2), and paths that are equal (RFC 3986, section 6.2.2).

use crate::error::{Error, Result};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderValue, Version};
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// Gives a request the form that claims and routes expect: the target of an absolute-form request replaces the header
/// `Host`, and letters, digits and marks of the path that need no percent-encoding have none.
pub fn normalize(parts: &mut Parts) {
    let authority = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(authority) = &authority
        && (is_one_valid(&parts.headers) || may_lack_host(parts.version, &parts.headers))
    {
        parts.headers.insert(HOST, authority.clone());
    }
    let path = decoded(parts.uri.path());
    if authority.is_none() && matches!(path, Cow::Borrowed(_)) {
        return;
    }
    let address = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    };
    let address = if address.starts_with('/') { address } else { format!("/{address}") };
    if let Ok(address) = PathAndQuery::try_from(address) {
        parts.uri = Uri::from(address);
    }
}

/// Refuses a request without a host, with several, or with an invalid one.
pub fn check(version: Version, headers: &HeaderMap) -> Result<()> {
    if is_one_valid(headers) || may_lack_host(version, headers) { Ok(()) } else { Err(Error::InvalidHost) }
}

fn may_lack_host(version: Version, headers: &HeaderMap) -> bool {
    version < Version::HTTP_11 && !headers.contains_key(HOST)
}

fn is_one_valid(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    host.is_some_and(is_valid) && hosts.next().is_none()
}

/// Whether a text is a host with or without a port (RFC 3986, section 3.2).
pub fn is_valid(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (text, ""),
    };
    let is_port = port.is_empty() || port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_port
        && match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(is_of_name),
        }
}

/// Whether a byte may be in a registered name: unreserved, a mark of sub-delims, or of a percent-encoding.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte)
}

/// Decodes the percent-encodings of unreserved characters.
fn decoded(path: &str) -> Cow<'_, str> {
    let Some(first) = path.find('%') else { return Cow::Borrowed(path) };
    let mut clean = String::with_capacity(path.len());
    clean.push_str(&path[..first]);
    let mut rest = &path[first..];
    while let Some(index) = rest.find('%') {
        let (before, encoded) = rest.split_at(index);
        clean.push_str(before);
        let code = encoded.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code.filter(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
            Some(byte) => {
                clean.push(char::from(byte));
                rest = &encoded[3..];
            }
            None => {
                clean.push('%');
                rest = &encoded[1..];
            }
        }
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_with_or_without_a_port() {
        for host in ["localhost", "phones.example.com:8443", "127.0.0.1:80", "[::1]", "[2001:db8::1]:443", "x:", "a_b"]
        {
            assert!(is_valid(host), "{host}");
        }
        for host in
            ["", ":80", "a b", "a/b", "jane@example.com", "a:b", "a:99999", "[::1", "[x]:1", "a,b\"", "::1", "a#"]
        {
            assert!(!is_valid(host), "{host}");
        }
    }

    #[test]
    fn percent_encoded_letters_of_a_path_are_decoded_and_reserved_characters_are_not() {
        for (path, clean) in [
            ("/phones/l%69st", "/phones/list"),
            ("/%7Ejane%2e", "/~jane."),
            ("/a%2Fb%20c%25", "/a%2Fb%20c%25"),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%+1%zz%é", "/%+1%zz%é"),
        ] {
            assert_eq!(decoded(path), clean);
        }
    }
}
