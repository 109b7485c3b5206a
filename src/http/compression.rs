//! Compression of large responses for clients that accept it. All responses are text; event streams, whose size is not
//! known, and documents that are compressed already stay as they are. Large ones are compressed outside the async workers, few
//! at a time, and sent plain when too many are.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use std::io::Write;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Minimum size of a body that is compressed, in bytes: about what a packet takes.
const MIN: usize = 1_024;

/// Size of a body from which a thread of its own compresses it, in bytes; below it that takes less than a millisecond.
const LARGE: usize = 32 * 1024;

/// Large bodies that are compressed at a time.
static LARGE_PERMITS: Semaphore = Semaphore::const_new(2);

/// Compresses the response to a request with these headers, if that is worth it.
pub async fn compress(asked: &HeaderMap, mut response: Response) -> Response {
    let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let Some(size) = size.filter(|size| *size >= MIN && !response.headers().contains_key(CONTENT_ENCODING)) else {
        return response;
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    if !accepts_gzip(asked) {
        return response;
    }
    let permit = match size < LARGE {
        true => None,
        false => match LARGE_PERMITS.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => return response,
        },
    };
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = body.collect().await.map(|body| body.to_bytes()) else {
        unreachable!("a body of a known size is in memory");
    };
    let compressed = match permit {
        None => gzip(&plain),
        Some(permit) => {
            let plain = plain.clone();
            // The permit is the closure's, which goes on if the client goes away.
            let compressing = spawn_blocking(move || {
                let _permit = permit;
                gzip(&plain)
            });
            compressing.await.expect("compression does not panic")
        }
    };
    if compressed.len() >= plain.len() {
        return Response::from_parts(parts, Body::from(plain));
    }
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    weaken(&mut parts.headers);
    Response::from_parts(parts, Body::from(compressed))
}

/// Makes a strong entity tag weak: it is of the plain representation, and a strong one differs for each coding (RFC 9110,
/// section 8.8.3.3).
fn weaken(headers: &mut HeaderMap) {
    let Some(strong) = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")) else { return };
    if let Ok(weak) = HeaderValue::from_bytes(&[b"W/", strong.as_bytes()].concat()) {
        headers.insert(ETAG, weak);
    }
}

fn gzip(plain: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("a vector takes every write").into()
}

/// Whether gzip is among the accepted codings, with a weight above zero (RFC 9110, section 12.5.3).
pub fn accepts_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|codings| codings.split(',')).any(|coding| {
        let (name, parameter) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = parameter.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}
