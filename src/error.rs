//! Errors of the domain, without status codes, headers or wire texts: each dialect's edge renders an [`Error`] with one
//! exhaustive `match`, so a new variant is a compile error in every dialect.

mod issue;

pub use issue::{Expected, Format, Issue, Limit, Problem, RequestPart, Step, Unit};

use chrono::{DateTime, Utc};

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
    /// The resource is not, or no longer, in the state that the request requires.
    #[error("precondition failed")]
    PreconditionFailed,
    /// The body exceeds the limit, in bytes.
    #[error("the body is over {0} bytes")]
    TooLarge(usize),
    /// What the request lists is too large for one response.
    #[error("the list is too large")]
    ListTooLarge,
    /// The path and query exceed the limit, in bytes.
    #[error("the address is over {0} bytes")]
    AddressTooLong(usize),
    /// The headers exceed the server's limit.
    #[error("the headers are too large")]
    HeadTooLarge,
    /// The request is not HTTP/1.1.
    #[error("not HTTP/1.1")]
    NotHttp,
    /// The request names no host, several, or an invalid one.
    #[error("no valid host")]
    InvalidHost,
    /// A rate limit is exceeded.
    #[error("more than {} requests at a time", .0.limit)]
    Throttled(Throttle),
    /// As many event streams as allowed are open.
    #[error("{0}")]
    TooManyStreams(StreamLimit),
    /// A temporary failure: the database is unreachable, or the request timed out.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Postgres ended a statement that took too long. The request may be too expensive, or had to wait for locks.
    #[error("statement timeout")]
    StatementTimeout,
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

/// The limit of open event streams that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamLimit {
    #[error("{0} event streams of this credential are open")]
    OfCredential(usize),
    #[error("{0} event streams of client sessions of this workspace are open")]
    OfSessions(usize),
    #[error("{0} event streams of this workspace are open")]
    OfWorkspace(usize),
    /// With the number that are open on the server.
    #[error("{0} event streams of this server are open, and of the others this workspace has its share")]
    OfServer(usize),
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
    /// A ticket that opens event streams.
    StreamTicket,
    /// A token of a company's directory.
    ScimToken,
    /// The short code of an instant key.
    ShortCode,
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
    #[error("the workspace accepts no publishable key")]
    PublishableKeyOff,
    #[error("a key has created the client session or given it access, so a publishable key does not open it")]
    ClientSessionHasAccess,
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
    #[error("a client session that was got with a password registers no phone; create one for the app with an API key")]
    SignedInByPassword,
    #[error("the operator's command line ends an API key, an access token or a console session; see `handset --help`")]
    OperatorsCredential,
    #[error("your role does not allow this; an administrator can change it with `handset operator set-role`")]
    OperatorRole,
    #[error("the form was sent from another page or an earlier session; open the page again and send it from there")]
    ForgedForm,
}

/// Kinds of resource, displayed as messages name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum ResourceKind {
    Phone,
    #[strum(to_string = "user identity")]
    UserIdentity,
    #[strum(to_string = "client session")]
    ClientSession,
    Credential,
    Event,
    Webhook,
    Delivery,
    Workspace,
    #[strum(to_string = "action attempt")]
    ActionAttempt,
    #[strum(to_string = "API key")]
    ApiKey,
    #[strum(to_string = "access token")]
    AccessToken,
    #[strum(to_string = "console session")]
    ConsoleSession,
    /// A managed phone number.
    #[strum(to_string = "phone number")]
    Number,
    /// A workspace by its number.
    Account,
    /// A user by its number.
    Extension,
    Contact,
    #[strum(to_string = "contact group")]
    ContactGroup,
    /// A UCWA application.
    Application,
    /// A later version of a resource.
    Version,
    #[strum(to_string = "SCIM token")]
    ScimToken,
    /// A group of a company's directory.
    #[strum(to_string = "group")]
    ScimGroup,
    /// A schema of SCIM.
    Schema,
    #[strum(to_string = "resource type")]
    ResourceType,
    #[strum(to_string = "instant key")]
    InstantKey,
    /// An access system; none is connected.
    #[strum(to_string = "access system")]
    AcsSystem,
    /// An enrollment automation, which an access system would have.
    #[strum(to_string = "enrollment automation")]
    EnrollmentAutomation,
    /// A user of an access system.
    #[strum(to_string = "access system user")]
    AcsUser,
    /// The look of hosted pages, which there are not.
    #[strum(to_string = "customization profile")]
    CustomizationProfile,
}

