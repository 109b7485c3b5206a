//! 401 challenge with the URL of the token endpoint (as captured from real servers on premises). Clients parse it with
//! regular expressions, so each character counts: two headers in this order, the first URL in them that of the token
//! endpoint, no parameter twice.

use crate::http::RequestContext;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// Issuer that the servers of this protocol trust.
const ISSUER: &str = "00000002-0000-0ff1-ce00-000000000000";
const CLIENT: &str = "00000004-0000-0ff1-ce00-000000000000";

/// 401 with the challenge.
pub fn response(context: &RequestContext) -> Response {
    let base = context.base_url.resolve(&context.headers);
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
        // A base URL is a valid header value.
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn domain(base: &str) -> &str {
    let authority = base.split("//").nth(1).unwrap_or(base).split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
