//! Access to routes: a grant type defines the accepted credentials and what the handler receives. The order of checks
//! is that of Seam's framework: a credential that the route does not accept counts as none, the first accepted one
//! decides.

use crate::api::route::{Authenticate, Head};
use crate::error::{AuthFailure, Error, Rejection, Result, Scheme};
use crate::http::App;
use crate::model::id::{ClientSessionId, UserIdentityId, WorkspaceId};
use crate::model::scope::Scope;
use crate::model::token::scheme_of;
use crate::store::{
    Account, Authenticated, Caller, Credentials, Origin, Prefetch, Prefetched, Principal, Workspace, WorkspaceSelector,
};
use axum::http::header::*;
use axum::http::{HeaderMap, Method};
use chrono::{DateTime, Utc};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use uuid::Uuid;

/// The request id header, readable by browser pages.
const REQUEST_ID: HeaderName = HeaderName::from_static("seam-request-id");

/// Credentials that a route accepts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    pub api_key: bool,
    /// Access tokens that name a workspace.
    pub member: bool,
    /// Console sessions that name a workspace.
    pub console: bool,
    /// Access tokens and console sessions of an account.
    pub account: bool,
    pub client_session: bool,
    pub publishable_key: bool,
}

impl Access {
    /// No authentication.
    pub const NONE: Access = Access {
        api_key: false,
        member: false,
        console: false,
        account: false,
        client_session: false,
        publishable_key: false,
    };
    const KEYS: Access = Access { api_key: true, member: true, console: true, ..Access::NONE };

    /// Whether the route needs no authentication.
    pub fn is_open(self) -> bool {
        self == Access::NONE
    }
}

/// A handler's view of its caller, whose type defines the accepted credentials.
pub trait SeamGrant: Sized + Send + 'static {
    const ACCESS: Access;

    /// Converts a caller; None only if [`SeamGrant::ACCESS`] admits a kind that does not fit.
    fn of(caller: Option<Authenticated>) -> Option<Self>;

    /// The request's workspace, for the log.
    fn tenant(&self) -> Option<WorkspaceId>;
}

impl<G: SeamGrant> Authenticate for G {
    async fn authenticate(app: &App, head: &Head, prefetch: Prefetch) -> Result<(G, Prefetched)> {
        admit(app, head.headers(), prefetch, head.origin(), head.now).await
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        SeamGrant::tenant(self)
    }
}

/// A route without authentication.
pub struct Public;

impl SeamGrant for Public {
    const ACCESS: Access = Access::NONE;

    fn of(_: Option<Authenticated>) -> Option<Self> {
        Some(Public)
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        None
    }
}

/// A workspace, by a key or a member's token.
pub struct ByKey(pub Workspace);

impl SeamGrant for ByKey {
    const ACCESS: Access = Access::KEYS;

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        in_workspace(caller).map(|caller| ByKey(caller.workspace))
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        Some(self.0.id())
    }
}

/// A workspace, by a console session.
pub struct ByConsole(pub Workspace);

impl SeamGrant for ByConsole {
    const ACCESS: Access = Access { console: true, ..Access::NONE };

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        in_workspace(caller).map(|caller| ByConsole(caller.workspace))
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        Some(self.0.id())
    }
}

/// A workspace within a scope, by a key or by a client session.
pub struct ByKeyOrSession {
    pub workspace: Workspace,
    pub scope: Scope,
    /// The client session, if any.
    pub session: Option<ClientSessionId>,
}

impl SeamGrant for ByKeyOrSession {
    const ACCESS: Access = Access { client_session: true, ..Access::KEYS };

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        let Caller { workspace, credential } = in_workspace(caller)?;
        let (scope, session) = match credential {
            Principal::ClientSession(id, Some(person)) => (Scope::Person(person), Some(id)),
            Principal::ClientSession(id, None) => (Scope::Nothing, Some(id)),
            _ => (Scope::Workspace, None),
        };
        Some(ByKeyOrSession { workspace, scope, session })
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        Some(self.workspace.id())
    }
}

/// A user's part of a workspace, by a client session only.
pub struct BySession {
    pub workspace: Workspace,
    /// None: the session has no user.
    pub person: Option<UserIdentityId>,
}

impl SeamGrant for BySession {
    const ACCESS: Access = Access { client_session: true, ..Access::NONE };

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        let Caller { workspace, credential } = in_workspace(caller)?;
        match credential {
            Principal::ClientSession(_, person) => Some(BySession { workspace, person }),
            _ => None,
        }
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        Some(self.workspace.id())
    }
}

/// A workspace, by a key or by its publishable key.
pub struct ByKeyOrPublishable {
    pub workspace: Workspace,
    pub is_publishable: bool,
}

impl SeamGrant for ByKeyOrPublishable {
    const ACCESS: Access = Access { publishable_key: true, ..Access::KEYS };

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        let Caller { workspace, credential } = in_workspace(caller)?;
        Some(ByKeyOrPublishable { workspace, is_publishable: credential == Principal::PublishableKey })
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        Some(self.workspace.id())
    }
}

