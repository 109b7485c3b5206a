//! What requests in flight may hold, for all clients and for each client network: large responses that are not sent yet,
//! and, behind trusted proxies, requests, as connections are limited for direct clients.

use super::shares::{Share, Shares};
use crate::clock::Clock;
use crate::error::{Error, Result, Throttle};
use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Size of a response body that needs no share, in bytes.
const SMALL: usize = 16 * 1024;

/// Bytes of large responses in flight, of all clients.
const MAX_RESPONSES: usize = 64 * 1024 * 1024;

/// The same of one client network.
const MAX_RESPONSES_OF_CLIENT: usize = MAX_RESPONSE;

/// Maximum size of a list's response, in bytes.
pub const MAX_RESPONSE: usize = 16 * 1024 * 1024;

/// The budgets.
#[derive(Debug)]
pub struct InFlight {
    requests: Arc<Shares>,
    requests_of_client: usize,
    responses: Arc<Shares>,
}

impl InFlight {
    /// Budgets with this maximum number of requests of one client behind a proxy.
    pub fn new(requests_of_client: usize) -> InFlight {
        let responses = Shares::new(MAX_RESPONSES, MAX_RESPONSES_OF_CLIENT);
        InFlight { requests: Shares::new(usize::MAX, requests_of_client), requests_of_client, responses }
    }

    /// Takes the share of a request of a client behind a proxy.
    pub fn request(&self, client: IpAddr, clock: &Clock) -> Result<Share> {
        let (limit, retry_after) = (u32::try_from(self.requests_of_client).unwrap_or(u32::MAX), 1);
        let throttled = || {
            let reset = clock.now() + Duration::from_secs(retry_after);
            Error::Throttled(Throttle { limit, remaining: 0, reset, retry_after })
        };
        self.requests.take(Some(client), 1).ok_or_else(throttled)
    }

    /// Takes the share of a response, if it is large, and leaves it in its extensions for the connection.
    pub fn respond(&self, client: Option<IpAddr>, mut response: Response) -> Response {
        let size = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
        let Some(size) = size.filter(|size| *size > SMALL) else { return response };
        // A response over the client's part is sent if the client has no other.
        match self.responses.take(client, size.min(MAX_RESPONSES_OF_CLIENT)) {
            Some(share) => {
                response.extensions_mut().insert(Arc::new(share));
                response
            }
            None => Error::Unavailable("too many large responses are being sent".to_owned()).into_response(),
        }
    }
}

/// Keeps a share until the response's body ends.
pub fn until_end(response: Response, share: Share) -> Response {
    response.map(|body| Body::new(Counted { body, _share: share }))
}

/// A body with a share.
struct Counted {
    body: Body,
    _share: Share,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
