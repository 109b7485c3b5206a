//! Pages of the timeline, newest first. Each statement reads along one index. A condition that has no index of its own is
//! judged on a limited number of entries; then the page ends, and the next one continues there.

use crate::domain::audit::AuditEntry;
use crate::domain::event::Event;
use crate::domain::id::{EventId, UserIdentityId, WorkspaceId};
use crate::domain::timeline::*;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Most entries of a log on which a page judges a condition without an index.
const MAX_JUDGED: i64 = 5_000;

/// A position before all entries, and one behind all of them.
const FIRST: TimelinePosition = TimelinePosition { at: DateTime::UNIX_EPOCH, audit_id: Uuid::nil() };
const LAST: TimelinePosition = TimelinePosition::of_event(
    DateTime::from_timestamp(253_402_300_799, 0).expect("9999-12-31T23:59:59Z is a valid time"),
);

struct EventRow {
    workspace_id: WorkspaceId,
    event_id: Uuid,
    event_type: String,
    created_at: DateTime<Utc>,
    occurred_at: DateTime<Utc>,
    user_identity_id: Option<UserIdentityId>,
    details: Document<Map<String, Value>>,
}

impl From<EventRow> for TimelineEntry {
    fn from(row: EventRow) -> TimelineEntry {
        let event = Event {
            event_id: EventId(row.event_id),
            event_type: row.event_type,
            workspace_id: row.workspace_id,
            created_at: row.created_at,
            occurred_at: row.occurred_at,
            details: row.details.0,
        };
        TimelineEntry::Event(event, row.user_identity_id)
    }
}

/// Reads events between two positions; the literal is the condition on the subject, `$2`, that has an index.
macro_rules! events_between {
    ($store:expr, $subject:tt, $id:expr, ($from:expr, $before:expr, $action:expr, $count:expr)) => {
        sqlx::query_as!(
            EventRow,
            r#"
            select workspace_id, event_id, event_type, created_at, occurred_at,
                user_identity_id as "user_identity_id: UserIdentityId",
                details as "details: Document<Map<String, Value>>"
            from event
            where workspace_id = $1
            "#
                + $subject
                + r#"
                and created_at >= $3 and created_at < $4 and ($5::text is null or event_type = $5)
            order by created_at desc
            limit $6
            "#,
            $store.workspace_id(),
            $id,
            $from.at,
            $before.at,
            $action,
            $count,
        )
        .fetch_all(&$store.store.pool)
        .await?
    };
}

/// Position of the last of the entries on which a page judges a condition.
macro_rules! last_judged_event {
    ($store:expr, $subject:tt, $id:expr, ($from:expr, $before:expr)) => {
        sqlx::query_scalar!(
            "select created_at from event where workspace_id = $1 "
                + $subject
                + " and created_at >= $3 and created_at < $4 order by created_at desc offset $5 limit 1",
            $store.workspace_id(),
            $id,
            $from.at,
            $before.at,
            MAX_JUDGED - 1,
        )
        .fetch_optional(&$store.store.pool)
        .await?
        .map(TimelinePosition::of_event)
    };
}

/// As [`events_between`], for the audit trail.
macro_rules! audit_between {
    ($store:expr, $subject:tt, $id:expr, ($from:expr, $before:expr, $action:expr, $author:expr, $count:expr)) => {
        sqlx::query_as!(
            AuditEntry,
            r#"
            select workspace_id, audit_id, at, request_id, credential_kind, credential_id, host(address) as address,
                action, subject_kind as "subject_kind!", subject_id, before, after
            from audit
            where workspace_id = $1
            "#
                + $subject
                + r#"
                and (at, audit_id) >= ($3, $4) and (at, audit_id) < ($5, $6)
                and ($7::text is null or action = $7) and ($8::uuid is null or credential_id = $8)
            order by at desc, audit_id desc
            limit $9
            "#,
            $store.workspace_id(),
            $id,
            $from.at,
            $from.audit_id,
            $before.at,
            $before.audit_id,
            $action,
            $author,
            $count,
        )
        .fetch_all(&$store.store.pool)
        .await?
    };
}

macro_rules! last_judged_audit {
    ($store:expr, $subject:tt, $id:expr, ($from:expr, $before:expr)) => {
        sqlx::query_as!(
            TimelinePosition,
            "select at, audit_id from audit where workspace_id = $1 "
                + $subject
                + " and (at, audit_id) >= ($3, $4) and (at, audit_id) < ($5, $6)
                order by at desc, audit_id desc offset $7 limit 1",
            $store.workspace_id(),
            $id,
            $from.at,
            $from.audit_id,
            $before.at,
            $before.audit_id,
            MAX_JUDGED - 1,
        )
        .fetch_optional(&$store.store.pool)
        .await?
    };
}

