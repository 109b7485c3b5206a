//! Tells the script of new events, as server-sent events. It then loads the rows again.

use crate::console::context::PageContext;
use crate::console::cookie;
use crate::domain::event::EventFilter;
use crate::domain::scope::Scope;
use crate::error::{Error, Rejection, Result};
use crate::http::App;
use crate::store::{EventStream, Principal, Reauthenticate};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use std::convert::Infallible;
use std::sync::Arc;

/// Tells nginx to pass each event on at once.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// A stream that ends with the operator's session or the server.
struct Live {
    app: Arc<App>,
    events: EventStream,
}

/// Streams the positions of all events of the workspace.
pub async fn stream(context: PageContext) -> Result<Response> {
    let filter = EventFilter { include_opt_in: true, ..EventFilter::default() };
    let principal = Principal::Operator(context.operator.operator_id);
    let app = Arc::clone(&context.app);
    let events =
        context.workspace().stream_events(Some(filter), None, principal, reauthenticate(&context), app.streams).await?;
    let heartbeat = KeepAlive::new().interval(app.heartbeat);
    let events = stream::unfold(Live { app, events }, |mut live| async move {
        let event = tokio::select! {
            () = live.app.stopping.cancelled() => return None,
            event = live.events.next() => event?,
        };
        let event = sse::Event::default().id(event.position().to_string()).data("new");
        Some((Ok::<_, Infallible>(event), live))
    });
    // Sent at once, so that proxies and the browser see that the stream is open.
    let opened = stream::once(async { Ok(sse::Event::default().comment("")) });
    let unstored = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([UNBUFFERED, unstored], Sse::new(opened.chain(events)).keep_alive(heartbeat)).into_response())
}

/// Judges the session again, and the operator's role in the workspace.
fn reauthenticate(context: &PageContext) -> Reauthenticate {
    let (app, workspace) = (Arc::clone(&context.app), context.workspace().id());
    let token = cookie::read(&context.headers, cookie::SESSION, context.is_secure());
    let token: Arc<str> = token.unwrap_or_default().into();
    Arc::new(move || {
        let (app, token) = (Arc::clone(&app), Arc::clone(&token));
        Box::pin(async move {
            let session = app.store.watching_operator_session(&token, workspace, app.clock.now()).await?;
            match session.and_then(|session| session.workspace) {
                Some(_) => Ok(Scope::Workspace),
                None => Err(Error::Unauthenticated(Rejection::MISSING)),
            }
        })
    })
}
