//! Events of the event log. Their JSON form is the same in lists, streams and webhook bodies, so it is defined here and
//! not in a dialect.

use super::id::{CredentialId, DeviceId, EventId, UserIdentityId, WorkspaceId};
use super::scope::Scope;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Type of an event that Handset emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    PhoneDeactivated,
    PhoneRegistered,
    PhoneUpdated,
    PhoneNumberAssigned,
    PhoneNumberReleaseScheduled,
    PhoneNumberReleased,
    PhoneNumberFinished,
    AcsCredentialIssued,
    AcsCredentialInvalidated,
    AcsCredentialDeleted,
    ClientSessionDeleted,
    WebhookDisabled,
    WebhookPing,
}

impl EventType {
    pub const ALL: [EventType; 13] = [
        EventType::PhoneDeactivated,
        EventType::PhoneRegistered,
        EventType::PhoneUpdated,
        EventType::PhoneNumberAssigned,
        EventType::PhoneNumberReleaseScheduled,
        EventType::PhoneNumberReleased,
        EventType::PhoneNumberFinished,
        EventType::AcsCredentialIssued,
        EventType::AcsCredentialInvalidated,
        EventType::AcsCredentialDeleted,
        EventType::ClientSessionDeleted,
        EventType::WebhookDisabled,
        EventType::WebhookPing,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            EventType::PhoneDeactivated => "phone.deactivated",
            EventType::PhoneRegistered => "phone.registered",
            EventType::PhoneUpdated => "phone.updated",
            EventType::PhoneNumberAssigned => "phone_number.assigned",
            EventType::PhoneNumberReleaseScheduled => "phone_number.release_scheduled",
            EventType::PhoneNumberReleased => "phone_number.released",
            EventType::PhoneNumberFinished => "phone_number.finished",
            EventType::AcsCredentialIssued => "acs_credential.issued",
            EventType::AcsCredentialInvalidated => "acs_credential.invalidated",
            EventType::AcsCredentialDeleted => "acs_credential.deleted",
            EventType::ClientSessionDeleted => "client_session.deleted",
            EventType::WebhookDisabled => "webhook.disabled",
            EventType::WebhookPing => "webhook.ping",
        }
    }

    /// True for Handset's own types, unknown to Seam's clients; listed and delivered only if named.
    pub const fn is_opt_in(self) -> bool {
        match self {
            EventType::PhoneDeactivated
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
pub const OPT_IN_TYPES: [&str; count_opt_in()] = {
    let mut names = [""; count_opt_in()];
    let (mut index, mut count) = (0, 0);
    while index < EventType::ALL.len() {
        if EventType::ALL[index].is_opt_in() {
            names[count] = EventType::ALL[index].as_str();
            count += 1;
        }
        index += 1;
    }
    names
};

const fn count_opt_in() -> usize {
    let (mut index, mut count) = (0, 0);
    while index < EventType::ALL.len() {
        count += EventType::ALL[index].is_opt_in() as usize;
        index += 1;
    }
    count
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
