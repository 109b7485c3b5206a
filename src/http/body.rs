//! Reads request bodies whole, up to a limit.

use crate::error::{BodyFault, Error, Result};
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Maximum size of a request body, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// Reads a body to its end. Returns `TooLarge` as soon as the limit is exceeded, `Unreadable` if the body is cut short.
pub async fn read(body: Body) -> Result<Bytes> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(fault) if fault.is::<LengthLimitError>() => Err(Error::TooLarge(LIMIT)),
        Err(fault) => Err(Error::Unreadable(BodyFault::Syntax(format!("the body broke off: {fault}")))),
    }
}

/// The media type of a body, without parameters; empty if it has none.
pub fn media_type(headers: &HeaderMap) -> &str {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}
