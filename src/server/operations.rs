//! What operators ask a server, on an address of their own that callers of the API do not reach: its figures, and whether
//! to send it requests.

use crate::clock::Clock;
use crate::metrics::{Metrics, Snapshot};
use crate::store::Store;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long whoever reads the figures waits for those from the database.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the answers are made from.
#[derive(Debug, Clone)]
pub struct Operations {
    pub metrics: Metrics,
    pub store: Store,
    pub clock: Clock,
    /// Cancelled when the server is about to stop and shall be sent no more requests.
    pub leaving: CancellationToken,
}

impl Operations {
    /// Answers for ever.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let routes = Router::new().route("/metrics", get(metrics)).route("/health/ready", get(ready)).with_state(self);
        axum::serve(listener, routes).await
    }
}

/// The figures of this server, in the form that Prometheus reads.
async fn metrics(State(operations): State<Operations>) -> Response {
    let Operations { metrics, store, clock, .. } = operations;
    let pending_deliveries = tokio::time::timeout(PATIENCE, store.pending_deliveries()).await.ok().and_then(Result::ok);
    let age = |since: DateTime<Utc>| (clock.now() - since).to_std().unwrap_or_default();
    let (idle_connections, used_connections) = store.connections();
    let (lookups, lookup_statements) = store.lookups();
    let snapshot = Snapshot {
        idle_connections,
        used_connections,
        connections_closed_in_transaction: store.connections_closed_in_transaction(),
        lookups,
        lookup_statements,
        pending_deliveries: pending_deliveries.map(|pending_deliveries| {
            (pending_deliveries.count, pending_deliveries.oldest.map(age).unwrap_or_default())
        }),
    };
    match metrics.text(&snapshot) {
        Some(text) => {
            ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whether to send this server requests. The database has no say in it: when it is away, each server says so by itself,
/// and better than whoever finds all of them gone.
async fn ready(State(operations): State<Operations>) -> (StatusCode, &'static str) {
    if operations.leaving.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "about to stop\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}
