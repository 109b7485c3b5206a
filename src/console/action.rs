//! A page or an action as a value, and the one place that serves them: it judges the session, the role and the origin of each
//! request before a handler runs.

use super::context::{Fields, PageContext, PageRequest};
use super::cookie;
use super::csrf::{self, CsrfToken};
use super::layout::Redirect;
use super::sign_in;
use crate::domain::id::{UserIdentityId, WorkspaceId};
use crate::domain::operator::Role;
use crate::error::{AuthFailure, BodyFault, Denial, Error, Rejection, ResourceKind, Result};
use crate::http::base_url::BaseUrl;
use crate::http::{App, CallerCell, RequestCaller, body};
use crate::store::{OperatorSession, Principal};
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// The parameter of the path that makes a page one of a workspace.
const WORKSPACE: &str = "workspace_id";

/// The parameter of the path that makes a page one of a person.
const PERSON: &str = "user_identity_id";

/// The field of a form with its CSRF token.
pub const CSRF_FIELD: &str = "csrf";

/// Maximum size of a form, in bytes.
const MAX_FORM: usize = 64 * 1024;

/// Who may use a page or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone: signing in, and what its page needs.
    Public,
    /// Each operator.
    SignedIn,
    /// Operators with this role in all workspaces.
    Everywhere(Role),
    /// Operators with this role in the workspace that the path names.
    Workspace(Role),
}

/// A page (GET) or an action (POST of a form).
#[derive(Debug)]
pub struct Action {
    pub method: Method,
    /// From the root on, with parameters in braces.
    pub path: &'static str,
    pub access: Access,
    /// Whether it takes the connections that are reserved for deactivation.
    is_urgent: bool,
    serve: Serve,
}

/// The handler, with the kind of request that it takes.
enum Serve {
    Public(Box<dyn Fn(PageRequest) -> BoxFuture<'static, Response> + Send + Sync>),
    SignedIn(Box<dyn Fn(PageContext) -> BoxFuture<'static, Response> + Send + Sync>),
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Serve(…)")
    }
}

impl Action {
    /// A page, for viewers unless [`Action::role`] says otherwise.
    pub fn get<R, F>(path: &'static str, handler: fn(PageContext) -> F) -> Action
    where
        R: IntoResponse,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        Action::new(Method::GET, path, Role::Viewer, handler)
    }

    /// A form, for operators with this role.
    pub fn post<R, F>(path: &'static str, role: Role, handler: fn(PageContext) -> F) -> Action
    where
        R: IntoResponse,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        Action::new(Method::POST, path, role, handler)
    }

    fn new<R, F>(method: Method, path: &'static str, role: Role, handler: fn(PageContext) -> F) -> Action
    where
        R: IntoResponse,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let is_form = method == Method::POST;
        let serve = move |context: PageContext| -> BoxFuture<'static, Response> {
            let of_person = path.split_once(PERSON).map(|(_, rest)| (&rest[1..], context.clone()));
            let answered = handler(context);
            Box::pin(async move {
                match (answered.await.map(IntoResponse::into_response), of_person) {
                    (Err(Error::NotFound(ResourceKind::UserIdentity, id)), Some((rest, context))) => {
                        to_primary(&context, rest, is_form, id).await.into_response()
                    }
                    (answered, _) => answered.into_response(),
                }
            })
        };
        let serve = Serve::SignedIn(Box::new(serve));
        Action { method, path, access: Access::Workspace(role), is_urgent: false, serve }.role(role)
    }

    /// A page or a form for anyone. Its requests have no CSRF token; the origin of a form is judged all the same.
    pub fn public<R, F>(method: Method, path: &'static str, handler: fn(PageRequest) -> F) -> Action
    where
        R: IntoResponse,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let serve = move |request| -> BoxFuture<'static, Response> {
            let answered = handler(request);
            Box::pin(async move { answered.await.into_response() })
        };
        Action { method, path, access: Access::Public, is_urgent: false, serve: Serve::Public(Box::new(serve)) }
    }

    /// For operators with this role: in the workspace of the path, or else in all of them.
    pub fn role(self, role: Role) -> Action {
        let names_workspace = self.path.split('/').any(|segment| segment == "{workspace_id}");
        let access = if names_workspace { Access::Workspace(role) } else { Access::Everywhere(role) };
        Action { access, ..self }
    }

    /// For each operator.
    pub fn signed_in(self) -> Action {
        Action { access: Access::SignedIn, ..self }
    }

    /// With the connections that are reserved for deactivation.
    pub fn urgent(self) -> Action {
        Action { is_urgent: true, ..self }
    }
}

/// Leads from a page of a person that was merged into another one to the same page of that one, the primary; from a form, which
/// was judged by what it showed, to the page of the primary.
async fn to_primary(context: &PageContext, rest: &str, is_form: bool, unknown: String) -> Result<Redirect> {
    let person: UserIdentityId = context.id(PERSON)?;
    let primary = context.workspace().primary_of(person).await?;
    if primary == person {
        return Err(Error::NotFound(ResourceKind::UserIdentity, unknown));
    }
    let page = format!("/users/{primary}");
    if is_form {
        let notice = "The person was merged into this one. Nothing was changed.";
        return Ok(context.redirect(&page).notice(notice));
    }
    let request = PageRequest { path: context.address(&page) + rest, ..context.request.clone() };
    Ok(Redirect::to(request.link(&[]), context.is_secure()).notice("The person was merged into this one."))
}

