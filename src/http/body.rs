//! Reads request bodies whole, up to a limit.

use crate::error::{BodyFault, Error, Result};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::BodyExt;
use std::time::Duration;

/// Maximum size of a request body, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// Maximum size of a body that is read before the caller is known, in bytes.
pub const UNAUTHENTICATED_LIMIT: usize = 16 * 1024;

/// The byte-order mark of UTF-8, which JSON parsers need not ignore (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Maximum time for such a body to arrive.
const UNAUTHENTICATED_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a body to its end, without a byte-order mark. Returns `TooLarge` as soon as the limit is exceeded, `Unreadable` if the body is cut short.
pub async fn read(body: Body) -> Result<Bytes> {
    read_up_to(LIMIT, body).await
}

/// Reads the body of an operation that is for anyone, within the limits for those.
pub async fn read_unauthenticated(body: Body) -> Result<Bytes> {
    before_authentication(read_up_to(UNAUTHENTICATED_LIMIT, body)).await
}

/// Limits the time of reading a body before the caller is known.
pub async fn before_authentication<T>(reading: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(UNAUTHENTICATED_TIMEOUT, reading)
        .await
        .unwrap_or_else(|_| Err(Error::Unavailable(format!("no body within {} s", UNAUTHENTICATED_TIMEOUT.as_secs()))))
}

/// As [`read`], up to another limit.
pub async fn read_up_to(limit: usize, mut body: Body) -> Result<Bytes> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |fault| Error::Unreadable(BodyFault::Syntax(format!("the body broke off: {fault}")));
        let Ok(part) = frame.map_err(broken)?.into_data() else { continue };
        if whole.len() + part.len() > limit {
            return Err(Error::TooLarge(limit));
        }
        if whole.is_empty() && body.is_end_stream() {
            let mark = if part.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            return Ok(part.slice(mark..));
        }
        // Copied, since a short part may keep a whole read buffer alive.
        whole.extend_from_slice(&part);
    }
    if whole.starts_with(BYTE_ORDER_MARK) {
        whole.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(whole.into())
}

/// Refuses a body with a content encoding, which no dialect reads.
pub fn check_encoding(headers: &HeaderMap, body: &Body) -> Result<()> {
    let mut codings =
        headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let is_plain =
        |coding: &[u8]| matches!(coding.trim_ascii(), b"") || coding.trim_ascii().eq_ignore_ascii_case(b"identity");
    if body.is_end_stream() || codings.all(is_plain) { Ok(()) } else { Err(Error::Unreadable(BodyFault::Encoding)) }
}

/// The media type of a body, without parameters; empty if it has none.
pub fn media_type(headers: &HeaderMap) -> &str {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}
