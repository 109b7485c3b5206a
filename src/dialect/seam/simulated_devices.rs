//! `/devices/simulate`: what happens to the phones of a sandbox. Other phones tell nothing of their connection.

use super::access::ByKey;
use super::answer::Void;
use super::error::invalid;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::DeviceId;
use crate::domain::phone::SimulatedEvent;
use crate::domain::scope::Scope;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;

pub fn routes() -> Vec<Operation> {
    let phone = ResourceKind::Phone;
    let not_a_sandbox = || Error::Conflict(Reason::NotASandbox);
    vec![
        route("/devices/simulate/connect", &[POST], connect)
            .summary("Simulate that a phone of a sandbox is online")
            .not_found(phone)
            .fails([not_a_sandbox()]),
        route("/devices/simulate/disconnect", &[POST], disconnect)
            .summary("Simulate that a phone of a sandbox is offline")
            .not_found(phone)
            .fails([not_a_sandbox()]),
        route("/devices/simulate/remove", &[POST], remove)
            .summary("Simulate that a phone of a sandbox is removed, which deactivates it")
            .not_found(phone)
            .fails([not_a_sandbox()]),
        route("/devices/simulate/connect_to_hub", &[POST], change_hub)
            .summary("Simulate that a hub is online; phones have none, so this is refused")
            .not_found(phone)
            .fails([not_a_sandbox()]),
        route("/devices/simulate/disconnect_from_hub", &[POST], change_hub)
            .summary("Simulate that a hub is offline; phones have none, so this is refused")
            .not_found(phone)
            .fails([not_a_sandbox()]),
        route("/devices/simulate/paid_subscription", &[POST], change_subscription)
            .summary("Simulate a paid subscription; phones have none, so this is refused")
            .not_found(phone)
            .fails([not_a_sandbox()]),
    ]
}

input! {
    /// Id of a phone in a sandbox.
    pub struct Which {
        /// The phone.
        device_id: DeviceId = id(),
    }
}

async fn connect(call: Call<ByKey>, Which { device_id }: Which) -> Result<Void> {
    let (workspace, event) = (sandbox(&call)?, event(&call));
    workspace.simulate_connection(device_id, true, event).await?;
    Ok(Void)
}

async fn disconnect(call: Call<ByKey>, Which { device_id }: Which) -> Result<Void> {
    let (workspace, event) = (sandbox(&call)?, event(&call));
    workspace.simulate_connection(device_id, false, event).await?;
    Ok(Void)
}

async fn remove(call: Call<ByKey>, Which { device_id }: Which) -> Result<Void> {
    let (workspace, event) = (sandbox(&call)?, event(&call));
    workspace.simulate_removal(device_id, event).await?;
    Ok(Void)
}

async fn change_hub(call: Call<ByKey>, Which { device_id }: Which) -> Result<Void> {
    sandbox(&call)?.phone(device_id, Scope::Workspace).await?;
    Err(invalid("A phone has no hub. Use /devices/simulate/connect and /devices/simulate/disconnect"))
}

input! {
    /// A change of a subscription.
    #[expect(dead_code, reason = "phones have no subscription")]
    pub struct Subscription {
        /// The phone.
        device_id: DeviceId = id(),
        /// Whether it has expired.
        is_expired: bool = boolean(),
    }
}

async fn change_subscription(call: Call<ByKey>, input: Subscription) -> Result<Void> {
    sandbox(&call)?.phone(input.device_id, Scope::Workspace).await?;
    Err(invalid("A phone has no subscription"))
}

/// The caller's workspace, if it is a sandbox.
fn sandbox(call: &Call<ByKey>) -> Result<&Workspace> {
    let workspace = &call.grant.workspace;
    if workspace.is_sandbox() { Ok(workspace) } else { Err(Error::Conflict(Reason::NotASandbox)) }
}

fn event(call: &Call<ByKey>) -> SimulatedEvent {
    SimulatedEvent {
        event_id: call.app.random.id(call.now),
        connected_account_id: wire::placeholder_id(call.grant.workspace.id(), "connected_account"),
        at: call.now,
    }
}
