//! Responses: a resource in the negotiated format, with `Content-Length`, since some clients require it.

use super::access::Subscribed;
use super::form::{Form, Syntax};
use super::resource::Resource;
use super::route::Call;
use axum::body::Body;
use axum::http::header::*;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// 200 with a resource.
pub fn resource(form: Form, resource: &Resource) -> Response {
    let body = match form.syntax {
        Syntax::Json => resource.json().to_string().into_bytes(),
        Syntax::Xml => resource.xml(),
    };
    written(form, StatusCode::OK, body)
}

/// 200 with a resource and its version as entity tag; 304 if the client has this version.
pub fn versioned(call: &Call<Subscribed>, version: &str, resource: &Resource) -> Response {
    let mut response = match is_known(call.head.headers(), version) {
        true => bodiless(StatusCode::NOT_MODIFIED),
        false => self::resource(call.grant.form, resource),
    };
    response.headers_mut().insert(ETAG, quoted(version));
    response
}

/// A resource that a request has created or found, with its `Location` and its version as entity tag.
pub fn created(form: Form, status: StatusCode, version: &str, resource: &Resource) -> Response {
    let mut response = self::resource(form, resource);
    *response.status_mut() = status;
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(resource.href()).expect("an href is ASCII"));
    response.headers_mut().insert(ETAG, quoted(version));
    response
}

/// 204 without a body.
pub fn empty() -> Response {
    bodiless(StatusCode::NO_CONTENT)
}

fn bodiless(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Response with a serialized body.
pub fn written(form: Form, status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = bodiless(status);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    let body = if form.is_gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        compressed(&body)
    } else {
        body
    };
    *response.body_mut() = Body::from(body);
    response
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// A version as an entity tag.
fn quoted(version: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("a version is ASCII digits")
}

/// Whether `If-None-Match` contains this version. Tags may be quoted, bare or weak, and several.
fn is_known(headers: &HeaderMap, version: &str) -> bool {
    let tags = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|tags| tags.split(',')).map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        tag == "*" || tag == version
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(tags: &[u8], version: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_bytes(tags).expect("a header value"));
        is_known(&headers, version)
    }

    proptest! {
        #[test]
        fn if_none_match_finds_the_version_among_quoted_bare_and_weak_tags(
            version in 0_u32..1_000,
            others in proptest::collection::vec(1_000_u32..2_000, 0..5),
            mark in prop::sample::select(vec!["W/\"_\"", "\"_\"", "_"]),
        ) {
            let mut tags: Vec<String> = others.iter().map(|other| mark.replace('_', &other.to_string())).collect();
            prop_assert!(!finds(tags.join(",").as_bytes(), &version.to_string()));
            tags.push(mark.replace('_', &version.to_string()));
            prop_assert!(finds(tags.join(", ").as_bytes(), &version.to_string()));
        }

        #[test]
        fn if_none_match_accepts_any_visible_ascii(tags in proptest::collection::vec(0x20_u8..0x7f, 0..60)) {
            let is_known = finds(&tags, "7");
            prop_assert!(!is_known || tags.iter().any(|sign| b"*7".contains(sign)));
        }
    }
}
