//! Answers that are sent before the request's body was read. Closing the connection then would reset it, and the client,
//! which is still sending, would lose the answer. So the rest of a short body is read first and the connection is kept; of
//! a longer one the answer says that the connection closes, and it is closed in stages (RFC 9112, section 9.6): nothing
//! more is written, and what arrives is discarded, within limits, until the client closes, too.

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, Request};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Maximum size of the rest of a body for which the connection is kept, in bytes.
const SHORT: u64 = 16 * 1024;

/// Timeout for such a rest to arrive.
const SHORT_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum of bytes that are discarded before a connection is closed.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;

/// Maximum time for that, in all and for the next bytes.
const MAX_LINGER: Duration = Duration::from_secs(30);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The same once the server stops.
const MAX_LINGER_STOPPING: Duration = Duration::from_secs(1);

/// Bytes that are discarded at once.
const PIECE: usize = 16 * 1024;

/// Whether a connection closes before it has read a request to its end.
#[derive(Debug, Clone, Default)]
pub struct Unread(Arc<AtomicBool>);

impl Unread {
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, is_unread: bool) {
        self.0.store(is_unread, Ordering::Relaxed);
    }
}

/// The rest of a request's body, once nothing uses it any more.
#[derive(Debug, Default)]
pub struct Rest {
    incoming: Arc<Mutex<Option<Incoming>>>,
    /// Whether the client waits to be asked for the body. It does not send one to a server that has answered.
    is_expecting: bool,
}

/// A body that leaves its rest when it is dropped.
struct Returned {
    incoming: Option<Incoming>,
    rest: Arc<Mutex<Option<Incoming>>>,
}

/// Gives a request a body that leaves its rest.
pub fn returning(request: Request<Incoming>) -> (Request<Body>, Rest) {
    let rest = Rest { is_expecting: request.headers().contains_key(EXPECT), ..Rest::default() };
    let request = request.map(|incoming| match incoming.is_end_stream() {
        true => Body::empty(),
        false => Body::new(Returned { incoming: Some(incoming), rest: Arc::clone(&rest.incoming) }),
    });
    (request, rest)
}

impl Rest {
    /// Reads the rest of the body before the response to it is sent, if that is short. Otherwise the response says that the
    /// connection closes.
    pub async fn settle(self, response: &mut Response, unread: &Unread) {
        let rest = self.incoming.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_unread = match rest {
            None => false,
            Some(rest) => self.is_expecting || !is_drained(rest).await,
        };
        unread.set(is_unread);
        if is_unread {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Reads a short rest to its end; false if it is longer, or does not arrive.
async fn is_drained(mut rest: Incoming) -> bool {
    if rest.is_end_stream() {
        return true;
    }
    if rest.size_hint().upper().is_none_or(|size| size > SHORT) {
        return false;
    }
    let drained = async {
        while let Some(frame) = rest.frame().await {
            if frame.is_err() {
                return false;
            }
        }
        true
    };
    timeout(SHORT_TIMEOUT, drained).await.unwrap_or(false)
}

/// Discards what arrives on a connection that nothing more is written to, until the client closes it or a limit is reached.
pub async fn linger(stream: &mut (impl AsyncRead + Unpin), stop: &CancellationToken) {
    let discarded = async {
        let (mut piece, mut count) = (vec![0; PIECE], 0);
        while let Ok(Ok(read @ 1..)) = timeout(MAX_PAUSE, stream.read(&mut piece)).await {
            count += read;
            if count > MAX_DISCARDED {
                return;
            }
        }
    };
    let stopping = async {
        stop.cancelled().await;
        sleep(MAX_LINGER_STOPPING).await;
    };
    let mut limited = pin!(timeout(MAX_LINGER, discarded));
    tokio::select! {
        _ = limited.as_mut() => {}
        () = stopping => {}
    }
}

impl HttpBody for Returned {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(incoming).poll_frame(context));
        Poll::Ready(frame.map(|frame| frame.map_err(Error::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        let rest = self.incoming.take().filter(|incoming| !incoming.is_end_stream());
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }
}
