//! The bearer token of a request (RFC 6750).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

/// The token after the scheme `Bearer`, in any case; `None` if it is missing or empty.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
