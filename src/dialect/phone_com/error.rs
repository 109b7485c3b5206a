//! Domain errors in Phone.com's format: an envelope under `@error`. 401, 500 and 503 also have OAuth's `error` and
//! `error_description`, because some clients read the one and some the other.

use super::answer::Answer;
use crate::error::*;
use crate::http::{RequestContext, limits};
use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
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
    told: Told,
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
struct Told {
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
        let told = Told { message: message.into(), status: status.as_u16(), ..Told::default() };
        ErrorBody { told, error: None, error_description: None }
    }

    /// Both formats, with an OAuth code (RFC 6749 and 6750).
    pub fn oauth(status: StatusCode, code: &'static str, message: impl Into<String>) -> ErrorBody {
        let message = message.into();
        let mut said = ErrorBody::plain(status, message.as_str());
        said.told.code = Some(code);
        said.told.details = Some(message.clone());
        said.error = Some(code);
        said.error_description = Some(message);
        said
    }

    /// Validation errors, by dotted path.
    fn fields(issues: &[Issue]) -> ErrorBody {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for issue in issues {
            fields.entry(dotted(&issue.path)).or_default().push(issue.message.clone());
        }
        let mut said =
            ErrorBody::plain(StatusCode::UNPROCESSABLE_ENTITY, "Some values cannot be taken; `fields` says which");
        said.told.fields = Some(fields);
        said
    }

    fn conflict(reason: &Reason) -> ErrorBody {
        let message = words(reason);
        let mut said = ErrorBody::plain(StatusCode::CONFLICT, message.as_str());
        said.told.messages = Some(vec![message]);
        said
    }

    /// The message is the vendor's own.
    fn throttled(Throttle { limit, remaining, reset, retry_after }: Throttle) -> ErrorBody {
        let mut said = ErrorBody::plain(StatusCode::TOO_MANY_REQUESTS, "Too much requests");
        said.told.rate_limit = Some(RateLimit { limit, remaining, reset: reset.timestamp(), retry_after });
        said
    }

    /// Response to a request received at `time`.
    pub fn at(mut self, time: DateTime<Utc>) -> Answer {
        self.told.time = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let status = StatusCode::from_u16(self.told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer::new(status, &self)
    }
}

/// Renders an error.
pub fn render(error: &Error, asked: &RequestContext) -> Response {
    let said = said(error);
    let code = said.error;
    let mut response = said.at(asked.at).respond(&asked.headers);
    let status = response.status();
    let headers = response.headers_mut();
    if let Error::MethodNotAllowed(methods) = error {
        let methods = HeaderValue::from_str(&methods.join(", ")).expect("method names are ASCII");
        headers.insert(ALLOW, methods);
    }
    if let Error::Throttled(throttle) = error {
        limits::hint(throttle, headers);
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = match code {
            Some("invalid_token") => r#"Bearer error="invalid_token""#,
            _ => "Bearer",
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn said(error: &Error) -> ErrorBody {
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
            BodyFault::Syntax(reason) => {
                ErrorBody::plain(StatusCode::BAD_REQUEST, format!("The body cannot be read: {reason}"))
            }
        },
        Error::Conflict(reason) => ErrorBody::conflict(reason),
        Error::Throttled(throttle) => ErrorBody::throttled(*throttle),
        Error::TooLarge(limit) => {
            ErrorBody::plain(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is over the limit of {limit} bytes"))
        }
        Error::AddressTooLong(limit) => ErrorBody::plain(
            StatusCode::URI_TOO_LONG,
            format!("The path and query are over the limit of {limit} bytes"),
        ),
        Error::HeadTooLarge => {
            ErrorBody::plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large")
        }
        Error::NotHttp => ErrorBody::plain(StatusCode::BAD_REQUEST, "The request cannot be read as HTTP/1.1"),
        Error::Unavailable(_) => ErrorBody::oauth(
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            "The service cannot answer just now. Try again in a moment",
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

/// Message of a conflict. No operation of this dialect causes one so far.
fn words(reason: &Reason) -> String {
    match reason {
        Reason::NotASandbox => "This works in sandbox workspaces only".to_owned(),
        Reason::UserIdentityExists(field) => format!("Another person has this {field}"),
        Reason::ClientSessionExists => "A client session with this key exists already".to_owned(),
        Reason::UnknownEventTypes(unknown) => format!("There are no event types called {}", unknown.join(", ")),
        Reason::CursorOfAnotherQuery | Reason::UnknownCursor => "The cursor belongs to another list".to_owned(),
        Reason::TooMuchMetadata => "Metadata is limited to 50 keys".to_owned(),
        Reason::WebhookDisabled => "The webhook is disabled".to_owned(),
        Reason::ExclusiveOptions(message) => (*message).to_owned(),
        Reason::NumberInUse => "The phone number is in use".to_owned(),
        Reason::NumberNotAssignable(status)
        | Reason::NumberNotAssigned(status)
        | Reason::NumberNotReleasable(status) => {
            format!("The phone number is {status}")
        }
        Reason::ReleaseNotScheduled => "No release of the phone number is scheduled".to_owned(),
        Reason::ManagedNumber => "The number is managed and cannot be changed here".to_owned(),
        Reason::SlotFilled => "There is a number already".to_owned(),
        Reason::AlreadyAvailable => "The person was made available before".to_owned(),
        Reason::UserHasNumber => "The person has a phone number already".to_owned(),
    }
}

/// Dotted path, as in `fields`.
fn dotted(path: &[Step]) -> String {
    let steps: Vec<String> = path
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    steps.join(".")
}

/// Capitalizes the first letter.
fn sentence(text: impl ToString) -> String {
    let text = text.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
