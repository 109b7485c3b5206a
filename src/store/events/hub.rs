//! One reader of the log for all streams of a workspace. It reads each event once, authenticates the streams' callers
//! again, each once, and hands both to the streams, which filter in memory. It is woken by this process's events of its
//! workspace, and looks for those of other servers each [`TICK`].

use super::stream::StreamedEvent;
use crate::domain::event::EventSubject;
use crate::domain::id::WorkspaceId;
use crate::domain::scope::Scope;
use crate::error::{Error, Result, StreamLimit};
use crate::store::{Principal, Store, Workspace};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, join_all};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, broadcast};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// Polling interval for other servers' events: one short read per workspace with streams.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// Time after which callers are authenticated again even without an event.
const REAUTHENTICATE_AFTER: Duration = Duration::from_secs(5);

/// Events per read.
pub(super) const BATCH: i64 = 100;

/// Batches that are kept for the slowest stream. One that is further behind reads the log itself.
const BUFFER: usize = 64;

/// Callers that are authenticated at once: as many as share a statement.
const AT_ONCE: usize = 128;

/// Streams of a client session without a user identity, which a publishable key suffices to make.
const PER_ANONYMOUS_SESSION: usize = 10;

/// Authenticates the caller of a stream again, and returns its scope.
pub type Reauthenticate = Arc<dyn Fn() -> BoxFuture<'static, Result<Scope>> + Send + Sync>;

/// Maximum numbers of open event streams on this server.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    pub per_credential: usize,
    /// Of which client sessions have at most half.
    pub per_workspace: usize,
    /// Of which a workspace has at most half of what the others leave.
    pub per_server: usize,
}

impl Default for StreamLimits {
    fn default() -> StreamLimits {
        StreamLimits { per_credential: 100, per_workspace: 1_000, per_server: 2_000 }
    }
}

/// The hubs of the workspaces that have streams.
#[derive(Debug, Default)]
pub(in crate::store) struct Hubs(Mutex<HashMap<WorkspaceId, Hub>>);

struct Hub {
    wake: Arc<Notify>,
    batches: broadcast::Sender<Arc<Batch>>,
    /// All events up to here have been handed out.
    position: DateTime<Utc>,
    callers: HashMap<Uuid, StreamCaller>,
    streams: usize,
    streams_of_sessions: usize,
    _until_dropped: DropGuard,
}

struct StreamCaller {
    reauthenticate: Reauthenticate,
    scope: Scope,
    streams: usize,
}

/// Events in order, without a gap after `after`.
pub(super) struct Batch {
    pub after: DateTime<Utc>,
    pub upto: DateTime<Utc>,
    pub events: Vec<(Arc<StreamedEvent>, EventSubject)>,
    /// Callers that were authenticated after the events were read; None if one was refused.
    pub callers: HashMap<Uuid, Option<Scope>>,
}

/// The part of a stream in its hub. Leaves when dropped.
pub(super) struct Membership {
    store: Store,
    workspace: WorkspaceId,
    pub caller: Uuid,
    is_session: bool,
}

/// A stream that joins a hub.
pub(super) struct Joined {
    pub membership: Membership,
    pub batches: broadcast::Receiver<Arc<Batch>>,
    /// Position of the hub: earlier events do not come from it.
    pub position: DateTime<Utc>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("position", &self.position).field("streams", &self.streams).finish()
    }
}

impl Hubs {
    /// Wakes the hub of a workspace, or all.
    pub fn wake(&self, workspace: Option<WorkspaceId>) {
        let hubs = self.hubs();
        match workspace {
            Some(id) => hubs.get(&id).into_iter().for_each(|hub| hub.wake.notify_one()),
            None => hubs.values().for_each(|hub| hub.wake.notify_one()),
        }
    }

