//! `/acs/credentials`, as far as phones need them: mobile keys. A multi-phone sync credential has a child on each phone
//! of its user identity. No access system is connected.

use super::access::{ByKey, ByKeyOrSession};
use super::answer::{Many, Members, One, Paged, Void};
use super::error::invalid;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::credential::*;
use crate::domain::id::{CredentialId, UserIdentityId};
use crate::domain::limits::MAX_ENTRANCES;
use crate::domain::token::Token;
use crate::error::{Error, Issue, Reason, ResourceKind, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    let credentials = ResourceKind::Credential;
    vec![
        route("/acs/credentials/create", &[POST], create)
            .key("acs_credential")
            .summary("Create a credential, for one phone or for each phone of a user identity")
            .not_found(ResourceKind::UserIdentity)
            .fails([Error::Conflict(Reason::UserIdentitySuspended)]),
        route("/acs/credentials/get", &[GET, POST], get)
            .key("acs_credential")
            .summary("Get a credential")
            .not_found(credentials),
        route("/acs/credentials/list", &[GET, POST], list).key("acs_credentials").summary("List credentials"),
        route("/acs/credentials/delete", &[DELETE, POST], delete)
            .summary("Delete a credential with its children")
            .not_found(credentials),
        route("/acs/credentials/update", &[PATCH, POST], update)
            .summary("Update the end or the code of a credential")
            .not_found(credentials),
        route("/acs/credentials/assign", &[PATCH, POST], assign)
            .summary("Assign a credential to a user identity or an ACS user")
            .not_found(credentials)
            .not_found(ResourceKind::UserIdentity)
            .fails([Reason::CredentialAssigned, Reason::UserIdentitySuspended].map(Error::Conflict)),
        route("/acs/credentials/unassign", &[PATCH, POST], unassign)
            .summary("Unassign a credential from a user identity or an ACS user")
            .not_found(credentials)
            .fails([Error::Conflict(Reason::CredentialNotAssigned)]),
        route("/acs/credentials/list_accessible_entrances", &[GET, POST], list_accessible_entrances)
            .key("acs_entrances")
            .summary("List the entrances that a credential opens: none, because no access system is connected")
            .not_found(credentials),
        route("/acs/credentials/create_offline_code", &[POST], create_offline_code)
            .key("acs_credential")
            .summary("Create an offline code for an ACS user; there is none, because no access system is connected")
            .not_found(ResourceKind::AcsUser),
        route("/acs/credentials/unmanaged/get", &[GET, POST], get_unmanaged)
            .key("acs_credential")
            .summary("Get an unmanaged credential; all credentials are managed")
            .not_found(credentials),
        route("/acs/credentials/unmanaged/list", &[GET, POST], list_unmanaged)
            .key("acs_credentials")
            .summary("List unmanaged credentials: none, because all credentials are managed"),
    ]
}

input! {
    /// A credential to create.
    pub struct Create {
        /// The access method.
        access_method: AccessMethod = choice(),
        /// The user identity of the credential. Either this or an ACS user is required.
        user_identity_id: Option<UserIdentityId> = id().nullish(),
        /// The ACS user of the credential.
        acs_user_id: Option<Uuid> = uuid().nullish(),
        /// The access system.
        acs_system_id: Option<Uuid> = uuid().nullish(),
        /// The access system that manages the credential.
        credential_manager_acs_system_id: Option<Uuid> = uuid().nullish(),
        /// Whether each phone of the user identity gets a credential of its own.
        is_multi_phone_sync_credential: bool = boolean().or_if_nullish(false),
        /// The entrances.
        allowed_acs_entrance_ids: Vec<Uuid> = array(uuid()).max(MAX_ENTRANCES).or_if_nullish(Vec::<String>::new()),
        /// When it becomes valid.
        starts_at: Option<DateTime<Utc>> = date_time().nullish(),
        /// When it expires.
        ends_at: Option<DateTime<Utc>> = date_time().nullish(),
        /// The PIN of a credential with the access method `code`.
        code: Option<String> = text().refine(|code| is_code(code), "Invalid").nullish(),
    }
}

