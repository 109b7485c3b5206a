//! `/user_identities`: access to phones of others, as devices.

use super::super::access::ByKey;
use super::super::answer::{Members, Void};
use super::super::route::*;
use super::super::wire;
use super::Which;
use crate::api::input::*;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::phone::MAX_DEVICE_ACCESS;
use crate::error::{Error, Reason, ResourceKind, Result};
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes() -> Vec<Operation> {
    let person = ResourceKind::UserIdentity;
    vec![
        route("/user_identities/list_accessible_devices", &[GET, POST], list)
            .key("devices")
            .summary("List the phones to which a user identity was granted access, as devices")
            .not_found(person),
        route("/user_identities/grant_access_to_device", &[PUT, POST], grant)
            .summary("Grant a user identity access to a phone of another one, as a device")
            .not_found(person)
            .not_found(ResourceKind::Phone)
            .fails([
                Error::Conflict(Reason::UserIdentitySuspended),
                Error::Conflict(Reason::TooManyAccessibleDevices(MAX_DEVICE_ACCESS)),
            ]),
        route("/user_identities/revoke_access_to_device", &[DELETE, POST], revoke)
            .summary("Revoke the access of a user identity to a phone")
            .not_found(person)
            .not_found(ResourceKind::Phone),
    ]
}

/// The devices that a user identity has access to, under both of their names.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessibleDevices {
    pub devices: Vec<wire::Device>,
    pub accessible_devices: Vec<wire::Device>,
}

async fn list(call: Call<ByKey>, Which { user_identity_id }: Which) -> Result<Members<AccessibleDevices>> {
    let workspace = &call.grant.workspace;
    let phones = workspace.for_user_identity(user_identity_id, |id| workspace.accessible_phones(id)).await?;
    let device = |phone| wire::Device::new(phone, workspace.is_sandbox());
    let devices = || phones.iter().cloned().map(device).collect();
    Ok(Members(AccessibleDevices { devices: devices(), accessible_devices: devices() }))
}

input! {
    /// A user identity and a device.
    pub struct Access {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
        /// The device: a phone.
        device_id: DeviceId = id(),
    }
}

async fn grant(call: Call<ByKey>, input: Access) -> Result<Void> {
    let workspace = &call.grant.workspace;
    let grant = |id| workspace.grant_device_access(id, input.device_id, call.now);
    workspace.for_user_identity(input.user_identity_id, grant).await?;
    Ok(Void)
}

async fn revoke(call: Call<ByKey>, input: Access) -> Result<Void> {
    let workspace = &call.grant.workspace;
    let revoke = |id| workspace.revoke_device_access(id, input.device_id, call.now);
    workspace.for_user_identity(input.user_identity_id, revoke).await?;
    Ok(Void)
}
