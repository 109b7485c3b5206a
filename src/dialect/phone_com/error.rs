//! Domain errors in Phone.com's format: an envelope under `@error`. 401, 500 and 503 also have OAuth's `error` and
//! `error_description`, because some clients read the one and some the other.

use super::answer::Answer;
use super::input::query::LARGEST_PAGE;
use crate::error::*;
use crate::http::dialect::{MAX_HEAD, MAX_HEADERS};
use crate::http::failure::{COMPRESSED, INVALID_HOST};
use crate::http::{RequestContext, failure};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An error. With 401, 500 and 503 there is also a text `error`, the code of OAuth.
// Generators drop the mark of `@error`, so a property `error` would have the same name; hence the words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComError)]
pub struct ErrorBody {
    #[serde(rename = "@error")]
    inner: ErrorDetails,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    error: Option<&'static str>,
    /// The message again, where there is an `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error_description: Option<String>,
}

/// What went wrong.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = PhoneComErrorDetails)]
struct ErrorDetails {
    /// A message for people.
    #[serde(rename = "@message")]
    message: String,
    /// The status.
    #[serde(rename = "@httpStatusCode")]
    #[schema(value_type = i64)]
    status: u16,
    #[serde(rename = "@time")]
    #[schema(value_type = DateTime<Utc>)]
    time: String,
    /// The code of OAuth.
    #[serde(rename = "@code", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<&'static str>,
    /// The message again, where there is a code.
    #[serde(rename = "@details", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<String>,
    #[serde(rename = "@messages", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    messages: Option<Vec<String>>,
    #[serde(rename = "@rateLimit", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rate_limit: Option<RateLimit>,
    /// The messages about values that are invalid, by dotted path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fields: Option<BTreeMap<String, Vec<String>>>,
}

/// The rate limit. Clients wait for `Retry-After` seconds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneComRateLimit)]
struct RateLimit {
    /// The number of requests that are allowed at a time.
    #[serde(rename = "RateLimit-Limit")]
    #[schema(value_type = i64)]
    limit: u32,
    /// The number of requests that are left.
    #[serde(rename = "RateLimit-Remaining")]
    #[schema(value_type = i64)]
    remaining: u32,
    /// When the limit is restored, in seconds since 1970.
    #[serde(rename = "RateLimit-Reset")]
    reset: i64,
    /// The number of seconds to wait.
    #[serde(rename = "Retry-After")]
    #[schema(value_type = i64)]
    retry_after: u64,
}

impl ErrorBody {
    fn plain(status: StatusCode, message: impl Into<String>) -> ErrorBody {
        let inner = ErrorDetails { message: message.into(), status: status.as_u16(), ..ErrorDetails::default() };
        ErrorBody { inner, error: None, error_description: None }
    }

    /// Both formats, with an OAuth code (RFC 6749 and 6750).
    pub fn oauth(status: StatusCode, code: &'static str, message: impl Into<String>) -> ErrorBody {
        let message = message.into();
        let mut body = ErrorBody::plain(status, message.as_str());
        body.inner.code = Some(code);
        body.inner.details = Some(message.clone());
        body.error = Some(code);
        body.error_description = Some(message);
        body
    }

    /// Validation errors, by dotted path.
    fn fields(issues: &[Issue]) -> ErrorBody {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for issue in issues {
            fields.entry(issue.dotted()).or_default().push(message(issue));
        }
        let mut body =
            ErrorBody::plain(StatusCode::UNPROCESSABLE_ENTITY, "Some values cannot be taken; `fields` says which");
        body.inner.fields = Some(fields);
        body
    }

    fn conflict(message: &str) -> ErrorBody {
        let mut body = ErrorBody::plain(StatusCode::CONFLICT, message);
        body.inner.messages = Some(vec![message.to_owned()]);
        body
    }

    /// The message is the vendor's own.
    fn throttled(Throttle { limit, remaining, reset, retry_after }: Throttle) -> ErrorBody {
        let mut body = ErrorBody::plain(StatusCode::TOO_MANY_REQUESTS, "Too much requests");
        body.inner.rate_limit = Some(RateLimit { limit, remaining, reset: reset.timestamp(), retry_after });
        body
    }

