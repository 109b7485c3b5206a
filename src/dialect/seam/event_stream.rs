//! `/events/stream`: events as they happen, as server-sent events. Each bears its place in the log as its id; a client
//! that comes back with the last one it saw goes on behind it, on whichever server, with nothing lost or repeated,
//! because the order of the log is the order of commits.

use super::access::{ByKeyOrSession, admit};
use super::answer::{Answer, AnswerShape, Resource};
use super::events::List;
use super::route::*;
use super::wire;
use crate::error::{Error, Issue, Place, Problem, Result, Step};
use crate::http::App;
use crate::model::event::{Event, EventFilter};
use crate::store::{Errand, Origin};
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

/// How often to look for what other servers wrote.
const TICK: Duration = Duration::from_secs(1);

/// How many events are read at once.
const BATCH: i64 = 100;

pub fn routes() -> Vec<Route> {
    vec![route("/events/stream", &[GET], stream).does("Stream events as they happen, as server-sent events")]
}

async fn stream(call: Call<ByKeyOrSession>, input: List) -> Result<Live> {
    if input.between.is_some() {
        return Err(Error::Invalid(vec![Issue::root("A stream has no end: between does not go with it")]));
    }
    let after = match last_event_id(&call.head.headers)?.or(input.since) {
        Some(after) => Some(after),
        None => call.grant.workspace.last_event_at().await?,
    };
    let filter = input.filter(call.grant.reach).map(|filter| EventFilter { after, limit: Some(BATCH), ..filter });
    let bell = call.app.store.listen();
    Ok(Live { app: call.app, headers: call.head.headers, filter, read: VecDeque::new(), bell })
}

/// The place of the last event that the client saw: microseconds since 1970.
fn last_event_id(headers: &HeaderMap) -> Result<Option<DateTime<Utc>>> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let place = id.to_str().ok().and_then(|id| id.parse().ok()).and_then(DateTime::from_timestamp_micros);
    // A time that nothing can have happened at, and that Postgres might not even know, was not given out by us.
    match place.filter(|place| (0..=9999).contains(&place.year())) {
        Some(place) => Ok(Some(place)),
        None => Err(Error::Invalid(vec![Issue {
            place: Place::Header,
            path: vec![Step::Key("Last-Event-ID".to_owned())],
            problem: Problem::Format,
            message: "Must be the id of an event of this stream".to_owned(),
        }])),
    }
}

/// A stream under way.
pub struct Live {
    app: Arc<App>,
    /// The credential, which may end before the stream does.
    headers: HeaderMap,
    /// What is asked for, after the last event that was read; None if nothing can ever come.
    filter: Option<EventFilter>,
    read: VecDeque<Event>,
    bell: watch::Receiver<()>,
}

impl Answer for Live {
    fn respond(self, _: &'static str) -> Response {
        let heartbeat = KeepAlive::new().interval(self.app.heartbeat);
        let events = stream::unfold(self, |mut live| async move {
            let event = live.next().await?;
            Some((Ok::<_, Infallible>(event), live))
        });
        Sse::new(events).keep_alive(heartbeat).into_response()
    }

    fn shape() -> AnswerShape {
        AnswerShape::Stream(wire::Event::COMPONENT)
    }
}

impl Live {
    /// The next event; None when the server stops or the credential has ended.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                let data = serde_json::to_string(&event).expect("an event has text keys");
                return Some(sse::Event::default().id(event.created_at.timestamp_micros().to_string()).data(data));
            }
            match self.look().await {
                Ok(()) => {}
                Err(Error::Unavailable(reason)) => tracing::debug!(reason, "a stream waits for the database"),
                Err(_) => return None,
            }
            if self.read.is_empty() {
                tokio::select! {
                    () = self.app.stopping.cancelled() => return None,
                    _ = self.bell.changed() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        }
    }

    /// Reads on, if the caller may still.
    async fn look(&mut self) -> Result<()> {
        // It changes nothing, so where it comes from is told nowhere.
        let (origin, now) = (Origin::default(), self.app.clock.now());
        let grant = admit::<ByKeyOrSession>(&self.app, &self.headers, Errand::None, origin, now).await?;
        let Some(filter) = &mut self.filter else { return Ok(()) };
        filter.reach = grant.reach;
        let events = grant.workspace.events(filter).await?;
        filter.after = events.last().map(|event| event.created_at).or(filter.after);
        self.read.extend(events);
        Ok(())
    }
}
