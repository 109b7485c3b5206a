//! Errors of the domain, without status codes, headers or wire texts: each dialect's edge renders an [`Error`] with one
//! exhaustive `match`, so a new variant is a compile error in every dialect.

use chrono::{DateTime, Utc};
use std::fmt;

/// A failed request, to be rendered by a dialect's edge.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Authentication failed.
    #[error("the caller is not known: {0:?}")]
    Unauthenticated(Rejection),
    /// The caller is not allowed to do this.
    #[error("not allowed: {0}")]
    Forbidden(Denial),
    /// The resource is unknown, or another workspace's: callers cannot tell which.
    #[error("{0} not found")]
    NotFound(ResourceKind, String),
    /// The request matches no route.
    #[error("no such route")]
    NoRoute,
    /// The route exists for other methods, listed in declared order.
    #[error("method not allowed")]
    MethodNotAllowed(Vec<&'static str>),
    /// The request's input is invalid. Never empty.
    #[error("{} faults in the input", .0.len())]
    Invalid(Vec<Issue>),
    /// The query string is ambiguous.
    #[error("query parameter {name:?} {reason}")]
    AmbiguousQuery { name: String, reason: String },
    /// The body does not match its content type, or the lack of one.
    #[error("unreadable body: {0}")]
    Unreadable(BodyFault),
    /// A well-formed request conflicts with the state.
    #[error("conflict: {0:?}")]
    Conflict(Reason),
    /// The body exceeds the limit, in bytes.
    #[error("the body is over {0} bytes")]
    TooLarge(usize),
    /// The path and query exceed the limit, in bytes.
    #[error("the address is over {0} bytes")]
    AddressTooLong(usize),
    /// The headers exceed the server's limit.
    #[error("the headers are too large")]
    HeadTooLarge,
    /// The request is not HTTP/1.1.
    #[error("not HTTP/1.1")]
    NotHttp,
    /// A rate limit is exceeded.
    #[error("more than {} requests at a time", .0.limit)]
    Throttled(Throttle),
    /// A temporary failure: the database is unreachable, or the request timed out.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A server error. The source is logged once, at the edge, and never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An exceeded rate limit, and when to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Requests allowed at a time.
    pub limit: u32,
    /// Requests left now.
    pub remaining: u32,
    /// When all of them are left again.
    pub reset: DateTime<Utc>,
    /// Whole seconds until one is left again; at least one.
    pub retry_after: u64,
}

/// Reason of a failed authentication, and the kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    pub scheme: Option<Scheme>,
    pub failure: AuthFailure,
}

impl Rejection {
    /// No credential that the operation accepts.
    pub const MISSING: Rejection = Rejection { scheme: None, failure: AuthFailure::Missing };

    /// `scheme` was refused because of `failure`.
    pub const fn of(scheme: Scheme, failure: AuthFailure) -> Rejection {
        Rejection { scheme: Some(scheme), failure }
    }
}

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    ApiKey,
    /// Temporary token for an API key.
    Pass,
    AccessToken,
    ConsoleSession,
    ClientSession,
    PublishableKey,
}

/// Reason to refuse a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    Missing,
    Malformed,
    Unknown,
    Expired,
    Revoked,
    /// Valid, but not a member of the workspace that it names.
    NotMember,
    /// Valid, but a value that must accompany it is missing.
    Incomplete,
}

/// Reason to refuse an authenticated caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    #[error("a publishable key makes client sessions without accounts or views only")]
    PublishableKeyGrantsNothing,
    #[error("a client session reaches its own person's phones only; use an API key")]
    ClientSession,
    #[error("a client session reaches its own person's extension only; use an API key")]
    OtherExtension,
    #[error("the credential names no user identity; name one")]
    Anonymous,
    #[error("the person may not use voice")]
    NoEnterpriseVoice,
    #[error("messages have no recipients here")]
    NoMessaging,
}

/// Kinds of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    Phone,
    UserIdentity,
    ClientSession,
    Credential,
    Event,
    Webhook,
    Delivery,
    Workspace,
    ActionAttempt,
    ApiKey,
    AccessToken,
    /// A managed phone number.
    Number,
    /// A workspace by its number.
    Account,
    /// A user by its number.
    Extension,
    Contact,
    ContactGroup,
    /// A UCWA application.
    Application,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResourceKind::Phone => "phone",
            ResourceKind::UserIdentity => "user identity",
            ResourceKind::ClientSession => "client session",
            ResourceKind::Credential => "credential",
            ResourceKind::Event => "event",
            ResourceKind::Webhook => "webhook",
            ResourceKind::Delivery => "delivery",
            ResourceKind::Workspace => "workspace",
            ResourceKind::ActionAttempt => "action attempt",
            ResourceKind::ApiKey => "API key",
            ResourceKind::AccessToken => "access token",
            ResourceKind::Number => "phone number",
            ResourceKind::Account => "account",
            ResourceKind::Extension => "extension",
            ResourceKind::Contact => "contact",
            ResourceKind::ContactGroup => "contact group",
            ResourceKind::Application => "application",
        })
    }
}

/// Conflict of a well-formed request with the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The operation is for sandbox workspaces only.
    NotASandbox,
    /// Another user identity of the workspace has this key, e-mail address or phone number; the field is named.
    UserIdentityExists(&'static str),
    /// A client session with this user identifier key exists.
    ClientSessionExists,
    /// These event types do not exist.
    UnknownEventTypes(Vec<String>),
    /// The cursor belongs to a request with other parameters.
    CursorOfAnotherQuery,
    /// The custom metadata would have more pairs than the limit.
    TooMuchMetadata,
    /// The webhook was disabled because it failed for too long.
    WebhookDisabled,
    /// These options exclude each other.
    ExclusiveOptions(&'static str),
    /// The list has no entry with the id that the cursor names.
    UnknownCursor,
    /// The number is in use in this deployment, or in quarantine.
    NumberInUse,
    /// Only a reserved or assigned number can be assigned; the status is given.
    NumberNotAssignable(&'static str),
    /// Only assigned numbers can have agents; the status is given.
    NumberNotAssigned(&'static str),
    /// Only an assigned number can be released; the status is given.
    NumberNotReleasable(&'static str),
    /// No release is scheduled.
    ReleaseNotScheduled,
    /// The user has another number already.
    UserHasNumber,
    /// The workspace set the number; the user cannot change it.
    ManagedNumber,
    /// The slot has a number already.
    SlotFilled,
    /// The application made the user available before.
    AlreadyAvailable,
}

/// Error of a body, before its values are checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("the content type is not application/json")]
    ContentType,
    #[error("{0}")]
    Syntax(String),
}

/// One invalid value of a request: where, what kind, and the dialect's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub place: Place,
    /// From the outermost key inwards; empty for the whole input.
    pub path: Vec<Step>,
    pub problem: Problem,
    pub message: String,
}

impl Issue {
    /// An issue of the whole input.
    pub fn root(message: impl Into<String>) -> Issue {
        Issue { place: Place::Body, path: Vec::new(), problem: Problem::Rule, message: message.into() }
    }

    /// An issue of one top-level field.
    pub fn field(name: &str, problem: Problem, message: impl Into<String>) -> Issue {
        Issue { place: Place::Body, path: vec![Step::Key(name.to_owned())], problem, message: message.into() }
    }
}

/// The part of a request that an issue is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
    Body,
}

/// One step from a container into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// Kind of issue, for dialects that name kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    Missing,
    Type,
    Format,
    Length,
    Range,
    Choice,
    /// A rule over several values.
    Rule,
}

/// A result of the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;
