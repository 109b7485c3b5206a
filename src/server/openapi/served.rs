//! A document as it is served: with an entity tag, and compressed for clients that accept it.

use crate::http::compression::accepts_gzip;
use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// How long clients may use a copy without asking again.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A document, encoded once.
pub struct Served {
    content_type: HeaderValue,
    /// None if there is only the compressed form.
    plain: Option<Bytes>,
    gzip: Bytes,
    /// Weak, because it is of both encodings.
    etag: HeaderValue,
}

impl Served {
    pub fn json(document: &Value) -> Served {
        Served::new("application/json; charset=utf-8", document.to_string().into())
    }

    pub fn text(content_type: &'static str, text: &'static str) -> Served {
        Served::new(content_type, Bytes::from_static(text.as_bytes()))
    }

    /// A document that is compressed already. The rare client that does not accept that gets it expanded.
    pub fn gzip(content_type: &'static str, gzip: &'static [u8]) -> Served {
        let (content_type, etag) = (HeaderValue::from_static(content_type), etag_of(gzip));
        Served { content_type, plain: None, gzip: Bytes::from_static(gzip), etag }
    }

    fn new(content_type: &'static str, plain: Bytes) -> Served {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("a vector takes every write");
        let (content_type, etag) = (HeaderValue::from_static(content_type), etag_of(&plain));
        Served { content_type, plain: Some(plain), gzip: gzip.into(), etag }
    }

    fn plain(&self) -> Bytes {
        match &self.plain {
            Some(plain) => plain.clone(),
            None => {
                let mut plain = Vec::new();
                GzDecoder::new(&self.gzip[..]).read_to_end(&mut plain).expect("the build has compressed it");
                plain.into()
            }
        }
    }

    /// The response to a request with these headers. `varying` are those by which another document may be chosen.
    pub fn respond(&self, asked: &HeaderMap, varying: &[HeaderName]) -> Response {
        let mut response = Response::new(Body::empty());
        if is_current(asked, &self.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let accepts_gzip = accepts_gzip(asked);
            *response.body_mut() = Body::from(if accepts_gzip { self.gzip.clone() } else { self.plain() });
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, self.content_type.clone());
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

fn etag_of(bytes: &[u8]) -> HeaderValue {
    let digest: String = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("W/\"{digest}\"")).expect("hexadecimal digits are header text")
}

/// Whether the client's copy is the current one (RFC 9110, section 13.1.2).
fn is_current(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = etag.to_str().map(opaque).unwrap_or_default();
    let tags = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|tags| tags.split(',')).map(opaque).any(|tag| tag == "*" || tag == own)
}
