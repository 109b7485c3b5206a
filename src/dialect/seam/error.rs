//! Renders domain errors for Seam: the envelope, types and messages of Seam's framework, and zod's tree of issues.
//! Clients map 401 to one class and drop its message, so errors that they must distinguish are never a 401.

mod caller;

use super::answer::json_response;
use super::message::message;
use crate::api::input::TOO_MANY;
use crate::error::*;
use crate::http::dialect::{MAX_HEAD, MAX_HEADERS};
use crate::http::failure::{COMPRESSED, INVALID_HOST};
use crate::http::{RequestContext, failure};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

/// An error before serialization.
struct ErrorBody {
    status: StatusCode,
    kind: &'static str,
    message: String,
    data: Option<Value>,
    tree: Option<Value>,
}

impl ErrorBody {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> ErrorBody {
        ErrorBody { status, kind, message: message.into(), data: None, tree: None }
    }

    fn bad(kind: &'static str, message: impl Into<String>) -> ErrorBody {
        ErrorBody::new(StatusCode::BAD_REQUEST, kind, message)
    }

    fn with_data(self, data: Value) -> ErrorBody {
        ErrorBody { data: Some(data), ..self }
    }

    fn invalid(issues: &[Issue]) -> ErrorBody {
        ErrorBody { tree: Some(tree(issues)), ..ErrorBody::bad("invalid_input", summary(issues)) }
    }
}

/// An error of the input as a whole.
pub fn invalid(message: &'static str) -> Error {
    Error::Invalid(vec![Issue::root(message)])
}

/// Renders an error.
pub fn render(error: &Error, context: &RequestContext) -> Response {
    let (status, body) = body_of(error, &context.method, context.uri.path(), &context.id.0.to_string());
    let mut response = json_response(body.to_string().into_bytes());
    *response.status_mut() = status;
    failure::hint(error, response.headers_mut());
    response
}

/// Status and body of an error of a request with this method, path and id.
pub fn body_of(error: &Error, method: &Method, path: &str, request_id: &str) -> (StatusCode, Value) {
    let ErrorBody { status, kind, message, data, tree } = inner(error, method, path);
    let mut inside = json!({ "type": kind, "message": message, "request_id": request_id });
    if let Some(data) = data {
        inside["data"] = data;
    }
    if let Some(tree) = tree {
        inside["validation_errors"] = tree;
    }
    (status, json!({ "error": inside, "ok": false }))
}

#[expect(clippy::too_many_lines, reason = "one exhaustive match over all errors")]
fn inner(error: &Error, method: &Method, path: &str) -> ErrorBody {
    match error {
        Error::Unauthenticated(rejection) => caller::rejected(*rejection),
        Error::Forbidden(denial) => caller::denied(*denial),
        Error::NotFound(noun, id) => missing(*noun, id),
        Error::NoRoute => ErrorBody::new(StatusCode::NOT_FOUND, "not_found", format!("There is no {} here", path)),
        Error::MethodNotAllowed(methods) => ErrorBody::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("only {} accepted", methods.join(",")),
        ),
        Error::Invalid(issues) => ErrorBody::invalid(issues),
        Error::AmbiguousQuery { name, reason } => {
            ErrorBody::bad("invalid_query_params", format!("Could not parse parameter: '{name}' {reason}"))
        }
        Error::Unreadable(BodyFault::ContentType) => ErrorBody::bad(
            "invalid_content_type",
            format!("{} requests must have Content-Type header with \"application/json\"", method),
        ),
        Error::Unreadable(BodyFault::Encoding) => {
            ErrorBody::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", COMPRESSED)
        }
        Error::Unreadable(BodyFault::Syntax(fault)) => ErrorBody::bad("invalid_json", format!("Invalid JSON: {fault}")),
        Error::Conflict(reason) => conflict(reason),
        Error::PreconditionFailed => ErrorBody::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "The resource has changed. Read it again".to_owned(),
        ),
        Error::TooLarge(limit) => ErrorBody::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("The request body is over the limit of {limit} bytes"),
        ),
        Error::ListTooLarge => list_too_large(),
        Error::AddressTooLong(limit) => ErrorBody::new(
            StatusCode::URI_TOO_LONG,
            "uri_too_long",
            format!("The path and query are over the limit of {limit} bytes; send the parameters as a JSON body"),
        ),
        Error::HeadTooLarge => ErrorBody::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            format!("The request's headers are over the limit of {MAX_HEAD} bytes, or of {MAX_HEADERS} headers"),
        ),
        Error::NotHttp => ErrorBody::bad("bad_request", "The request cannot be read as HTTP/1.1"),
        Error::InvalidHost => ErrorBody::bad("bad_request", INVALID_HOST),
        Error::Throttled(throttle) => throttled(throttle),
        Error::TooManyStreams(limit) => ErrorBody::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_event_streams",
            format!("{limit}, which is the limit. Close one, or use one stream for several purposes, then try again"),
        ),
        Error::Unavailable(_) => ErrorBody::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "service_unavailable",
            "The service cannot answer just now. Try again in a moment",
        ),
        Error::StatementTimeout => ErrorBody::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "statement_timeout",
            "The request takes too long. Narrow it, for example by a filter or a smaller limit, before you try again",
        ),
        Error::Internal(_) => ErrorBody::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_server_error",
            "Internal server error. The log has more under this request id",
        ),
    }
}

