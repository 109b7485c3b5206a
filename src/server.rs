//! Mounts the dialects and serves them until told to stop.

pub mod document;
mod door;
mod operations;
mod tls;

pub use door::Door;
pub use operations::Operations;
pub use tls::Certificate;

use crate::dialect;
use crate::http::refusal::Voice;
use crate::http::{App, Claim, Dialect};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Every dialect, each with the requests that it claims.
pub fn router(app: &Arc<App>) -> Router {
    let rest = dialect::of_the_rest();
    let dialects: Arc<[(&Dialect, Router)]> = dialect::ALL
        .into_iter()
        .map(|dialect| {
            let beside = if dialect.name == rest.name { document::route() } else { Router::new() };
            (dialect, dialect.router(app, beside).with_state(Arc::clone(app)))
        })
        .collect();
    Router::new().fallback(move |request| answer(dialects.clone(), request))
}

async fn answer(dialects: Arc<[(&Dialect, Router)]>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
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

/// Serves at an ordinary door until `stop`, then takes no more and finishes what is under way, within bounds.
pub async fn serve(listener: TcpListener, app: impl Into<Arc<App>>, stop: CancellationToken) {
    serve_at(Door::default(), listener, app, stop).await;
}

/// As [`serve`], at a door of one's own.
pub async fn serve_at(door: Door, listener: TcpListener, app: impl Into<Arc<App>>, stop: CancellationToken) {
    let app = app.into();
    serve_routes(door, listener, router(&app), &app, stop).await;
}

/// As [`serve_at`], with other routes than those of the dialects.
pub async fn serve_routes(door: Door, listener: TcpListener, routes: Router, app: &App, stop: CancellationToken) {
    let voice = Voice {
        dialect: dialect::of_the_rest(),
        numbered_by: dialect::ALL.iter().map(|dialect| dialect.request_id_header).collect(),
        is_secure: door.certificate.is_some(),
        clock: app.clock.clone(),
        entropy: app.entropy.clone(),
    };
    // With its state, handlers become routes here and now, and not anew for each request.
    let routes = routes.with_state(());
    let serving = door.serve(listener, routes, voice, stop.clone());
    tokio::select! {
        () = serving => {}
        () = async { stop.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            tracing::warn!(seconds = DRAIN.as_secs(), "some requests took too long to finish and were cut off");
        }
    }
}
