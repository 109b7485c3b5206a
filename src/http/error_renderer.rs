//! Renders errors for requests that hyper cannot parse. Hyper answers them itself, with a bare status line, and they reach
//! no dialect. On the way to the socket this response is replaced by the fallback dialect's, so that a client receives the
//! same error envelope for every request.

use super::base_url::BaseUrl;
use super::context::{RequestContext, RequestId};
use super::dialect::{Dialect, LONGEST_ADDRESS};
use super::guard;
use crate::clock::Clock;
use crate::error::Error;
use crate::random::Random;
use axum::response::Response;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Renders the responses that replace hyper's.
#[derive(Clone)]
pub struct ErrorRenderer {
    pub dialect: &'static Dialect,
    /// The dialects' request id headers; a response with one of them comes from a dialect.
    pub numbered_by: Arc<[&'static str]>,
    /// Whether the connection uses TLS.
    pub is_secure: bool,
    /// The peer of the connection, for the log line.
    pub peer: Option<IpAddr>,
    pub clock: Clock,
    pub random: Random,
}

/// A connection on which hyper's own error responses are replaced.
pub struct Connection<S> {
    stream: S,
    renderer: ErrorRenderer,
    /// The replacement that is being written; empty if there is none.
    replacement: Vec<u8>,
    written: usize,
}

impl<S> Connection<S> {
    pub fn new(stream: S, renderer: ErrorRenderer) -> Connection<S> {
        Connection { stream, renderer, replacement: Vec::new(), written: 0 }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.replacement.is_empty() {
            match bare_refusal(bytes, &this.renderer.numbered_by) {
                Some(error) => this.replacement = this.renderer.render(&error),
                None => return Pin::new(&mut this.stream).poll_write(context, bytes),
            }
        }
        while this.written < this.replacement.len() {
            let rest = &this.replacement[this.written..];
            this.written += ready!(Pin::new(&mut this.stream).poll_write(context, rest))?;
        }
        (this.replacement, this.written) = (Vec::new(), 0);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

/// The error, if these bytes are hyper's own error response: the head of a 4xx or 5xx without a request id, since no
/// dialect has seen the request.
fn bare_refusal(bytes: &[u8], numbered_by: &[&str]) -> Option<Error> {
    let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let is_numbered = || numbered_by.iter().any(|header| contains(bytes, header.as_bytes()));
    if !matches!(status[0], b'4' | b'5') || is_numbered() {
        return None;
    }
    Some(match status {
        // Hyper has a limit of its own, which is above the one that others meet.
        b"414" => Error::AddressTooLong(LONGEST_ADDRESS),
        b"431" => Error::HeadTooLarge,
        _ => Error::NotHttp,
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

impl ErrorRenderer {
    /// Renders the response as bytes; the connection closes after it.
    fn render(&self, error: &Error) -> Vec<u8> {
        let at = self.clock.now();
        let id = RequestId(self.random.id(at));
        let context = RequestContext {
            id,
            at,
            method: Default::default(),
            uri: Default::default(),
            headers: Default::default(),
            base_url: BaseUrl::default(),
        };
        let mut response = (self.dialect.render)(error, &context);
        tracing::info!(
            target: "handset::request",
            status = response.status().as_u16(),
            request_id = %id.0,
            client_address = self.peer.map(tracing::field::display),
            credential_kind = "none",
            %error,
        );
        response.headers_mut().insert(self.dialect.request_id_header, id.header());
        guard::answer(response.headers_mut(), self.is_secure);
        on_the_wire(response)
    }
}

fn on_the_wire(response: Response) -> Vec<u8> {
    let (head, body) = response.into_parts();
    let body = body.collect().now_or_never().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
    let mut wire = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        wire.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    wire.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes());
    wire.extend(&body);
    wire
}
