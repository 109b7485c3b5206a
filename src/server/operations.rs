//! Metrics and the readiness probe, on a separate address that clients of the API do not reach.

use super::process;
use super::tls::Certificate;
use crate::http::App;
use crate::metrics::Snapshot;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// State of the operations routes.
#[derive(Clone)]
pub struct Operations {
    pub app: Arc<App>,
    /// Cancelled when the server is about to stop; the readiness probe then fails.
    pub leaving: CancellationToken,
    /// The server's certificate, if it has one.
    pub certificate: Option<Arc<Certificate>>,
    /// When the server started.
    pub started_at: DateTime<Utc>,
}

impl Operations {
    /// Serves the routes; does not return without an error.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let routes = Router::new().route("/metrics", get(metrics)).route("/health/ready", get(ready)).with_state(self);
        axum::serve(listener, routes).await
    }
}

/// Returns this server's metrics as OpenMetrics text, from memory: a scrape costs the database nothing.
async fn metrics(State(Operations { app, certificate, started_at, .. }): State<Operations>) -> Response {
    let store = &app.store;
    let (idle_connections, used_connections) = store.connections();
    let (lookups, lookup_statements) = store.lookups();
    // A thread of its own, since there may be thousands of open files to count.
    let process = tokio::task::spawn_blocking(move || process::usage(started_at)).await;
    let snapshot = Snapshot {
        idle_connections,
        used_connections,
        max_connections: store.max_connections(),
        connections_closed_in_transaction: store.connections_closed_in_transaction(),
        acquire_timeouts: store.acquire_timeouts(),
        lookups,
        lookup_statements,
        certificate_expiry: certificate.and_then(|certificate| Some(certificate.validity().ok()?.1)),
        process: process.ok().flatten(),
    };
    match app.metrics.text(&snapshot) {
        Some(text) => {
            ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns 200, or 503 when the server is about to stop. It does not check the database: while that is down, every server
/// would fail the probe, and clients would get the balancer's error instead of the API's.
async fn ready(State(operations): State<Operations>) -> (StatusCode, &'static str) {
    if operations.leaving.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "about to stop\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}
