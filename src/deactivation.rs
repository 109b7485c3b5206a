//! The deactivation service: deactivates a phone, or all phones of a user identity. The store does it in one unit of
//! work with the events; this module interprets the result. Requests and responses are the dialects'.

use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::scope::Scope;
use crate::error::{Error, ResourceKind, Result};
use crate::store::Workspace;
use chrono::{DateTime, Utc};

/// Deactivates one phone in scope; false if it was deactivated before. Idempotent, without a second event: clients retry
/// when a response was lost. An id that never was a phone in scope is not found.
pub async fn of_phone(
    workspace: &Workspace,
    device_id: DeviceId,
    scope: Scope,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<bool> {
    match workspace.deactivate_phone(device_id, scope, reason, now).await? {
        None => Err(Error::NotFound(ResourceKind::Phone, device_id.to_string())),
        Some(deactivated) => Ok(deactivated.is_newly_deactivated),
    }
}

/// Deactivates all active phones of a user identity. Returns their ids in order of registration.
pub async fn of_person(
    workspace: &Workspace,
    person: UserIdentityId,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<Vec<DeviceId>> {
    workspace.deactivate_phones_of(person, reason, now).await
}