fn list_too_large() -> ErrorBody {
    let message = "The list is too large for one response. Use limit and a cursor, or a filter";
    ErrorBody::bad("list_too_large", message)
}

fn throttled(Throttle { limit, retry_after, .. }: &Throttle) -> ErrorBody {
    ErrorBody::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limit_exceeded",
        format!("More than the {limit} requests that are allowed at a time. Try again in {retry_after} s"),
    )
}

fn missing(noun: ResourceKind, id: &str) -> ErrorBody {
    // The error type, the resource's name, and the parameter with its id.
    let (kind, name, field) = match noun {
        ResourceKind::Phone => ("device_not_found", "Device", "device_id"),
        ResourceKind::UserIdentity => ("user_identity_not_found", "User identity", "user_identity_id"),
        ResourceKind::ClientSession => ("client_session_not_found", "Client session", "client_session_id"),
        ResourceKind::Credential => ("acs_credential_not_found", "ACS credential", "acs_credential_id"),
        ResourceKind::Event => ("event_not_found", "Event", "event_id"),
        ResourceKind::Webhook => ("webhook_not_found", "Webhook", "webhook_id"),
        ResourceKind::Delivery => ("webhook_delivery_not_found", "Webhook delivery", "delivery_id"),
        ResourceKind::Workspace => ("workspace_not_found", "Workspace", "workspace_id"),
        ResourceKind::ActionAttempt => ("action_attempt_not_found", "Action attempt", "action_attempt_id"),
        ResourceKind::ApiKey => ("api_key_not_found", "API key", "api_key_id"),
        ResourceKind::AccessToken => ("access_token_not_found", "Access token", "access_token_id"),
        ResourceKind::ConsoleSession => ("console_session_not_found", "Console session", "console_session_id"),
        ResourceKind::Number => ("phone_number_not_found", "Phone number", "register_id"),
        ResourceKind::Account => ("account_not_found", "Account", "account_id"),
        ResourceKind::Extension => ("extension_not_found", "Extension", "extension_id"),
        ResourceKind::Contact => ("contact_not_found", "Contact", "contact_id"),
        ResourceKind::ContactGroup => ("contact_group_not_found", "Contact group", "contact_group_id"),
        ResourceKind::Application => ("application_not_found", "Application", "application_id"),
        ResourceKind::Version => ("version_not_found", "Version", "version"),
        ResourceKind::ScimToken => ("scim_token_not_found", "SCIM token", "scim_token_id"),
        ResourceKind::ScimGroup => ("group_not_found", "Group", "group_id"),
        ResourceKind::Schema => ("schema_not_found", "Schema", "schema"),
        ResourceKind::ResourceType => ("resource_type_not_found", "Resource type", "resource_type"),
        ResourceKind::InstantKey => ("instant_key_not_found", "Instant key", "instant_key_id"),
        ResourceKind::AcsSystem => ("acs_system_not_found", "ACS system", "acs_system_id"),
        ResourceKind::EnrollmentAutomation => {
            ("enrollment_automation_not_found", "Enrollment automation", "enrollment_automation_id")
        }
        ResourceKind::AcsUser => ("acs_user_not_found", "ACS user", "acs_user_id"),
        ResourceKind::CustomizationProfile => {
            ("customization_profile_not_found", "Customization profile", "customization_profile_id")
        }
    };
    let body = ErrorBody::new(StatusCode::NOT_FOUND, kind, format!("{name} not found"));
    match (noun, id) {
        // Named by a secret, which is not repeated.
        (ResourceKind::InstantKey, "") => body,
        _ => body.with_data(json!({ field: id })),
    }
}