    /// The code of OAuth, if it has one.
    pub fn code(&self) -> Option<&'static str> {
        self.error
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.inner.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The error of a request received at `time`.
    pub fn timed(mut self, time: DateTime<Utc>) -> ErrorBody {
        self.inner.time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        self
    }

    /// Response to a request received at `time`.
    pub fn at(self, time: DateTime<Utc>) -> Answer {
        let status = self.status();
        Answer::new(status, &self.timed(time))
    }
}

/// Renders an error.
pub fn render(error: &Error, context: &RequestContext) -> Response {
    let body = body_of(error);
    let code = body.code();
    let mut response = body.at(context.at).render(&context.headers);
    let status = response.status();
    let headers = response.headers_mut();
    failure::hint(error, headers);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = match code {
            Some("invalid_token") => r#"Bearer error="invalid_token""#,
            _ => "Bearer",
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// Body of an error.
#[expect(clippy::too_many_lines, reason = "one exhaustive match over all errors")]
pub fn body_of(error: &Error) -> ErrorBody {
    match error {
        Error::Unauthenticated(Rejection { failure, .. }) => unauthenticated(*failure),
        Error::Forbidden(denial) => ErrorBody::plain(StatusCode::FORBIDDEN, sentence(denial)),
        Error::NotFound(noun, id) => {
            ErrorBody::plain(StatusCode::NOT_FOUND, sentence(format!("{noun} {id} not found")))
        }
        Error::NoRoute => ErrorBody::plain(StatusCode::NOT_FOUND, "There is nothing at this address"),
        Error::MethodNotAllowed(methods) => {
            let message = format!("This address takes {}", methods.join(", "));
            ErrorBody::plain(StatusCode::METHOD_NOT_ALLOWED, message)
        }
        Error::Invalid(issues) => ErrorBody::fields(issues),
        Error::AmbiguousQuery { name, reason } => {
            ErrorBody::plain(StatusCode::BAD_REQUEST, format!("Query parameter {name} {reason}"))
        }
        Error::Unreadable(fault) => match fault {
            BodyFault::ContentType => ErrorBody::plain(StatusCode::BAD_REQUEST, "The body must be JSON"),
            BodyFault::Encoding => ErrorBody::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, COMPRESSED),
            BodyFault::Syntax(reason) => {
                ErrorBody::plain(StatusCode::BAD_REQUEST, format!("The body cannot be read: {reason}"))
            }
        },
        Error::Conflict(reason) => conflict(reason),
        Error::PreconditionFailed => ErrorBody::plain(
            StatusCode::PRECONDITION_FAILED,
            "The record is not in the state that the request requires. Read it again",
        ),
        Error::Throttled(throttle) => ErrorBody::throttled(*throttle),
        Error::TooLarge(limit) => {
            ErrorBody::plain(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is over the limit of {limit} bytes"))
        }
        Error::ListTooLarge => ErrorBody::oauth(
            StatusCode::BAD_REQUEST,
            "list_too_large",
            "The list is too large for one response. Use limit and offset, or a filter",
        ),
        Error::AddressTooLong(limit) => ErrorBody::plain(
            StatusCode::URI_TOO_LONG,
            format!("The path and query are over the limit of {limit} bytes"),
        ),
        Error::HeadTooLarge => ErrorBody::plain(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("The request's headers are over the limit of {MAX_HEAD} bytes, or of {MAX_HEADERS} headers"),
        ),
        Error::NotHttp => ErrorBody::plain(StatusCode::BAD_REQUEST, "The request cannot be read as HTTP/1.1"),
        Error::InvalidHost => ErrorBody::plain(StatusCode::BAD_REQUEST, INVALID_HOST),
        Error::TooManyStreams(limit) => ErrorBody::plain(StatusCode::TOO_MANY_REQUESTS, limit.to_string()),
        Error::Unavailable(_) => ErrorBody::oauth(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "The service cannot answer just now. Try again in a moment",
        ),
        Error::StatementTimeout => ErrorBody::oauth(
            StatusCode::SERVICE_UNAVAILABLE,
            "statement_timeout",
            "The request takes too long. Narrow it, for example by a filter or a smaller limit, before you try again",
        ),
        Error::Internal(_) => ErrorBody::oauth(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "Internal server error. The log has more under this request id",
        ),
    }
}

fn unauthenticated(failure: AuthFailure) -> ErrorBody {
    let (code, message) = match failure {
        AuthFailure::Missing | AuthFailure::Incomplete => {
            ("invalid_request", "Send a bearer token in the header Authorization")
        }
        AuthFailure::Malformed | AuthFailure::Unknown | AuthFailure::NotMember => {
            ("invalid_token", "The access token is not known")
        }
        AuthFailure::Expired => ("invalid_token", "The access token has expired"),
        AuthFailure::Revoked => ("invalid_token", "The access token was revoked"),
    };
    ErrorBody::oauth(StatusCode::UNAUTHORIZED, code, message)
}

/// Error of a conflict. No operation of this dialect causes one so far; a new reason has to be judged here.
fn conflict(reason: &Reason) -> ErrorBody {
    match reason {
        Reason::NotASandbox
        | Reason::UserIdentityExists(_)
        | Reason::UserIdentitySuspended
        | Reason::NotMergeable(_)
        | Reason::TooManyGroups(_)
        | Reason::ClientSessionExists
        | Reason::TooManyAnonymousSessions(_)
        | Reason::TooManyInstantKeys(_)
        | Reason::InstantKeyUsed
        | Reason::InstantKeyExpired
        | Reason::TooManyGrants
        | Reason::UnknownEventTypes(_)
        | Reason::CursorOfAnotherQuery
        | Reason::TooMuchMetadata
        | Reason::PhoneDeactivated
        | Reason::TooManyPhones(_)
        | Reason::TooManyAccessibleDevices(_)
        | Reason::TooManyWorkspaces(_)
        | Reason::WebhookDisabled
        | Reason::TooManyWebhooks(_)
        | Reason::TooManyKeys(_)
        | Reason::ExclusiveOptions(_)
        | Reason::UnknownCursor
        | Reason::NumberInUse
        | Reason::NumberNotAssignable(_)
        | Reason::NumberNotAssigned(_)
        | Reason::NumberNotReleasable(_)
        | Reason::ReleaseNotScheduled
        | Reason::UserHasNumber
        | Reason::ManagedNumber
        | Reason::SlotFilled
        | Reason::CredentialAssigned
        | Reason::CredentialNotAssigned
        | Reason::AlreadyAvailable
        | Reason::NotAvailable => ErrorBody::conflict("The request conflicts with the current state"),
    }
}

/// Message about an invalid value.
pub fn message(issue: &Issue) -> String {
    match &issue.problem {
        Problem::Missing => "It is required".to_owned(),
        Problem::Type { expected: Expected::Choice(names), .. } | Problem::Choice { expected: names, .. } => {
            format!("It must be one of: {}", names.join(", "))
        }
        Problem::Type { expected: Expected::Json("array"), .. } => "It must be a list".to_owned(),
        Problem::Type { expected: Expected::Json("object"), .. } => "It must be an object".to_owned(),
        Problem::Type { expected: Expected::Json("number"), .. } | Problem::Fraction | Problem::Range(_) => {
            match issue.dotted().as_str() {
                "limit" => format!("It must be a whole number from 1 to {LARGEST_PAGE}"),
                "offset" => "It must be a whole number from 0".to_owned(),
                _ => "It must be a whole number".to_owned(),
            }
        }
        Problem::Type { .. } => "It must be a text".to_owned(),
        Problem::NullCharacter => "It must not contain the null character".to_owned(),
        Problem::Format(Format::Email) => "It must be an e-mail address, as somebody@example.com".to_owned(),
        Problem::Format(Format::PhoneNumber(reason)) => {
            format!("No number to dial: {reason}. Write one outside the USA as +34 675 89 76 54")
        }
        Problem::Format(_) | Problem::Period | Problem::ReadOnly | Problem::Required | Problem::NoTarget => {
            "It cannot be read".to_owned()
        }
        // Of the lists, only that of e-mail addresses is limited.
        Problem::Length { limit: Limit::AtMost(most), unit: Unit::Items } => {
            format!("A contact has at most {most} e-mail addresses")
        }
        Problem::Length { limit: Limit::AtMost(most), .. } => format!("It must have at most {most} characters"),
        Problem::Length { .. } => "It is too short".to_owned(),
        Problem::Rule(message) => message.clone().into_owned(),
    }
}

/// Capitalizes the first letter.
fn sentence(text: impl ToString) -> String {
    let text = text.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
