//! Domain errors in Diga's format. Errors of the service are an envelope with an `error_code`; errors of FastAPI's
//! router are a `detail`. Where a real server may send either, the body has both: additional keys are legal in each.

use super::answer;
use super::validation::{self, ValidationError};
use crate::error::*;
use crate::http::{RequestContext, failure};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

/// Error body. Fields in wire order.
#[derive(Debug, Default, Serialize)]
pub struct ErrorBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Detail>,
}

/// FastAPI's part of an error.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Detail {
    Text(String),
    Errors(Vec<ValidationError>),
}

impl ErrorBody {
    /// Error of the service.
    fn code(error_code: &'static str, message: impl Into<String>) -> ErrorBody {
        ErrorBody { status: Some("error"), error_code: Some(error_code), message: Some(message.into()), detail: None }
    }

    /// Error of FastAPI.
    fn detail(detail: &str) -> ErrorBody {
        ErrorBody::default().and_detail(detail)
    }

    /// Adds FastAPI's `detail`.
    fn and_detail(self, detail: &str) -> ErrorBody {
        ErrorBody { detail: Some(Detail::Text(detail.to_owned())), ..self }
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
pub fn body_of(error: &Error) -> (StatusCode, ErrorBody) {
    match error {
        Error::Unauthenticated(_) => (
            StatusCode::UNAUTHORIZED,
            ErrorBody::code("UNAUTHORIZED", "Invalid or missing API key").and_detail("Not authenticated"),
        ),
        Error::Forbidden(denial) => {
            (StatusCode::FORBIDDEN, ErrorBody::code("MISSING_PERMISSIONS", format!("Missing permissions: {denial}")))
        }
        Error::NotFound(noun, id) => {
            let (code, name) = missing(*noun);
            let message = format!("{name} {id} not found");
            (StatusCode::NOT_FOUND, ErrorBody::code(code, message.as_str()).and_detail(&message))
        }
        Error::NoRoute => (StatusCode::NOT_FOUND, ErrorBody::detail("Not Found")),
        Error::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, ErrorBody::detail("Method Not Allowed")),
        Error::Invalid(issues) => {
            let detail = Some(Detail::Errors(issues.iter().map(validation::error).collect()));
            (StatusCode::UNPROCESSABLE_ENTITY, ErrorBody { detail, ..ErrorBody::default() })
        }
        Error::AmbiguousQuery { name, reason } => {
            (StatusCode::BAD_REQUEST, ErrorBody::code("BAD_PARAMETER", format!("Query parameter {name} {reason}")))
        }
        Error::Unreadable(BodyFault::ContentType | BodyFault::Syntax(_)) => {
            (StatusCode::BAD_REQUEST, ErrorBody::detail("There was an error parsing the body"))
        }
        Error::Conflict(reason) => conflict(reason),
        Error::TooLarge(limit) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorBody::code("PAYLOAD_TOO_LARGE", format!("The request body is over the limit of {limit} bytes")),
        ),
        Error::AddressTooLong(limit) => (
            StatusCode::URI_TOO_LONG,
            ErrorBody::code("URI_TOO_LONG", format!("The path and query are over the limit of {limit} bytes")),
        ),
        Error::HeadTooLarge => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ErrorBody::code("HEADERS_TOO_LARGE", "The request's headers are too large"),
        ),
        Error::NotHttp => {
            (StatusCode::BAD_REQUEST, ErrorBody::code("BAD_REQUEST", "The request cannot be read as HTTP/1.1"))
        }
        Error::Throttled(Throttle { limit, retry_after, .. }) => (
            StatusCode::TOO_MANY_REQUESTS,
            ErrorBody::code(
                "RATE_LIMIT_EXCEEDED",
                format!("More than the {limit} requests that are allowed at a time. Try again in {retry_after} s"),
            ),
        ),
        Error::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorBody::code("SERVICE_UNAVAILABLE", "The service cannot answer just now. Try again in a moment"),
        ),
        Error::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorBody::code("INTERNAL_SERVER_ERROR", "Internal server error. The log has more under this request id"),
        ),
    }
}

