//! UCWA, the Unified Communications Web API of Skype for Business 2015, limited to a user identity's phone numbers:
//! `me/phones`, and what real clients request on the way. Responses are JSON or XML; their links are the permitted
//! operations. Sources: Microsoft's reference, and the observed behaviour of its servers and clients.

mod access;
mod address;
mod answer;
mod applications;
mod autodiscover;
mod challenge;
mod error;
mod form;
mod input;
mod me;
mod number;
mod openapi;
mod phones;
mod resource;
mod route;
mod token;

use crate::error::{Error, Result};
use crate::http::{App, Dialect, client_address};
use axum::Router;
use axum::extract::{Request, State};
use axum::routing::any;
use route::{Base, Route};
use std::sync::Arc;

/// The UCWA dialect.
pub static DIALECT: Dialect = Dialect {
    name: "ucwa",
    claims: address::claim,
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    credential_headers: &["authorization"],
    render: error::render,
};

/// Paths of applications: that of real servers, a shorter one that some clients use, and that of the reference.
const APPLICATIONS: [&str; 3] = ["/ucwa/oauth/v1/applications", "/ucwa/v1/applications", "/v1/applications"];

fn router() -> Router<Arc<App>> {
    let mut router = autodiscover::routes().merge(token::routes());
    for applications in APPLICATIONS {
        let base = Base::Application(applications);
        router = mount(router, applications, Base::Applications(applications), &applications::COLLECTION);
        for route in applications::ROUTES.iter().chain(me::ROUTES).chain(me::OF_APPLICATIONS).chain(phones::ROUTES) {
            router = mount(router, &format!("{applications}/{{application_id}}{}", route.path), base, route);
        }
        router = mount(router, &format!("{applications}/{{application_id}}/{{*rest}}"), base, &route::NOWHERE);
    }
    for route in me::ROUTES.iter().chain(phones::ROUTES) {
        router = mount(router, route.path, Base::Root, route);
    }
    router.fallback(nowhere)
}

fn mount(router: Router<Arc<App>>, path: &str, base: Base, route: &'static Route) -> Router<Arc<App>> {
    router.route(path, any(move |State(app), params, request| route.serve(base, app, params, request)))
}

/// 404 only after authentication.
async fn nowhere(State(app): State<Arc<App>>, request: Request) -> Result<(), Error> {
    access::admit(&app, request.headers(), client_address::origin(request.extensions()), app.clock.now()).await?;
    Err(Error::NoRoute)
}
