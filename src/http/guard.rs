//! Security and caching headers of all responses, in every dialect.

use axum::http::header::*;
use axum::http::{HeaderMap, HeaderValue};

/// HSTS for one year.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds `nosniff`, HSTS over TLS, and `no-store` unless the handler chose otherwise: responses can hold secrets.
pub fn answer(headers: &mut HeaderMap, is_secure: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        // A response with an ETag may be stored by the client, which revalidates it before each use.
        let kept = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    }
}
