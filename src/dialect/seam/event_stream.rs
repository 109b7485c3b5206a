//! `/events/stream`: server-sent events. Each has its position in the log as its id; a client that reconnects with
//! `Last-Event-ID` continues after it, on any server, with nothing lost or repeated, because the order of the log is
//! the order of commits.

use super::access::{ByKeyOrSession, SeamGrant, authenticate, granted};
use super::answer::{AnswerShape, Resource, SeamAnswer};
use super::error::invalid;
use super::events::List;
use super::route::*;
use crate::domain::event::{Event, EventFilter};
use crate::error::{Error, Format, Issue, Problem, RequestPart, Result};
use crate::http::App;
use crate::store::{Origin, Prefetch};
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, Utc};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Polling interval for other servers' events.
const TICK: Duration = Duration::from_secs(1);

/// Events per read.
const BATCH: i64 = 100;

pub fn routes() -> Vec<Operation> {
    vec![route("/events/stream", &[GET], stream).summary("Stream events as they happen, as server-sent events")]
}

async fn stream(call: Call<ByKeyOrSession>, input: List) -> Result<Live> {
    if input.between.is_some() {
        return Err(invalid("A stream has no end: between does not go with it"));
    }
    let after = match last_event_id(call.head.headers())?.or(input.since) {
        Some(after) => Some(after),
        None => call.grant.workspace.last_event_at().await?,
    };
    let filter = input.filter(call.grant.scope).map(|filter| EventFilter { after, limit: Some(BATCH), ..filter });
    let events_changed = call.app.store.subscribe();
    Ok(Live { app: call.app, headers: call.head.headers().clone(), filter, read: VecDeque::new(), events_changed })
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

/// A stream. Safe to drop at any time: it holds no connection between reads, and the client knows its position.
pub struct Live {
    app: Arc<App>,
    /// The credential, which may expire during the stream.
    headers: HeaderMap,
    /// The filter, after the last event that was read; None if nothing can match.
    filter: Option<EventFilter>,
    read: VecDeque<Event>,
    events_changed: watch::Receiver<()>,
}

impl SeamAnswer for Live {
    const SHAPE: AnswerShape = AnswerShape::Stream(Event::COMPONENT);

    fn response(self, _: &'static str) -> Response {
        let heartbeat = KeepAlive::new().interval(self.app.heartbeat);
        let events = stream::unfold(self, |mut live| async move {
            let event = live.next().await?;
            Some((Ok::<_, Infallible>(event), live))
        });
        Sse::new(events).keep_alive(heartbeat).into_response()
    }
}

impl Live {
    /// The next event; None when the server stops or the credential is invalid.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                let data = serde_json::to_string(&event).expect("an event has string keys");
                return Some(sse::Event::default().id(event.created_at.timestamp_micros().to_string()).data(data));
            }
            match self.look().await {
                Ok(()) => {}
                Err(error @ (Error::Unavailable(_) | Error::StatementTimeout)) => {
                    tracing::debug!(%error, "event stream waits for the database");
                }
                Err(_) => return None,
            }
            if self.read.is_empty() {
                tokio::select! {
                    () = self.app.stopping.cancelled() => return None,
                    _ = self.events_changed.changed() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        }
    }

    /// Reads on, if still authorized.
    async fn look(&mut self) -> Result<()> {
        // A read is not audited, so the origin is not needed.
        let (origin, now) = (Origin::default(), self.app.clock.now());
        let access = ByKeyOrSession::ACCESS;
        let (caller, _) = authenticate(&self.app, &self.headers, access, Prefetch::None, origin, now).await?;
        let grant: ByKeyOrSession = granted(caller)?;
        let Some(filter) = &mut self.filter else { return Ok(()) };
        filter.scope = grant.scope;
        let events = grant.workspace.events(filter).await?;
        filter.after = events.last().map(|event| event.created_at).or(filter.after);
        self.read.extend(events);
        Ok(())
    }
}
