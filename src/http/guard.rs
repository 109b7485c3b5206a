//! What every answer tells the browser or the proxy that has it, whichever dialect it comes from.

use axum::http::header::*;
use axum::http::{HeaderMap, HeaderValue};

/// For a year, come by TLS only.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// An answer is what it says to be, and nobody keeps it who was not told to: most are somebody's own, and some bear secrets.
pub fn answer(headers: &mut HeaderMap, is_secure: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        // What has a version may be kept by whom it is for, who asks each time whether it is still the newest.
        let kept = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    }
}
