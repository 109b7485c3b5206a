//! UCWA, the Unified Communications Web API of Skype for Business 2015, limited to a user identity's phone numbers:
//! `me/phones`, and what real clients request on the way: presence, and the people of the workspace. Responses are JSON or XML; their links are the permitted
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
mod openapi;
mod people;
mod phones;
mod presence;
mod resource;
mod route;
mod token;

use crate::api::{self, route::Route};
use crate::http::{App, Dialect};
use access::{Person, Subscribed};
use axum::Router;
use axum::extract::State;
use route::Operation;
use std::sync::Arc;

/// The UCWA dialect.
pub static DIALECT: Dialect = Dialect {
    name: "ucwa",
    claims: address::claim,
    request_id_header: "x-request-id",
    routes: router,
    document: openapi::document,
    client_header: None,
    allows_origin: |_| true,
    credential_headers: &["authorization"],
    render: error::render,
};

/// Paths of applications: that of real servers, a shorter one that some clients use, and that of the reference.
const APPLICATIONS: [&str; 3] = ["/ucwa/oauth/v1/applications", "/ucwa/v1/applications", "/v1/applications"];

/// Every route, in the order of the document.
fn routes() -> Vec<Operation> {
    let mut routes = autodiscover::routes();
    routes.extend(token::routes());
    for applications in APPLICATIONS {
        let base = format!("{applications}/{{application_id}}");
        routes.extend(applications::routes(applications));
        routes.extend(me::routes_of_application(&base));
        routes.extend(me::routes(&base));
        routes.extend(people::routes(&base));
        routes.extend(presence::routes(&base));
        routes.extend(phones::routes(&base));
        routes.push(Operation::nowhere::<Subscribed>(format!("{base}/{{*rest}}")));
    }
    routes.extend(me::routes(""));
    routes.extend(phones::routes(""));
    routes
}

fn router() -> Router<Arc<App>> {
    let nowhere = Arc::new(Route::new(vec![Operation::nowhere::<Person>("")]));
    api::route::router(routes()).fallback(move |State(app), request| Arc::clone(&nowhere).serve(app, request))
}
