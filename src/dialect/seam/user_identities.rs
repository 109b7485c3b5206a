//! `/user_identities`: the owners of phones, client sessions and credentials.

mod access_systems;
mod device_access;
mod merge;
mod unmanaged;

use super::access::{ByConsole, ByKey, ByKeyOrSession};
use super::answer::{Members, One, Paged, Void};
use super::error::invalid;
use super::message::message;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::deactivation;
use crate::domain::id::UserIdentityId;
use crate::domain::password::Password;
use crate::domain::scope::Scope;
use crate::domain::text::is_visible;
use crate::domain::user_identity::*;
use crate::error::{Error, Issue, Problem, Reason, ResourceKind, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    [own_routes(), merge::routes(), device_access::routes(), access_systems::routes(), unmanaged::routes()]
        .into_iter()
        .flatten()
        .collect()
}

fn own_routes() -> Vec<Operation> {
    let exists = || Error::Conflict(Reason::UserIdentityExists("user_identity_key"));
    vec![
        route("/user_identities/create", &[POST], create)
            .key("user_identity")
            .summary("Create a user identity")
            .fails([exists()]),
        route("/user_identities/get", &[GET, POST], get)
            .key("user_identity")
            .summary("Get a user identity by id or key")
            .not_found(ResourceKind::UserIdentity),
        route("/user_identities/list", &[GET, POST], list).key("user_identities").summary("List user identities"),
        route("/user_identities/update", &[PATCH, POST], update)
            .summary("Update a user identity")
            .not_found(ResourceKind::UserIdentity)
            .fails([exists()]),
        route("/user_identities/set_password", &[POST], set_password)
            .summary("Set the password of a user identity, with a console session")
            .not_found(ResourceKind::UserIdentity),
        route("/user_identities/delete", &[DELETE, POST], delete)
            .summary("Delete a user identity with its client sessions and credentials, and deactivate its phones")
            .not_found(ResourceKind::UserIdentity),
        route("/user_identities/deactivate_phones", &[POST], deactivate_phones)
            .urgent()
            .summary("Deactivate all phones of a user identity, or list them with dry_run")
            .not_found(ResourceKind::UserIdentity),
    ]
}

input! {
    /// A user identity to create.
    pub struct Create {
        /// The key of the user in your system; unique in the workspace.
        user_identity_key: Option<String> = text().min(1).nullish(),
        /// The e-mail address; unique in the workspace.
        email_address: Option<String> = email().nullish(),
        /// The phone number, preferably in E.164; unique in the workspace. A blank one is null.
        phone_number: Option<String> = text().nullish(),
        /// The full name.
        full_name: Option<String> = text().min(1).nullish(),
        /// Whether the user identity can have telephone numbers; true by default.
        enterprise_voice_enabled: Option<bool> = boolean().nullish(),
    }
}

impl From<Create> for UserIdentityFields {
    fn from(input: Create) -> UserIdentityFields {
        UserIdentityFields {
            user_identity_key: input.user_identity_key.filter(|key| is_visible(key)),
            email_address: input.email_address,
            phone_number: input.phone_number.filter(|number| is_visible(number)),
            full_name: input.full_name,
            enterprise_voice: input.enterprise_voice_enabled,
        }
    }
}

/// Reads a user identity by the rules of the API. Issues are worded as the API does, with their paths.
pub fn read_user_identity(mut members: Map<String, Value>) -> std::result::Result<UserIdentityFields, Vec<String>> {
    let mut at = Reader::default();
    let input = Create::read(&mut members, &mut at);
    match input.filter(|_| at.issues().is_empty()) {
        Some(input) => Ok(input.into()),
        None => {
            Err(at.issues().iter().map(|issue| format!("{}: {}", issue.dotted(), message(&issue.problem))).collect())
        }
    }
}

async fn create(call: Call<ByKey>, input: Create) -> Result<One<wire::UserIdentity>> {
    let fields = UserIdentityFields::from(input);
    let id: UserIdentityId = call.app.random.id(call.now);
    let person = call.grant.workspace.create_user_identity(id, fields, call.now).await?;
    Ok(One(person.into()))
}

input! {
    /// Selector of a user identity.
    pub struct Get {
        /// The id of the user identity. Either this or the key is required.
        user_identity_id: Option<UserIdentityId> = id().optional(),
        /// The key of the user identity.
        user_identity_key: Option<String> = text().min(1).optional(),
    }
}

async fn get(call: Call<ByKey>, input: Get) -> Result<One<wire::UserIdentity>> {
    let workspace = &call.grant.workspace;
    let person = match (input.user_identity_id, &input.user_identity_key) {
        (Some(id), None) => workspace.for_user_identity(id, |id| workspace.user_identity(id, Scope::Workspace)).await?,
        (None, Some(key)) => workspace.user_identity_by_key(key).await?,
        _ => return Err(invalid("Must specify either user_identity_id or user_identity_key")),
    };
    Ok(One(person.into()))
}

