//! Access to routes: a grant type defines the accepted credentials and what the handler receives. The order of checks
//! is that of Seam's framework: a credential that the route does not accept counts as none, the first accepted one
//! decides.

use crate::api::route::{Authenticate, Grant, Head};
use crate::domain::id::{ClientSessionId, UserIdentityId, WorkspaceId};
use crate::domain::scope::Scope;
use crate::domain::token::scheme_of;
use crate::domain::workspace::PublishableKeySessions;
use crate::error::{AuthFailure, Error, Rejection, Result, Scheme};
use crate::http::App;
use crate::store::{
    Account, Authenticated, Caller, Credentials, Origin, Prefetch, Prefetched, Principal, Reauthenticate, Workspace,
    WorkspaceSelector,
};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use std::marker::PhantomData;
use std::sync::Arc;
use uuid::Uuid;

/// The headers of a credential, and of the workspace that it is used for.
const CREDENTIAL_HEADERS: [&str; 5] =
    ["authorization", "client-session-token", "seam-client-session-token", "seam-publishable-key", "seam-workspace"];

/// A kind of credential that a route may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ApiKey,
    /// An access token that names a workspace.
    Member,
    /// A console session that names a workspace.
    Console,
    /// An access token or a console session of an account.
    Account,
    ClientSession,
    PublishableKey,
}

/// A handler's view of its caller, whose type defines the accepted credentials.
pub trait SeamGrant: Sized + Send + 'static {
    /// The accepted credentials; without any, the route needs no authentication.
    const ACCESS: &'static [Access];

    /// Converts a caller; None only if [`SeamGrant::ACCESS`] admits a kind that does not fit.
    fn of(caller: Option<Authenticated>) -> Option<Self>;
}

/// The caller of a route that accepts the credentials of `G`.
pub struct SeamCaller<G>(Option<Authenticated>, PhantomData<fn() -> G>);

impl<G: SeamGrant> Authenticate for SeamCaller<G> {
    const IS_JUDGED: bool = !G::ACCESS.is_empty();

    async fn authenticate(app: &App, head: &Head, prefetch: Prefetch) -> Result<(Self, Prefetched)> {
        let (caller, prefetched) = authenticate(app, head, G::ACCESS, prefetch).await?;
        if let Some((credential, workspace)) = caller.as_ref().map(Authenticated::principal) {
            head.note(credential, workspace);
        }
        Ok((SeamCaller(caller, PhantomData), prefetched))
    }
}

impl<G: SeamGrant> Grant for G {
    type Caller = SeamCaller<G>;

    async fn authorize(
        SeamCaller(caller, _): SeamCaller<G>,
        _: &Head,
        prefetched: Prefetched,
    ) -> Result<(G, Prefetched)> {
        Ok((granted(caller)?, prefetched))
    }
}

/// The grant of a caller.
pub fn granted<G: SeamGrant>(caller: Option<Authenticated>) -> Result<G> {
    G::of(caller).ok_or(Error::Unauthenticated(Rejection::MISSING))
}

/// A route without authentication.
pub struct Public;

impl SeamGrant for Public {
    const ACCESS: &'static [Access] = &[];

    fn of(_: Option<Authenticated>) -> Option<Public> {
        Some(Public)
    }
}

/// A workspace, by a key or a member's token.
pub struct ByKey {
    pub workspace: Workspace,
}

impl SeamGrant for ByKey {
    const ACCESS: &'static [Access] = &[Access::ApiKey, Access::Member, Access::Console];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        in_workspace(caller).map(|caller| ByKey { workspace: caller.workspace })
    }
}

/// A workspace, by a console session.
pub struct ByConsole {
    pub workspace: Workspace,
}

impl SeamGrant for ByConsole {
    const ACCESS: &'static [Access] = &[Access::Console];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        in_workspace(caller).map(|caller| ByConsole { workspace: caller.workspace })
    }
}

/// A workspace within a scope, by a key or by a client session.
pub struct ByKeyOrSession {
    pub workspace: Workspace,
    pub scope: Scope,
    /// The client session, if any.
    pub session: Option<ClientSessionId>,
    pub principal: Principal,
}

impl SeamGrant for ByKeyOrSession {
    const ACCESS: &'static [Access] = &[Access::ApiKey, Access::Member, Access::Console, Access::ClientSession];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        let Caller { workspace, credential } = in_workspace(caller)?;
        let session = match credential {
            Principal::ClientSession(id, _) => Some(id),
            _ => None,
        };
        Some(ByKeyOrSession { workspace, scope: credential.scope(), session, principal: credential })
    }
}

/// A user's part of a workspace, by a client session only.
pub struct BySession {
    pub workspace: Workspace,
    pub session: ClientSessionId,
    /// None: the session has no user.
    pub person: Option<UserIdentityId>,
}

impl SeamGrant for BySession {
    const ACCESS: &'static [Access] = &[Access::ClientSession];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        let Caller { workspace, credential } = in_workspace(caller)?;
        match credential {
            Principal::ClientSession(session, person) => Some(BySession { workspace, session, person }),
            _ => None,
        }
    }
}

/// A workspace, by a key or by its publishable key.
pub struct ByKeyOrPublishable {
    pub workspace: Workspace,
    /// What the publishable key may do, if that is the credential.
    pub publishable: Option<PublishableKeySessions>,
}

