//! What one connection may hold in memory. Of the requests, the bytes that were read and not answered yet: beyond a little,
//! they are a share of the process's budget, and reading pauses while that has none left, as with any slow server. Of a
//! response, the bytes that the client has not read: its body is not asked for more until most of them are sent.

use crate::http::shares::{Share, Shares};
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use futures_util::task::AtomicWaker;
use hyper::body::{Frame, SizeHint};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Bytes of a request that every connection may hold without a share: more than a deactivation has.
const FREE: usize = 8 * 1024;

/// Bytes by which a share grows.
const STEP: usize = 16 * 1024;

/// Maximum size of a read. A larger one would let the connection's read buffer grow with it, and the buffer stays.
const MAX_READ: usize = 16 * 1024;

/// Pause until a connection without a share tries again.
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes of a response that may wait to be sent before its body is asked for more.
const MAX_UNSENT: usize = 64 * 1024;

/// Size of the pieces in which a large body or a stream is handed over.
const PIECE: usize = 32 * 1024;

/// The bytes of responses that are not sent, roughly: heads count as parts of bodies.
#[derive(Debug, Default)]
pub struct Unsent {
    /// Bytes that were handed to the connection.
    handed: AtomicUsize,
    /// The connection's task, if its body waits.
    waiting: AtomicWaker,
    /// Bytes of the large response, and its share of the budget until they are sent.
    large: AtomicUsize,
    share: Mutex<Option<Arc<Share>>>,
}

/// A connection whose unanswered bytes are limited.
pub struct Metered<S> {
    stream: S,
    unsent: Arc<Unsent>,
    budget: Arc<Shares>,
    client: Option<IpAddr>,
    /// Bytes that were read since the last part of a response was sent.
    unanswered: usize,
    /// Bytes that may be read, in steps.
    granted: usize,
    share: Option<Share>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    pub fn new(stream: S, budget: Arc<Shares>, client: Option<IpAddr>) -> Metered<S> {
        let unsent = Arc::default();
        Metered { stream, unsent, budget, client, unanswered: 0, granted: FREE, share: None, pause: None }
    }

    pub fn unsent(&self) -> Arc<Unsent> {
        Arc::clone(&self.unsent)
    }

    /// Takes a further step of the budget.
    fn grow(&mut self) -> bool {
        // A read may have gone beyond what was granted.
        let step = STEP + self.unanswered.saturating_sub(self.granted);
        let has_grown = match &mut self.share {
            Some(share) => share.grow(step),
            None => {
                self.share = self.budget.take(self.client, step);
                self.share.is_some()
            }
        };
        self.granted += if has_grown { step } else { 0 };
        has_grown
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.unanswered >= this.granted {
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(context));
                this.pause = None;
            }
            if !this.grow() {
                this.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
            }
        }
        let before = buffer.filled().len();
        if buffer.remaining() <= MAX_READ {
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        } else {
            let mut limited = ReadBuf::new(buffer.initialize_unfilled_to(MAX_READ));
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut limited))?;
            let count = limited.filled().len();
            buffer.advance(count);
        }
        this.unanswered += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        (self.unanswered, self.granted, self.share) = (0, FREE, None);
        self.unsent.sent(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Unsent {
    fn sent(&self, count: usize) {
        // Only the connection's own task changes these.
        let handed = self.handed.load(Ordering::Relaxed).saturating_sub(count);
        self.handed.store(handed, Ordering::Relaxed);
        if handed < MAX_UNSENT {
            self.waiting.wake();
        }
        let large = self.large.load(Ordering::Relaxed);
        if large > 0 {
            self.large.store(large.saturating_sub(count), Ordering::Relaxed);
            if large <= count {
                self.hold(None);
            }
        }
    }

    fn hold(&self, share: Option<Arc<Share>>) {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner) = share;
    }

    /// Hands over a large response or a stream in pieces.
    pub fn pace(self: Arc<Self>, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let body = match (parts.extensions.remove::<Arc<Share>>(), body.size_hint().exact()) {
            (None, Some(_)) => body,
            (share, size) => {
                self.large.store(size.and_then(|size| size.try_into().ok()).unwrap_or_default(), Ordering::Relaxed);
                self.hold(share);
                Body::new(Paced { body, rest: Bytes::new(), unsent: self })
            }
        };
        Response::from_parts(parts, body)
    }
}

/// A body in pieces, at the pace at which they are sent.
struct Paced {
    body: Body,
    /// What is left of a frame.
    rest: Bytes,
    unsent: Arc<Unsent>,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.unsent.handed.load(Ordering::Relaxed) >= MAX_UNSENT {
            this.unsent.waiting.register(context.waker());
            return Poll::Pending;
        }
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let piece = this.rest.split_to(PIECE.min(this.rest.len()));
        this.unsent.handed.fetch_add(piece.len(), Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + body.lower());
        if let Some(upper) = body.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}
