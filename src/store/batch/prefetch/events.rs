//! Events since a time with the API key that asks for them. Each is read to its maximum, however many keys share the
//! statement.

use crate::domain::event::Event;
use crate::domain::id::{EventId, WorkspaceId};
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::MAX_LIST_BATCH;
use crate::store::batch::keys::{ApiKey, KeyRow, KeyedQuery, select_keys};
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The first events between two times that are not opt-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPage {
    pub(in crate::store) after: DateTime<Utc>,
    pub(in crate::store) before: DateTime<Utc>,
    pub(in crate::store) limit: i64,
}

/// A key, with an event if there is one.
struct KeyEventRow {
    place: i64,
    api_key_id: Uuid,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    event_id: Option<Uuid>,
    event_type: Option<String>,
    created_at: Option<DateTime<Utc>>,
    occurred_at: Option<DateTime<Utc>>,
    details: Option<Document<Map<String, Value>>>,
}

impl KeyedQuery for EventPage {
    type Row = Event;

    const MAX_BATCH: usize = MAX_LIST_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[EventPage], store: &Store) -> Result<Vec<KeyRow<Event>>> {
        let times = |time: fn(&EventPage) -> DateTime<Utc>| queries.iter().map(time).collect::<Vec<_>>();
        let limits: Vec<i64> = queries.iter().map(|query| query.limit).collect();
        let rows = select_keys!(
            KeyEventRow,
            r#"event_id as "event_id?", event_type as "event_type?", event.created_at as "created_at?",
                occurred_at as "occurred_at?", details as "details?: Document<Map<String, Value>>""#,
            "$1::bytea[], $2::timestamptz[], $3::timestamptz[], $4::bigint[]) with ordinality
                as requested (token_hash, since, until, page_limit, place)",
            "lateral (
                select * from event
                where event.workspace_id = api_key.workspace_id and event.created_at > since
                    and event.created_at < until and not is_opt_in
                order by event.created_at
                limit page_limit
            ) as event using (workspace_id)",
            hashes as _,
            &times(|query| query.after),
            &times(|query| query.before),
            &limits,
        );
        Ok(store.read_short(rows).await?.into_iter().map(KeyRow::from).collect())
    }
}

impl From<KeyEventRow> for KeyRow<Event> {
    fn from(row: KeyEventRow) -> KeyRow<Event> {
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        KeyRow { place: row.place, key: ApiKey::new(row.api_key_id, row.revoked_at, tenant), row: row.event() }
    }
}

impl KeyEventRow {
    fn event(self) -> Option<Event> {
        Some(Event {
            event_id: EventId(self.event_id?),
            event_type: self.event_type?,
            workspace_id: WorkspaceId(self.workspace_id),
            created_at: self.created_at?,
            occurred_at: self.occurred_at?,
            details: self.details?.0,
        })
    }
}
