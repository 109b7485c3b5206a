//! `/user_identities`: what an access system would have of a user identity. None is connected, so lists are empty, and what names
//! something of one is not found.

use super::super::access::{ByKey, ByKeyOrSession};
use super::super::answer::{Many, One, Void};
use super::super::error::invalid;
use super::super::route::*;
use super::super::wire;
use super::Which;
use crate::api::input::*;
use crate::domain::id::UserIdentityId;
use crate::domain::scope::Scope;
use crate::error::{Error, ResourceKind, Result};
use crate::store::Workspace;
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    let person = ResourceKind::UserIdentity;
    let automation = ResourceKind::EnrollmentAutomation;
    vec![
        route("/user_identities/list_accessible_entrances", &[GET, POST], list_entrances)
            .key("acs_entrances")
            .summary("List the entrances that a user identity can open: none, because no access system is connected")
            .not_found(person),
        route("/user_identities/list_acs_systems", &[GET, POST], list_systems)
            .key("acs_systems")
            .summary("List the access systems of a user identity: none, because no access system is connected")
            .not_found(person),
        route("/user_identities/list_acs_users", &[GET, POST], list_users)
            .key("acs_users")
            .summary("List the ACS users of a user identity: none, because no access system is connected")
            .not_found(person),
        route("/user_identities/add_acs_user", &[PUT, POST], add_user)
            .summary("Add an ACS user to a user identity; there is none, because no access system is connected")
            .not_found(person)
            .not_found(ResourceKind::AcsUser),
        route("/user_identities/remove_acs_user", &[DELETE, POST], remove_user)
            .summary("Remove an ACS user from a user identity; there is none, because no access system is connected")
            .not_found(person)
            .not_found(ResourceKind::AcsUser),
        route("/user_identities/enrollment_automations/launch", &[POST], launch)
            .key("enrollment_automation")
            .summary("Launch an enrollment automation; it needs an access system, and none is connected")
            .not_found(person)
            .not_found(ResourceKind::AcsSystem),
        route("/user_identities/enrollment_automations/get", &[GET, POST], get_automation)
            .key("enrollment_automation")
            .summary("Get an enrollment automation; there is none, because no access system is connected")
            .not_found(automation),
        route("/user_identities/enrollment_automations/list", &[GET, POST], list_automations)
            .key("enrollment_automations")
            .summary("List the enrollment automations of a user identity: none, because no access system is connected")
            .not_found(person),
        route("/user_identities/enrollment_automations/delete", &[DELETE, POST], delete_automation)
            .summary("Delete an enrollment automation; there is none, because no access system is connected")
            .not_found(automation),
    ]
}

/// Refuses an unknown user identity, and one beyond the scope.
async fn check(workspace: &Workspace, id: UserIdentityId, scope: Scope) -> Result<()> {
    workspace.for_user_identity(id, |id| workspace.user_identity(id, scope)).await.map(|_| ())
}

async fn list_entrances(call: Call<ByKeyOrSession>, input: Which) -> Result<Many<wire::AcsEntrance>> {
    check(&call.grant.workspace, input.user_identity_id, call.grant.scope).await?;
    Ok(Many(Vec::new()))
}

async fn list_systems(call: Call<ByKeyOrSession>, input: Which) -> Result<Many<wire::AcsSystem>> {
    check(&call.grant.workspace, input.user_identity_id, call.grant.scope).await?;
    Ok(Many(Vec::new()))
}

async fn list_users(call: Call<ByKey>, input: Which) -> Result<Many<wire::AcsUser>> {
    check(&call.grant.workspace, input.user_identity_id, Scope::Workspace).await?;
    Ok(Many(Vec::new()))
}

input! {
    /// An ACS user to add, and the user identity.
    pub struct AddAcsUser {
        /// The ACS user.
        acs_user_id: Uuid = uuid(),
        /// The user identity. Either this or the key is required.
        user_identity_id: Option<UserIdentityId> = id().optional(),
        /// The key of the user identity.
        user_identity_key: Option<String> = text().min(1).optional(),
    }
}

async fn add_user(call: Call<ByKey>, input: AddAcsUser) -> Result<Void> {
    match (input.user_identity_id, input.user_identity_key) {
        (Some(id), None) => check(&call.grant.workspace, id, Scope::Workspace).await?,
        // A user identity of an unknown key would be created with the ACS user.
        (None, Some(_)) => {}
        _ => return Err(invalid("Must specify either user_identity_id or user_identity_key")),
    }
    Err(Error::NotFound(ResourceKind::AcsUser, input.acs_user_id.to_string()))
}

input! {
    /// An ACS user to remove, and the user identity.
    pub struct RemoveAcsUser {
        /// The ACS user.
        acs_user_id: Uuid = uuid(),
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
    }
}

async fn remove_user(call: Call<ByKey>, input: RemoveAcsUser) -> Result<Void> {
    check(&call.grant.workspace, input.user_identity_id, Scope::Workspace).await?;
    Err(Error::NotFound(ResourceKind::AcsUser, input.acs_user_id.to_string()))
}

input! {
    /// An enrollment automation to launch.
    #[expect(dead_code, reason = "no access system is known, for which one could be launched")]
    pub struct Launch {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
        /// The access system that manages the credentials.
        credential_manager_acs_system_id: Uuid = uuid(),
        /// The credential pool.
        acs_credential_pool_id: Option<Uuid> = uuid().optional(),
        /// Whether to create a user of the access system.
        create_credential_manager_user: Option<bool> = boolean().optional(),
        /// The user of the access system.
        credential_manager_acs_user_id: Option<Uuid> = uuid().optional(),
    }
}

async fn launch(call: Call<ByKey>, input: Launch) -> Result<One<wire::EnrollmentAutomation>> {
    check(&call.grant.workspace, input.user_identity_id, Scope::Workspace).await?;
    Err(Error::NotFound(ResourceKind::AcsSystem, input.credential_manager_acs_system_id.to_string()))
}

input! {
    /// Id of an enrollment automation.
    pub struct WhichAutomation {
        /// The enrollment automation.
        enrollment_automation_id: Uuid = uuid(),
    }
}

impl WhichAutomation {
    fn unknown(&self) -> Error {
        Error::NotFound(ResourceKind::EnrollmentAutomation, self.enrollment_automation_id.to_string())
    }
}

async fn get_automation(_: Call<ByKeyOrSession>, which: WhichAutomation) -> Result<One<wire::EnrollmentAutomation>> {
    Err(which.unknown())
}

async fn list_automations(call: Call<ByKeyOrSession>, input: Which) -> Result<Many<wire::EnrollmentAutomation>> {
    check(&call.grant.workspace, input.user_identity_id, call.grant.scope).await?;
    Ok(Many(Vec::new()))
}

async fn delete_automation(_: Call<ByKey>, which: WhichAutomation) -> Result<Void> {
    Err(which.unknown())
}
