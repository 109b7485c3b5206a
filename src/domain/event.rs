//! Events of the event log. Their JSON form is the same in lists, streams and webhook bodies, so it is defined here and
//! not in a dialect.

use super::id::{CredentialId, DeviceId, EventId, UserIdentityId, WorkspaceId};
use super::scope::Scope;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use strum::{IntoStaticStr, VariantArray};
use uuid::Uuid;

/// Type of an event that Handset emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(const_into_str)]
pub enum EventType {
    #[strum(serialize = "phone.deactivated")]
    PhoneDeactivated,
    #[strum(serialize = "phone.registered")]
    PhoneRegistered,
    #[strum(serialize = "phone.updated")]
    PhoneUpdated,
    #[strum(serialize = "device.connected")]
    DeviceConnected,
    #[strum(serialize = "device.disconnected")]
    DeviceDisconnected,
    #[strum(serialize = "device.removed")]
    DeviceRemoved,
    #[strum(serialize = "phone_number.assigned")]
    PhoneNumberAssigned,
    #[strum(serialize = "phone_number.release_scheduled")]
    PhoneNumberReleaseScheduled,
    #[strum(serialize = "phone_number.released")]
    PhoneNumberReleased,
    #[strum(serialize = "phone_number.finished")]
    PhoneNumberFinished,
    #[strum(serialize = "acs_credential.issued")]
    AcsCredentialIssued,
    #[strum(serialize = "acs_credential.invalidated")]
    AcsCredentialInvalidated,
    #[strum(serialize = "acs_credential.deleted")]
    AcsCredentialDeleted,
    #[strum(serialize = "client_session.deleted")]
    ClientSessionDeleted,
    #[strum(serialize = "webhook.disabled")]
    WebhookDisabled,
    #[strum(serialize = "webhook.ping")]
    WebhookPing,
}

impl EventType {
    /// True for Handset's own types, unknown to Seam's clients; listed and delivered only if named.
    pub const fn is_opt_in(self) -> bool {
        match self {
            EventType::PhoneDeactivated
            | EventType::DeviceConnected
            | EventType::DeviceDisconnected
            | EventType::DeviceRemoved
            | EventType::AcsCredentialIssued
            | EventType::AcsCredentialInvalidated
            | EventType::AcsCredentialDeleted
            | EventType::ClientSessionDeleted => false,
            EventType::PhoneRegistered
            | EventType::PhoneUpdated
            | EventType::PhoneNumberAssigned
            | EventType::PhoneNumberReleaseScheduled
            | EventType::PhoneNumberReleased
            | EventType::PhoneNumberFinished
            | EventType::WebhookDisabled
            | EventType::WebhookPing => true,
        }
    }
}

/// Names of the opt-in types.
pub fn opt_in_types() -> impl Iterator<Item = &'static str> {
    EventType::VARIANTS.iter().filter(|event_type| event_type.is_opt_in()).map(|event_type| event_type.into_str())
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    pub event_id: EventId,
    /// Text, since the log may hold types of another version of the server.
    pub event_type: String,
    pub workspace_id: WorkspaceId,
    pub created_at: DateTime<Utc>,
    pub occurred_at: DateTime<Utc>,
    /// Properties beyond the common ones.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

/// Filter of events. Conditions combine with AND; times are exclusive.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub scope: Scope,
    pub after: Option<DateTime<Utc>>,
    pub before: Option<DateTime<Utc>>,
    pub event_ids: Option<Vec<EventId>>,
    pub event_types: Option<Vec<String>>,
    /// Includes opt-in types if no types are named.
    pub include_opt_in: bool,
    pub device_ids: Option<Vec<DeviceId>>,
    pub user_identity_id: Option<UserIdentityId>,
    pub acs_credential_id: Option<CredentialId>,
    pub acs_system_ids: Option<Vec<Uuid>>,
    /// Maximum; None for all.
    pub limit: Option<i64>,
    /// Number of events to skip.
    pub offset: i64,
}

/// What an event is about, for filters, beyond what [`Event`] shows.
#[derive(Debug, Clone)]
pub struct EventSubject {
    pub is_opt_in: bool,
    pub user_identity_id: Option<UserIdentityId>,
    /// The user identities that were merged into it.
    pub former_ids: Vec<UserIdentityId>,
    pub device_id: Option<DeviceId>,
    pub acs_credential_id: Option<CredentialId>,
    pub acs_system_id: Option<Uuid>,
}

/// A time after every event.
const LAST: DateTime<Utc> = DateTime::from_timestamp(253_402_300_799, 0).expect("9999-12-31T23:59:59Z is valid");

impl EventFilter {
    /// The event with an id, of any type.
    pub fn of_id(id: EventId) -> EventFilter {
        EventFilter { event_ids: Some(vec![id]), include_opt_in: true, limit: Some(1), ..EventFilter::default() }
    }

    /// True for a filter of times only, of the whole workspace. This most frequent query has its own statement, which
    /// Postgres plans once; the general one is planned anew for each combination of filters.
    pub fn is_plain(&self) -> bool {
        let EventFilter {
            scope: Scope::Workspace,
            event_ids: None,
            event_types: None,
            include_opt_in: false,
            device_ids: None,
            user_identity_id: None,
            acs_credential_id: None,
            acs_system_ids: None,
            ..
        } = self
        else {
            return false;
        };
        true
    }

    /// The time after which the events are.
    pub fn after(&self) -> DateTime<Utc> {
        self.after.unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The time before which the events are.
    pub fn before(&self) -> DateTime<Utc> {
        self.before.unwrap_or(LAST)
    }

    /// Whether an event matches all conditions but those on its time, as the database judges it in a list.
    pub fn matches(&self, event: &Event, subject: &EventSubject) -> bool {
        let EventFilter { scope, after: _, before: _, event_ids, event_types, include_opt_in, .. } = self;
        let EventFilter { device_ids, user_identity_id, acs_credential_id, acs_system_ids, .. } = self;
        scope.includes(subject.user_identity_id)
            && event_types
                .as_ref()
                .map_or(*include_opt_in || !subject.is_opt_in, |types| types.contains(&event.event_type))
            && is_one_of(event_ids, Some(event.event_id))
            && is_one_of(device_ids, subject.device_id)
            && is_one_of(acs_system_ids, subject.acs_system_id)
            && user_identity_id
                .is_none_or(|id| subject.user_identity_id == Some(id) || subject.former_ids.contains(&id))
            && acs_credential_id.is_none_or(|id| subject.acs_credential_id == Some(id))
    }
}

fn is_one_of<T: PartialEq>(wanted: &Option<Vec<T>>, value: Option<T>) -> bool {
    wanted.as_ref().is_none_or(|wanted| value.is_some_and(|value| wanted.contains(&value)))
}
