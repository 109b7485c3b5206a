//! Responses: always JSON, with the media type that the client accepts and an entity tag for conditional requests.

use super::route::{Head, PhoneCom};
use crate::api;
use crate::error::Result;
use crate::http::conditional::{self, Preconditions};
use crate::store::Precondition;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Media type of the vendor's old server library, for clients that accept it.
const MASON: &str = "application/vnd.mason+json";

/// A response before its media type is known.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    pub fn new(status: StatusCode, value: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(value).expect("response values have string keys only");
        Answer::written(status, body)
    }

    /// Response with serialized JSON.
    pub fn written(status: StatusCode, body: Vec<u8>) -> Answer {
        Answer { status, body, headers: Vec::new() }
    }

    /// 200 with a JSON body.
    pub fn ok(value: &impl Serialize) -> Answer {
        Answer::new(StatusCode::OK, value)
    }

    /// Adds the `Location` of a created resource.
    pub fn at(self, path: &str) -> Answer {
        self.with(LOCATION, HeaderValue::from_str(path).expect("a path of numbers is ASCII"))
    }

    /// Adds a header.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Answer {
        self.headers.push((name, value));
        self
    }

    /// Renders the response to a request with these headers.
    pub fn render(self, headers: &HeaderMap) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type(headers)));
        response.headers_mut().extend(self.headers);
        response
    }

    /// Renders the response to a GET: with an entity tag of the body, or 304 if the client has it.
    fn render_tagged(self, headers: &HeaderMap) -> Response {
        let tag = tag_of(&self.body);
        let etag = HeaderValue::from_str(&format!("\"{tag}\"")).expect("base64 is ASCII");
        let mut response = if conditional::is_known(headers, &tag) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            self.render(headers)
        };
        response.headers_mut().insert(ETAG, etag);
        response
    }
}

impl api::route::Answer<PhoneCom> for Answer {
    fn respond(self, head: &Head, _: &'static str) -> Response {
        match head.parts.method {
            Method::GET => self.render_tagged(head.headers()),
            _ => self.render(head.headers()),
        }
    }
}

/// Entity tag of a body, without quotes.
fn tag_of(body: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..16])
}

/// The preconditions of a request, over what a GET shows as `body`.
pub fn precondition<T>(headers: &HeaderMap, body: impl Fn(&T) -> Result<Vec<u8>> + Send + 'static) -> Precondition<T> {
    match Preconditions::of(headers) {
        None => Precondition::NONE,
        Some(preconditions) => Precondition::new(move |current| Ok(preconditions.hold(&tag_of(&body(current)?)))),
    }
}

/// Media type for JSON that the client accepts.
fn media_type(headers: &HeaderMap) -> &'static str {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    let mut types = ranges.map(|range| range.split(';').next().unwrap_or_default().trim());
    if types.any(|name| name.eq_ignore_ascii_case(MASON)) { MASON } else { "application/json" }
}
