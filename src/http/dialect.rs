//! A dialect is a value: its name, the requests it claims, its routes and its error format. All dialects share one
//! middleware around their routes: it assigns the request id, enforces rate limits and the timeout, renders a domain error
//! in the dialect's format and writes the request's one log line.

use super::App;
use super::base_url::BaseUrl;
use super::client_address;
use super::compression;
use super::context::{CallerCell, RequestContext, RequestId};
use super::cors;
use super::failure::{self, Failure};
use super::host;
use super::in_flight;
use super::traces::RequestOutcome;
use crate::error::Error;
use crate::metrics::RefusalReason;
use crate::store::{Origin, Store, client_network};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;

/// Request timeout.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Maximum length of path and query, in bytes.
pub const LONGEST_ADDRESS: usize = 32 * 1024;

/// Maximum size of a request's head, in bytes.
pub const MAX_HEAD: usize = 128 * 1024;

/// Maximum number of a request's headers; by default hyper takes 100.
pub const MAX_HEADERS: usize = 512;

/// One wire dialect.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    pub name: &'static str,
    /// Whether a request is this dialect's; the first dialect to claim a request serves it.
    pub claims: fn(&Parts) -> Claim,
    /// The response header with the request id.
    pub request_id_header: &'static str,
    /// The routes from the root on, with a fallback that returns `Error::NoRoute`.
    pub routes: fn() -> Router<Arc<App>>,
    /// The dialect's part of the OpenAPI document, itself a complete document.
    pub document: fn() -> Value,
    /// A header that only this dialect's clients send; `/openapi.json` returns them this dialect's part alone.
    pub client_header: Option<&'static str>,
    /// Whether browser pages of this origin may call.
    pub allows_origin: fn(&str) -> bool,
    /// The request headers that carry credentials.
    pub credential_headers: &'static [&'static str],
    /// Renders an error in the dialect's format.
    pub render: fn(&Error, &RequestContext) -> Response,
}

/// Whether a request is a dialect's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    No,
    Yes,
    /// Claimed with a rewritten URI: some protocols spell one path in several ways.
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

impl Dialect {
    /// The dialect's routes and `beside`, within the dialect's middleware.
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
        base_url: BaseUrl::of(&app, request.extensions()),
    };
    compression::unmark_tags(request.headers_mut());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let address = client_address::of(&request, &app.proxies);
    let caller = CallerCell::default();
    request.extensions_mut().insert(Origin { request_id: Some(context.id.0), address });
    request.extensions_mut().insert(caller.clone());

    let admitted = host::check(request.version(), request.headers()).and_then(|()| match &app.limits {
        None => Ok(()),
        Some(limits) => limits.admit(address, dialect.credential_headers, request.headers()),
    });
    let mut response = match admitted {
        Ok(()) if cors::is_preflight(&context.method, &context.headers) => cors::preflight(&context.headers),
        Ok(()) => counted(&app, &context.headers, address, request, next).await,
        Err(error) => error.into_response(),
    };
    if let Some(Failure(error)) = response.extensions_mut().remove::<Failure>() {
        record_failure(&app, dialect, &error, context.id);
        response = (dialect.render)(&error, &context);
        if let Some(seconds) = app.retry_after.seconds(&error, app.clock.elapsed(), &app.random) {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if let Error::TooManyStreams(_) = *error {
            // Its buffers are as large as those of a stream.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
    response.headers_mut().insert(HeaderName::from_static(dialect.request_id_header), context.id.header());
    cors::open(&context.headers, response.headers_mut(), dialect.allows_origin);

    let outcome = RequestOutcome {
        dialect: dialect.name,
        route: matched.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        client_address: address,
        caller: caller.get(),
        began,
        latency: started.elapsed(),
    };
    record_request(&app, &context, &outcome);
    response
}

/// Records a request in the log, the metrics and the traces.
fn record_request(app: &App, context: &RequestContext, outcome: &RequestOutcome<'_>) {
    let RequestOutcome { dialect, route, status, client_address, caller, latency, .. } = *outcome;
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
        client_address = client_address.map(tracing::field::display),
        credential_kind = caller.map_or("none", |caller| caller.credential_kind),
        credential_id = caller.and_then(|caller| caller.credential_id).map(tracing::field::display),
        workspace = caller.and_then(|caller| caller.workspace).map(tracing::field::display),
    );
}

/// Runs the routes within the budgets of requests in flight.
async fn counted(app: &App, asked: &HeaderMap, address: Option<IpAddr>, request: Request, next: Next) -> Response {
    let share = match client_address::forwarded(request.extensions(), address) {
        None => None,
        Some(client) => match app.in_flight.request(client, &app.clock) {
            Ok(share) => Some(share),
            Err(error) => return error.into_response(),
        },
    };
    // The response has its share before the rows return theirs.
    let response =
        Store::limit_rows(async { app.in_flight.respond(address.map(client_network), bounded(request, next).await) });
    let response = compression::compress(asked, response.await).await;
    match share {
        Some(share) => in_flight::until_end(response, share),
        None => response,
    }
}

/// Runs the routes with a timeout. On timeout the handler's future is dropped, as when the client disconnects: reads end
/// there, and the store finishes a transaction that has begun.
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

/// Counts a failure that is not the caller's, and logs the details that the client does not receive.
fn record_failure(app: &App, dialect: &Dialect, error: &Error, id: RequestId) {
    let reason = match error {
        Error::Throttled(_) => RefusalReason::RateLimit,
        Error::TooManyStreams(_) => RefusalReason::StreamLimit,
        Error::Internal(source) => {
            tracing::error!(request_id = %id.0, error = %source, "internal error");
            RefusalReason::InternalError
        }
        Error::StatementTimeout => {
            tracing::warn!(request_id = %id.0, "statement timeout");
            RefusalReason::StatementTimeout
        }
        Error::Unavailable(reason) => {
            tracing::warn!(request_id = %id.0, reason, "request refused as unavailable");
            RefusalReason::Unavailable
        }
        _ => return,
    };
    app.metrics.refusal(dialect.name, reason);
}
