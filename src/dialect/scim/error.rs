//! Errors in the form of RFC 7644, section 3.12: the status as text, a keyword for bad requests, and a detail for people.

use super::answer::MEDIA_TYPE;
use crate::api::openapi::capitalized;
use crate::error::*;
use crate::http::dialect::{MAX_HEAD, MAX_HEADERS};
use crate::http::failure::{COMPRESSED, INVALID_HOST};
use crate::http::{RequestContext, auth, failure};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// An error.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ScimError)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    schemas: [&'static str; 1],
    /// The status, as text.
    status: String,
    /// A keyword of a bad request or a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scim_type: Option<&'static str>,
    /// A message for people.
    detail: String,
}

impl ErrorBody {
    fn new(status: StatusCode, detail: impl Into<String>) -> (StatusCode, ErrorBody) {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"];
        (status, ErrorBody { schemas, status: status.as_str().to_owned(), scim_type: None, detail: detail.into() })
    }

    fn keyword(status: StatusCode, scim_type: &'static str, detail: impl Into<String>) -> (StatusCode, ErrorBody) {
        let (status, body) = ErrorBody::new(status, detail);
        (status, ErrorBody { scim_type: Some(scim_type), ..body })
    }

    /// The keyword, if there is one.
    pub fn scim_type(&self) -> Option<&'static str> {
        self.scim_type
    }
}

