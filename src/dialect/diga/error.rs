//! Domain errors in Diga's format. Errors of the service are an envelope with an `error_code`; errors of FastAPI's
//! router are a `detail`. Where a real server may send either, the body has both: additional keys are legal in each.

use super::answer;
use super::validation::ValidationIssue;
use crate::api::openapi::capitalized;
use crate::error::*;
use crate::http::dialect::{MAX_HEAD, MAX_HEADERS};
use crate::http::failure::{COMPRESSED, INVALID_HOST};
use crate::http::{RequestContext, failure};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// Error body.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ErrorBody {
    Service(ServiceError),
    Router(RouterError),
    Validation { detail: Vec<ValidationIssue> },
}

/// An error of the service. 401 and 404 also have a `detail`, for clients that read that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaError)]
pub struct ServiceError {
    status: ErrorStatus,
    /// A code for programs.
    pub error_code: Cow<'static, str>,
    /// A message for people.
    message: String,
    /// The message, as the framework puts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<String>,
}

/// The status of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaErrorStatus)]
#[serde(rename_all = "snake_case")]
pub enum ErrorStatus {
    Error,
}

/// An error of the router.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigaRouterError)]
pub struct RouterError {
    detail: &'static str,
}

impl ErrorBody {
    /// Error of the service.
    fn service(error_code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> ErrorBody {
        let (error_code, message) = (error_code.into(), message.into());
        ErrorBody::Service(ServiceError { status: ErrorStatus::Error, error_code, message, detail: None })
    }

    /// Adds FastAPI's `detail` to an error of the service.
    fn and_detail(self, detail: impl Into<String>) -> ErrorBody {
        match self {
            ErrorBody::Service(error) => ErrorBody::Service(ServiceError { detail: Some(detail.into()), ..error }),
            body => body,
        }
    }

    /// Error of FastAPI's router.
    fn router(detail: &'static str) -> ErrorBody {
        ErrorBody::Router(RouterError { detail })
    }
}

/// Renders an error.
pub fn render(error: &Error, _: &RequestContext) -> Response {
    let (status, body) = body_of(error);
    let mut response = answer::json(status, &body);
    failure::hint(error, response.headers_mut());
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Status and body of an error.
#[expect(clippy::too_many_lines, reason = "one exhaustive match over all errors")]
pub fn body_of(error: &Error) -> (StatusCode, ErrorBody) {
    match error {
        Error::Unauthenticated(_) => (
            StatusCode::UNAUTHORIZED,
            ErrorBody::service("UNAUTHORIZED", "Invalid or missing API key").and_detail("Not authenticated"),
        ),
        Error::Forbidden(denial) => {
            (StatusCode::FORBIDDEN, ErrorBody::service("MISSING_PERMISSIONS", format!("Missing permissions: {denial}")))
        }
        Error::NotFound(kind, id) => (StatusCode::NOT_FOUND, not_found(*kind, id)),
        Error::NoRoute => (StatusCode::NOT_FOUND, ErrorBody::router("Not Found")),
        Error::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, ErrorBody::router("Method Not Allowed")),
        Error::Invalid(issues) => {
            let detail = issues.iter().map(ValidationIssue::from).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, ErrorBody::Validation { detail })
        }
        Error::AmbiguousQuery { name, reason } => {
            (StatusCode::BAD_REQUEST, ErrorBody::service("BAD_PARAMETER", format!("Query parameter {name} {reason}")))
        }
        Error::Unreadable(BodyFault::Encoding) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorBody::service("UNSUPPORTED_CONTENT_ENCODING", COMPRESSED))
        }
        Error::Unreadable(BodyFault::ContentType | BodyFault::Syntax(_)) => {
            (StatusCode::BAD_REQUEST, ErrorBody::router("There was an error parsing the body"))
        }
        Error::Conflict(reason) => conflict(reason),
        Error::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            ErrorBody::service("PRECONDITION_FAILED", "The resource has changed. Read it again"),
        ),
        Error::TooLarge(limit) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorBody::service("PAYLOAD_TOO_LARGE", format!("The request body is over the limit of {limit} bytes")),
        ),
        Error::ListTooLarge => bad("LIST_TOO_LARGE", "The list is too large for one response. Use a lower limit"),
        Error::AddressTooLong(limit) => (
            StatusCode::URI_TOO_LONG,
            ErrorBody::service("URI_TOO_LONG", format!("The path and query are over the limit of {limit} bytes")),
        ),
        Error::HeadTooLarge => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ErrorBody::service(
                "HEADERS_TOO_LARGE",
                format!("The request's headers are over the limit of {MAX_HEAD} bytes, or of {MAX_HEADERS} headers"),
            ),
        ),
        Error::NotHttp => bad("BAD_REQUEST", "The request cannot be read as HTTP/1.1"),
        Error::InvalidHost => bad("BAD_REQUEST", INVALID_HOST),
        Error::Throttled(throttle) => throttled(throttle),
        Error::TooManyStreams(limit) => {
            (StatusCode::TOO_MANY_REQUESTS, ErrorBody::service("RATE_LIMIT_EXCEEDED", limit.to_string()))
        }
        Error::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorBody::service("SERVICE_UNAVAILABLE", "The service cannot answer just now. Try again in a moment"),
        ),
        Error::StatementTimeout => (
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorBody::service(
                "STATEMENT_TIMEOUT",
                "The request takes too long. Narrow it, for example by a filter or a smaller limit, before you try again",
            ),
        ),
        Error::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorBody::service(
                "INTERNAL_SERVER_ERROR",
                "Internal server error. The log has more under this request id",
            ),
        ),
    }
}