/// An account that may create workspaces, by an access token or a console session.
pub struct ByAccount(pub Account);

impl SeamGrant for ByAccount {
    const ACCESS: Access = Access { account: true, ..Access::NONE };

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        match caller? {
            Authenticated::Account(account) => Some(ByAccount(account)),
            Authenticated::Caller(_) => None,
        }
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        None
    }
}

/// One workspace by its key or a client session, or all of an account's.
pub enum ByAccountOrKey {
    Account(Account),
    Workspace(Workspace),
}

impl SeamGrant for ByAccountOrKey {
    const ACCESS: Access = Access { api_key: true, account: true, client_session: true, ..Access::NONE };

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        Some(match caller? {
            Authenticated::Account(account) => ByAccountOrKey::Account(account),
            Authenticated::Caller(caller) => ByAccountOrKey::Workspace(caller.workspace),
        })
    }

    fn tenant(&self) -> Option<WorkspaceId> {
        match self {
            ByAccountOrKey::Account(_) => None,
            ByAccountOrKey::Workspace(workspace) => Some(workspace.id()),
        }
    }
}

fn in_workspace(caller: Option<Authenticated>) -> Option<Caller> {
    match caller? {
        Authenticated::Caller(caller) => Some(caller),
        Authenticated::Account(_) => None,
    }
}

/// Authenticates a caller.
pub async fn admit<G: SeamGrant>(
    app: &App,
    headers: &HeaderMap,
    prefetch: Prefetch,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<(G, Prefetched)> {
    let (caller, prefetched) = match presented(headers, G::ACCESS)? {
        _ if G::ACCESS.is_open() => (None, Prefetched::Nothing),
        Some(presented) => {
            let (caller, prefetched) = app.store.authenticate_with(presented, prefetch, origin, now).await?;
            (Some(caller), prefetched)
        }
        None => return Err(Error::Unauthenticated(Rejection::MISSING)),
    };
    Ok((G::of(caller).ok_or(Error::Unauthenticated(Rejection::MISSING))?, prefetched))
}

/// The credential that the route accepts.
fn presented(headers: &HeaderMap, access: Access) -> Result<Option<Credentials<'_>>> {
    let bearer = bearer(headers);
    if access.client_session {
        // The header wins over the bearer token; JavaScript clients send the same in both.
        if let Some(token) =
            text(headers, "client-session-token").or_else(|| text(headers, "seam-client-session-token"))
        {
            return if scheme_of(token) == Scheme::ClientSession {
                Ok(Some(Credentials::ClientSession(token)))
            } else {
                Err(Error::Unauthenticated(Rejection::of(Scheme::ClientSession, AuthFailure::Malformed)))
            };
        }
    }
    let Some(bearer) = bearer else {
        let is_bare = !headers.contains_key(AUTHORIZATION);
        let key = text(headers, "seam-publishable-key").filter(|_| access.publishable_key && is_bare);
        return Ok(key.map(Credentials::PublishableKey));
    };
    Ok(match scheme_of(bearer) {
        Scheme::ClientSession if access.client_session => Some(Credentials::ClientSession(bearer)),
        Scheme::AccessToken if access.account => Some(Credentials::AccessToken(bearer, None)),
        Scheme::ConsoleSession if access.account => Some(Credentials::ConsoleSession(bearer, None)),
        Scheme::AccessToken if access.member => workspace(headers)
            .map(|workspace| Credentials::AccessToken(bearer, Some(WorkspaceSelector::Workspace(workspace)))),
        Scheme::ConsoleSession if access.console => workspace(headers)
            .map(|workspace| Credentials::ConsoleSession(bearer, Some(WorkspaceSelector::Workspace(workspace)))),
        // A publishable key as a bearer token counts as an unknown API key.
        Scheme::ApiKey | Scheme::PublishableKey if access.api_key => Some(Credentials::ApiKey(bearer)),
        _ => None,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The workspace that a token is used for. A malformed id becomes the nil id, which has no members.
fn workspace(headers: &HeaderMap) -> Option<WorkspaceId> {
    text(headers, "seam-workspace").map(|id| WorkspaceId(Uuid::parse_str(id).unwrap_or(Uuid::nil())))
}

/// A header's text, if not empty. Invalid UTF-8 becomes U+FFFD, which matches nothing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let said = std::str::from_utf8(headers.get(name)?.as_bytes()).unwrap_or("\u{fffd}");
    Some(said.trim()).filter(|said| !said.is_empty())
}

/// CORS for browsers: any origin, with credentials. The token decides what they may do.
pub fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([REQUEST_ID])
}

/// Lets a browser page read the response. Errors are rendered at the edge, outside of [`cors`], and need it too.
pub fn open_to_page(asked: &HeaderMap, answer: &mut HeaderMap) {
    answer.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = asked.get(ORIGIN) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, REQUEST_ID.into());
    }
}
