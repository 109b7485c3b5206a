//! What a handler knows of its request: the operator, the workspace, and the values of path, query and form.

use super::action::Visitor;
use super::csrf::CsrfToken;
use super::layout::Redirect;
use crate::domain::id::OperatorSessionId;
use crate::domain::operator::{Operator, Role};
use crate::error::{Error, ResourceKind, Result};
use crate::http::base_url::BaseUrl;
use crate::http::{App, CallerCell};
use crate::store::{OperatorWorkspace, Origin, Workspace};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use std::fmt::Write;
use std::ops::Deref;
use std::sync::Arc;
use url::form_urlencoded;
use uuid::Uuid;

/// A request, before or without a sign-in.
#[derive(Clone)]
pub struct PageRequest {
    pub app: Arc<App>,
    pub now: DateTime<Utc>,
    pub(super) caller: CallerCell,
    pub origin: Origin,
    pub headers: HeaderMap,
    /// The path as it was requested.
    pub path: String,
    /// Parameters of the path, with their names.
    pub params: Vec<(String, String)>,
    pub query: Fields,
    /// Empty for a GET.
    pub form: Fields,
    pub base_url: BaseUrl,
}

/// A request of an operator.
#[derive(Clone)]
pub struct PageContext {
    pub request: PageRequest,
    pub operator: Operator,
    pub operator_session_id: OperatorSessionId,
    /// The role in all workspaces.
    pub everywhere: Option<Role>,
    pub(super) workspace: Option<OperatorWorkspace>,
    pub(super) csrf: CsrfToken,
    /// What an earlier request wants to tell.
    pub(super) notice: Option<String>,
}

impl Deref for PageContext {
    type Target = PageRequest;

    fn deref(&self) -> &PageRequest {
        &self.request
    }
}

impl PageRequest {
    /// A parameter of the path; empty if it has none of this name.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the path that is an id. Another text is the id of nothing.
    pub fn id<T: From<Uuid>>(&self, name: &str) -> Result<T> {
        let text = self.param(name);
        Uuid::parse_str(text).map(T::from).map_err(|_| Error::NotFound(ResourceKind::Workspace, text.to_owned()))
    }

    /// The base URL of links to this server, without a trailing slash.
    pub fn base_url(&self) -> String {
        self.base_url.resolve(&self.headers)
    }

    /// Whether the client uses TLS.
    pub fn is_secure(&self) -> bool {
        self.base_url().starts_with("https://")
    }

    /// The address of this page with some query parameters replaced; an empty value removes one.
    pub fn link(&self, replaced: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = self.query.0.iter().filter(|(name, _)| !replaced.iter().any(|(other, _)| name == other));
        query.extend_pairs(kept);
        query.extend_pairs(replaced.iter().filter(|(_, value)| !value.is_empty()));
        match query.finish() {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }
}

impl PageContext {
    pub(super) fn new(request: PageRequest, visitor: Visitor, notice: Option<String>) -> PageContext {
        let Visitor { session, csrf } = visitor;
        PageContext {
            request,
            operator: session.operator,
            operator_session_id: session.operator_session_id,
            everywhere: session.role,
            workspace: session.workspace,
            csrf,
            notice,
        }
    }

    /// The workspace of the page. For pages below `/console/w/{workspace_id}`.
    pub fn workspace(&self) -> &Workspace {
        &self.in_workspace().workspace
    }

    /// The name of the workspace of the page.
    pub fn workspace_name(&self) -> &str {
        &self.in_workspace().name
    }

    fn in_workspace(&self) -> &OperatorWorkspace {
        self.workspace.as_ref().expect("the path of the action names a workspace")
    }

    /// Whether the operator has this role: in the workspace of the page, or else in all workspaces.
    pub fn can(&self, role: Role) -> bool {
        self.role() >= Some(role)
    }

    pub(super) fn role(&self) -> Option<Role> {
        self.workspace.as_ref().map_or(self.everywhere, |workspace| Some(workspace.role))
    }

    /// The address of a page of this workspace, such as `/phones`; of the workspace itself if it is empty.
    pub fn address(&self, page: &str) -> String {
        let mut address = String::from(super::PREFIX);
        if let Some(workspace) = &self.workspace {
            let _ = write!(address, "/w/{}", workspace.workspace.id());
        }
        address + page
    }

    /// A redirect to a page of this workspace, after a form.
    pub fn redirect(&self, page: &str) -> Redirect {
        Redirect::to(self.address(page), self.is_secure())
    }

    /// The token that a form on this page sends along.
    pub fn csrf_token(&self) -> String {
        self.csrf.masked(&self.app.random)
    }
}

/// Values by name, of a query or a form.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Parses the format of queries and forms. It is lenient: what is not UTF-8 becomes U+FFFD. So does U+0000, which Postgres
    /// does not store.
    pub fn parse(encoded: &[u8]) -> Fields {
        let storable = |text: &str| text.replace('\0', "\u{fffd}");
        Fields(form_urlencoded::parse(encoded).map(|(name, value)| (storable(&name), storable(&value))).collect())
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of a name, trimmed; `None` if it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
