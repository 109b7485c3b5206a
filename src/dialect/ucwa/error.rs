//! Domain errors in UCWA's format: a code for each status, a subcode where more is known, a message, and the invalid
//! parameters. A subcode without information is omitted, since some clients cannot parse it.

use super::address;
use super::answer;
use super::challenge;
use super::form::{Form, Syntax};
use super::resource::{NAMESPACE, declare};
use super::token;
use crate::error::*;
use crate::http::dialect::{MAX_HEAD, MAX_HEADERS};
use crate::http::failure::{COMPRESSED, INVALID_HOST};
use crate::http::{RequestContext, failure};
use axum::http::StatusCode;
use axum::response::Response;
use quick_xml::Writer;
use quick_xml::events::BytesText;
use serde::Serialize;
use serde_json::json;
use std::io;
use utoipa::ToSchema;

/// Error body (UCWA reference, "Error response").
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UcwaError, description = "An error.")]
pub struct ErrorBody {
    #[serde(skip)]
    status: StatusCode,
    /// The kind of error, one for each status.
    code: &'static str,
    /// The error, if it has a code of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subcode: Option<&'static str>,
    /// A message for people.
    #[schema(required = false)]
    message: String,
    /// The invalid inputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    parameters: Vec<InvalidParameter>,
}

/// An invalid input.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UcwaInvalidParameter)]
struct InvalidParameter {
    /// The name of the input.
    name: String,
    /// What is wrong with it.
    reason: String,
}

impl ErrorBody {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ErrorBody {
        ErrorBody { status, code, subcode: None, message: message.into(), parameters: Vec::new() }
    }

    fn because(self, subcode: &'static str) -> ErrorBody {
        ErrorBody { subcode: Some(subcode), ..self }
    }