fn not_mergeable(refusal: &MergeRefusal) -> ErrorBody {
    let kind = match refusal {
        MergeRefusal::IntoItself => "user_identity_merged_into_itself",
        MergeRefusal::Elsewhere(_) => "user_identity_already_merged",
        MergeRefusal::InDirectory => "user_identity_in_directory",
        MergeRefusal::TooMany(_) => "too_many_merged_user_identities",
        MergeRefusal::TooLarge(_) | MergeRefusal::TooManyCredentials(_) | MergeRefusal::TooManyIssued { .. } => {
            "merge_too_large"
        }
    };
    let body = ErrorBody::bad(kind, refusal.to_string());
    match refusal {
        MergeRefusal::Elsewhere(primary) => body.with_data(json!({ "user_identity_id": primary })),
        _ => body,
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each reason")]
fn conflict(reason: &Reason) -> ErrorBody {
    match reason {
        Reason::NotASandbox => ErrorBody::bad("workspace_not_sandbox", "This works in sandbox workspaces only"),
        Reason::UserIdentityExists(field) => ErrorBody::bad(
            "user_identity_already_exists",
            format!("A user identity with this {field} exists in the workspace already"),
        )
        .with_data(json!({ "field": field })),
        Reason::UserIdentitySuspended => ErrorBody::bad(
            "user_identity_suspended",
            "The company's directory has deactivated the person of this user identity. Activate it there first",
        ),
        Reason::NotMergeable(refusal) => not_mergeable(refusal),
        Reason::TooManyGroups(limit) => {
            ErrorBody::bad("too_many_groups", format!("The workspace has {limit} groups, which is the limit"))
        }
        Reason::ClientSessionExists => ErrorBody::bad(
            "client_session_token_already_exists",
            "A client session with this user_identifier_key exists already. Use PUT, or get_or_create, to have it",
        ),
        Reason::TooManyAnonymousSessions(limit) => ErrorBody::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_client_sessions",
            format!(
                "The workspace has {limit} client sessions that its publishable key has created and no API key has given \
                 access, which is the maximum. They expire within a day. Create client sessions with an API key"
            ),
        ),
        Reason::TooManyInstantKeys(limit) => ErrorBody::bad(
            "too_many_instant_keys",
            format!(
                "The user identity has {limit} instant keys that can still be used, which is the limit. Delete those that \
                 are not needed"
            ),
        ),
        Reason::InstantKeyUsed => {
            ErrorBody::bad("instant_key_used", "The instant key was used as often as it may be. Generate another one")
        }
        Reason::InstantKeyExpired => {
            ErrorBody::bad("instant_key_expired", "The instant key has expired. Generate another one")
        }
        Reason::TooManyGrants => ErrorBody::bad(
            "too_many_grants",
            "A client session has at most 1000 connected accounts and 1000 connect webviews. Use another client session",
        ),
        Reason::UnknownEventTypes(unknown) => {
            ErrorBody::bad("invalid_event_types", format!("There are no event types called {}", unknown.join(", ")))
        }
        Reason::CursorOfAnotherQuery => ErrorBody::bad(
            "mismatched_page_parameters",
            "The page_cursor belongs to a list with other parameters. Repeat those, or start without a cursor",
        ),
        Reason::TooMuchMetadata => ErrorBody::invalid(&[Issue::field("custom_metadata", TOO_MANY)]),
        Reason::PhoneDeactivated => ErrorBody::bad(
            "phone_deactivated",
            "The phone of this installation was deactivated. Use /phones/readmit, with an API key, to let it in again",
        ),
        Reason::TooManyPhones(most) => ErrorBody::bad(
            "too_many_phones",
            format!(
                "A user identity, and an installation, can have at most {most} active phones. Deactivate others first"
            ),
        ),
        Reason::TooManyAccessibleDevices(most) => ErrorBody::bad(
            "too_many_accessible_devices",
            format!("A user identity can have access to at most {most} devices. Revoke the access to others first"),
        ),
        Reason::TooManyWorkspaces(most) => ErrorBody::bad(
            "too_many_workspaces",
            format!(
                "The access token or console session has {most} workspaces or more, so it creates no other. Let the \
                 operator create it: handset workspace create <name>"
            ),
        ),
        Reason::WebhookDisabled => ErrorBody::bad(
            "webhook_disabled",
            "The webhook was disabled because it failed for five days, or answered 410. /webhooks/update enables it again",
        ),
        Reason::TooManyWebhooks(limit) => ErrorBody::bad(
            "too_many_webhooks",
            format!("The workspace has {limit} webhooks, which is the limit. Delete one first"),
        ),
        Reason::TooManyKeys(limit) => ErrorBody::bad(
            "too_many_keys",
            format!("The workspace has {limit} keys, which is the limit. Revoke one first"),
        ),
        Reason::ExclusiveOptions(message) => ErrorBody::bad("invalid_options", *message),
        Reason::UnknownCursor => ErrorBody::bad("invalid_page_cursor", "The cursor names no entry. Start without one"),
        Reason::NumberInUse => ErrorBody::bad("phone_number_in_use", "The phone number is in use. Choose another"),
        Reason::NumberNotAssignable(status)
        | Reason::NumberNotAssigned(status)
        | Reason::NumberNotReleasable(status) => ErrorBody::bad(
            "phone_number_in_other_state",
            format!("The phone number is {status}, which does not allow this"),
        ),
        Reason::ReleaseNotScheduled => {
            ErrorBody::bad("release_not_scheduled", "No release of the phone number is ordered")
        }
        Reason::UserHasNumber => ErrorBody::bad(
            "user_identity_has_phone_number",
            "The user identity has a phone number. Take that one away before giving another",
        ),
        Reason::ManagedNumber => {
            ErrorBody::bad("phone_number_managed", "The workspace gave this phone number; its holder cannot change it")
        }
        Reason::SlotFilled => ErrorBody::bad("phone_number_exists", "There is a phone number already. Remove it first"),
        Reason::CredentialAssigned => ErrorBody::bad(
            "acs_credential_already_assigned",
            "The credential belongs to another user identity or ACS user. Unassign it from that one first",
        ),
        Reason::CredentialNotAssigned => ErrorBody::bad(
            "acs_credential_not_assigned",
            "The credential belongs to another user identity or ACS user. Name that one",
        ),
        Reason::AlreadyAvailable => ErrorBody::bad("already_available", "The user identity is available already"),
        Reason::NotAvailable => ErrorBody::bad("not_available", "The user identity is not available yet"),
    }
}

/// All issues in a line, in Seam's wording.
fn summary(issues: &[Issue]) -> String {
    let mut lines: Vec<String> = Vec::with_capacity(issues.len());
    for (index, issue) in issues.iter().enumerate() {
        // Several expected types at one path are branches of a union, which is one issue.
        let is_type = |issue: &Issue| matches!(issue.problem, Problem::Type { .. } | Problem::Fraction);
        let is_union = |other: &Issue| other.path == issue.path && is_type(other);
        let is_branch = is_type(issue);
        if is_branch && index > 0 && is_union(&issues[index - 1]) {
            continue;
        }
        let path = issue.dotted();
        lines.push(match &issue.problem {
            _ if is_branch && issues.get(index + 1).is_some_and(is_union) => format!("Invalid input for \"{path}\""),
            problem if path.is_empty() => message(problem),
            Problem::Missing => format!("{path} is required"),
            problem => format!("{} for \"{path}\"", message(problem)),
        });
    }
    match lines.as_slice() {
        [line] => line.clone(),
        lines => format!("{} Input Errors: {}", lines.len(), lines.join(", ")),
    }
}

/// The tree of zod 3's `format()`: each node is an object with `_errors`, children by name, list entries by index. A
/// caller's key `_errors` cannot have its own node (zod breaks on it); its issues are reported one step further out.
fn tree(issues: &[Issue]) -> Value {
    let mut root = json!({ "_errors": [] });
    for issue in issues {
        let steps = issue.path.iter().map(Step::to_string).take_while(|step| step != "_errors");
        let node = steps.fold(&mut root, |node, step| {
            let child = &mut node[step];
            if child.is_null() {
                *child = json!({ "_errors": [] });
            }
            child
        });
        if let Some(errors) = node["_errors"].as_array_mut() {
            errors.push(message(&issue.problem).into());
        }
    }
    root
}
