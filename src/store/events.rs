//! Reads of the event log, and streams of it. Events are written by the statements that cause them.

mod hub;
mod stream;

pub(super) use hub::Hubs;
pub use hub::{Reauthenticate, StreamLimits};
pub use stream::{EventStream, StreamedEvent};

use crate::domain::event::{Event, EventFilter, EventSubject};
use crate::domain::id::{CredentialId, DeviceId, EventId, UserIdentityId};
use crate::error::Result;
use crate::store::sql::types::Document;
use crate::store::{Prefetched, Workspace, sql::raw_ids};
use chrono::{DateTime, Utc};

/// Selects events; the literal is the rest of the statement.
macro_rules! select_events {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Event,
            r#"
            select workspace_id, event_id, event_type, created_at, occurred_at,
                details as "details: Document<serde_json::Map<String, serde_json::Value>>"
            from event
            "# + $rest
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// Time of the last event in the log.
    pub async fn last_event_at(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar!("select last_at from event_clock where workspace_id = $1", self.workspace_id())
            .fetch_optional(self.store.short())
            .await?)
    }

    /// All events after a time, with what filters need to know of each, in order of time.
    async fn logged_after(&self, after: DateTime<Utc>, limit: i64) -> Result<Vec<(Event, EventSubject)>> {
        let rows = sqlx::query!(
            r#"
            select event_id, event_type, is_opt_in, created_at, occurred_at, user_identity_id, device_id,
                acs_credential_id, acs_system_id, array(
                    select merged_user_identity_id from merged_user_identity as merged
                    where merged.workspace_id = $1 and merged.user_identity_id = event.user_identity_id
                ) as "former_ids!", details as "details: Document<serde_json::Map<String, serde_json::Value>>"
            from event
            where workspace_id = $1 and created_at > $2
            order by created_at
            limit $3
            "#,
            self.workspace_id(),
            after,
            limit,
        )
        .fetch_all(self.store.short_for(Some(limit)))
        .await?;
        let logged = rows.into_iter().map(|row| {
            let subject = EventSubject {
                is_opt_in: row.is_opt_in,
                user_identity_id: row.user_identity_id.map(UserIdentityId),
                former_ids: row.former_ids.into_iter().map(UserIdentityId).collect(),
                device_id: row.device_id.map(DeviceId),
                acs_credential_id: row.acs_credential_id.map(CredentialId),
                acs_system_id: row.acs_system_id,
            };
            let event = Event {
                event_id: EventId(row.event_id),
                event_type: row.event_type,
                workspace_id: self.workspace_id,
                created_at: row.created_at,
                occurred_at: row.occurred_at,
                details: row.details.0,
            };
            (event, subject)
        });
        Ok(logged.collect())
    }

    /// Events that match a filter, in order of time, unless authentication has read them.
    pub async fn events_with(&self, prefetched: Prefetched, filter: &EventFilter) -> Result<Vec<Event>> {
        match prefetched {
            Prefetched::Events(events) => Ok(events),
            _ => self.events(filter).await,
        }
    }

    /// Events that match a filter, in order of time.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Event>> {
        if filter.is_plain() { self.plain_events(filter).await } else { self.filtered_events(filter).await }
    }

    /// The newest events that match a filter, at most its limit, in order of time.
    pub async fn newest_events(&self, filter: &EventFilter) -> Result<Vec<Event>> {
        let mut events = select_events!(
            "where workspace_id = $1
                and ($2::timestamptz is null or created_at > $2)
                and ($3::timestamptz is null or created_at < $3)
                and case when $4::text[] is null then $5 or not is_opt_in else event_type = any ($4) end
                and ($6::uuid[] is null or device_id = any ($6))
                and ($7::uuid is null or user_identity_id = $7)
            order by created_at desc
            limit $8",
            self.workspace_id(),
            filter.after,
            filter.before,
            filter.event_types.as_deref() as _,
            filter.include_opt_in,
            raw_ids(&filter.device_ids) as _,
            filter.user_identity_id.map(|id| id.0),
            filter.limit,
        )
        .fetch_all(&self.store.pool)
        .await?;
        events.reverse();
        Ok(events)
    }

    async fn plain_events(&self, filter: &EventFilter) -> Result<Vec<Event>> {
        Ok(select_events!(
            "where workspace_id = $1 and created_at > $2 and created_at < $3 and not is_opt_in
            order by created_at
            limit $4 offset $5",
            self.workspace_id(),
            filter.after(),
            filter.before(),
            filter.limit,
            filter.offset,
        )
        .fetch_all(self.store.short_for(filter.limit))
        .await?)
    }

    async fn filtered_events(&self, filter: &EventFilter) -> Result<Vec<Event>> {
        Ok(select_events!(
            "where workspace_id = $1
                and ($2::timestamptz is null or created_at > $2)
                and ($3::timestamptz is null or created_at < $3)
                and ($4::uuid[] is null or event_id = any ($4))
                and case when $5::text[] is null then $13 or not is_opt_in else event_type = any ($5) end
                and ($6::uuid[] is null or device_id = any ($6))
                and ($7::uuid is null or user_identity_id = any (array(
                    with own as materialized (
                        select $7 as user_identity_id
                        union all
                        select user_identity_id from merged_user_identity
                        where workspace_id = $1 and merged_user_identity_id = $7
                    )
                    select user_identity_id from own
                    union all
                    select merged_user_identity_id from merged_user_identity
                    where workspace_id = $1 and user_identity_id = any (array(select user_identity_id from own)))))
                and ($8::uuid is null or acs_credential_id = $8)
                and ($9::uuid[] is null or acs_system_id = any ($9))
                and ($10::uuid is null or user_identity_id = any (array(
                    select $10
                    union all
                    select merged_user_identity_id from merged_user_identity
                    where workspace_id = $1 and user_identity_id = $10)))
            order by created_at
            limit $11 offset $12",
            self.workspace_id(),
            filter.after,
            filter.before,
            raw_ids(&filter.event_ids) as _,
            filter.event_types.as_deref() as _,
            raw_ids(&filter.device_ids) as _,
            filter.user_identity_id.map(|id| id.0),
            filter.acs_credential_id.map(|id| id.0),
            filter.acs_system_ids.as_deref() as _,
            filter.scope.owner(),
            filter.limit,
            filter.offset,
            filter.include_opt_in,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }
}
