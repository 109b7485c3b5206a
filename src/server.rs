//! Mounts the dialects and serves them until told to stop.

pub mod document;
mod door;
mod operations;
mod tls;

pub use door::Door;
pub use operations::Operations;
pub use tls::Certificate;

use crate::dialect;
use crate::http::App;
use crate::http::refusal::Voice;
use axum::Router;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take once the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Every dialect under its prefix; the one without a prefix has the rest.
pub fn router(app: App) -> Router {
    dialect::ALL
        .into_iter()
        .fold(Router::new(), |router, dialect| match dialect.prefix {
            "" => router.merge(dialect.router(&app, document::route())),
            prefix => {
                let routes = dialect.router(&app, Router::new());
                // A prefix with nothing behind its slash is none of the nested paths.
                let bare = routes.clone().with_state(app.clone());
                router.nest(prefix, routes).route_service(&format!("{prefix}/"), bare)
            }
        })
        .with_state(app)
}

/// Serves at an ordinary door until `stop`, then takes no more and finishes what is under way, within bounds.
pub async fn serve(listener: TcpListener, app: App, stop: CancellationToken) {
    serve_at(Door::default(), listener, app, stop).await;
}

/// As [`serve`], at a door of one's own.
pub async fn serve_at(door: Door, listener: TcpListener, app: App, stop: CancellationToken) {
    let voice = Voice {
        dialect: dialect::of_the_rest(),
        numbered_by: dialect::ALL.iter().map(|dialect| dialect.request_id_header).collect(),
        is_secure: door.certificate.is_some(),
        clock: app.clock.clone(),
        entropy: app.entropy.clone(),
    };
    // With its state, handlers become routes here and now, and not anew for each request.
    let routes = router(app).with_state(());
    let serving = door.serve(listener, routes, voice, stop.clone());
    tokio::select! {
        () = serving => {}
        () = async { stop.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            tracing::warn!(seconds = DRAIN.as_secs(), "some requests took too long to finish and were cut off");
        }
    }
}