/// Renders an error.
pub fn render(error: &Error, request: &RequestContext) -> Response {
    let (status, body) = body_of(error);
    let body = serde_json::to_vec(&body).expect("an error has text only");
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    failure::hint(error, response.headers_mut());
    if status == StatusCode::UNAUTHORIZED {
        // RFC 6750, section 3: the reason is of a token that was sent.
        let challenge = match auth::bearer(&request.headers) {
            Some(_) => "Bearer realm=\"SCIM\", error=\"invalid_token\"",
            None => "Bearer realm=\"SCIM\"",
        };
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// Status and body of an error.
#[expect(clippy::too_many_lines, reason = "one exhaustive match over all errors")]
pub fn body_of(error: &Error) -> (StatusCode, ErrorBody) {
    use StatusCode as Status;
    match error {
        Error::Unauthenticated(_) => ErrorBody::new(
            Status::UNAUTHORIZED,
            "The token is missing or not valid. Send one of `handset scim-token create` as a bearer token",
        ),
        Error::Forbidden(denial) => ErrorBody::new(Status::FORBIDDEN, format!("Not allowed: {denial}")),
        Error::NotFound(kind, id) => ErrorBody::new(Status::NOT_FOUND, not_found(*kind, id)),
        Error::NoRoute => ErrorBody::new(Status::NOT_FOUND, "There is no such endpoint"),
        Error::MethodNotAllowed(methods) => {
            let message = format!("The endpoint has no such method. It has {}", methods.join(", "));
            ErrorBody::new(Status::METHOD_NOT_ALLOWED, message)
        }
        Error::Invalid(issues) => invalid(issues),
        Error::AmbiguousQuery { name, reason } => {
            ErrorBody::keyword(Status::BAD_REQUEST, "invalidValue", format!("The query parameter {name} {reason}"))
        }
        Error::Unreadable(BodyFault::Encoding) => ErrorBody::new(Status::UNSUPPORTED_MEDIA_TYPE, COMPRESSED),
        Error::Unreadable(BodyFault::ContentType) => ErrorBody::new(
            Status::UNSUPPORTED_MEDIA_TYPE,
            "The content type must be application/scim+json or application/json",
        ),
        Error::Unreadable(BodyFault::Syntax(reason)) => {
            ErrorBody::keyword(Status::BAD_REQUEST, "invalidSyntax", format!("The body cannot be read: {reason}"))
        }
        Error::Conflict(reason) => conflict(reason),
        Error::PreconditionFailed => {
            ErrorBody::new(Status::PRECONDITION_FAILED, "The resource has changed. Read it again")
        }
        Error::TooLarge(limit) => {
            ErrorBody::new(Status::PAYLOAD_TOO_LARGE, format!("The body is over the limit of {limit} bytes"))
        }
        Error::ListTooLarge => ErrorBody::keyword(
            Status::BAD_REQUEST,
            "tooMany",
            "The filter finds more than the server looks at. Narrow it, or ask for fewer resources",
        ),
        Error::AddressTooLong(limit) => ErrorBody::new(
            Status::URI_TOO_LONG,
            format!("The path and query are over the limit of {limit} bytes. Use POST /.search"),
        ),
        Error::HeadTooLarge => ErrorBody::new(
            Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("The request's headers are over the limit of {MAX_HEAD} bytes, or of {MAX_HEADERS} headers"),
        ),
        Error::NotHttp => ErrorBody::new(Status::BAD_REQUEST, "The request cannot be read as HTTP/1.1"),
        Error::InvalidHost => ErrorBody::new(Status::BAD_REQUEST, INVALID_HOST),
        Error::Throttled(Throttle { limit, retry_after, .. }) => ErrorBody::new(
            Status::TOO_MANY_REQUESTS,
            format!("More than the {limit} requests that are allowed at a time. Try again in {retry_after} s"),
        ),
        Error::TooManyStreams(limit) => ErrorBody::new(Status::TOO_MANY_REQUESTS, limit.to_string()),
        Error::Unavailable(_) => {
            ErrorBody::new(Status::SERVICE_UNAVAILABLE, "The service cannot answer just now. Try again in a moment")
        }
        Error::StatementTimeout => ErrorBody::new(
            Status::SERVICE_UNAVAILABLE,
            "The request takes too long. Narrow it, for example by a filter, before you try again",
        ),
        Error::Internal(_) => ErrorBody::new(
            Status::INTERNAL_SERVER_ERROR,
            "Internal server error. The log has more under this request id",
        ),
    }
}

fn not_found(kind: ResourceKind, id: &str) -> String {
    let name = match kind {
        // A user identity is a user here.
        ResourceKind::UserIdentity => "user".to_owned(),
        kind => kind.to_string(),
    };
    format!("{} {id} not found", capitalized(&name))
}

/// The first issue: the form has one detail.
fn invalid(issues: &[Issue]) -> (StatusCode, ErrorBody) {
    let Some(issue) = issues.first() else {
        return ErrorBody::keyword(StatusCode::BAD_REQUEST, "invalidValue", "The request is not valid");
    };
    let name = match issue.path.last() {
        Some(Step::Key(name)) => name.as_str(),
        _ => "",
    };
    if let (Problem::Length { limit: Limit::AtMost(most), .. }, "Operations") = (&issue.problem, name) {
        let detail = format!("The request has more operations than the maximum (maxOperations) of {most}. Send fewer");
        return ErrorBody::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
    }
    let scim_type = match (&issue.problem, name) {
        (Problem::ReadOnly | Problem::Required, _) => "mutability",
        (Problem::NoTarget, _) => "noTarget",
        (Problem::Format(Format::Cursor), _) => "invalidCursor",
        (_, "filter") => "invalidFilter",
        (_, "path") => "invalidPath",
        (_, "count") => "invalidCount",
        (Problem::Rule(_), "Operations") => "tooMany",
        (_, "Operations") | (Problem::Missing, "value") => "invalidSyntax",
        _ => "invalidValue",
    };
    let detail = match issue.path.is_empty() {
        true => capitalized(&worded(&issue.problem)),
        false => format!("{}: {}", issue.dotted(), worded(&issue.problem)),
    };
    ErrorBody::keyword(StatusCode::BAD_REQUEST, scim_type, detail)
}

fn worded(problem: &Problem) -> String {
    match problem {
        Problem::Missing => "a value is required".to_owned(),
        Problem::Type { expected: Expected::Json(name) | Expected::Format(name), .. } => {
            format!("a {name} is expected")
        }
        Problem::Type { expected: Expected::Choice(names), .. } | Problem::Choice { expected: names, .. } => {
            format!("one of {} is expected", names.join(", "))
        }
        Problem::Fraction => "a whole number is expected".to_owned(),
        Problem::NullCharacter => "the character U+0000 is not allowed".to_owned(),
        Problem::Format(Format::Cursor) => {
            "the cursor is not valid. Start without one, and pass on nextCursor of the same query".to_owned()
        }
        Problem::Format(_) => "it cannot be read".to_owned(),
        Problem::Length { limit, unit } => {
            let unit = match unit {
                Unit::Characters => "characters",
                Unit::Items => "values",
                Unit::Keys => "members",
            };
            match limit {
                Limit::AtLeast(limit) => format!("at least {limit} {unit} are expected"),
                Limit::Above(limit) => format!("more than {limit} {unit} are expected"),
                Limit::AtMost(limit) => format!("at most {limit} {unit} are allowed"),
                Limit::Exactly(limit) => format!("{limit} {unit} are expected"),
            }
        }
        Problem::Range(_) => "the number is out of range".to_owned(),
        Problem::Period => "a period is not allowed".to_owned(),
        Problem::ReadOnly => "the value is read-only".to_owned(),
        Problem::Required => "the value is required and cannot be removed".to_owned(),
        Problem::NoTarget => "the path names no value that is there".to_owned(),
        Problem::Rule(message) => message.clone().into_owned(),
    }
}

/// Conflicts that a directory can cause; the others are of operations that it does not have.
fn conflict(reason: &Reason) -> (StatusCode, ErrorBody) {
    let conflict = |detail: String| ErrorBody::new(StatusCode::CONFLICT, detail);
    match reason {
        Reason::UserIdentityExists(field) => {
            let field = if *field == "email_address" { "primary e-mail address" } else { field };
            let detail = format!("Another user has this {field}. Find it by a filter, and change that one");
            ErrorBody::keyword(StatusCode::CONFLICT, "uniqueness", detail)
        }
        Reason::ManagedNumber => {
            let detail = "The workspace has assigned the work number, so it is read-only. Leave it out, or release the number first";
            ErrorBody::keyword(StatusCode::BAD_REQUEST, "mutability", detail)
        }
        Reason::TooManyGroups(most) => conflict(format!("There are {most} groups already. Delete one first")),
        Reason::UserIdentitySuspended => conflict("The user is not active".to_owned()),
        Reason::NotASandbox
        | Reason::NotMergeable(_)
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
        | Reason::WebhookDisabled
        | Reason::TooManyWorkspaces(_)
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
        | Reason::SlotFilled
        | Reason::CredentialAssigned
        | Reason::CredentialNotAssigned
        | Reason::AlreadyAvailable
        | Reason::NotAvailable => conflict("The request conflicts with the state of the resource".to_owned()),
    }
}
