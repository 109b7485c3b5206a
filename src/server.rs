//! Mounts the console and the dialects, and serves them until shutdown.

mod early_answer;
mod listener;
mod liveness;
mod metered;
pub mod openapi;
mod operations;
mod process;
mod tls;

pub use listener::{ListenerConfig, bind};
pub use liveness::Liveness;
pub use operations::Operations;
pub use tls::Certificate;

use crate::console;
use crate::dialect;
use crate::http::error_renderer::ErrorRenderer;
use crate::http::{App, Claim, Dialect, host};
use crate::instant_key_page;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Maximum time for requests in flight to finish on shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Routes each request to the first dialect that claims it.
pub fn router(app: &Arc<App>) -> Router {
    let rest = dialect::fallback();
    let console = app.has_console.then_some(&console::DIALECT);
    let dialects: Arc<[(&Dialect, Router)]> = console
        .into_iter()
        .chain([&instant_key_page::DIALECT])
        .chain(dialect::ALL)
        .map(|dialect| {
            let beside = if dialect.name == rest.name { openapi::routes() } else { Router::new() };
            (dialect, dialect.router(app, beside).with_state(Arc::clone(app)))
        })
        .collect();
    Router::new().fallback(move |request| answer(dialects.clone(), request))
}

async fn answer(dialects: Arc<[(&Dialect, Router)]>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    host::normalize(&mut parts);
    for (dialect, router) in dialects.iter() {
        match (dialect.claims)(&parts) {
            Claim::No => continue,
            Claim::Yes => {}
            Claim::As(address) => parts.uri = address,
        }
        return router.clone().oneshot(Request::from_parts(parts, body)).await.into_response();
    }
    unreachable!("the last dialect claims every request")
}

/// Serves until `stop`, then accepts no more and finishes requests in flight, up to 10 s.
pub async fn serve(config: ListenerConfig, listener: TcpListener, app: Arc<App>, stop: CancellationToken) {
    serve_routes(config, listener, router(&app), &app, stop).await;
}

/// Like [`serve`], with other routes than those of the dialects.
pub async fn serve_routes(
    config: ListenerConfig,
    listener: TcpListener,
    routes: Router,
    app: &App,
    stop: CancellationToken,
) {
    let renderer = ErrorRenderer {
        dialect: dialect::fallback(),
        numbered_by: dialect::ALL.iter().map(|dialect| dialect.request_id_header).collect(),
        is_secure: config.certificate.is_some(),
        peer: None,
        clock: app.clock.clone(),
        random: app.random.clone(),
    };
    // Converts handlers to routes once, instead of for each request.
    let routes = routes.with_state(());
    let serving = config.serve(listener, routes, renderer, app, stop.clone());
    tokio::select! {
        () = serving => {}
        () = async { stop.cancelled().await; tokio::time::sleep(DRAIN_TIMEOUT).await } => {
            tracing::warn!(seconds = DRAIN_TIMEOUT.as_secs(), "aborted requests still in flight after the drain timeout");
        }
    }
}
