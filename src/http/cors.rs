//! Cross-origin requests of browser pages, in every dialect (Fetch standard, "CORS protocol"). Any origin may call, with
//! credentials: the token decides what a page may do, and no credential is sent by a browser on its own.

use axum::body::Body;
use axum::http::header::*;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");

/// The headers of responses that pages may read, beyond those that all may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "allow,etag,link,location,ratelimit-limit,ratelimit-remaining,ratelimit-reset,retry-after,seam-request-id,\
     www-authenticate,x-request-id",
);

/// How long browsers may keep the answer to a preflight, in seconds: the most that they grant.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whether a browser asks if a page may make a request.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight: every method and header. It needs no credential, since browsers send none.
pub fn preflight(asked: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.append(VARY, HeaderValue::from_static("access-control-request-method, access-control-request-headers"));
    response
}

/// Lets a page read the response.
pub fn open(asked: &HeaderMap, answer: &mut HeaderMap, is_allowed: fn(&str) -> bool) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let origin = asked.get(ORIGIN).filter(|origin| origin.to_str().is_ok_and(is_allowed));
    if let Some(origin) = origin {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