fn missing(noun: ResourceKind) -> (&'static str, &'static str) {
    match noun {
        ResourceKind::Number => ("PHONE_NOT_FOUND", "Phone"),
        ResourceKind::UserIdentity => ("USER_IDENTITY_NOT_FOUND", "User identity"),
        ResourceKind::Phone => ("DEVICE_NOT_FOUND", "Device"),
        ResourceKind::ClientSession => ("CLIENT_SESSION_NOT_FOUND", "Client session"),
        ResourceKind::Credential => ("CREDENTIAL_NOT_FOUND", "Credential"),
        ResourceKind::Event => ("EVENT_NOT_FOUND", "Event"),
        ResourceKind::Webhook => ("WEBHOOK_NOT_FOUND", "Webhook"),
        ResourceKind::Delivery => ("DELIVERY_NOT_FOUND", "Delivery"),
        ResourceKind::Workspace => ("PROJECT_NOT_FOUND", "Project"),
        ResourceKind::ActionAttempt => ("ACTION_ATTEMPT_NOT_FOUND", "Action attempt"),
        ResourceKind::ApiKey => ("API_KEY_NOT_FOUND", "API key"),
        ResourceKind::AccessToken => ("ACCESS_TOKEN_NOT_FOUND", "Access token"),
        ResourceKind::Account => ("ACCOUNT_NOT_FOUND", "Account"),
        ResourceKind::Extension => ("EXTENSION_NOT_FOUND", "Extension"),
        ResourceKind::Contact => ("CONTACT_NOT_FOUND", "Contact"),
        ResourceKind::ContactGroup => ("CONTACT_GROUP_NOT_FOUND", "Contact group"),
        ResourceKind::Application => ("APPLICATION_NOT_FOUND", "Application"),
        ResourceKind::Version => ("VERSION_NOT_FOUND", "Version"),
    }
}

fn conflict(reason: &Reason) -> (StatusCode, ErrorBody) {
    let refused = |code, message: &str| (StatusCode::CONFLICT, ErrorBody::code(code, message));
    let in_state = |code, status: &str, hint: &str| {
        (StatusCode::CONFLICT, ErrorBody::code(code, format!("The phone is {status}. {hint}")))
    };
    let pagination =
        |message: &str| (StatusCode::UNPROCESSABLE_ENTITY, ErrorBody::code("INVALID_PAGINATION_PARAMETERS", message));
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
            "The user identity has a phone already. Assign that one to nobody before giving another",
        ),
        Reason::UnknownCursor => pagination("The cursor names no entry of the list. Start without one"),
        Reason::ExclusiveOptions(message) => pagination(message),
        Reason::CursorOfAnotherQuery => pagination("The cursor belongs to another list. Start without one"),
        Reason::ManagedNumber => {
            refused("PHONE_MANAGED", "The phone number is managed by the project; its holder cannot change it")
        }
        Reason::SlotFilled => refused("DUPLICATE_FIELD", "There is a phone number already. Remove it first"),
        Reason::AlreadyAvailable => refused("ALREADY_AVAILABLE", "The user identity is available already"),
        Reason::NotASandbox => refused("NOT_A_SANDBOX", "This works in sandbox projects only"),
        Reason::UserIdentityExists(field) => {
            refused("DUPLICATE_FIELD", &format!("A user identity with this {field} exists already"))
        }
        Reason::ClientSessionExists => refused("DUPLICATE_FIELD", "A client session with this key exists already"),
        Reason::UnknownEventTypes(unknown) => {
            refused("NOT_VALID_FIELD", &format!("There are no event types called {}", unknown.join(", ")))
        }
        Reason::TooMuchMetadata => refused("NOT_VALID_FIELD", "Metadata is limited to 50 keys"),
        Reason::WebhookDisabled => refused("WEBHOOK_DISABLED", "The webhook is disabled. Update it to enable it"),
    }
}