/// The routes of all actions. Those of one path are served together, so that other methods are refused.
pub fn router(actions: Vec<Action>) -> Router<Arc<App>> {
    let mut paths: BTreeMap<&'static str, Vec<Action>> = BTreeMap::new();
    for action in actions {
        paths.entry(action.path).or_default().push(action);
    }
    paths.into_iter().fold(Router::new(), |router, (path, actions)| {
        let actions: Arc<[Action]> = actions.into();
        let serve = move |State(app), params: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            let actions = Arc::clone(&actions);
            async move {
                // What is not UTF-8 names nothing.
                let Ok(params) = params else { return Error::NoRoute.into_response() };
                serve(app, &actions, &params, request).await.unwrap_or_else(IntoResponse::into_response)
            }
        };
        router.route(path, any(serve))
    })
}

/// An operator whose session is valid.
pub struct Visitor {
    pub session: OperatorSession,
    pub csrf: CsrfToken,
}

/// Serves a request of a path: origin, session, role and CSRF token are judged in this order, then the handler runs.
async fn serve(app: Arc<App>, actions: &[Action], params: &RawPathParams, request: Request) -> Result<Response> {
    let wanted = if *request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let Some(action) = actions.iter().find(|action| action.method == *wanted) else {
        return Err(Error::MethodNotAllowed(allowed(actions)));
    };
    let is_form = action.method == Method::POST;
    let (mut page, body) = read_head(app, params, request)?;
    if is_form && !csrf::is_same_origin(&page.headers, &page.base_url) {
        return Err(Error::Forbidden(Denial::ForgedForm));
    }
    match &action.serve {
        Serve::Public(handler) => {
            if is_form {
                check_is_form(&page)?;
                page.form = Fields::parse(&body::read_unauthenticated(body).await?);
            }
            Ok(handler(page).await)
        }
        Serve::SignedIn(handler) => {
            let Some(visitor) = visitor(action, &page).await? else {
                return Ok(sign_in::required(&page, is_form));
            };
            judge_role(action.access, &visitor.session, &page)?;
            if is_form {
                check_is_form(&page)?;
                page.form = Fields::parse(&body::read_up_to(MAX_FORM, body).await?);
                if !page.form.get(CSRF_FIELD).is_some_and(|token| visitor.csrf.accepts(token)) {
                    return Err(Error::Forbidden(Denial::ForgedForm));
                }
            }
            let notice = cookie::read(&page.headers, cookie::NOTICE, page.is_secure());
            Ok(handler(PageContext::new(page, visitor, notice)).await)
        }
    }
}

fn allowed(actions: &[Action]) -> Vec<&'static str> {
    let has = |method| actions.iter().any(|action| action.method == method);
    let methods = [("GET", has(Method::GET)), ("HEAD", has(Method::GET)), ("POST", has(Method::POST))];
    methods.into_iter().filter(|(_, is_allowed)| *is_allowed).map(|(name, _)| name).collect()
}

fn read_head(app: Arc<App>, params: &RawPathParams, request: Request) -> Result<(PageRequest, Body)> {
    let (parts, body) = request.into_parts();
    body::check_encoding(&parts.headers, &body)?;
    let now = app.clock.now();
    let page = PageRequest {
        now,
        origin: parts.extensions.get().copied().unwrap_or_default(),
        path: parts.uri.path().to_owned(),
        params: params.iter().map(|(name, value)| (name.to_owned(), value.replace('\0', "\u{fffd}"))).collect(),
        query: Fields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        form: Fields::default(),
        base_url: BaseUrl::of(&app, &parts.extensions),
        caller: parts.extensions.get::<CallerCell>().cloned().unwrap_or_default(),
        headers: parts.headers,
        app,
    };
    Ok((page, body))
}

/// The operator of a request; `None` without a valid session. Unknown tokens count as failed authentications.
async fn visitor(action: &Action, page: &PageRequest) -> Result<Option<Visitor>> {
    let Some(token) = cookie::read(&page.headers, cookie::SESSION, page.is_secure()) else { return Ok(None) };
    let named = match action.access {
        Access::Workspace(_) => Uuid::parse_str(page.param(WORKSPACE)).ok().map(WorkspaceId),
        Access::Public | Access::SignedIn | Access::Everywhere(_) => None,
    };
    let store = if action.is_urgent { page.app.store.urgent() } else { page.app.store.clone() };
    let judged = async {
        let session = store.operator_session(&token, named, page.origin, page.now).await?;
        session.ok_or(Error::Unauthenticated(Rejection { scheme: None, failure: AuthFailure::Unknown }))
    };
    match page.app.authenticate(page.origin, judged).await {
        Ok(session) => {
            let workspace = session.workspace.as_ref().map(|workspace| workspace.workspace.id());
            page.caller.set(RequestCaller::new(Principal::Operator(session.operator.operator_id), workspace));
            Ok(Some(Visitor { session, csrf: CsrfToken::of_session(&token) }))
        }
        Err(Error::Unauthenticated(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses an operator without the role. A workspace in which it has none is unknown to it.
fn judge_role(access: Access, session: &OperatorSession, page: &PageRequest) -> Result<()> {
    let (role, wanted) = match access {
        Access::Public | Access::SignedIn => return Ok(()),
        Access::Everywhere(wanted) => (session.role, wanted),
        Access::Workspace(wanted) => {
            let unknown = || Error::NotFound(ResourceKind::Workspace, page.param(WORKSPACE).to_owned());
            (Some(session.workspace.as_ref().ok_or_else(unknown)?.role), wanted)
        }
    };
    if role >= Some(wanted) { Ok(()) } else { Err(Error::Forbidden(Denial::OperatorRole)) }
}

/// Refuses a body that is no form of the one format.
fn check_is_form(page: &PageRequest) -> Result<()> {
    match body::media_type(&page.headers) {
        "application/x-www-form-urlencoded" => Ok(()),
        _ => Err(Error::Unreadable(BodyFault::ContentType)),
    }
}