    /// Adds a stream to the hub of its workspace, which begins with the first one. `head` is the position of the log.
    pub(super) fn join(
        &self,
        workspace: &Workspace,
        principal: Principal,
        reauthenticate: Reauthenticate,
        limits: StreamLimits,
        head: DateTime<Utc>,
    ) -> Result<Joined> {
        let (caller, scope) = (id_of(principal), principal.scope());
        let is_session = scope != Scope::Workspace;
        let mut hubs = self.hubs();
        let own = hubs.get(&workspace.id()).map_or(0, |hub| hub.streams);
        let of_others = hubs.values().map(|hub| hub.streams).sum::<usize>() - own;
        if own >= limits.per_server.saturating_sub(of_others).div_ceil(2) {
            return Err(Error::TooManyStreams(StreamLimit::OfServer(own + of_others)));
        }
        let hub = hubs.entry(workspace.id()).or_insert_with(|| Hub::start(workspace, head));
        hub.admit(caller, scope, limits).map_err(Error::TooManyStreams)?;
        hub.streams += 1;
        hub.streams_of_sessions += usize::from(is_session);
        hub.callers.entry(caller).or_insert_with(|| StreamCaller { reauthenticate, scope, streams: 0 }).streams += 1;
        let (store, workspace) = (workspace.store.clone(), workspace.id());
        let membership = Membership { store, workspace, caller, is_session };
        Ok(Joined { membership, batches: hub.batches.subscribe(), position: hub.position })
    }

    fn leave(&self, Membership { workspace, caller, is_session, .. }: &Membership) {
        let mut hubs = self.hubs();
        let Some(hub) = hubs.get_mut(workspace) else { return };
        hub.streams -= 1;
        hub.streams_of_sessions -= usize::from(*is_session);
        if let Some(own) = hub.callers.get_mut(caller) {
            own.streams -= 1;
        }
        hub.callers.retain(|_, caller| caller.streams > 0);
        let ended = if hub.streams == 0 { hubs.remove(workspace) } else { None };
        // What the callers hold is dropped outside of the lock.
        drop(hubs);
        drop(ended);
    }

    /// Runs `change` on a hub, unless its last stream has left.
    fn with<T>(&self, workspace: WorkspaceId, change: impl FnOnce(&mut Hub) -> T) -> Option<T> {
        self.hubs().get_mut(&workspace).map(change)
    }

    fn hubs(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Hub>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.store.hubs.leave(self);
    }
}

impl Hub {
    fn start(workspace: &Workspace, position: DateTime<Utc>) -> Hub {
        let (wake, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        // Several callers are served, so it reads within the share of all.
        let reader = Reader { workspace: workspace.with_whole_share(), wake: Arc::clone(&wake) };
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = reader.run() => {}
            }
        });
        Hub {
            wake,
            batches: broadcast::Sender::new(BUFFER),
            position,
            callers: HashMap::new(),
            streams: 0,
            streams_of_sessions: 0,
            _until_dropped: stop.drop_guard(),
        }
    }

    fn admit(&self, caller: Uuid, scope: Scope, limits: StreamLimits) -> Result<(), StreamLimit> {
        let StreamLimits { per_credential, per_workspace, .. } = limits;
        let per_credential = match scope {
            Scope::Nothing => per_credential.min(PER_ANONYMOUS_SESSION),
            Scope::Workspace | Scope::Person(_) => per_credential,
        };
        let of_sessions = per_workspace.div_ceil(2);
        if self.callers.get(&caller).is_some_and(|caller| caller.streams >= per_credential) {
            return Err(StreamLimit::OfCredential(per_credential));
        }
        if scope != Scope::Workspace && self.streams_of_sessions >= of_sessions {
            return Err(StreamLimit::OfSessions(of_sessions));
        }
        if self.streams >= per_workspace { Err(StreamLimit::OfWorkspace(per_workspace)) } else { Ok(()) }
    }

    /// Hands a batch to the streams.
    fn publish(&mut self, batch: Batch) {
        self.position = self.position.max(batch.upto);
        // Without a receiver, each stream has just left.
        let _ = self.batches.send(Arc::new(batch));
    }
}

/// The task of a hub. Safe to stop at any time: it only reads.
struct Reader {
    workspace: Workspace,
    wake: Arc<Notify>,
}

impl Reader {
    async fn run(&self) {
        let mut reauthenticated = Instant::now();
        // Something may have happened before the hub could be woken.
        let mut is_woken = true;
        loop {
            let is_due = reauthenticated.elapsed() >= REAUTHENTICATE_AFTER;
            match self.look(is_woken, is_due).await {
                Ok(true) => reauthenticated = Instant::now(),
                Ok(false) => {}
                // The next tick sees that the position is behind.
                Err(error) => tracing::debug!(%error, "event streams wait for the database"),
            }
            is_woken = tokio::select! {
                () = self.wake.notified() => true,
                () = sleep(TICK) => false,
            };
        }
    }

