//! `/events/stream`: server-sent events. Each has its position in the log as its id; a client that reconnects with
//! `Last-Event-ID` continues after it, on any server, with nothing lost or repeated, because the order of the log is
//! the order of commits.

use super::access::{ByKeyOrSession, reauthenticate};
use super::answer::{AnswerShape, Resource, SeamAnswer};
use super::error::invalid;
use super::events::List;
use super::route::*;
use crate::domain::event::Event;
use crate::error::{Error, Format, Issue, Problem, RequestPart, Result, StreamLimit};
use crate::http::App;
use crate::store::EventStream;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, Utc};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/events/stream", &[GET], stream)
            .summary("Stream events as they happen, as server-sent events")
            .with_head()
            .fails([Error::TooManyStreams(StreamLimit::OfCredential(100))]),
    ]
}

async fn stream(call: Call<ByKeyOrSession>, input: List) -> Result<Live> {
    if input.between.is_some() {
        return Err(invalid("A stream has no end: between does not go with it"));
    }
    let since = last_event_id(call.head.headers())?.or(input.since);
    let (app, grant) = (call.app, call.grant);
    let filter = input.filter(grant.scope);
    let again = reauthenticate(Arc::clone(&app), call.head.headers(), |grant: ByKeyOrSession| grant.scope);
    let events = grant.workspace.stream_events(filter, since, grant.principal, again, app.streams).await?;
    Ok(Live { app, events })
}

/// Position of the client's last event: microseconds since 1970.
fn last_event_id(headers: &HeaderMap) -> Result<Option<DateTime<Utc>>> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let place = id.to_str().ok().and_then(|id| id.parse().ok()).and_then(DateTime::from_timestamp_micros);
    // Ids of this server have four-digit years; Postgres might refuse others.
    let place = place.filter(|place| (0..=9999).contains(&place.year()));
    let issue = Issue { place: RequestPart::Header, ..Issue::field("Last-Event-ID", Problem::Format(Format::EventId)) };
    place.map(Some).ok_or_else(|| Error::Invalid(vec![issue]))
}

/// A stream that ends with its credential or the server.
pub struct Live {
    app: Arc<App>,
    events: EventStream,
}

impl SeamAnswer for Live {
    const SHAPE: AnswerShape = AnswerShape::Stream(Event::COMPONENT);

    fn response(self, _: &'static str) -> Response {
        let heartbeat = KeepAlive::new().interval(self.app.heartbeat);
        let events = stream::unfold(self, |mut live| async move {
            let event = tokio::select! {
                () = live.app.stopping.cancelled() => return None,
                event = live.events.next() => event?,
            };
            let event = sse::Event::default().id(event.position().to_string()).data(event.data());
            Some((Ok::<_, Infallible>(event), live))
        });
        Sse::new(events).keep_alive(heartbeat).into_response()
    }
}