input! {
    /// Filter of user identities.
    pub struct List {
        /// Only user identities with these ids.
        user_identity_ids: Option<Vec<UserIdentityId>> = array(id()).optional(),
        /// Only those with this text in their name, e-mail address, phone number or key, or at the start of their id.
        search: Option<String> = text().min(1).optional(),
        /// Only those of this access system; none, because Handset has no access systems.
        credential_manager_acs_system_id: Option<Uuid> = uuid().optional(),
        /// Only those created before this time.
        created_before: Option<DateTime<Utc>> = date_time().optional(),
        /// The page size.
        limit: u32 = integer().at_least(0).or(500),
        /// The `next_page_cursor` of the previous page.
        page_cursor: Option<String> = text().nullish(),
    }
}

async fn list(
    call: Call<ByKeyOrSession>,
    Paginated { cursor_scope, input }: Paginated<List>,
) -> Result<Paged<wire::UserIdentity>> {
    let none = input.credential_manager_acs_system_id.map(|_| Vec::new());
    let filter = UserIdentityFilter {
        user_identity_ids: none.or(input.user_identity_ids),
        search: input.search,
        created_before: input.created_before,
        paging: cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?,
    };
    Ok(cursor_scope.paged(call.grant.workspace.user_identities(&filter, call.grant.scope).await?))
}

input! {
    /// A change of a user identity. Absent keeps a value, null clears it.
    pub struct Update {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
        /// The key of the user in your system.
        user_identity_key: Option<Option<String>> = text().min(1).nullable().optional(),
        /// The e-mail address.
        email_address: Option<Option<String>> = email().nullable().optional(),
        /// The phone number.
        phone_number: Option<Option<String>> = text().nullable().optional(),
        /// The full name.
        full_name: Option<Option<String>> = text().min(1).nullable().optional(),
        /// Whether the user identity can have telephone numbers.
        enterprise_voice_enabled: Option<bool> = boolean().nullish(),
    }
}

async fn update(call: Call<ByKey>, input: Update) -> Result<Void> {
    let filled = |value: Option<Option<String>>| value.map(|text| text.filter(|text| is_visible(text)));
    let change = UserIdentityChange {
        user_identity_key: filled(input.user_identity_key),
        email_address: input.email_address,
        phone_number: filled(input.phone_number),
        full_name: input.full_name,
        enterprise_voice: input.enterprise_voice_enabled,
    };
    let workspace = &call.grant.workspace;
    workspace.for_user_identity(input.user_identity_id, |id| workspace.update_user_identity(id, &change)).await?;
    Ok(Void)
}

input! {
    /// Id of a user identity.
    pub struct Which {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
    }
}

input! {
    /// A user identity's new password.
    pub struct SetPassword {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
        /// The new password: at least eight characters.
        password: String = text().min(Password::SHORTEST).max(Password::LONGEST),
    }
}

async fn set_password(call: Call<ByConsole>, input: SetPassword) -> Result<Void> {
    let password = Password::chosen(&input.password)
        .map_err(|unfit| Error::Invalid(vec![Issue::field("password", Problem::Rule(unfit.to_string().into()))]))?;
    let (workspace, random) = (&call.grant.workspace, &call.app.random);
    let set = |id| workspace.set_password(id, password.clone(), random, call.now);
    workspace.for_user_identity(input.user_identity_id, set).await?;
    Ok(Void)
}

async fn delete(call: Call<ByKey>, Which { user_identity_id }: Which) -> Result<Void> {
    let workspace = &call.grant.workspace;
    workspace.for_user_identity(user_identity_id, |id| workspace.delete_user_identity(id, call.now)).await?;
    Ok(Void)
}

input! {
    /// A user identity whose phones to deactivate.
    pub struct DeactivatePhones {
        /// The user identity.
        user_identity_id: UserIdentityId = id(),
        /// The reason, for the audit trail.
        reason: Option<String> = text().max(500).nullish(),
        /// Whether to return the phones without deactivating them. Null is refused, since its meaning would be a guess.
        dry_run: bool = boolean().or(false),
    }
}

/// The phones that were deactivated, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhonesDeactivated {
    pub device_ids: Vec<Uuid>,
    /// Whether the phones were only listed.
    pub dry_run: bool,
}

async fn deactivate_phones(call: Call<ByKey>, input: DeactivatePhones) -> Result<Members<PhonesDeactivated>> {
    let (workspace, person) = (&call.grant.workspace, input.user_identity_id);
    let devices = match input.dry_run {
        true => workspace.for_user_identity(person, |id| workspace.phone_ids_of(id)).await?,
        false => {
            let deactivate = |id| deactivation::of_person(workspace, id, input.reason.clone(), call.now);
            workspace.for_user_identity(person, deactivate).await?
        }
    };
    let device_ids = devices.into_iter().map(Uuid::from).collect();
    Ok(Members(PhonesDeactivated { device_ids, dry_run: input.dry_run }))
}
