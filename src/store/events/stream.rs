//! A stream of events: those before it joins its hub from the log, all later ones from the hub. No event is lost or
//! repeated between the two, because each batch says after which position it begins.

use super::hub::{BATCH, Batch, Joined, Membership, Reauthenticate, StreamLimits, TICK};
use crate::domain::event::{Event, EventFilter};
use crate::domain::scope::Scope;
use crate::error::{Error, Rejection, Result};
use crate::store::{Principal, Workspace};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

/// An event, serialized once for all streams.
#[derive(Debug)]
pub struct StreamedEvent {
    event: Event,
    data: OnceLock<String>,
}

impl StreamedEvent {
    pub(super) fn new(event: Event) -> StreamedEvent {
        StreamedEvent { event, data: OnceLock::new() }
    }

    /// Position in the log: microseconds since 1970.
    pub fn position(&self) -> i64 {
        self.event.created_at.timestamp_micros()
    }

    /// The event as JSON.
    pub fn data(&self) -> &str {
        self.data.get_or_init(|| serde_json::to_string(&self.event).expect("an event has string keys"))
    }
}

/// An open stream. Safe to drop at any time: it holds no connection between reads, and the client knows its position.
pub struct EventStream {
    workspace: Workspace,
    /// None if nothing can match.
    filter: Option<EventFilter>,
    scope: Scope,
    /// All events up to here have been sent, or do not match.
    position: DateTime<Utc>,
    /// Whether the log has events after the position that do not come from the hub.
    is_behind: bool,
    ready: VecDeque<Arc<StreamedEvent>>,
    batches: broadcast::Receiver<Arc<Batch>>,
    reauthenticate: Reauthenticate,
    membership: Membership,
}

impl Workspace {
    /// Opens a stream of the events after `since`, or of those from now on.
    pub async fn stream_events(
        &self,
        filter: Option<EventFilter>,
        since: Option<DateTime<Utc>>,
        principal: Principal,
        reauthenticate: Reauthenticate,
        limits: StreamLimits,
    ) -> Result<EventStream> {
        let head = self.last_event_at().await?.unwrap_or(DateTime::UNIX_EPOCH);
        let again = Arc::clone(&reauthenticate);
        let Joined { membership, batches, position: of_hub } =
            self.store.hubs.join(self, principal, again, limits, head)?;
        let position = since.unwrap_or(head);
        Ok(EventStream {
            workspace: self.clone(),
            filter,
            scope: principal.scope(),
            position,
            is_behind: of_hub > position,
            ready: VecDeque::new(),
            batches,
            reauthenticate,
            membership,
        })
    }
}

impl EventStream {
    /// The next event; None when the credential is no longer valid.
    pub async fn next(&mut self) -> Option<Arc<StreamedEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let step = if self.is_behind { self.catch_up().await } else { self.receive().await };
            match step {
                Ok(()) => {}
                Err(Error::Unavailable(reason)) => {
                    tracing::debug!(reason, "event stream waits for the database");
                    sleep(TICK).await;
                }
                Err(_) => return None,
            }
        }
    }

    async fn receive(&mut self) -> Result<()> {
        match self.batches.recv().await {
            Ok(batch) => self.take(&batch),
            Err(RecvError::Lagged(_)) => {
                self.is_behind = true;
                Ok(())
            }
            Err(RecvError::Closed) => Err(Error::Internal("a hub ended before its streams".into())),
        }
    }

    /// Takes the events of a batch that match, if the caller was authenticated after they were read.
    fn take(&mut self, batch: &Batch) -> Result<()> {
        let judged = batch.callers.get(&self.membership.caller);
        if let Some(None) = judged {
            return Err(Error::Unauthenticated(Rejection::MISSING));
        }
        if batch.upto <= self.position && !batch.events.is_empty() {
            return Ok(());
        }
        let is_without_gap = batch.after <= self.position;
        match judged {
            // The log has the events of both scopes, if one user identity was merged into another one.
            Some(Some(scope)) if is_without_gap && *scope == self.scope => {}
            // It joined when the batch was on its way; there is nothing to judge without events.
            None if batch.events.is_empty() => return Ok(()),
            _ => {
                self.is_behind = true;
                return Ok(());
            }
        }
        if let Some(filter) = &mut self.filter {
            filter.scope = self.scope;
            let matching = batch.events.iter().filter(|(event, subject)| {
                event.event.created_at > self.position && filter.matches(&event.event, subject)
            });
            self.ready.extend(matching.map(|(event, _)| Arc::clone(event)));
        }
        self.position = self.position.max(batch.upto);
        Ok(())
    }

    /// Reads the next matching events from the log. If there are no more, the position is that of the log, so nothing is
    /// read again.
    async fn catch_up(&mut self) -> Result<()> {
        // Read first: all events up to it are visible to each later statement.
        let head = self.workspace.last_event_at().await?.unwrap_or(DateTime::UNIX_EPOCH);
        let is_without_match = self.filter.is_none() || self.scope == Scope::Nothing;
        let events = match &self.filter {
            Some(filter) if !is_without_match => {
                let before = Some(head + TimeDelta::microseconds(1));
                let (scope, after, limit) = (self.scope, Some(self.position), Some(BATCH));
                self.workspace.events(&EventFilter { scope, after, before, limit, ..filter.clone() }).await?
            }
            _ => Vec::new(),
        };
        // After the read: what happened after the caller's revocation is not sent to it.
        let scope = (self.reauthenticate)().await?;
        if scope != self.scope {
            self.scope = scope;
            return Ok(());
        }
        match events.last() {
            Some(last) if i64::try_from(events.len()).is_ok_and(|count| count >= BATCH) => {
                self.position = last.created_at;
            }
            _ => {
                self.position = self.position.max(head);
                self.is_behind = false;
            }
        }
        self.ready.extend(events.into_iter().map(|event| Arc::new(StreamedEvent::new(event))));
        Ok(())
    }
}
