//! A document as it is served: with an entity tag, and compressed for clients that accept it.

use crate::http::compression::accepts_gzip;
use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write;

/// How long clients may use a copy without asking again.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A document, encoded once.
pub struct Served {
    plain: Bytes,
    gzip: Bytes,
    /// Weak, because it is of both encodings.
    etag: HeaderValue,
}

impl Served {
    pub fn new(document: &Value) -> Served {
        let plain = document.to_string().into_bytes();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("a vector takes every write");
        let digest: String = Sha256::digest(&plain).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::from_str(&format!("W/\"{digest}\"")).expect("hexadecimal digits are header text");
        Served { plain: plain.into(), gzip: gzip.into(), etag }
    }

    /// The response to a request with these headers. `varying` are those by which another document may be chosen.
    pub fn respond(&self, asked: &HeaderMap, varying: &[HeaderName]) -> Response {
        let mut response = Response::new(Body::empty());
        if is_current(asked, &self.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let accepts_gzip = accepts_gzip(asked);
            let body = if accepts_gzip { &self.gzip } else { &self.plain };
            *response.body_mut() = Body::from(body.clone());
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
            if accepts_gzip {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, CACHE);
        for name in [ACCEPT_ENCODING].iter().chain(varying) {
            headers.append(VARY, HeaderValue::from(name.clone()));
        }
        response
    }
}

/// Whether the client's copy is the current one (RFC 9110, section 13.1.2).
fn is_current(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = etag.to_str().map(opaque).unwrap_or_default();
    let tags = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|tags| tags.split(',')).map(opaque).any(|tag| tag == "*" || tag == own)
}
