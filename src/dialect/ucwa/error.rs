//! Every domain error in UCWA's words: a code for each status, a subcode where there is more to know, a message, and what
//! was wrong with which parameter. A subcode that says nothing is left out, since some clients cannot read it.

use super::address;
use super::answer;
use super::challenge;
use super::form::{Form, Syntax};
use super::resource::{NAMESPACE, declare};
use super::token;
use crate::error::*;
use crate::http::{Asked, limits};
use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use quick_xml::Writer;
use quick_xml::events::BytesText;
use serde_json::{Map, Value, json};
use std::io;

/// Why there is no other answer (UCWA reference, "Error response").
#[derive(Debug)]
pub struct Said {
    status: StatusCode,
    code: &'static str,
    subcode: Option<&'static str>,
    message: String,
    /// Name and reason of each.
    parameters: Vec<(String, String)>,
}

impl Said {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Said {
        Said { status, code, subcode: None, message: message.into(), parameters: Vec::new() }
    }

    fn because(self, subcode: &'static str) -> Said {
        Said { subcode: Some(subcode), ..self }
    }

    fn bad(message: impl Into<String>) -> Said {
        Said::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    fn not_found(message: impl Into<String>) -> Said {
        Said::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    fn conflict(message: &str) -> Said {
        Said::new(StatusCode::CONFLICT, "Conflict", message)
    }

    /// A resource of a later version was asked for than there is (UCWA reference, "Versioning").
    pub fn version_not_supported() -> Said {
        Said::not_found("This version of the resource is not supported. Ask for 2.0 or less")
            .because("APIVersionNotSupported")
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code, and the subcode if there is one.
    pub fn name(&self) -> String {
        [Some(self.code), self.subcode].into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// The response, in the form that was asked for.
    pub fn response(&self, form: Form) -> Response {
        let body = match form.syntax {
            Syntax::Json => self.json().to_string().into_bytes(),
            Syntax::Xml => self.xml(),
        };
        answer::written(form, self.status, body)
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("code".to_owned(), self.code.into());
        self.subcode.map(|subcode| object.insert("subcode".to_owned(), subcode.into()));
        object.insert("message".to_owned(), self.message.as_str().into());
        if !self.parameters.is_empty() {
            let parameters = self.parameters.iter().map(|(name, reason)| json!({ "name": name, "reason": reason }));
            object.insert("parameters".to_owned(), parameters.collect());
        }
        object.into()
    }

    /// As an XML document.
    pub fn xml(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::with_capacity(512));
        declare(&mut writer).and_then(|()| self.write(&mut writer)).expect("memory takes what is written");
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
                    self.parameters.iter().try_for_each(|(name, reason)| {
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

/// The response of an error. Whoever is not known is told where to get a token; where tokens are given, other words are
/// spoken.
pub fn render(error: &Error, asked: &Asked) -> Response {
    if let Error::Unauthenticated(_) = error {
        return challenge::response(asked);
    }
    let mut response = match asked.uri.path() == address::TOKEN {
        true => token::refusal(error),
        false => said(error).response(Form::asked_by(&asked.headers)),
    };
    let status = response.status();
    let headers = response.headers_mut();
    if let Error::MethodNotAllowed(methods) = error {
        headers.insert(ALLOW, HeaderValue::from_str(&methods.join(", ")).expect("method names are header text"));
    }
    if let Error::Throttled(throttle) = error {
        limits::hint(throttle, headers);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// An error as it is told.
pub fn said(error: &Error) -> Said {
    match error {
        // Never written: the challenge is.
        Error::Unauthenticated(_) => Said::new(StatusCode::UNAUTHORIZED, "Forbidden", "Show a token"),
        Error::Forbidden(Denial::Anonymous) => Said::new(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "The request is for no user identity. Name one in X-Ucwa-User",
        )
        .because("AnonymousNotAllowed"),
        Error::Forbidden(
            denial @ (Denial::NoEnterpriseVoice
            | Denial::NoMessaging
            | Denial::ClientSession
            | Denial::OtherExtension
            | Denial::PublishableKeyGrantsNothing),
        ) => Said::new(StatusCode::FORBIDDEN, "Forbidden", format!("Not allowed: {denial}")),
        Error::NotFound(Noun::Application, _) => {
            Said::not_found("There is no such application. Create one anew").because("ApplicationNotFound")
        }
        Error::NotFound(noun, _) => Said::not_found(format!("There is no such {noun}")),
        Error::NoRoute => Said::not_found("There is no such resource"),
        Error::MethodNotAllowed(methods) => Said::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            format!("The resource takes {} only", methods.join(", ")),
        ),
        Error::Invalid(issues) => invalid(issues),
        Error::AmbiguousQuery { name, reason } => Said::bad(format!("The query parameter {name} {reason}")),
        Error::Unreadable(BodyFault::ContentType) => Said::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "The body is to be application/json or application/xml",
        )
        .because("UnsupportedMediaType"),
        Error::Unreadable(BodyFault::Syntax(fault)) => {
            Said::bad(format!("The body cannot be read: {fault}")).because("DeserializationFailure")
        }
        Error::Conflict(reason) => conflict(reason),
        Error::TooLarge(limit) => too_large(format!("The body is over the limit of {limit} bytes")),
        Error::AddressTooLong(limit) => too_large(format!("The address is over the limit of {limit} bytes")),
        Error::HeadTooLarge => too_large("The headers are too large".to_owned()),
        Error::NotHttp => Said::bad("The request cannot be read as HTTP/1.1"),
        Error::Throttled(throttle) => Said::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            format!("More requests than are allowed at a time. Try again in {} s", throttle.retry_after),
        ),
        Error::Unavailable(_) => Said::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service cannot answer just now. Try again in a moment",
        ),
        Error::Internal(_) => Said::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceFailure",
            "The service failed. Its log has more under this request id",
        ),
    }
}

fn too_large(message: String) -> Said {
    Said::new(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", message)
}

/// A number that is none has words of its own; anything else is a parameter that does not do.
fn invalid(issues: &[Issue]) -> Said {
    if issues.iter().all(|issue| issue.problem == Problem::Format) {
        return Said::bad("The number cannot be normalized. Write it with its country, as +1 425 555 0100")
            .because("NormalizationFailed");
    }
    let parameters = issues.iter().map(|issue| {
        let steps = issue.path.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        });
        (steps.collect::<Vec<_>>().join("."), issue.message.clone())
    });
    Said { parameters: parameters.collect(), ..Said::bad("The request has parameters that do not do") }
        .because("ParameterValidationFailure")
}

fn conflict(reason: &Reason) -> Said {
    match reason {
        Reason::ManagedNumber => Said::conflict("The number is read-only, because it is managed by the workspace"),
        Reason::SlotFilled => {
            Said::conflict("There is a number already. changeNumber puts another in its place").because("AlreadyExists")
        }
        Reason::AlreadyAvailable => Said::conflict("The user is available already").because("AlreadyExists"),
        Reason::UserIdentityExists(field) => {
            Said::conflict(&format!("Another user has this {field}")).because("AlreadyExists")
        }
        Reason::ClientSessionExists => Said::conflict("There is such a session already").because("AlreadyExists"),
        Reason::NumberInUse | Reason::UserHasNumber => Said::conflict("The number is in use"),
        Reason::NumberNotAssignable(status)
        | Reason::NumberNotAssigned(status)
        | Reason::NumberNotReleasable(status) => Said::conflict(&format!("The number is {status}")),
        Reason::ReleaseNotScheduled => Said::conflict("No release of the number is ordered"),
        Reason::NotASandbox => Said::conflict("This works in sandbox workspaces only"),
        Reason::WebhookDisabled => Said::conflict("The webhook is disabled"),
        Reason::UnknownEventTypes(_)
        | Reason::CursorOfAnotherQuery
        | Reason::TooMuchMetadata
        | Reason::ExclusiveOptions(_)
        | Reason::UnknownCursor => Said::conflict("The request does not go together with what there is"),
    }
}