/// Whether a text is a PIN: digits.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Create {
    /// Issues over several values.
    fn faults(&self) -> Vec<Issue> {
        let mut faults = Vec::new();
        if self.user_identity_id.is_some() == self.acs_user_id.is_some() {
            faults.push(Issue::root("Must specify either user_identity_id or acs_user_id"));
        }
        if self.is_multi_phone_sync_credential && self.access_method != AccessMethod::MobileKey {
            faults.push(Issue::root("A multi-phone sync credential must have the access_method mobile_key"));
        }
        if self.is_multi_phone_sync_credential && self.user_identity_id.is_none() {
            faults.push(Issue::root(SYNC_WITHOUT_USER_IDENTITY));
        }
        if self.code.is_some() && self.access_method != AccessMethod::Code {
            faults.push(Issue::root(CODE_OF_ANOTHER_METHOD));
        }
        if self.starts_at.zip(self.ends_at).is_some_and(|(starts_at, ends_at)| ends_at <= starts_at) {
            faults.push(Issue::root("ends_at must be after starts_at"));
        }
        faults
    }
}

async fn create(call: Call<ByKey>, input: Create) -> Result<One<wire::AcsCredential>> {
    let faults = input.faults();
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let workspace = &call.grant.workspace;
    let named_system = input.acs_system_id.or(input.credential_manager_acs_system_id);
    let new = NewCredential {
        acs_credential_id: call.app.random.id(call.now),
        user_identity_id: input.user_identity_id,
        acs_user_id: input.acs_user_id,
        acs_system_id: named_system.unwrap_or_else(|| wire::placeholder_id(workspace.id(), "acs_system")),
        access_method: input.access_method,
        is_multi_phone_sync_credential: input.is_multi_phone_sync_credential,
        allowed_acs_entrance_ids: input.allowed_acs_entrance_ids,
        starts_at: input.starts_at,
        ends_at: input.ends_at,
        code: input.code.map(Token::from),
    };
    let create =
        |user_identity_id| workspace.create_credential(NewCredential { user_identity_id, ..new.clone() }, call.now);
    let credential = workspace.for_optional_user_identity(new.user_identity_id, create).await?;
    Ok(One(credential.into()))
}

input! {
    /// Id of a credential.
    pub struct Which {
        /// The credential.
        acs_credential_id: CredentialId = id(),
    }
}

async fn get(call: Call<ByKey>, Which { acs_credential_id }: Which) -> Result<One<wire::AcsCredential>> {
    Ok(One(call.grant.workspace.credential(acs_credential_id).await?.into()))
}

input! {
    /// Filter of credentials.
    pub struct List {
        /// Only those of this user identity.
        user_identity_id: Option<UserIdentityId> = id().optional(),
        /// Only those of this ACS user.
        acs_user_id: Option<Uuid> = uuid().optional(),
        /// Only those of this access system.
        acs_system_id: Option<Uuid> = uuid().optional(),
        /// Only multi-phone sync credentials, or only others.
        is_multi_phone_sync_credential: Option<bool> = boolean().optional(),
        /// Only those with this text in their name or at the start of their id.
        search: Option<String> = text().min(1).optional(),
        /// Only those created before this time.
        created_before: Option<DateTime<Utc>> = date_time().optional(),
        /// The page size.
        limit: u32 = integer().above(0).or(500),
        /// The `next_page_cursor` of the previous page.
        page_cursor: Option<String> = text().nullish(),
    }
}

async fn list(
    call: Call<ByKeyOrSession>,
    Paginated { cursor_scope, input }: Paginated<List>,
) -> Result<Paged<wire::AcsCredential>> {
    let filter = CredentialFilter {
        user_identity_id: input.user_identity_id,
        acs_user_id: input.acs_user_id,
        acs_system_id: input.acs_system_id,
        is_multi_phone_sync_credential: input.is_multi_phone_sync_credential,
        search: input.search,
        created_before: input.created_before,
        paging: cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?,
    };
    Ok(cursor_scope.paged(call.grant.workspace.credentials(&filter, call.grant.scope).await?))
}

async fn delete(call: Call<ByKey>, Which { acs_credential_id }: Which) -> Result<Void> {
    call.grant.workspace.delete_credential(acs_credential_id, call.now).await?;
    Ok(Void)
}

input! {
    /// A change of a credential.
    pub struct Update {
        /// The credential.
        acs_credential_id: String = text(),
        /// When it expires: a time in the future, after `starts_at`.
        ends_at: Option<DateTime<Utc>> = date_time().nullish(),
        /// The new PIN of a credential with the access method `code`.
        code: Option<String> = text().refine(|code| is_code(code), "Invalid").nullish(),
    }
}