fn bad(code: &'static str, message: &'static str) -> (StatusCode, ErrorBody) {
    (StatusCode::BAD_REQUEST, ErrorBody::service(code, message))
}

fn throttled(Throttle { limit, retry_after, .. }: &Throttle) -> (StatusCode, ErrorBody) {
    let message = format!("More than the {limit} requests that are allowed at a time. Try again in {retry_after} s");
    (StatusCode::TOO_MANY_REQUESTS, ErrorBody::service("RATE_LIMIT_EXCEEDED", message))
}

fn not_found(kind: ResourceKind, id: &str) -> ErrorBody {
    let name = if kind == ResourceKind::Number { "phone".to_owned() } else { kind.to_string() };
    let code = format!("{}_NOT_FOUND", name.to_uppercase().replace(' ', "_"));
    let message = format!("{} {id} not found", capitalized(&name));
    ErrorBody::service(code, message.as_str()).and_detail(message)
}

#[expect(clippy::too_many_lines, reason = "one arm for each reason")]
fn conflict(reason: &Reason) -> (StatusCode, ErrorBody) {
    let refused = |code, message: &str| (StatusCode::CONFLICT, ErrorBody::service(code, message));
    let in_state = |code, status: &str, hint: &str| {
        (StatusCode::CONFLICT, ErrorBody::service(code, format!("The phone is {status}. {hint}")))
    };
    let pagination = |message: &str| {
        (StatusCode::UNPROCESSABLE_ENTITY, ErrorBody::service("INVALID_PAGINATION_PARAMETERS", message))
    };
    match reason {
        Reason::NumberInUse => refused("PHONE_ALREADY_IN_USE", "The phone number is in use. Choose another one"),
        Reason::NumberNotAssignable(status) => {
            in_state("PHONE_NOT_ASSIGNABLE", status, "Only a reserved or assigned phone can be assigned")
        }
        Reason::NumberNotAssigned(status) => {
            in_state("PHONE_NOT_ASSIGNED", status, "Assign it before giving it agents")
        }
        Reason::NumberNotReleasable(status) => {
            in_state("PHONE_NOT_RELEASABLE", status, "Only an assigned phone can be released")
        }
        Reason::ReleaseNotScheduled => refused("RELEASE_NOT_SCHEDULED", "No release of the phone is scheduled"),
        Reason::UserHasNumber => refused(
            "USER_ALREADY_HAS_NUMBER",
            "The user identity has a phone already. Unassign that one first (assign it to null)",
        ),
        Reason::UnknownCursor => pagination("The cursor names no entry of the list. Start without one"),
        Reason::ExclusiveOptions(message) => pagination(message),
        Reason::CursorOfAnotherQuery => pagination("The cursor belongs to another list. Start without one"),
        Reason::ManagedNumber => {
            refused("PHONE_MANAGED", "The phone number is managed by the project; its holder cannot change it")
        }
        Reason::SlotFilled => refused("DUPLICATE_FIELD", "There is a phone number already. Remove it first"),
        Reason::CredentialAssigned | Reason::CredentialNotAssigned => {
            refused("CREDENTIAL_ASSIGNED", "The credential belongs to another user")
        }
        Reason::AlreadyAvailable => refused("ALREADY_AVAILABLE", "The user identity is available already"),
        Reason::NotAvailable => refused("NOT_AVAILABLE", "The user identity is not available yet"),
        Reason::NotASandbox => refused("NOT_A_SANDBOX", "This works in sandbox projects only"),
        Reason::UserIdentityExists(field) => {
            refused("DUPLICATE_FIELD", &format!("A user identity with this {field} exists already"))
        }
        Reason::UserIdentitySuspended => {
            refused("USER_SUSPENDED", "The company's directory has deactivated the person. Activate it there first")
        }
        Reason::NotMergeable(refusal) => refused("NOT_MERGEABLE", &refusal.to_string()),
        Reason::TooManyGroups(limit) => {
            refused("TOO_MANY_GROUPS", &format!("There are {limit} groups, which is the limit. Delete one first"))
        }
        Reason::ClientSessionExists => refused("DUPLICATE_FIELD", "A client session with this key exists already"),
        Reason::TooManyAnonymousSessions(limit) => {
            refused("TOO_MANY_CLIENT_SESSIONS", &format!("There are {limit} client sessions without access already"))
        }
        Reason::TooManyInstantKeys(limit) => {
            refused("TOO_MANY_INSTANT_KEYS", &format!("The user identity has {limit} instant keys already"))
        }
        Reason::InstantKeyUsed => refused("INSTANT_KEY_USED", "The instant key was used as often as it may be"),
        Reason::InstantKeyExpired => refused("INSTANT_KEY_EXPIRED", "The instant key has expired"),
        Reason::TooManyGrants => {
            refused("TOO_MANY_GRANTS", "A client session has at most 1000 accounts and 1000 views")
        }
        Reason::UnknownEventTypes(unknown) => {
            refused("NOT_VALID_FIELD", &format!("There are no event types called {}", unknown.join(", ")))
        }
        Reason::TooMuchMetadata => refused("NOT_VALID_FIELD", "Metadata is limited to 50 keys"),
        Reason::PhoneDeactivated => refused("PHONE_DEACTIVATED", "The phone of this installation was deactivated"),
        Reason::TooManyPhones(most) => {
            refused("TOO_MANY_PHONES", &format!("A user identity can have at most {most} active phones"))
        }
        Reason::TooManyAccessibleDevices(most) => {
            refused("TOO_MANY_DEVICES", &format!("A user identity has access to at most {most} devices"))
        }
        Reason::TooManyWorkspaces(most) => {
            refused("TOO_MANY_WORKSPACES", &format!("There are {most} workspaces already"))
        }
        Reason::WebhookDisabled => refused("WEBHOOK_DISABLED", "The webhook is disabled. Update it to enable it"),
        Reason::TooManyWebhooks(limit) => {
            refused("TOO_MANY_WEBHOOKS", &format!("There are {limit} webhooks, which is the limit. Delete one first"))
        }
        Reason::TooManyKeys(limit) => refused("TOO_MANY_KEYS", &format!("There are {limit} keys. Revoke one first")),
    }
}