/// Conflict of a well-formed request with the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The operation is for sandbox workspaces only.
    NotASandbox,
    /// Another user identity of the workspace has this key, e-mail address or phone number; the field is named.
    UserIdentityExists(&'static str),
    /// The company's directory has deactivated the person: it is not let in.
    UserIdentitySuspended,
    /// These user identities cannot be merged.
    NotMergeable(MergeRefusal),
    /// The workspace has as many groups as it may; the number is given.
    TooManyGroups(i64),
    /// A client session with this user identifier key exists.
    ClientSessionExists,
    /// The workspace has this many client sessions without access, the maximum.
    TooManyAnonymousSessions(u32),
    /// The user identity has as many usable instant keys as it may; the number is given.
    TooManyInstantKeys(i64),
    /// The instant key was used as often as it may be.
    InstantKeyUsed,
    InstantKeyExpired,
    /// The client session would have more connected accounts or connect webviews than the limit.
    TooManyGrants,
    /// These event types do not exist.
    UnknownEventTypes(Vec<String>),
    /// The cursor belongs to a request with other parameters.
    CursorOfAnotherQuery,
    /// The custom metadata would have more pairs than the limit.
    TooMuchMetadata,
    /// A phone of this installation was deactivated, and not readmitted.
    PhoneDeactivated,
    /// The user identity or the installation has as many active phones as are allowed.
    TooManyPhones(i64),
    /// The user identity has access to as many devices as it may; the number is given.
    TooManyAccessibleDevices(i64),
    /// The webhook was disabled because it failed for too long, or because the receiver is gone.
    WebhookDisabled,
    /// The access token or console session has as many workspaces as it may to create another; the number is given.
    TooManyWorkspaces(i64),
    /// The workspace has as many webhooks as it may; the number is given.
    TooManyWebhooks(i64),
    /// The workspace has as many API keys or access tokens as it may to create another; the number is given.
    TooManyKeys(i64),
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
    /// The credential belongs to another user identity or ACS user.
    CredentialAssigned,
    /// The credential does not belong to the user identity or ACS user that is named.
    CredentialNotAssigned,
    /// The application made the user available before.
    AlreadyAvailable,
    /// The application has not made the user available.
    NotAvailable,
}

/// Reason to refuse a merge of user identities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeRefusal {
    #[error("A user identity cannot be merged into itself")]
    IntoItself,
    /// Into another one than the primary; its id is given.
    #[error("A user identity of the request was merged into {0} already. Merge that one instead")]
    Elsewhere(String),
    /// The primary is not in the directory, so what the directory decides on the person would be lost.
    #[error(
        "A user identity that is to be merged is in the company's directory, and the primary one is not. Name the one in the \
         directory as the primary"
    )]
    InDirectory,
    /// The maximum is given.
    #[error("At most {0} user identities can be merged into one, over all merges")]
    TooMany(i64),
    /// More rows of a kind would be moved than the maximum, which is given.
    #[error(
        "A merge moves at most {0} contacts, with deleted ones, as many contact groups and as many client sessions. Name the user \
         identity with the most as the primary, or delete some first"
    )]
    TooLarge(i64),
    /// More phones and credentials would be moved than the maximum, which is given.
    #[error(
        "A merge moves at most {0} phones, with deactivated ones, and credentials. Name the user identity with the most as the \
         primary, or delete credentials first"
    )]
    TooManyCredentials(i64),
    /// More credentials would be issued than the maximum, or more deliveries of their events be made; both maxima are given.
    #[error(
        "A merge issues at most {credentials} credentials to phones, and makes at most {deliveries} deliveries of their events to \
         webhooks. Each multi-phone sync credential is issued to each phone of the others: deactivate phones or delete \
         credentials that are not needed, or have fewer webhooks take acs_credential.issued, then merge again"
    )]
    TooManyIssued { credentials: i64, deliveries: i64 },
}

/// Error of a body, before its values are checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("the content type is not application/json")]
    ContentType,
    #[error("the body has a content encoding")]
    Encoding,
    #[error("{0}")]
    Syntax(String),
}

/// A result of the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;
