//! Autodiscover: from a name of a host to where applications are made, in two steps (UCWA reference, "Root URL"). Its
//! addresses are absolute, where all others here are not.

use super::access;
use super::address::ROOT;
use super::answer;
use super::challenge::base_url;
use super::form::Form;
use super::resource::Resource;
use crate::error::{Error, Result};
use crate::http::{App, Tenant};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;

/// As servers spell it.
const SPELT: &str = "/Autodiscover/AutodiscoverService.svc/root";

pub fn routes() -> Router<App> {
    Router::new()
        .route(ROOT, any(root))
        .route(&format!("{ROOT}/oauth/user"), any(user))
        // The reference has this spelling, too.
        .route(&format!("{ROOT}/user"), any(user))
}

/// Where to ask on. Whoever came for a domain is asked for it again there.
async fn root(State(app): State<App>, request: Request) -> Result<Response> {
    only_get(request.method())?;
    let base = base_url(app.public_url.as_deref(), request.headers());
    let query = request.uri().query().unwrap_or_default();
    let domain = query.split('&').find(|pair| pair.to_ascii_lowercase().starts_with("originaldomain="));
    let domain = domain.map(|domain| format!("?{domain}")).unwrap_or_default();
    let root = Resource::new("root", format!("{base}{SPELT}{domain}")).nameless();
    let root = root.link("user", format!("{base}{SPELT}/oauth/user{domain}"));
    Ok(answer::resource(Form::asked_by(request.headers()), &root))
}

/// Where the person's applications are.
async fn user(State(app): State<App>, request: Request) -> Result<Response> {
    let now = app.clock.now();
    let (workspace, person) = access::admit(&app, request.headers(), now).await?;
    workspace.subscriber(person, None, now).await?;
    only_get(request.method())?;
    let base = base_url(app.public_url.as_deref(), request.headers());
    let user = Resource::new("user", format!("{base}{SPELT}/user")).nameless();
    let user = user.link("applications", format!("{base}/ucwa/oauth/v1/applications"));
    let mut response = answer::resource(Form::asked_by(request.headers()), &user);
    response.extensions_mut().insert(Tenant(workspace.id()));
    Ok(response)
}

fn only_get(method: &Method) -> Result<()> {
    if method == Method::GET { Ok(()) } else { Err(Error::MethodNotAllowed(vec!["GET"])) }
}
