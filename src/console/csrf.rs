//! Forms of other sites are refused, in two ways: the browser says from which page a form was sent, and a form of a session has
//! a token that only pages of the session contain.

use crate::domain::token::TokenHash;
use crate::http::base_url::BaseUrl;
use crate::random::Random;
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use base64::prelude::*;

/// Set by browsers, and by no script (Fetch Metadata).
const FETCH_SITE: &str = "sec-fetch-site";

const LENGTH: usize = 32;

/// The token that forms of a session send along.
#[derive(Clone)]
pub struct CsrfToken([u8; LENGTH]);

impl CsrfToken {
    /// The token of the session with this token, from which it follows; what is stored of the session does not tell it.
    pub fn of_session(token: &str) -> CsrfToken {
        let hash = TokenHash::of(&format!("csrf {token}"));
        CsrfToken(hash.as_bytes().try_into().expect("a hash has 32 bytes"))
    }

    /// The token in a form that differs on each page, so that the size of compressed pages tells nothing of it.
    pub fn masked(&self, random: &Random) -> String {
        let mask = random.bytes::<LENGTH>();
        let bytes: Vec<u8> =
            mask.iter().copied().chain(mask.iter().zip(self.0).map(|(mask, byte)| mask ^ byte)).collect();
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether a form's token is one of this session. Hashes are compared, so the time tells nothing of the token.
    pub fn accepts(&self, masked: &str) -> bool {
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(masked) else { return false };
        let Some((mask, rest)) = bytes.split_at_checked(LENGTH).filter(|(_, rest)| rest.len() == LENGTH) else {
            return false;
        };
        let given: Vec<u8> = mask.iter().zip(rest).map(|(mask, byte)| mask ^ byte).collect();
        TokenHash::of(&BASE64_STANDARD.encode(given)) == TokenHash::of(&BASE64_STANDARD.encode(self.0))
    }
}

/// Whether a form was sent from a page of this server: as the browser says, or else by its origin. Browsers send one of both
/// with each form.
pub fn is_same_origin(headers: &HeaderMap, base_url: &BaseUrl) -> bool {
    match headers.get(FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => {
            let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
            origin.is_some_and(|origin| origin.eq_ignore_ascii_case(&origin_of(&base_url.resolve(headers))))
        }
    }
}

/// The origin of a URL: without a path, and without the port of its scheme.
fn origin_of(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_token_differs_each_time_and_is_accepted_by_its_session_only() {
        let (random, token) = (Random::seeded(1), CsrfToken::of_session("console_a"));
        let (one, two) = (token.masked(&random), token.masked(&random));
        assert_ne!(one, two);
        assert!(token.accepts(&one) && token.accepts(&two));
        assert!(!CsrfToken::of_session("console_b").accepts(&one));
        for wrong in ["", "x", "====", &one[1..]] {
            assert!(!token.accepts(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_origin_of_a_url_has_no_path_and_no_usual_port() {
        assert_eq!(origin_of("https://phones.example.com:443/base"), "https://phones.example.com");
        assert_eq!(origin_of("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
