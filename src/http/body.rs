//! Request bodies, read whole and within a limit.

use crate::error::{BodyFault, Error, Result};
use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The most bytes that a body may have.
pub const LIMIT: usize = 1024 * 1024;

/// Reads a body to its end. One over the limit is refused as soon as that is known, one cut short is unreadable.
pub async fn read(body: Body) -> Result<Bytes> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(fault) if fault.is::<LengthLimitError>() => Err(Error::TooLarge(LIMIT)),
        Err(fault) => Err(Error::Unreadable(BodyFault::Syntax(format!("the body broke off: {fault}")))),
    }
}
