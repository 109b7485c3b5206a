//! What the edge knows of a request: its id, its head, where it comes from, and who calls.

use super::base_url::BaseUrl;
use crate::domain::id::WorkspaceId;
use crate::store::Principal;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use chrono::{DateTime, Utc};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// The request's data that the middleware needs to render an error.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub id: RequestId,
    pub at: DateTime<Utc>,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub base_url: BaseUrl,
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

/// An authenticated caller, for the log line: ids, and never the credential itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestCaller {
    pub credential_kind: &'static str,
    /// None if its kind has no ids.
    pub credential_id: Option<Uuid>,
    /// None if the caller has not selected one.
    pub workspace: Option<WorkspaceId>,
}

impl RequestCaller {
    pub fn new(credential: Principal, workspace: Option<WorkspaceId>) -> RequestCaller {
        let (credential_kind, credential_id) = credential.kind_and_id();
        RequestCaller { credential_kind, credential_id, workspace }
    }
}

/// Where authentication puts the caller of a request, an extension of the request. The middleware reads it at the end, also
/// if the handler panicked or was dropped at the timeout.
#[derive(Debug, Clone, Default)]
pub struct CallerCell(Arc<OnceLock<RequestCaller>>);

impl CallerCell {
    /// Sets the caller. A request has one: later calls have no effect.
    pub fn set(&self, caller: RequestCaller) {
        let _ = self.0.set(caller);
    }

    pub fn get(&self) -> Option<RequestCaller> {
        self.0.get().copied()
    }
}
