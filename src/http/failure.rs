//! Carries an [`Error`] from a handler to the dialect's middleware in the extensions of an empty response: only the
//! middleware knows the error format and media type of the response.

use super::rate_limit;
use crate::error::{BodyFault, Error};
use axum::http::header::{ACCEPT_ENCODING, ALLOW, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;

/// The message about a body with a `Content-Encoding`.
pub const COMPRESSED: &str = "The request body must not be compressed: send it without Content-Encoding";

/// The message about a request whose host is not clear.
pub const INVALID_HOST: &str = "The request needs one Host header, with a valid host";

/// An error that the dialect's middleware has yet to render.
#[derive(Debug, Clone)]
pub struct Failure(pub Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

/// Adds the headers that an error has in every dialect: `Allow`, and the hints of a rate limit. `Retry-After` of a 503
/// depends on how long the trouble has lasted; the middleware adds it.
pub fn hint(error: &Error, headers: &mut HeaderMap) {
    match error {
        Error::MethodNotAllowed(methods) => {
            let methods = HeaderValue::from_str(&methods.join(", ")).expect("method names are ASCII");
            headers.insert(ALLOW, methods);
        }
        Error::Throttled(throttle) => rate_limit::hint(throttle, headers),
        // RFC 9110, section 12.5.3.
        Error::Unreadable(BodyFault::Encoding) => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Error::TooManyStreams(_) => _ = headers.insert(RETRY_AFTER, HeaderValue::from_static("10")),
        _ => {}
    }
}

/// Converts a panic in a handler to an internal error.
pub fn of_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Error::Internal(format!("panic: {message}").into()).into_response()
}
