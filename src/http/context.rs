//! What the edge knows of a request: its id, its head and where it comes from.

use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// The request's data that the middleware needs to render an error.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub id: RequestId,
    pub at: DateTime<Utc>,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Base URL for clients; `None` uses the request's `Host`.
    pub public_url: Option<Arc<str>>,
    /// `http` or `https`.
    pub scheme: &'static str,
}

/// The request id, in the response and in the log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// The id as a header value.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_str(&self.0.to_string()).expect("a UUID is a valid header value")
    }
}