impl SeamGrant for ByKeyOrPublishable {
    const ACCESS: &'static [Access] = &[Access::ApiKey, Access::Member, Access::Console, Access::PublishableKey];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        let Caller { workspace, credential } = in_workspace(caller)?;
        let publishable = match credential {
            Principal::PublishableKey(setting) => Some(setting),
            _ => None,
        };
        Some(ByKeyOrPublishable { workspace, publishable })
    }
}

/// An account that may create workspaces, by an access token or a console session.
pub struct ByAccount(pub Account);

impl SeamGrant for ByAccount {
    const ACCESS: &'static [Access] = &[Access::Account];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        match caller? {
            Authenticated::Account(account) => Some(ByAccount(account)),
            Authenticated::Caller(_) => None,
        }
    }
}

/// One workspace by its key or a client session, or all of an account's.
pub struct ByAccountOrKey(pub Authenticated);

impl SeamGrant for ByAccountOrKey {
    const ACCESS: &'static [Access] = &[Access::ApiKey, Access::Account, Access::ClientSession];

    fn of(caller: Option<Authenticated>) -> Option<Self> {
        caller.map(ByAccountOrKey)
    }
}

fn in_workspace(caller: Option<Authenticated>) -> Option<Caller> {
    match caller? {
        Authenticated::Caller(caller) => Some(caller),
        Authenticated::Account(_) => None,
    }
}

/// Authenticates a caller by the accepted credentials.
async fn authenticate(
    app: &App,
    head: &Head,
    access: &[Access],
    prefetch: Prefetch,
) -> Result<(Option<Authenticated>, Prefetched)> {
    if access.is_empty() {
        return Ok((None, Prefetched::Nothing));
    }
    let presented = presented(head.headers(), access)?.ok_or(Error::Unauthenticated(Rejection::MISSING))?;
    let (caller, prefetched) = head.store(app).authenticate_with(presented, prefetch, head.origin(), head.now).await?;
    Ok((Some(caller), prefetched))
}

/// Authenticates the credential of an open stream again, which may have expired or been revoked.
pub fn reauthenticate<G: SeamGrant>(
    app: Arc<App>,
    headers: &HeaderMap,
    scope: impl Fn(G) -> Scope + Copy + Send + Sync + 'static,
) -> Reauthenticate {
    let names = CREDENTIAL_HEADERS.iter().filter_map(|name| Some((HeaderName::from_static(name), headers.get(*name)?)));
    let headers: Arc<HeaderMap> = Arc::new(names.map(|(name, value)| (name, value.clone())).collect());
    Arc::new(move || {
        let (app, headers) = (Arc::clone(&app), Arc::clone(&headers));
        Box::pin(async move {
            let presented = presented(&headers, G::ACCESS)?.ok_or(Error::Unauthenticated(Rejection::MISSING))?;
            // A read is not audited, so the origin is not needed.
            let caller = app.store.authenticate(presented, Origin::default(), app.clock.now()).await?;
            Ok(scope(granted(Some(caller))?))
        })
    })
}

/// The credential that the route accepts.
fn presented<'a>(headers: &'a HeaderMap, access: &[Access]) -> Result<Option<Credentials<'a>>> {
    let accepts = |kind| access.contains(&kind);
    // The header wins over the bearer token; JavaScript clients send the same in both.
    let session = text(headers, "client-session-token").or_else(|| text(headers, "seam-client-session-token"));
    if let Some(token) = session.filter(|_| accepts(Access::ClientSession)) {
        return match scheme_of(token) {
            Scheme::ClientSession => Ok(Some(Credentials::ClientSession(token))),
            _ => Err(Error::Unauthenticated(Rejection::of(Scheme::ClientSession, AuthFailure::Malformed))),
        };
    }
    let Some(bearer) = bearer(headers) else {
        let is_bare = !headers.contains_key(AUTHORIZATION);
        let key = text(headers, "seam-publishable-key").filter(|_| accepts(Access::PublishableKey) && is_bare);
        return Ok(key.map(Credentials::PublishableKey));
    };
    Ok(match scheme_of(bearer) {
        Scheme::ClientSession if accepts(Access::ClientSession) => Some(Credentials::ClientSession(bearer)),
        Scheme::AccessToken if accepts(Access::Account) => Some(Credentials::AccessToken(bearer, None)),
        Scheme::ConsoleSession if accepts(Access::Account) => Some(Credentials::ConsoleSession(bearer, None)),
        Scheme::AccessToken if accepts(Access::Member) => {
            workspace(headers).map(|workspace| Credentials::AccessToken(bearer, Some(workspace)))
        }
        Scheme::ConsoleSession if accepts(Access::Console) => {
            workspace(headers).map(|workspace| Credentials::ConsoleSession(bearer, Some(workspace)))
        }
        // A publishable key as a bearer token counts as an unknown API key.
        Scheme::ApiKey | Scheme::PublishableKey if accepts(Access::ApiKey) => Some(Credentials::ApiKey(bearer)),
        _ => None,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = text(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The workspace that a token is used for. A malformed id becomes the nil id, which has no members.
fn workspace(headers: &HeaderMap) -> Option<WorkspaceSelector> {
    let id = Uuid::parse_str(text(headers, "seam-workspace")?).unwrap_or(Uuid::nil());
    Some(WorkspaceSelector::Workspace(WorkspaceId(id)))
}

/// A header's text, if not empty. Invalid UTF-8 becomes U+FFFD, which matches nothing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let said = std::str::from_utf8(headers.get(name)?.as_bytes()).unwrap_or("\u{fffd}");
    Some(said.trim()).filter(|said| !said.is_empty())
}
