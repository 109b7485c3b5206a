//! Errors as pages: what happened, and what to do next.

mod conflict;

use super::headers;
use super::layout::plain_document;
use crate::error::{AuthFailure, BodyFault, Denial, Error, Issue};
use crate::http::failure::{COMPRESSED, INVALID_HOST};
use crate::http::{RequestContext, failure};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::html;

/// Renders an error.
pub fn render(error: &Error, context: &RequestContext) -> Response {
    let (status, title, says) = words(error);
    let document = plain_document(
        title,
        html! {
            h1 { (title) }
            p { (says) }
            p { a href="/console" { "Go to the first page" } }
            p.quiet { "Request " code { (context.id.0) } }
        },
    );
    let mut response = (status, document.into_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers::add(response.headers_mut());
    failure::hint(error, response.headers_mut());
    response
}

/// Status, title and explanation of an error.
#[expect(clippy::too_many_lines, reason = "one exhaustive match over all errors")]
fn words(error: &Error) -> (StatusCode, &'static str, String) {
    let invalid = |says: &str| (StatusCode::BAD_REQUEST, "The request is not valid", says.to_owned());
    match error {
        Error::Unauthenticated(rejection) => (StatusCode::UNAUTHORIZED, "Sign in", unauthenticated(rejection.failure)),
        Error::Forbidden(denial) => (StatusCode::FORBIDDEN, "Not allowed", forbidden(*denial)),
        Error::NotFound(kind, _) => (
            StatusCode::NOT_FOUND,
            "Not found",
            format!("There is no such {kind}, or you have no role in its workspace."),
        ),
        Error::NoRoute => (StatusCode::NOT_FOUND, "Not found", "There is no page at this address.".to_owned()),
        Error::MethodNotAllowed(_) => (
            StatusCode::METHOD_NOT_ALLOWED,
            "Not a page",
            "This address takes forms only. Go back, and send the form again.".to_owned(),
        ),
        Error::Invalid(issues) => (StatusCode::UNPROCESSABLE_ENTITY, "Some values are not valid", listed(issues)),
        Error::AmbiguousQuery { name, reason } => invalid(&format!("The parameter {name} {reason}.")),
        Error::Unreadable(BodyFault::Encoding) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The request is not valid", format!("{COMPRESSED}."))
        }
        Error::Unreadable(BodyFault::ContentType | BodyFault::Syntax(_)) => invalid("The form could not be read."),
        Error::Conflict(reason) => (StatusCode::CONFLICT, "This cannot be done now", conflict::words(reason)),
        Error::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            "This has changed meanwhile",
            "Open the page again to see what it is now.".to_owned(),
        ),
        Error::TooLarge(limit) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "The form is too large", format!("A form has at most {limit} bytes."))
        }
        Error::ListTooLarge => {
            (StatusCode::BAD_REQUEST, "The list is too large", "Narrow it with a filter.".to_owned())
        }
        Error::AddressTooLong(limit) => (
            StatusCode::URI_TOO_LONG,
            "The address is too long",
            format!("An address has at most {limit} bytes. Use shorter filters."),
        ),
        Error::HeadTooLarge => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The request is too large",
            "Your browser sends too many cookies. Remove those of this site.".to_owned(),
        ),
        Error::NotHttp => invalid("It is not HTTP/1.1."),
        Error::InvalidHost => invalid(&format!("{INVALID_HOST}.")),
        Error::Throttled(throttle) => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            format!("Try again in {} s.", throttle.retry_after),
        ),
        Error::TooManyStreams(limit) => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many live pages", format!("{limit}. Close other tabs."))
        }
        Error::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The server cannot answer just now",
            "The database does not answer, or the server has too much to do. Try again in a moment; if it stays so, look \
             at the server's log."
                .to_owned(),
        ),
        Error::StatementTimeout => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This takes too long",
            "Narrow what you look for, or try again later.".to_owned(),
        ),
        Error::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "It is a fault of the server. Its log says more under the number of the request.".to_owned(),
        ),
    }
}

fn unauthenticated(failure: AuthFailure) -> String {
    match failure {
        AuthFailure::Expired => "Your session has expired. Sign in again.",
        AuthFailure::Missing
        | AuthFailure::Malformed
        | AuthFailure::Unknown
        | AuthFailure::Revoked
        | AuthFailure::NotMember
        | AuthFailure::Incomplete => "You are not signed in, or your session has ended. Sign in again.",
    }
    .to_owned()
}

fn forbidden(denial: Denial) -> String {
    let says = denial.to_string();
    let mut letters = says.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

fn listed(issues: &[Issue]) -> String {
    let places: Vec<String> = issues.iter().map(Issue::dotted).collect();
    format!("Correct these and send the form again: {}.", places.join(", "))
}