    fn bad(message: impl Into<String>) -> ErrorBody {
        ErrorBody::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    fn not_found(message: impl Into<String>) -> ErrorBody {
        ErrorBody::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    fn conflict(message: &str) -> ErrorBody {
        ErrorBody::new(StatusCode::CONFLICT, "Conflict", message)
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code, and the subcode if there is one.
    pub fn name(&self) -> String {
        [Some(self.code), self.subcode].into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// The first invalid input, if any.
    pub fn first_parameter(&self) -> Option<&str> {
        self.parameters.first().map(|parameter| parameter.name.as_str())
    }

    /// Response in the negotiated format.
    pub fn response(&self, form: Form) -> Response {
        let body = match form.syntax {
            Syntax::Json => json!(self).to_string().into_bytes(),
            Syntax::Xml => self.xml(),
        };
        answer::written(form, self.status, body)
    }

    /// Serializes to an XML document.
    pub fn xml(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::with_capacity(512));
        declare(&mut writer).and_then(|()| self.write(&mut writer)).expect("writing to memory does not fail");
        writer.into_inner()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let text = |writer: &mut Writer<Vec<u8>>, name: &str, text: &str| {
            writer.create_element(name).write_text_content(BytesText::new(text)).map(|_| ())
        };
        writer.create_element("reason").with_attribute(("xmlns", NAMESPACE)).write_inner_content(|writer| {
            text(writer, "code", self.code)?;
            if let Some(subcode) = self.subcode {
                text(writer, "subcode", subcode)?;
            }
            text(writer, "message", &self.message)?;
            if !self.parameters.is_empty() {
                writer.create_element("parameters").write_inner_content(|writer| {
                    self.parameters.iter().try_for_each(|InvalidParameter { name, reason }| {
                        let parameter = writer.create_element("parameter");
                        parameter.write_inner_content(|writer| {
                            text(writer, "name", name)?;
                            text(writer, "reason", reason)
                        })?;
                        Ok::<_, io::Error>(())
                    })
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Renders an error: 401 as the challenge, errors of the token endpoint in OAuth's format.
pub fn render(error: &Error, context: &RequestContext) -> Response {
    if let Error::Unauthenticated(_) = error {
        return challenge::response(context);
    }
    let mut response = match context.uri.path() == address::TOKEN {
        true => token::render(error),
        false => body_of(error).response(Form::of(&context.headers)),
    };
    failure::hint(error, response.headers_mut());
    response
}

/// Body of a domain error.
#[expect(clippy::too_many_lines, reason = "one exhaustive match over all errors")]
pub fn body_of(error: &Error) -> ErrorBody {
    match error {
        // Never sent: the challenge is.
        Error::Unauthenticated(_) => ErrorBody::new(StatusCode::UNAUTHORIZED, "Forbidden", "Show a token"),
        Error::Forbidden(Denial::Anonymous) => ErrorBody::new(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "The request is for no user identity. Name one in X-Ucwa-User",
        )
        .because("AnonymousNotAllowed"),
        Error::Forbidden(denial) => {
            ErrorBody::new(StatusCode::FORBIDDEN, "Forbidden", format!("Not allowed: {denial}"))
        }
        Error::NotFound(kind, _) => missing(*kind),
        Error::NoRoute => ErrorBody::not_found("There is no such resource"),
        Error::MethodNotAllowed(methods) => ErrorBody::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            format!("The resource takes {} only", methods.join(", ")),
        ),
        Error::Invalid(issues) => invalid(issues),
        Error::AmbiguousQuery { name, reason } => ErrorBody::bad(format!("The query parameter {name} {reason}")),
        Error::Unreadable(BodyFault::ContentType) => ErrorBody::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "The body is to be application/json or application/xml",
        )
        .because("UnsupportedMediaType"),
        Error::Unreadable(BodyFault::Encoding) => {
            ErrorBody::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", COMPRESSED)
                .because("UnsupportedMediaType")
        }
        Error::Unreadable(BodyFault::Syntax(fault)) => {
            ErrorBody::bad(format!("The body cannot be read: {fault}")).because("DeserializationFailure")
        }
        Error::Conflict(reason) => conflict(reason),
        Error::PreconditionFailed => ErrorBody::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "The resource is not in the state that the request requires. Read it again",
        ),
        Error::TooLarge(limit) => too_large(format!("The body is over the limit of {limit} bytes")),
        Error::ListTooLarge => ErrorBody::bad("The resource is too large for one response"),
        Error::AddressTooLong(limit) => too_large(format!("The address is over the limit of {limit} bytes")),
        Error::HeadTooLarge => {
            too_large(format!("The headers are over the limit of {MAX_HEAD} bytes, or of {MAX_HEADERS} headers"))
        }
        Error::NotHttp => ErrorBody::bad("The request cannot be read as HTTP/1.1"),
        Error::InvalidHost => ErrorBody::bad(INVALID_HOST),
        Error::Throttled(throttle) => ErrorBody::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            format!("More requests than are allowed at a time. Try again in {} s", throttle.retry_after),
        ),
        Error::TooManyStreams(limit) => {
            ErrorBody::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", limit.to_string())
        }
        Error::Unavailable(_) => ErrorBody::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service cannot answer just now. Try again in a moment",
        ),
        // Subcodes of the reference are statuses of their own; this one names it as its status 504 does.
        Error::StatementTimeout => ErrorBody::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The request takes too long. Try again later",
        )
        .because("Timeout"),
        Error::Internal(_) => ErrorBody::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceFailure",
            "The service failed. Its log has more under this request id",
        ),
    }
}

fn missing(kind: ResourceKind) -> ErrorBody {
    match kind {
        ResourceKind::Application => {
            ErrorBody::not_found("There is no such application. Create one anew").because("ApplicationNotFound")
        }
        ResourceKind::Version => {
            ErrorBody::not_found("This version of the resource is not supported. Ask for 2.0 or less")
                .because("APIVersionNotSupported")
        }
        kind => ErrorBody::not_found(format!("There is no such {kind}")),
    }
}

fn too_large(message: String) -> ErrorBody {
    ErrorBody::new(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", message)
}

/// An invalid phone number has its own subcode; other issues are invalid parameters.
fn invalid(issues: &[Issue]) -> ErrorBody {
    if issues.iter().all(|issue| matches!(issue.problem, Problem::Format(_))) {
        return ErrorBody::bad("The number cannot be normalized. Write it with its country, as +1 425 555 0100")
            .because("NormalizationFailed");
    }
    let parameters =
        issues.iter().map(|issue| InvalidParameter { name: issue.dotted(), reason: reason_of(&issue.problem) });
    ErrorBody { parameters: parameters.collect(), ..ErrorBody::bad("The request has parameters that do not do") }
        .because("ParameterValidationFailure")
}

/// Reason why a parameter is invalid.
fn reason_of(problem: &Problem) -> String {
    match problem {
        Problem::Missing => "A value is required".to_owned(),
        Problem::Type { expected: Expected::Json("boolean"), .. } => "true or false is expected".to_owned(),
        Problem::Type { expected: Expected::Json("number"), .. } | Problem::Fraction | Problem::Range(_) => {
            "A whole number is expected".to_owned()
        }
        Problem::Type { .. } => "A text is expected".to_owned(),
        Problem::NullCharacter => "A text without the character U+0000 is expected".to_owned(),
        Problem::Length { limit: Limit::AtMost(most), .. } => format!("At most {most} characters"),
        Problem::Choice { expected, .. } => match expected.split_last() {
            Some((last, others)) => format!("{} or {last} is expected", others.join(", ")),
            None => "Another value is expected".to_owned(),
        },
        Problem::Format(_) => "It is no telephone number".to_owned(),
        Problem::Length { .. } | Problem::Period | Problem::ReadOnly | Problem::Required | Problem::NoTarget => {
            "Another value is expected".to_owned()
        }
        Problem::Rule(message) => message.clone().into_owned(),
    }
}

fn conflict(reason: &Reason) -> ErrorBody {
    match reason {
        Reason::ManagedNumber => ErrorBody::conflict("The number is read-only, because it is managed by the workspace"),
        Reason::SlotFilled => ErrorBody::conflict("There is a number already. changeNumber puts another in its place")
            .because("AlreadyExists"),
        Reason::AlreadyAvailable => ErrorBody::conflict("The user is available already").because("AlreadyExists"),
        Reason::NotAvailable => ErrorBody::conflict("The user is not available yet. makeMeAvailable comes first")
            .because("MakeMeAvailableRequired"),
        // No operation of this dialect causes one of these.
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
        | Reason::CredentialAssigned
        | Reason::CredentialNotAssigned => ErrorBody::conflict("The request conflicts with the current state"),
    }
}
