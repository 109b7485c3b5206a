//! Responses: a resource in the negotiated format, with `Content-Length`, since some clients require it.

use super::access::Subscribed;
use super::form::{Form, Syntax};
use super::resource::Resource;
use super::route::Call;
use crate::http::conditional::{self, Preconditions};
use crate::store::Precondition;
use axum::body::Body;
use axum::http::header::*;
use axum::http::{HeaderValue, StatusCode};
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
    let mut response = match conditional::is_known(call.head.headers(), version) {
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

/// The preconditions of a request, over what has this version.
pub fn precondition<T>(call: &Call<Subscribed>, version: impl Fn(&T) -> String + Send + 'static) -> Precondition<T> {
    match Preconditions::of(call.head.headers()) {
        None => Precondition::NONE,
        Some(preconditions) => Precondition::new(move |current| Ok(preconditions.hold(&version(current)))),
    }
}
