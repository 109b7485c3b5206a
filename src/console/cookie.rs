//! Cookies: the session, and a notice that the next page shows once. Scripts read none of them.

use super::PREFIX;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use chrono::TimeDelta;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The token of a session.
pub const SESSION: &str = "handset-console";

/// A notice for the next page.
pub const NOTICE: &str = "handset-notice";

/// The state of a sign-in at another site.
pub const SSO: &str = "handset-sso";

/// Maximum length of a cookie's value in its header, in bytes.
const MAX_VALUE: usize = 2_000;

/// The value of a cookie. Over TLS only a cookie that a browser has accepted over TLS counts.
pub fn read(headers: &HeaderMap, name: &str, is_secure: bool) -> Option<String> {
    let name = full_name(name, is_secure);
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    percent_decode_str(value).decode_utf8().ok().map(|value| value.into_owned())
}

/// A `Set-Cookie` for a value; `None` if it is too long. The browser sends it with requests from pages of this site, and with
/// links from other ones, but not with their forms.
pub fn set(name: &str, value: &str, lifetime: TimeDelta, is_secure: bool) -> Option<HeaderValue> {
    let value = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    if value.len() > MAX_VALUE {
        return None;
    }
    let (name, seconds, secure) = (full_name(name, is_secure), lifetime.num_seconds(), secure(is_secure));
    let cookie = format!("{name}={value}; Path={PREFIX}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}

/// A `Set-Cookie` that removes a cookie.
pub fn remove(name: &str, is_secure: bool) -> HeaderValue {
    let (name, secure) = (full_name(name, is_secure), secure(is_secure));
    let cookie = format!("{name}=; Path={PREFIX}; Max-Age=0; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).expect("names of cookies are ASCII")
}

/// Browsers accept a name with this prefix over TLS only (RFC 6265bis, section 4.1.3).
fn full_name(name: &str, is_secure: bool) -> String {
    if is_secure { format!("__Secure-{name}") } else { name.to_owned() }
}

fn secure(is_secure: bool) -> &'static str {
    if is_secure { "; Secure" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(cookies: &'static str, is_secure: bool) -> Option<String> {
        read(&HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookies))]), SESSION, is_secure)
    }

    #[test]
    fn over_tls_only_the_cookie_with_the_prefix_counts() {
        let both = "a=b; handset-console=plain; __Secure-handset-console=secure%20one";
        assert_eq!(read_from(both, false).as_deref(), Some("plain"));
        assert_eq!(read_from(both, true).as_deref(), Some("secure one"));
        assert_eq!(read_from("handset-console=plain", true), None);
    }

    #[test]
    fn a_cookie_is_for_the_pages_only_and_scripts_do_not_read_it() {
        let cookie = set(SESSION, "a;b", TimeDelta::hours(1), true).expect("it is short");
        let wanted = "__Secure-handset-console=a%3Bb; Path=/console; Max-Age=3600; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(cookie, wanted);
        assert_eq!(set(NOTICE, &"x".repeat(3_000), TimeDelta::hours(1), true), None);
    }
}
