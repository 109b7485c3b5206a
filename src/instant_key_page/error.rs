//! Errors as pages.

use super::page;
use crate::error::Error;
use crate::http::{RequestContext, failure};
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

/// Renders an error. A link that is unknown, used up, expired, deleted or malformed has the same page.
pub fn render(error: &Error, _: &RequestContext) -> Response {
    let (status, title, says) = words(error);
    let mut response = page(status, title, &html! { h1 { (title) } p { (says) } });
    failure::hint(error, response.headers_mut());
    response
}

/// Status, title and explanation of an error.
fn words(error: &Error) -> (StatusCode, &'static str, &'static str) {
    let unreadable = |status| (status, "The request is not valid", "Open the link again, as you have received it.");
    match error {
        Error::Unauthenticated(_)
        | Error::Forbidden(_)
        | Error::NotFound(..)
        | Error::NoRoute
        | Error::Conflict(_)
        | Error::Invalid(_)
        | Error::PreconditionFailed => (
            StatusCode::NOT_FOUND,
            "This link is of no use",
            "It was used already, is no longer valid, or is not complete. Ask for another one where you got it.",
        ),
        Error::MethodNotAllowed(_) => unreadable(StatusCode::METHOD_NOT_ALLOWED),
        Error::AmbiguousQuery { .. }
        | Error::Unreadable(_)
        | Error::NotHttp
        | Error::InvalidHost
        | Error::ListTooLarge => unreadable(StatusCode::BAD_REQUEST),
        Error::TooLarge(_) => unreadable(StatusCode::PAYLOAD_TOO_LARGE),
        Error::AddressTooLong(_) => unreadable(StatusCode::URI_TOO_LONG),
        Error::HeadTooLarge => unreadable(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Error::Throttled(_) | Error::TooManyStreams(_) => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many requests", "Wait a minute, then open the link again.")
        }
        Error::Unavailable(_) | Error::StatementTimeout => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The service cannot answer just now",
            "Open the link again in a moment. It was not used.",
        ),
        Error::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "An error occurred", "Open the link again. It was not used.")
        }
    }
}
