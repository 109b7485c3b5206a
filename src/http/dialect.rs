//! A dialect is a value: its name, where it lives, its routes, and how it says that something went wrong. Around the
//! routes lies the dialect's edge, the same for all: it numbers the request, bounds its time, turns a domain error into
//! the dialect's words and writes the one log line of the request.

use super::App;
use super::client_address;
use super::failure::{self, Failure};
use super::traces::RequestOutcome;
use crate::error::Error;
use crate::model::id::WorkspaceId;
use crate::store::Origin;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

/// The longest that a request may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The longest path and query that are read, in bytes.
const LONGEST_ADDRESS: usize = 32 * 1024;

/// One wire dialect.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    pub name: &'static str,
    /// Which requests are its own. Of all dialects the first to claim a request has it.
    pub claims: fn(&Parts) -> Claim,
    /// The header that carries the request's number.
    pub request_id_header: &'static str,
    /// Its routes, from the root on, with a fallback that answers `Error::NoRoute`.
    pub routes: fn() -> Router<Arc<App>>,
    /// What the OpenAPI document says of it: a whole document of its own.
    pub document: fn() -> Value,
    /// A header that only its own clients send; they read no other dialect's part of the document.
    pub client_header: Option<&'static str>,
    /// The headers in which its callers show who they are.
    pub credential_headers: &'static [&'static str],
    /// An error in its words.
    pub render: fn(&Error, &RequestContext) -> Response,
}

/// Whether a request is a dialect's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    No,
    Yes,
    /// It is, as if its address had been this one: some protocols spell one path in several ways.
    As(Uri),
}

impl Claim {
    /// Claims the path `prefix` and all below it.
    pub fn below(prefix: &str, parts: &Parts) -> Claim {
        match parts.uri.path().strip_prefix(prefix) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Claim::Yes,
            _ => Claim::No,
        }
    }
}

/// What the edge knows of a request when its answer has to be written.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub id: RequestId,
    pub at: DateTime<Utc>,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Where clients reach this service, if that is not what they say themselves.
    pub public_url: Option<Arc<str>>,
    /// How they said it: `http` or `https`.
    pub scheme: &'static str,
}

/// The number of a request, in its answer and in its log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// As it stands in a header.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_str(&self.0.to_string()).expect("a UUID is a header value")
    }
}

/// The workspace that a request turned out to be about; a response bears it for the log line.
#[derive(Debug, Clone, Copy)]
pub struct Tenant(pub WorkspaceId);

impl Dialect {
    /// The dialect's routes, and others beside them, within its edge.
    pub fn router(&'static self, app: &Arc<App>, beside: Router<Arc<App>>) -> Router<Arc<App>> {
        (self.routes)()
            .merge(beside)
            .layer(CatchPanicLayer::custom(failure::of_panic))
            .layer(middleware::from_fn_with_state((Arc::clone(app), self), edge))
    }
}

async fn edge(
    State((app, dialect)): State<(Arc<App>, &'static Dialect)>,
    mut request: Request,
    next: Next,
) -> Response {
    let (began, started) = (app.clock.now(), Instant::now());
    let context = RequestContext {
        id: RequestId(app.random.id(began)),
        at: began,
        method: request.method().clone(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        public_url: app.public_url.clone(),
        scheme: client_address::scheme(request.extensions()),
    };
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let address = client_address::of(&request, &app.proxies);
    request.extensions_mut().insert(Origin { request_id: Some(context.id.0), address });

    let mut response = match &app.limits {
        None => bounded(request, next).await,
        Some(limits) => {
            let names = dialect.credential_headers;
            limits.around(address, names, request, |request| bounded(request, next)).await
        }
    };
    if let Some(Failure(error)) = response.extensions_mut().remove::<Failure>() {
        log_failure(&error, context.id);
        let tenant = response.extensions_mut().remove::<Tenant>();
        response = (dialect.render)(&error, &context);
        tenant.map(|tenant| response.extensions_mut().insert(tenant));
    }
    response.headers_mut().insert(HeaderName::from_static(dialect.request_id_header), context.id.header());

    let outcome = RequestOutcome {
        dialect: dialect.name,
        route: matched.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        workspace: response.extensions().get::<Tenant>().map(|tenant| tenant.0),
        began,
        latency: started.elapsed(),
    };
    record_request(&app, &context, &outcome);
    response
}

/// Tells of a request: in the log, the figures and the traces.
fn record_request(app: &App, context: &RequestContext, outcome: &RequestOutcome<'_>) {
    let RequestOutcome { dialect, route, status, workspace, latency, .. } = *outcome;
    let path = route.unwrap_or("(none)");
    app.metrics.request(dialect, path, status, latency);
    app.traces.request(context, outcome);
    tracing::info!(
        target: "handset::request",
        method = %context.method,
        path,
        dialect,
        status,
        latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
        request_id = %context.id.0,
        workspace = workspace.map(tracing::field::display),
    );
}

/// The answer of the routes, if it comes in time. After that the routes are dropped, as they are when the client goes
/// away: reads end there, and a unit of work that has begun is finished by the store.
async fn bounded(request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > LONGEST_ADDRESS {
        return Error::AddressTooLong(LONGEST_ADDRESS).into_response();
    }
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::Unavailable(format!("no answer within {} s", DEADLINE.as_secs())).into_response(),
    }
}

/// What the caller is not shown is logged, once.
fn log_failure(error: &Error, id: RequestId) {
    match error {
        Error::Internal(source) => tracing::error!(request_id = %id.0, error = %source, "internal error"),
        Error::Unavailable(reason) => tracing::warn!(request_id = %id.0, reason, "unavailable"),
        _ => {}
    }
}
