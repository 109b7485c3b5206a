//! How an [`Error`] travels from a handler to the edge: in the response's extensions, with no bytes yet, because only
//! the edge knows in which words and which form the caller wants it.

use crate::error::Error;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::sync::Arc;

/// An error on its way to the edge.
#[derive(Debug, Clone)]
pub struct Failure(pub Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

/// A panic in a handler: a fault of ours, told like any other.
pub fn of_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Error::Internal(format!("panic: {message}").into()).into_response()
}
