//! Mounts the dialects and serves them until told to stop.

pub mod document;

use crate::dialect;
use crate::http::refusal::{Refusing, Voice};
use crate::http::{App, Claim, Dialect};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Every dialect, each with the requests that it claims.
pub fn router(app: App) -> Router {
    let rest = dialect::of_the_rest();
    let dialects: Arc<[(&Dialect, Router)]> = dialect::ALL
        .into_iter()
        .map(|dialect| {
            let beside = if dialect.name == rest.name { document::route() } else { Router::new() };
            (dialect, dialect.router(&app, beside).with_state(app.clone()))
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

/// Serves until `stop`, then takes no more and finishes what is under way, within bounds.
pub async fn serve(listener: TcpListener, app: App, stop: CancellationToken) -> io::Result<()> {
    let voice = Voice {
        dialect: dialect::of_the_rest(),
        numbered_by: dialect::ALL.iter().map(|dialect| dialect.request_id_header).collect(),
        clock: app.clock.clone(),
        entropy: app.entropy.clone(),
    };
    let listener = Refusing { listener, voice };
    // Made once and shared: as it is, the router would be made anew, with every route, for each connection.
    let routes = router(app).into_make_service();
    let serving = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = serving.into_future() => served,
        () = async { stop.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            tracing::warn!(seconds = DRAIN.as_secs(), "some requests took too long to finish and were cut off");
            Ok(())
        }
    }
}
