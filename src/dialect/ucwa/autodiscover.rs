//! Autodiscover: from a host name to the collection of applications, in two steps (UCWA reference, "Root URL"). Its
//! hrefs are absolute; all others of this dialect are relative.

use super::access::Known;
use super::address::ROOT;
use super::answer;
use super::form::Form;
use super::openapi::inputs::query;
use super::openapi::page;
use super::resource::Resource;
use super::route::{Access, Call, Nothing, Operation, Public};
use crate::error::Result;
use crate::http::base_url::BaseUrl;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Value, json};

/// Path as servers spell it.
const SPELT: &str = "/Autodiscover/AutodiscoverService.svc/root";

/// The base URI of examples.
const HOST: &str = "https://phones.example.com";

/// Every route.
pub fn routes() -> Vec<Operation> {
    let sip = json!({ "type": "string", "example": "sip:jane@example.com" });
    vec![
        Operation::new(ROOT, &["GET"], root)
            .with_head()
            .access(Access::Open)
            .about("ucwa_discover", "Discover the service")
            .describe(
                "The entry point of clients: returns where to discover the user's resources. The path is \
                 case-insensitive, and also served at `/` of a host whose name starts with lyncdiscover.",
            )
            .takes(original_domain())
            .takes(query("sipuri", "The sip address of the user; sent by older clients", sip))
            .returns("Discovery", "UcwaDiscovery", &[], &links_of_root(HOST, "")),
        user_route("/oauth/user", "ucwa_discover_user_by_token"),
        // Alternative path in the reference.
        user_route("/user", "ucwa_discover_user"),
        Operation::new(format!("{ROOT}/xframe"), &["GET"], xframe)
            .with_head()
            .access(Access::Open)
            .about("ucwa_get_xframe", "Get the cross-domain frame")
            .describe("Returns an empty page, whose link clients require. Pages of other origins call the API itself.")
            .succeeds("200", page(XFRAME)),
    ]
}

/// The page that real servers use to relay requests of other origins, which are allowed here without it.
const XFRAME: &str = "<!DOCTYPE html><html><head><title>xframe</title></head><body></body></html>";

async fn xframe(_: Call<Public>, _: Nothing) -> Result<Response> {
    let mut response = Response::new(XFRAME.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    Ok(response)
}

fn user_route(path: &str, id: &'static str) -> Operation {
    Operation::new(format!("{ROOT}{path}"), &["GET"], user)
        .with_head()
        .access(Access::User)
        .about(id, "Discover the applications of the user")
        .describe(
            "Returns where to create applications. Without a token it fails, and the error says where to get one.",
        )
        .takes(original_domain())
        .returns("UserDiscovery", "UcwaDiscovery", &[], &links_of_user(HOST))
}

fn original_domain() -> Value {
    query("originalDomain", "Repeated in the links", json!({ "type": "string", "example": "example.com" }))
}

/// First step. The links repeat the `originalDomain` of the request.
async fn root(call: Call<Public>, _: Nothing) -> Result<Response> {
    let query = call.head.parts.uri.query().unwrap_or_default();
    let domain = query.split('&').find(|pair| pair.to_ascii_lowercase().starts_with("originaldomain="));
    let domain = domain.map(|domain| format!("?{domain}")).unwrap_or_default();
    Ok(answer::resource(Form::of(call.head.headers()), &links_of_root(&base_of(&call), &domain)))
}

/// Second step: the link to the applications.
async fn user(call: Call<Known>, _: Nothing) -> Result<Response> {
    Ok(answer::resource(Form::of(call.head.headers()), &links_of_user(&base_of(&call))))
}

fn base_of<G>(call: &Call<G>) -> String {
    BaseUrl::of(&call.app, &call.head.parts.extensions).resolve(call.head.headers())
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
