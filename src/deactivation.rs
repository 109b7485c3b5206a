//! The deactivation service: turns a lost phone off, or all phones of a person. It decides what is asked of the store,
//! which does it in one unit of work with the events, and what an answer means; how it is asked and told is a dialect's.

use crate::error::{Error, ResourceKind, Result};
use crate::model::id::{DeviceId, UserIdentityId};
use crate::model::scope::Scope;
use crate::store::Workspace;
use chrono::{DateTime, Utc};

/// Deactivates one phone within reach. Again is well, too, and causes no second event: clients repeat the call when an
/// answer was lost. An id that never was a phone in reach is not found.
pub async fn of_phone(
    workspace: &Workspace,
    device_id: DeviceId,
    scope: Scope,
    reason: Option<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    match workspace.deactivate_phones(vec![device_id], scope, reason, now).await?.as_slice() {
        [] => Err(Error::NotFound(ResourceKind::Phone, device_id.to_string())),
        _ => Ok(()),
    }
}

/// Deactivates all living phones of a person, or with `dry_run` only says which. Gives their ids in order of
/// registration.
pub async fn of_person(
    workspace: &Workspace,
    person: UserIdentityId,
    dry_run: bool,
    now: DateTime<Utc>,
) -> Result<Vec<DeviceId>> {
    let devices = workspace.phone_ids_of(person).await?;
    if !dry_run {
        workspace.deactivate_phones(devices.clone(), Scope::Workspace, None, now).await?;
    }
    Ok(devices)
}