    /// Reads new events, if there may be any. True if the callers were authenticated again.
    async fn look(&self, is_woken: bool, is_due: bool) -> Result<bool> {
        let Some(position) = self.with_hub(|hub| hub.position) else { return Ok(false) };
        // Read first: all events up to it are visible to each later statement.
        let head = if is_woken { None } else { self.workspace.last_event_at().await? };
        if is_woken || head.is_some_and(|head| head > position) {
            let mut has_read = false;
            while self.read().await? {
                has_read = true;
            }
            // The log may have been pruned, or have no more events.
            self.with_hub(|hub| hub.position = hub.position.max(head.unwrap_or(hub.position)));
            if has_read || !is_due {
                return Ok(has_read);
            }
        }
        if is_due {
            self.reauthenticate().await?;
        }
        Ok(is_due)
    }

    /// Reads the next events and hands them out. False if there are none.
    async fn read(&self) -> Result<bool> {
        let Some(after) = self.with_hub(|hub| hub.position) else { return Ok(false) };
        let events = self.workspace.logged_after(after, BATCH).await?;
        let Some(upto) = events.last().map(|(event, _)| event.created_at) else { return Ok(false) };
        // After the read: what happened after a caller's revocation is not handed to it.
        let callers = self.callers().await?;
        let events =
            events.into_iter().map(|(event, subject)| (Arc::new(StreamedEvent::new(event)), subject)).collect();
        self.with_hub(|hub| hub.publish(Batch { after, upto, events, callers }));
        Ok(true)
    }

    /// Ends the streams of callers that are refused, and changes the scope of others.
    async fn reauthenticate(&self) -> Result<()> {
        let callers = self.callers().await?;
        self.with_hub(|hub| {
            let is_changed = |(id, scope): (&Uuid, &Option<Scope>)| {
                hub.callers.get(id).is_some_and(|caller| Some(caller.scope) != *scope)
            };
            // 10,000 idle streams are not woken for nothing.
            if callers.iter().any(is_changed) {
                for (id, scope) in &callers {
                    if let (Some(caller), Some(scope)) = (hub.callers.get_mut(id), scope) {
                        caller.scope = *scope;
                    }
                }
                hub.publish(Batch { after: hub.position, upto: hub.position, events: Vec::new(), callers });
            }
        });
        Ok(())
    }

    /// Authenticates all callers.
    async fn callers(&self) -> Result<HashMap<Uuid, Option<Scope>>> {
        let known = self.with_hub(|hub| {
            let caller = |(id, caller): (&Uuid, &StreamCaller)| (*id, Arc::clone(&caller.reauthenticate));
            hub.callers.iter().map(caller).collect::<Vec<_>>()
        });
        let mut callers = HashMap::new();
        for some in known.unwrap_or_default().chunks(AT_ONCE) {
            let outcomes = join_all(some.iter().map(|(_, reauthenticate)| reauthenticate())).await;
            for ((id, _), outcome) in some.iter().zip(outcomes) {
                let scope = match outcome {
                    Err(Error::Unavailable(reason)) => return Err(Error::Unavailable(reason)),
                    outcome => outcome.ok(),
                };
                callers.insert(*id, scope);
            }
        }
        Ok(callers)
    }

    fn with_hub<T>(&self, change: impl FnOnce(&mut Hub) -> T) -> Option<T> {
        self.workspace.store.hubs.with(self.workspace.id(), change)
    }
}

/// The credential's id, or that of the user who signed in.
fn id_of(principal: Principal) -> Uuid {
    match principal {
        Principal::ApiKey(id) => id.0,
        Principal::AccessToken(id) => id.0,
        Principal::ConsoleSession(id) => id.0,
        Principal::ClientSession(id, _) => id.0,
        Principal::Password(id) => id.0,
        Principal::Operator(id) => id.0,
        Principal::ScimToken(id) => id.0,
        Principal::InstantKey(id) => id.0,
        Principal::PublishableKey(_) => Uuid::nil(),
    }
}
