//! `/events/stream`: server-sent events. Each has its position in the log as its id; a client that reconnects with
//! `Last-Event-ID` continues after it, on any server, with nothing lost or repeated, because the order of the log is
//! the order of commits.

use super::access::{ForStream, SeamGrant, credential_headers, reauthenticate};
use super::answer::{AnswerShape, Resource, SeamAnswer};
use super::error::invalid;
use super::events::List;
use super::route::*;
use crate::api::input::*;
use crate::domain::event::Event;
use crate::error::{Error, Result, StreamLimit};
use crate::http::App;
use crate::store::EventStream;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, Utc};
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::sync::Arc;

/// Tells nginx to pass each event on at once.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

pub fn routes() -> Vec<Operation> {
    vec![
        route("/events/stream", &[GET], stream)
            .with_head()
            .summary("Stream events as they happen, as server-sent events")
            .fails([Error::TooManyStreams(StreamLimit::OfCredential(100))]),
    ]
}

input! {
    /// Where a stream continues.
    pub struct Resume {
        /// Only events after the one with this id, for clients that cannot send the header `Last-Event-ID`, which wins.
        /// An id that is none is ignored.
        last_event_id: Option<String> = text().optional(),
    }
}

/// The filters of the list, and where the stream continues.
pub struct Stream {
    list: List,
    resume: Resume,
}

impl Input for Stream {
    const NAME: &'static str = "Stream";

    fn fields() -> Vec<Field> {
        [List::fields(), Resume::fields()].concat()
    }

    fn read(map: &mut Map<String, Value>, at: &mut Reader) -> Option<Stream> {
        let (list, resume) = (List::read(map, at), Resume::read(map, at));
        Some(Stream { list: list?, resume: resume? })
    }
}

async fn stream(call: Call<ForStream>, Stream { list, resume }: Stream) -> Result<Live> {
    if list.between.is_some() {
        return Err(invalid("A stream has no end: between does not go with it"));
    }
    let of_query = resume.last_event_id.as_deref().and_then(position);
    let since = last_event_id(call.head.headers()).or(of_query).or(list.since);
    let (app, ForStream(grant)) = (call.app, call.grant);
    let mut filter = list.filter(grant.scope);
    if let Some(filter) = &mut filter
        && let Some(person) = filter.user_identity_id
    {
        filter.user_identity_id = Some(grant.workspace.primary_of(person).await?);
    }
    let headers = credential_headers(&app, &call.head, ForStream::ACCESS)?;
    let again = reauthenticate(Arc::clone(&app), &headers, |grant: ForStream| grant.0.scope);
    let events = grant.workspace.stream_events(filter, since, grant.principal, again, app.streams).await?;
    Ok(Live { app, events })
}

/// Position of the client's last event. One that cannot be read counts as none: browsers repeat it with each attempt and
/// cannot change it.
fn last_event_id(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get("last-event-id")?.to_str().ok().and_then(position)
}

/// The position in the id of an event: microseconds since 1970.
fn position(id: &str) -> Option<DateTime<Utc>> {
    let place = id.parse().ok().and_then(DateTime::from_timestamp_micros);
    // Ids of this server have four-digit years; Postgres might refuse others.
    place.filter(|place| (0..=9999).contains(&place.year()))
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
        // Sent at once, so that proxies and clients see that the stream is open.
        let opened = stream::once(async { Ok(sse::Event::default().comment("")) });
        ([UNBUFFERED], Sse::new(opened.chain(events)).keep_alive(heartbeat)).into_response()
    }
}
