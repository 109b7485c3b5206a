//! Compression of large responses for clients that accept it. All responses are text; event streams, whose size is not
//! known, and documents that are compressed already stay as they are. Large ones are compressed outside the async workers, few
//! at a time, and sent plain when too many are.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, IF_MATCH, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
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

/// The end of the entity tag of a compressed representation.
const MARK: &str = "-gzip\"";

/// Compresses the response to a request with these headers, if that is worth it.
pub async fn compress(asked: &HeaderMap, mut response: Response) -> Response {
    if response.status() == StatusCode::NOT_MODIFIED && has_mark(asked, &IF_NONE_MATCH) {
        mark_tag(response.headers_mut());
    }
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
    mark_tag(&mut parts.headers);
    Response::from_parts(parts, Body::from(compressed))
}

/// Marks a strong entity tag as that of the compressed representation: a strong one differs for each coding (RFC 9110,
/// section 8.8.3.3). A weak one would match no `If-Match`.
fn mark_tag(headers: &mut HeaderMap) {
    let strong = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'));
    let marked = strong.and_then(|tag| Some(format!("{}{MARK}", tag.strip_suffix('"')?)));
    if let Some(marked) = marked.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        headers.insert(ETAG, marked);
    }
}

/// Removes the marks from the entity tags in a request's preconditions: handlers know the tags of plain representations.
pub fn unmark_tags(headers: &mut HeaderMap) {
    for name in [IF_MATCH, IF_NONE_MATCH] {
        if !has_mark(headers, &name) {
            continue;
        }
        let tags: Vec<HeaderValue> = headers.get_all(&name).iter().map(unmarked).collect();
        headers.remove(&name);
        tags.into_iter().for_each(|tags| _ = headers.append(&name, tags));
    }
}

fn unmarked(tags: &HeaderValue) -> HeaderValue {
    let plain = tags.to_str().ok().map(|text| text.replace(MARK, "\""));
    plain.and_then(|plain| HeaderValue::try_from(plain).ok()).unwrap_or_else(|| tags.clone())
}

fn has_mark(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().any(|tags| tags.to_str().is_ok_and(|tags| tags.contains(MARK)))
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
