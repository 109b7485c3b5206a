//! The timeline of a workspace: its events and its audit trail as one list, newest first.

use super::audit::AuditEntry;
use super::event::Event;
use super::id::{DeviceId, UserIdentityId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineLog {
    Events,
    Audit,
}

/// What a timeline is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimelineSubject {
    #[default]
    Workspace,
    Person(UserIdentityId),
    /// A phone and its credentials.
    Phone(DeviceId),
}

/// Filter of a timeline. Conditions are optional and combine with AND.
#[derive(Debug, Clone, Default)]
pub struct TimelineFilter {
    pub subject: TimelineSubject,
    /// Only this log.
    pub log: Option<TimelineLog>,
    /// An event type, or an action of the audit trail.
    pub action: Option<String>,
    /// The credential that made a change: only entries of the audit trail.
    pub credential_id: Option<Uuid>,
    pub since: Option<DateTime<Utc>>,
    /// Exclusive.
    pub until: Option<DateTime<Utc>>,
}

impl TimelineFilter {
    /// Whether entries of this log can match.
    pub fn includes(&self, log: TimelineLog) -> bool {
        let is_known_author = self.credential_id.is_none() || log == TimelineLog::Audit;
        self.log.is_none_or(|wanted| wanted == log) && is_known_author
    }
}

/// Position of an entry in a timeline; the newest entry has the greatest. An event stands behind all entries of the audit
/// trail of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimelinePosition {
    pub at: DateTime<Utc>,
    /// Of an entry of the audit trail; the greatest UUID for events.
    pub audit_id: Uuid,
}

impl TimelinePosition {
    /// The position of an event, which is behind all other entries of this time.
    pub const fn of_event(at: DateTime<Utc>) -> TimelinePosition {
        TimelinePosition { at, audit_id: Uuid::max() }
    }
}

/// One entry: an event with the user identity that it is about, or a change.
#[derive(Debug, Clone)]
pub enum TimelineEntry {
    Event(Event, Option<UserIdentityId>),
    Audit(AuditEntry),
}

impl TimelineEntry {
    pub fn position(&self) -> TimelinePosition {
        match self {
            TimelineEntry::Event(event, _) => TimelinePosition::of_event(event.created_at),
            TimelineEntry::Audit(entry) => TimelinePosition { at: entry.at, audit_id: entry.audit_id },
        }
    }
}

/// One page, newest first.
#[derive(Debug, Clone)]
pub struct TimelinePage {
    pub entries: Vec<TimelineEntry>,
    /// Older entries are before this position. A page with few entries may have a next one, since a search among many
    /// that do not match ends after some of them.
    pub next: Option<TimelinePosition>,
}

impl TimelinePage {
    /// Merges entries of both logs, each of which was read down to its horizon; None is the end of the log.
    pub fn merge(
        mut entries: Vec<TimelineEntry>,
        horizons: impl IntoIterator<Item = Option<TimelinePosition>>,
        limit: usize,
    ) -> TimelinePage {
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.position()));
        let horizon = horizons.into_iter().flatten().max();
        entries.retain(|entry| horizon.is_none_or(|horizon| entry.position() >= horizon));
        let is_cut = entries.len() > limit;
        entries.truncate(limit);
        let next = if is_cut { entries.last().map(TimelineEntry::position) } else { horizon };
        TimelinePage { entries, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{EventId, WorkspaceId};

    fn event(second: i64) -> TimelineEntry {
        let at = DateTime::from_timestamp(second, 0).expect("a time");
        let event = Event {
            event_id: EventId(Uuid::from_u128(u128::from(second.unsigned_abs()))),
            event_type: "phone.deactivated".to_owned(),
            workspace_id: WorkspaceId(Uuid::nil()),
            created_at: at,
            occurred_at: at,
            details: serde_json::Map::new(),
        };
        TimelineEntry::Event(event, None)
    }

    fn seconds(page: &TimelinePage) -> Vec<i64> {
        page.entries.iter().map(|entry| entry.position().at.timestamp()).collect()
    }

    #[test]
    fn a_page_ends_at_its_limit_or_where_a_log_was_not_read_further() {
        let entries = || vec![event(1), event(4), event(2), event(3)];
        let cut = TimelinePage::merge(entries(), [None, None], 2);
        assert_eq!((seconds(&cut), cut.next), (vec![4, 3], Some(event(3).position())));
        let whole = TimelinePage::merge(entries(), [None, None], 4);
        assert_eq!((seconds(&whole), whole.next), (vec![4, 3, 2, 1], None));
        let horizons = [Some(event(2).position()), Some(event(1).position())];
        let read_to_two = TimelinePage::merge(entries(), horizons, 4);
        assert_eq!((seconds(&read_to_two), read_to_two.next), (vec![4, 3, 2], Some(event(2).position())));
    }
}
