//! Reads request bodies whole, up to a limit.

use crate::error::{BodyFault, Error, Result};
use axum::body::{Body, Bytes};
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
