//! Autodiscover: from a host name to the collection of applications, in two steps (UCWA reference, "Root URL"). Its
//! hrefs are absolute; all others of this dialect are relative.

use super::access;
use super::address::ROOT;
use super::answer;
use super::challenge::base_url;
use super::form::Form;
use super::resource::Resource;
use crate::error::{Error, Result};
use crate::http::{App, Tenant, client_address};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;
use std::sync::Arc;

/// Path as servers spell it. Clients need the `xframe` link (once for cross-origin pages); it has no resource.
const SPELT: &str = "/Autodiscover/AutodiscoverService.svc/root";

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(ROOT, any(root))
        .route(&format!("{ROOT}/oauth/user"), any(user))
        // Alternative path in the reference.
        .route(&format!("{ROOT}/user"), any(user))
}

/// First step. The links repeat the `originalDomain` of the request.
async fn root(State(app): State<Arc<App>>, request: Request) -> Result<Response> {
    only_get(request.method())?;
    let query = request.uri().query().unwrap_or_default();
    let domain = query.split('&').find(|pair| pair.to_ascii_lowercase().starts_with("originaldomain="));
    let domain = domain.map(|domain| format!("?{domain}")).unwrap_or_default();
    let base = base_url(app.public_url.as_deref(), client_address::scheme(request.extensions()), request.headers());
    Ok(answer::resource(Form::asked_by(request.headers()), &links_of_root(&base, &domain)))
}

/// Second step: the link to the applications.
async fn user(State(app): State<Arc<App>>, request: Request) -> Result<Response> {
    let now = app.clock.now();
    let (workspace, person) =
        access::admit(&app, request.headers(), client_address::origin(request.extensions()), now).await?;
    workspace.subscriber(person, None, now).await?;
    only_get(request.method())?;
    let base = base_url(app.public_url.as_deref(), client_address::scheme(request.extensions()), request.headers());
    let mut response = answer::resource(Form::asked_by(request.headers()), &links_of_user(&base));
    response.extensions_mut().insert(Tenant(workspace.id()));
    Ok(response)
}

/// Links of the first step, below `base`, with the query to repeat.
pub fn links_of_root(base: &str, query: &str) -> Resource {
    Resource::new("root", format!("{base}{SPELT}{query}"))
        .nameless()
        .link("user", format!("{base}{SPELT}/oauth/user{query}"))
        .link("xframe", format!("{base}{SPELT}/xframe"))
}

/// Links of the second step, below `base`.
pub fn links_of_user(base: &str) -> Resource {
    Resource::new("user", format!("{base}{SPELT}/user"))
        .nameless()
        .link("applications", format!("{base}/ucwa/oauth/v1/applications"))
        .link("xframe", format!("{base}{SPELT}/xframe"))
}

fn only_get(method: &Method) -> Result<()> {
    if method == Method::GET { Ok(()) } else { Err(Error::MethodNotAllowed(vec!["GET"])) }
}
