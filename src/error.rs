//! What can go wrong, in the domain's words. No status code, no header, no wire word: each dialect's edge turns an
//! [`Error`] into bytes with one exhaustive `match`, so a new way to fail is a compile error in every dialect.

use chrono::{DateTime, Utc};
use std::fmt;

/// What happened, for the edge of a dialect to put in its own voice.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is known to be calling.
    #[error("the caller is not known: {0:?}")]
    Unauthenticated(Rejection),
    /// The caller is known and may not do this.
    #[error("not allowed: {0}")]
    Forbidden(Denial),
    /// There is no such thing, or it is another workspace's: callers cannot tell which.
    #[error("{0} not found")]
    NotFound(ResourceKind, String),
    /// The request names no operation of this dialect.
    #[error("no such route")]
    NoRoute,
    /// The route exists, for other methods; they are listed in declared order.
    #[error("method not allowed")]
    MethodNotAllowed(Vec<&'static str>),
    /// The request's values break the operation's rules. Never empty.
    #[error("{} faults in the input", .0.len())]
    Invalid(Vec<Issue>),
    /// The query string cannot be understood without guessing.
    #[error("query parameter {name:?} {reason}")]
    AmbiguousQuery { name: String, reason: String },
    /// The body is not what its content type, or the lack of one, promises.
    #[error("unreadable body: {0}")]
    Unreadable(BodyFault),
    /// The request is well formed, and the state of things forbids it.
    #[error("conflict: {0:?}")]
    Conflict(Reason),
    /// The body has more bytes than the limit, which is given.
    #[error("the body is over {0} bytes")]
    TooLarge(usize),
    /// The request's address has more bytes than the limit, which is given.
    #[error("the address is over {0} bytes")]
    AddressTooLong(usize),
    /// The request's headers have more bytes than can be read.
    #[error("the headers are too large")]
    HeadTooLarge,
    /// What came cannot be read as HTTP/1.1.
    #[error("not HTTP/1.1")]
    NotHttp,
    /// The caller comes more often than is allowed.
    #[error("more than {} requests at a time", .0.limit)]
    Throttled(Throttle),
    /// The service cannot answer now and will again: the database is away, or the request ran out of time.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours. The source is logged once, at the edge, and never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is allowed to a caller who comes too often, and when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// How many requests are allowed at a time.
    pub limit: u32,
    /// How many of them are left now.
    pub remaining: u32,
    /// When all of them are there again.
    pub reset: DateTime<Utc>,
    /// In how many whole seconds one is there again; at least one.
    pub retry_after: u64,
}

/// Why nobody is known to be calling, and by which kind of credential it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    pub scheme: Option<Scheme>,
    pub failure: AuthFailure,
}

impl Rejection {
    /// No credential that this operation could use.
    pub const MISSING: Rejection = Rejection { scheme: None, failure: AuthFailure::Missing };

    /// `scheme` was tried and failed for the reason `why`.
    pub const fn of(scheme: Scheme, failure: AuthFailure) -> Rejection {
        Rejection { scheme: Some(scheme), failure }
    }
}

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    ApiKey,
    /// Stands for an API key for a while.
    Pass,
    AccessToken,
    ConsoleSession,
    ClientSession,
    PublishableKey,
}

/// What was wrong with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    Missing,
    Malformed,
    Unknown,
    Expired,
    Revoked,
    /// Genuine, and not a member of the workspace that it names.
    NotMember,
    /// Genuine, and lacks something that must come along with it.
    Incomplete,
}

/// Why a known caller may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    #[error("a publishable key makes client sessions without accounts or views only")]
    PublishableKeyGrantsNothing,
    #[error("a client session reaches its own person's phones only; use an API key")]
    ClientSession,
    #[error("a client session reaches its own person's extension only; use an API key")]
    OtherExtension,
    #[error("nobody in particular is calling; name a person")]
    Anonymous,
    #[error("the person may not use voice")]
    NoEnterpriseVoice,
    #[error("there is nobody to send messages to")]
    NoMessaging,
}

/// The nouns that can be missing.
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
    /// The register of a phone number.
    Number,
    /// A workspace under its number.
    Account,
    /// A person under their number.
    Extension,
    Contact,
    ContactGroup,
    /// A client of a person, at work.
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

/// Why the state of things forbids a well-formed request.
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
    /// The cursor was made by a request with other parameters.
    CursorOfAnotherQuery,
    /// The custom metadata would have more pairs than the limit.
    TooMuchMetadata,
    /// The webhook was disabled because it failed for too long.
    WebhookDisabled,
    /// These options exclude each other.
    ExclusiveOptions(&'static str),
    /// The list has no entry with the id that the cursor names.
    UnknownCursor,
    /// Somebody in this deployment has the number, or had it until lately.
    NumberInUse,
    /// Only a reserved or assigned number can be assigned; this one has come so far.
    NumberNotAssignable(&'static str),
    /// Agents work with assigned numbers only; this one has come so far.
    NumberNotAssigned(&'static str),
    /// Only an assigned number can be given up; this one has come so far.
    NumberNotReleasable(&'static str),
    /// There is no release to take back.
    ReleaseNotScheduled,
    /// The person has another number already.
    UserHasNumber,
    /// The workspace gave the number to the person, who cannot change it.
    ManagedNumber,
    /// There is a number already where one was to be put.
    SlotFilled,
    /// The person was made available by this application before.
    AlreadyAvailable,
}

/// What is wrong with a body before its values are looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("the content type is not application/json")]
    ContentType,
    #[error("{0}")]
    Syntax(String),
}

/// One fault in a request's values: where, what kind, and the dialect's own words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub place: Place,
    /// From the outermost key inwards; empty for the whole input.
    pub path: Vec<Step>,
    pub problem: Problem,
    pub message: String,
}

impl Issue {
    /// A fault of the input as a whole.
    pub fn root(message: impl Into<String>) -> Issue {
        Issue { place: Place::Body, path: Vec::new(), problem: Problem::Rule, message: message.into() }
    }

    /// A fault of one top-level field.
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

/// One step from a container to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// The kind of fault, for dialects that name kinds.
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

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;
