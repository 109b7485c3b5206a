//! Answers: always JSON, under the media type that the client asks for, with a tag by which it can ask whether anything has
//! changed since.

use crate::http::limits::AuthFailed;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The type of the vendor's old server library, for clients that ask for it.
const MASON: &str = "application/vnd.mason+json";

/// What is said, before it is known in which form.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    headers: Vec<(HeaderName, HeaderValue)>,
    refuses_credentials: bool,
}

impl Answer {
    pub fn new(status: StatusCode, value: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(value).expect("what is answered has text keys only");
        Answer::written(status, body)
    }

    /// What is JSON already.
    pub fn written(status: StatusCode, body: Vec<u8>) -> Answer {
        Answer { status, body, headers: Vec::new(), refuses_credentials: false }
    }

    /// A success.
    pub fn ok(value: &impl Serialize) -> Answer {
        Answer::new(StatusCode::OK, value)
    }

    /// The same of something that was made, and where it is.
    pub fn at(self, path: &str) -> Answer {
        self.with(LOCATION, HeaderValue::from_str(path).expect("a path of numbers is header text"))
    }

    /// The same with one more header.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Answer {
        self.headers.push((name, value));
        self
    }

    /// The same, refusing somebody's credentials; who limits how often that may be has to know.
    pub fn refusing_credentials(self) -> Answer {
        Answer { refuses_credentials: true, ..self }
    }

    /// The response to a request with these headers.
    pub fn respond(self, asked: &HeaderMap) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type(asked)));
        response.headers_mut().extend(self.headers);
        if self.refuses_credentials {
            response.extensions_mut().insert(AuthFailed);
        }
        response
    }

    /// The same to a request that only looks: under a tag of what is said, or only the tag if the client has it.
    pub fn respond_tagged(self, asked: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&self.body)[..16]));
        let header = HeaderValue::from_str(&tag).expect("base64 is header text");
        let mut response = if has(asked, &tag) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            self.respond(asked)
        };
        response.headers_mut().insert(ETAG, header);
        response
    }
}

/// Whether the client has what is under a tag (RFC 9110, 13.1.2: weak and strong tags are alike here).
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The type under which a client wants JSON.
fn media_type(asked: &HeaderMap) -> &'static str {
    let ranges = asked.get_all(ACCEPT).iter().filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    let mut types = ranges.map(|range| range.split(';').next().unwrap_or_default().trim());
    if types.any(|name| name.eq_ignore_ascii_case(MASON)) { MASON } else { "application/json" }
}