/// A credential, in the responses that Seam's clients do not read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    pub acs_credential: wire::AcsCredential,
}

impl From<Credential> for Members<Changed> {
    fn from(credential: Credential) -> Members<Changed> {
        Members(Changed { acs_credential: credential.into() })
    }
}

async fn update(call: Call<ByKey>, input: Update) -> Result<Members<Changed>> {
    // Seam allows any text here; an invalid UUID is an unknown credential.
    let unknown = || Error::NotFound(ResourceKind::Credential, input.acs_credential_id.clone());
    let id = CredentialId(Uuid::try_parse(&input.acs_credential_id).map_err(|_| unknown())?);
    let change = CredentialChange { ends_at: input.ends_at, code: input.code.map(Token::from) };
    Ok(call.grant.workspace.update_credential(id, change, call.now).await?.into())
}

input! {
    /// A credential and its user.
    pub struct Assignment {
        /// The credential.
        acs_credential_id: CredentialId = id(),
        /// The user identity. Either this or an ACS user is required.
        user_identity_id: Option<UserIdentityId> = id().nullish(),
        /// The ACS user.
        acs_user_id: Option<Uuid> = uuid().nullish(),
    }
}

impl Assignment {
    fn holder(&self) -> Result<Holder> {
        match (self.user_identity_id, self.acs_user_id) {
            (Some(id), None) => Ok(Holder::UserIdentity(id)),
            (None, Some(id)) => Ok(Holder::AcsUser(id)),
            _ => Err(invalid("Must specify either user_identity_id or acs_user_id")),
        }
    }
}

async fn assign(call: Call<ByKey>, input: Assignment) -> Result<Members<Changed>> {
    let (workspace, assignment) = (&call.grant.workspace, call.app.random.id(call.now));
    let holder = input.holder()?;
    let assign = |id: Option<UserIdentityId>| {
        let holder = id.map_or(holder, Holder::UserIdentity);
        workspace.assign_credential(input.acs_credential_id, holder, assignment, call.now)
    };
    Ok(workspace.for_optional_user_identity(holder.user_identity_id(), assign).await?.into())
}

async fn unassign(call: Call<ByKey>, input: Assignment) -> Result<Members<Changed>> {
    let (workspace, removal) = (&call.grant.workspace, call.app.random.id(call.now));
    let unassign = |holder| workspace.unassign_credential(input.acs_credential_id, holder, removal, call.now);
    Ok(workspace.for_holder(input.holder()?, unassign).await?.into())
}

/// The entrances that a credential names are not known here.
async fn list_accessible_entrances(
    call: Call<ByKey>,
    Which { acs_credential_id }: Which,
) -> Result<Many<wire::AcsEntrance>> {
    call.grant.workspace.credential(acs_credential_id).await?;
    Ok(Many(Vec::new()))
}

input! {
    /// An offline code to create.
    #[expect(dead_code, reason = "no ACS user is known, for which one could be created")]
    pub struct CreateOfflineCode {
        /// The ACS user.
        acs_user_id: Uuid = uuid(),
        /// The entrance that it opens.
        allowed_acs_entrance_id: Uuid = uuid(),
        /// Whether it opens once.
        is_one_time_use: bool = boolean().or_if_nullish(false),
        /// When it becomes valid.
        starts_at: Option<DateTime<Utc>> = date_time().nullish(),
        /// When it expires.
        ends_at: Option<DateTime<Utc>> = date_time().nullish(),
    }
}

async fn create_offline_code(_: Call<ByKey>, input: CreateOfflineCode) -> Result<One<wire::AcsCredential>> {
    Err(Error::NotFound(ResourceKind::AcsUser, input.acs_user_id.to_string()))
}

async fn get_unmanaged(_: Call<ByKey>, Which { acs_credential_id }: Which) -> Result<One<wire::AcsCredential>> {
    Err(Error::NotFound(ResourceKind::Credential, acs_credential_id.to_string()))
}

async fn list_unmanaged(_: Call<ByKey>, _: List) -> Result<Many<wire::AcsCredential>> {
    Ok(Many(Vec::new()))
}
