//! `/docs`: the document as a page, by Swagger UI, which is part of the binary. It needs no other site, and its policy allows
//! none. The operations are grouped by dialect, each with a sentence on its credentials.

use super::served::Served;
use super::{frame, merge};
use crate::dialect::{diga, phone_com, scim, seam, ucwa};
use crate::error::Error;
use crate::http::{App, Dialect};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use url::Url;

/// Scripts, styles and requests of this origin only. Swagger UI has its icons in its style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; \
     frame-ancestors 'none'; base-uri 'none'",
);

/// A file that the build script has taken from the crate with Swagger UI.
macro_rules! embedded {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name))
    };
}
/// A dialect's group of operations.
struct Group {
    dialect: &'static Dialect,
    title: &'static str,
    /// Which credentials it takes, as Markdown.
    credentials: &'static str,
}

/// The groups, in the order of the page.
static GROUPS: [Group; 5] = [
    Group {
        dialect: &seam::DIALECT,
        title: "Seam",
        credentials: "Phones, users, credentials, events and webhooks. Send an API key (`handset key create`) as a bearer \
            token: **Authorize**, `api_key`. A client session reaches the phones of its own user, and reads, as devices, \
            those to which its user was granted access.",
    },
    Group {
        dialect: &diga::DIALECT,
        title: "Diga",
        credentials: "Phone numbers. Send an API key as a bearer token: **Authorize**, `CustomHTTPBearer`.",
    },
    Group {
        dialect: &ucwa::DIALECT,
        title: "UCWA",
        credentials: "The telephone numbers of a user, presence and people. Send an API key as a bearer token, and the user's \
            id in `X-Ucwa-User`: **Authorize**, `UcwaBearer`. A client session, or a token of `/webticket/oauthtoken`, is of \
            one user and needs no id.",
    },
    Group {
        dialect: &phone_com::DIALECT,
        title: "Phone.com",
        credentials: "Contacts of a user, who is an extension. Send an API key as a bearer token, or a token that \
            `/v4/oauth/access-token` returns for one: **Authorize**, `PhoneComOAuth`.",
    },
    Group {
        dialect: &scim::DIALECT,
        title: "SCIM",
        credentials: "Users and groups of a company's directory. Send a token of a directory (`handset scim-token create`) as \
            a bearer token: **Authorize**, `ScimToken`.",
    },
];

/// The document with its operations grouped by dialect.
fn grouped() -> Value {
    let mut whole = frame();
    for Group { dialect, title, credentials } in &GROUPS {
        let mut part = (dialect.document)();
        part["tags"] = json!([{ "name": title, "description": credentials }]);
        let paths = part["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
        let operations = paths.filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
        operations.filter(|operation| operation.get("tags").is_some()).for_each(|operation| {
            operation["tags"] = json!([title]);
        });
        merge(&mut whole, part);
    }
    // From the address of this document.
    whole["servers"] = json!([{ "url": "..", "description": "This server" }]);
    whole
}

/// The routes of the page and its files.
pub fn routes() -> Router<Arc<App>> {
    let other_methods = || async { Error::MethodNotAllowed(vec!["GET"]).into_response() };
    Router::new()
        .route("/docs", get(page).fallback(other_methods))
        .route("/docs/", get(page).fallback(other_methods))
        .route("/docs/{file}", get(file).fallback(other_methods))
}

async fn page(State(app): State<Arc<App>>) -> Response {
    // Behind a proxy, the service may be below a path.
    let base = app.public_url.as_deref().and_then(|url| Url::parse(url).ok());
    let base = base.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    let page = include_str!("page/page.html").replace("{base}", &escaped(&base));
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The text within an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    static DOCUMENT: LazyLock<Served> = LazyLock::new(|| Served::json(&grouped()));
    static SCRIPT: LazyLock<Served> =
        LazyLock::new(|| Served::gzip("text/javascript; charset=utf-8", embedded!("swagger-ui-bundle.js.gz")));
    static STYLE: LazyLock<Served> =
        LazyLock::new(|| Served::gzip("text/css; charset=utf-8", embedded!("swagger-ui.css.gz")));
    static START: LazyLock<Served> =
        LazyLock::new(|| Served::text("text/javascript; charset=utf-8", include_str!("page/start.js")));
    static OWN_STYLE: LazyLock<Served> =
        LazyLock::new(|| Served::text("text/css; charset=utf-8", include_str!("page/page.css")));
    let served = match name.as_str() {
        "openapi.json" => &DOCUMENT,
        "swagger-ui-bundle.js" => &SCRIPT,
        "swagger-ui.css" => &STYLE,
        "start.js" => &START,
        "page.css" => &OWN_STYLE,
        _ => return Error::NoRoute.into_response(),
    };
    served.respond(&headers, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn each_dialect_has_a_group() {
        let grouped: Vec<&str> = GROUPS.iter().map(|group| group.dialect.name).collect();
        assert!(dialect::ALL.iter().all(|dialect| grouped.contains(&dialect.name)), "{grouped:?}");
        assert_eq!(grouped.len(), dialect::ALL.len());
    }
}
