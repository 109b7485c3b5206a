//! Metrics and the readiness probe, on a separate address that clients of the API do not reach.

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
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Timeout for the metrics that are read from the database.
const PATIENCE: Duration = Duration::from_secs(3);

/// State of the operations routes.
#[derive(Clone)]
pub struct Operations {
    pub app: Arc<App>,
    /// Cancelled when the server is about to stop; the readiness probe then fails.
    pub leaving: CancellationToken,
}

impl Operations {
    /// Serves the routes; does not return without an error.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let routes = Router::new().route("/metrics", get(metrics)).route("/health/ready", get(ready)).with_state(self);
        axum::serve(listener, routes).await
    }
}

/// Returns this server's metrics as OpenMetrics text.
async fn metrics(State(Operations { app, .. }): State<Operations>) -> Response {
    let store = &app.store;
    let pending = tokio::time::timeout(PATIENCE, store.pending_deliveries()).await.ok().and_then(Result::ok);
    let age = |since: DateTime<Utc>| (app.clock.now() - since).to_std().unwrap_or_default();
    let (idle_connections, used_connections) = store.connections();
    let (lookups, lookup_statements) = store.lookups();
    let snapshot = Snapshot {
        idle_connections,
        used_connections,
        connections_closed_in_transaction: store.connections_closed_in_transaction(),
        lookups,
        lookup_statements,
        pending_deliveries: pending.map(|pending| (pending.count, pending.oldest.map(age).unwrap_or_default())),
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
