//! Events of the event log. Their JSON form is the same in lists, streams and webhook bodies, so it is defined here and
//! not in a dialect.

use super::id::{CredentialId, DeviceId, EventId, UserIdentityId, WorkspaceId};
use super::scope::Scope;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Handset's own types, unknown to Seam's clients; listed and delivered only if named.
pub const OPT_IN_TYPES: [&str; 8] = [
    "phone.registered",
    "phone.updated",
    "phone_number.assigned",
    "phone_number.release_scheduled",
    "phone_number.released",
    "phone_number.finished",
    "webhook.disabled",
    "webhook.ping",
];

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    pub event_id: EventId,
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
