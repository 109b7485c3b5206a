//! One OpenTelemetry span per request, a child of the span in the client's `traceparent` (W3C, "Trace Context") if there
//! is one. Without a collector no span is created.

use super::context::{RequestCaller, RequestContext};
use crate::domain::id::WorkspaceId;
use axum::http::Method;
use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanKind, Status, Tracer};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// Records spans, or nothing without a tracer. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Traces(Option<SdkTracer>);

/// The outcome of a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestOutcome<'a> {
    pub dialect: &'static str,
    /// The path with parameter names in place of values; `None` if no route matched.
    pub route: Option<&'a str>,
    pub status: u16,
    pub client_address: Option<IpAddr>,
    /// None if no credential was accepted.
    pub caller: Option<RequestCaller>,
    pub began: DateTime<Utc>,
    pub latency: Duration,
}

impl Traces {
    /// Records spans to this tracer.
    pub fn to(tracer: SdkTracer) -> Traces {
        Traces(Some(tracer))
    }

    /// Records a request. The span has the fields of the log line, except the client's address and its credential, and no
    /// parameter values.
    pub fn request(&self, context: &RequestContext, outcome: &RequestOutcome<'_>) {
        let Traces(Some(tracer)) = self else { return };
        let method = known(&context.method);
        let name = outcome.route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
        let mut attributes = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.response.status_code", i64::from(outcome.status)),
            KeyValue::new("handset.dialect", outcome.dialect),
            KeyValue::new("handset.request_id", context.id.0.to_string()),
        ];
        attributes.extend(outcome.route.map(|route| KeyValue::new("http.route", route.to_owned())));
        let workspace = |id: WorkspaceId| KeyValue::new("handset.workspace", id.to_string());
        attributes.extend(outcome.caller.and_then(|caller| caller.workspace).map(workspace));

        let began = SystemTime::from(outcome.began);
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(&context.headers));
        let span = tracer.span_builder(name).with_kind(SpanKind::Server).with_start_time(began);
        let mut span = span.with_attributes(attributes).start_with_context(tracer, &caller);
        if outcome.status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(began + outcome.latency);
    }
}

/// The name of a standard method, else `_OTHER` (OpenTelemetry semantic conventions): clients may send any token.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("_OTHER")
}
