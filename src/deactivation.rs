//! The deactivation service: deactivates a phone, all phones of a user identity, or a person that a company's directory
//! makes inactive. The store does it in one unit of work with the events; this module interprets the result. Requests and
//! responses are the dialects'.

use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::scim::{ScimUser, ScimUserChange};
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
    let deactivate = |scope| workspace.deactivate_phone(device_id, scope, reason.clone(), now);
    let mut deactivated = deactivate(scope).await?;
    if let (None, Scope::Person(person)) = (&deactivated, scope) {
        // Merged into another one since the session was authenticated?
        let primary = workspace.primary_of(person).await?;
        if primary != person {
            deactivated = deactivate(Scope::Person(primary)).await?;
        }
    }
    let deactivated = deactivated.ok_or_else(|| Error::NotFound(ResourceKind::Phone, device_id.to_string()))?;
    Ok(deactivated.is_newly_deactivated)
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

/// Changes a user as a company's directory says. A user that becomes inactive is not let in: all phones are deactivated, and
/// credentials, client sessions and an assigned number are taken, in one unit of work with the change. Idempotent. One that
/// becomes active again is let in, without what it has lost.
pub async fn by_directory(
    workspace: &Workspace,
    person: UserIdentityId,
    change: impl FnOnce(&ScimUser) -> Result<Option<ScimUserChange>> + Send + 'static,
    now: DateTime<Utc>,
) -> Result<ScimUser> {
    workspace.change_scim_user(person, change, now).await
}

/// Makes a user inactive and has the directory forget it, in one unit of work, if a condition holds. The user identity stays.
pub async fn of_deleted_user(
    workspace: &Workspace,
    person: UserIdentityId,
    condition: impl FnOnce(&ScimUser) -> Result<()> + Send + 'static,
    now: DateTime<Utc>,
) -> Result<()> {
    workspace.delete_scim_user(person, condition, now).await
}