/// What a page reads of a log.
type Read = (Vec<TimelineEntry>, Option<TimelinePosition>);

impl Workspace {
    /// A page of at most `limit` entries before a position.
    pub async fn timeline(
        &self,
        filter: &TimelineFilter,
        before: Option<TimelinePosition>,
        limit: usize,
    ) -> Result<TimelinePage> {
        let until = filter.until.map(|at| TimelinePosition { at, audit_id: Uuid::nil() });
        let before = [before, until].into_iter().flatten().min().unwrap_or(LAST);
        let from = filter.since.map_or(FIRST, |at| TimelinePosition { at, audit_id: Uuid::nil() });
        let count = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let (mut entries, mut horizons) = (Vec::new(), Vec::new());
        for log in [TimelineLog::Events, TimelineLog::Audit].into_iter().filter(|log| filter.includes(*log)) {
            let (read, horizon) = match log {
                TimelineLog::Events => self.events_of_timeline(filter, from, before, count).await?,
                TimelineLog::Audit => self.audit_of_timeline(filter, from, before, count).await?,
            };
            entries.extend(read);
            horizons.push(horizon);
        }
        Ok(TimelinePage::merge(entries, horizons, limit))
    }

    async fn events_of_timeline(
        &self,
        filter: &TimelineFilter,
        mut from: TimelinePosition,
        before: TimelinePosition,
        count: i64,
    ) -> Result<Read> {
        let action = filter.action.as_deref();
        let horizon = match (filter.subject, action) {
            // Types have an index.
            (_, None) | (TimelineSubject::Workspace, _) => None,
            (TimelineSubject::Person(id), _) => {
                last_judged_event!(self, "and user_identity_id = $2", id.0, (from, before))
            }
            (TimelineSubject::Phone(id), _) => last_judged_event!(self, "and device_id = $2", id.0, (from, before)),
        };
        from = horizon.unwrap_or(from);
        let rows = match (filter.subject, action) {
            (TimelineSubject::Workspace, None) => {
                events_between!(self, "and $2::text is null", None::<&str>, (from, before, None::<&str>, count))
            }
            (TimelineSubject::Workspace, Some(action)) => {
                events_between!(self, "and event_type = $2", action, (from, before, None::<&str>, count))
            }
            (TimelineSubject::Person(id), action) => {
                events_between!(self, "and user_identity_id = $2", id.0, (from, before, action, count))
            }
            (TimelineSubject::Phone(id), action) => {
                events_between!(self, "and device_id = $2", id.0, (from, before, action, count))
            }
        };
        Ok((rows.into_iter().map(TimelineEntry::from).collect(), horizon))
    }

    async fn audit_of_timeline(
        &self,
        filter: &TimelineFilter,
        mut from: TimelinePosition,
        before: TimelinePosition,
        count: i64,
    ) -> Result<Read> {
        let (action, author) = (filter.action.as_deref(), filter.credential_id);
        let horizon = match filter.subject {
            _ if action.is_none() && author.is_none() => None,
            TimelineSubject::Workspace => {
                last_judged_audit!(self, "and $2::text is null", None::<&str>, (from, before))
            }
            TimelineSubject::Person(id) => last_judged_audit!(
                self,
                "and coalesce(after ->> 'user_identity_id', before ->> 'user_identity_id') = $2::text",
                id.to_string(),
                (from, before)
            ),
            TimelineSubject::Phone(id) => last_judged_audit!(self, "and device_id = $2", id.0, (from, before)),
        };
        from = horizon.unwrap_or(from);
        let entries = match filter.subject {
            TimelineSubject::Workspace => {
                audit_between!(self, "and $2::text is null", None::<&str>, (from, before, action, author, count))
            }
            TimelineSubject::Person(id) => audit_between!(
                self,
                "and coalesce(after ->> 'user_identity_id', before ->> 'user_identity_id') = $2::text",
                id.to_string(),
                (from, before, action, author, count)
            ),
            TimelineSubject::Phone(id) => {
                audit_between!(self, "and device_id = $2", id.0, (from, before, action, author, count))
            }
        };
        Ok((entries.into_iter().map(TimelineEntry::Audit).collect(), horizon))
    }
}
