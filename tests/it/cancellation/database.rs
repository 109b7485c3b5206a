//! The server's sessions as other sessions see them once it is idle: no transaction, no lock, and every acknowledged change.

use crate::support::client::Client;
use crate::support::wait::{TIMEOUT, until};
use crate::support::world::World;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use std::time::Instant;
use uuid::Uuid;

/// Polls in a row without a change after which a request counts as waiting.
const LOOKS: usize = 4;

/// Two sessions beside the server's: one polls, one holds locks.
pub struct Observer {
    looking: PgConnection,
    locking: PgConnection,
}

/// A session of the server.
#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Session {
    pid: i32,
    /// When its last statement began or ended.
    state_change: Option<DateTime<Utc>>,
    state: Option<String>,
    query: String,
    /// Number of granted locks.
    locks: i64,
    /// Whether it waits for a lock.
    waits: bool,
}

impl Observer {
    pub async fn new(database_url: &str) -> Observer {
        let connect = async || PgConnection::connect(database_url).await.expect("the test's database accepts");
        Observer { looking: connect().await, locking: connect().await }
    }

    /// Waits until the server is idle: no connection is in use, and no session changes between two polls. Returns the faults
    /// of its sessions.
    pub async fn faults(&mut self, world: &World) -> Vec<String> {
        let deadline = Instant::now() + TIMEOUT;
        let mut before = sessions(&mut self.looking).await;
        loop {
            let (_, in_use) = world.store.connections();
            let sessions = sessions(&mut self.looking).await;
            let is_active = sessions.iter().any(|session| session.state.as_deref() == Some("active"));
            if in_use == 0 && !is_active && sessions == before {
                return sessions.iter().filter_map(Session::fault).collect();
            }
            if Instant::now() >= deadline {
                return vec![format!("not quiet in time: {in_use} connections in use, {sessions:?}")];
            }
            before = sessions;
        }
    }

    /// Makes a change on each general connection at once, and checks all of them. Each change updates one of these user
    /// identities and waits for a lock on its row, so each has its own connection. While no connection is free, `request`
    /// waits for one, and is dropped. Returns the user identities whose change was lost.
    pub async fn lost_changes(
        &mut self,
        user_identities: &[(Client, String)],
        label: &str,
        request: impl Future<Output = u16>,
    ) -> Vec<String> {
        let ids: Vec<Uuid> = user_identities.iter().map(|(_, id)| id.parse().expect("an id")).collect();
        let mut locks = self.locking.begin().await.expect("a transaction");
        sqlx::query("select from user_identity where user_identity_id = any ($1) for update")
            .bind(&ids)
            .execute(&mut *locks)
            .await
            .expect("the rows are there");
        let updates = user_identities.iter().map(|(key, id)| {
            key.post("/user_identities/update", json!({ "user_identity_id": id, "full_name": format!("{label} {id}") }))
        });
        let looking = &mut self.looking;
        let release = async {
            until("an update on each connection", async || {
                let sessions = sessions(looking).await;
                (sessions.iter().filter(|session| session.waits).count() == ids.len()).then_some(())
            })
            .await;
            tokio::select! {
                biased;
                _ = request => {}
                () = nothing_changes(looking) => {}
            }
            locks.commit().await.expect("the locks are released");
        };
        let (responses, ()) = tokio::join!(join_all(updates), release);
        responses.iter().for_each(|response| _ = response.ok());
        let kept: Vec<String> = sqlx::query_scalar(
            "select user_identity_id::text from user_identity where full_name = $1 || ' ' || user_identity_id",
        )
        .bind(label)
        .fetch_all(&mut self.looking)
        .await
        .expect("the query succeeds");
        user_identities.iter().map(|(_, id)| id).filter(|id| !kept.contains(id)).cloned().collect()
    }

    /// Ends the sessions that a fault left, so that the next operation is judged by itself.
    pub async fn clean_up(&mut self, world: &World) {
        let end = "select pg_terminate_backend(pid) from pg_stat_activity
                   where datname = current_database() and application_name = 'handset'";
        sqlx::query(end).execute(&mut self.looking).await.expect("the sessions end");
        // The pool replaces a connection when a statement on it fails.
        until("a pool of good connections", async || {
            let pings = join_all((0..16).map(|_| world.store.ping())).await;
            pings.iter().all(Result::is_ok).then_some(())
        })
        .await;
    }
}

impl Session {
    fn fault(&self) -> Option<String> {
        let Session { state, query, locks, .. } = self;
        let is_good = state.as_deref() == Some("idle") && *locks == 0;
        let state = state.as_deref().unwrap_or("without a state");
        (!is_good).then(|| format!("a session is {state} with {locks} locks; its last statement is {query:?}"))
    }
}

/// The sessions of the server.
async fn sessions(looking: &mut PgConnection) -> Vec<Session> {
    let sessions = sqlx::query_as(
        "select pid, state_change, state, left(query, 100) as query,
            (select count(*) from pg_locks where pg_locks.pid = activity.pid and granted) as locks,
            wait_event_type is not distinct from 'Lock' as waits
         from pg_stat_activity as activity
         where datname = current_database() and backend_type = 'client backend' and application_name = 'handset'
         order by pid",
    );
    sessions.fetch_all(looking).await.expect("the query succeeds")
}

/// Resolves when no session has changed for [`LOOKS`] polls.
async fn nothing_changes(looking: &mut PgConnection) {
    let (mut before, mut unchanged) = (sessions(looking).await, 0);
    while unchanged < LOOKS {
        let now = sessions(looking).await;
        unchanged = if now == before { unchanged + 1 } else { 0 };
        before = now;
    }
}
