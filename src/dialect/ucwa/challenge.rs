//! How a caller without a good token is told where to get one (as real servers on premises were captured to say it).
//! Clients read it with regular expressions, so each character counts: two headers in this order, the first address in
//! them that of the token, no key twice.

use crate::http::RequestContext;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// The name by which the servers of this protocol trust each other.
const ISSUER: &str = "00000002-0000-0ff1-ce00-000000000000";
const CLIENT: &str = "00000004-0000-0ff1-ce00-000000000000";

/// 401, and where to go.
pub fn response(asked: &RequestContext) -> Response {
    let base = base_url(asked.public_url.as_deref(), asked.scheme, &asked.headers);
    let body = format!(
        "<!DOCTYPE html><html><head><title>401 Unauthorized</title></head><body><p>Show a token as a bearer; \
         {base}/WebTicket/oauthtoken gives one for a name and a password.</p></body></html>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    let trusted = format!("Bearer trusted_issuers=\"{ISSUER}@{}\", client_id=\"{CLIENT}\"", domain(&base));
    let ticket = format!("MsRtcOAuth href=\"{base}/WebTicket/oauthtoken\",grant_type=\"password\"");
    for challenge in [trusted, ticket] {
        // What a client says in Host is text, or it would not have been read.
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// Where the client reaches this service, without a slash at the end: as configured, else as it says itself.
pub fn base_url(public_url: Option<&str>, scheme: &str, headers: &HeaderMap) -> String {
    match public_url {
        Some(url) => url.to_owned(),
        None => {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_plain(host));
            format!("{scheme}://{}", host.unwrap_or("localhost"))
        }
    }
}

/// Whether it can stand within quotes and tags without ending them.
fn is_plain(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

fn domain(base: &str) -> &str {
    let authority = base.split("//").nth(1).unwrap_or(base).split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
