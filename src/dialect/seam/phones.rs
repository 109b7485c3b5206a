//! `/phones`: get, list and deactivate phones, create sandbox phones.

use super::access::{ByKey, ByKeyOrSession};
use super::answer::{One, Pageable, Void};
use super::page::CursorScope;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::deactivation;
use crate::domain::id::{CredentialId, DeviceId, UserIdentityId};
use crate::domain::metadata::MetadataFilter;
use crate::domain::phone::*;
use crate::domain::scope::Scope;
use crate::domain::text::is_visible;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Prefetch;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    vec![
        prefetching("/phones/get", &[GET, POST], get, |input: &Get| Prefetch::Phone(input.device_id))
            .key("phone")
            .summary("Get a phone")
            .not_found(ResourceKind::Phone),
        prefetching("/phones/list", &[GET, POST], list, |Paginated { cursor_scope, input }: &Paginated<List>| {
            input.filter(cursor_scope).map_or(Prefetch::None, |filter| Prefetch::phones(&filter))
        })
        .key("phones")
        .summary("List phones"),
        route("/phones/deactivate", &[DELETE, POST], deactivate)
            .urgent()
            .summary("Deactivate a lost or unused phone and the credentials on it")
            .not_found(ResourceKind::Phone),
        route("/phones/readmit", &[POST], readmit)
            .summary("Allow the installation of a deactivated phone to register again, as a new phone")
            .not_found(ResourceKind::Phone),
        route("/phones/simulate/create_sandbox_phone", &[POST], create_sandbox_phone)
            .key("phone")
            .summary("Create a phone in a sandbox workspace")
            .not_found(ResourceKind::UserIdentity)
            .fails([Error::Conflict(Reason::NotASandbox)])
            .fails(registration_conflicts()),
    ]
}

/// Why a phone is not registered.
pub fn registration_conflicts() -> [Error; 3] {
    [Reason::UserIdentitySuspended, Reason::PhoneDeactivated, Reason::TooManyPhones(MAX_PHONES)].map(Error::Conflict)
}

input! {
    /// Id of a phone.
    pub struct Get {
        /// The phone.
        device_id: DeviceId = id(),
    }
}

async fn get(call: Call<ByKey>, Get { device_id }: Get) -> Result<One<wire::Phone>> {
    let phone = call.grant.workspace.phone_with(call.prefetched, device_id, Scope::Workspace).await?;
    Ok(One(phone.into()))
}

input! {
    /// Filter of phones.
    pub struct List {
        /// Only phones of this user identity.
        owner_user_identity_id: Option<UserIdentityId> = id().optional(),
        /// Only phones that hold this credential, or a child of it.
        acs_credential_id: Option<CredentialId> = id().optional(),
        /// Only phones of these user identities.
        user_identity_ids: Option<Vec<UserIdentityId>> = array(id()).optional(),
        /// Only phones of this type.
        device_type: Option<OperatingSystem> = choice().optional(),
        /// Only phones with this text in their name or custom metadata, or at the start of their id.
        search: Option<String> = text().min(1).optional(),
        /// Only phones whose custom metadata has all these pairs; null matches an absent key.
        custom_metadata_has: Option<MetadataFilter> = metadata_filter().optional(),
        /// Only phones registered before this.
        created_before: Option<DateTime<Utc>> = date_time().optional(),
        /// Whether to include deactivated phones.
        include_deactivated: bool = boolean().or(false),
        /// The page size. Without it and without a cursor, all phones are returned.
        limit: Option<u32> = integer().at_least(1).at_most(10_000).optional(),
        /// The `next_page_cursor` of the previous page.
        page_cursor: Option<String> = text().nullish(),
    }
}

impl List {
    /// The store's filter. A cursor of another list is refused.
    fn filter(&self, cursor_scope: &CursorScope) -> Result<PhoneFilter> {
        let limit = self.limit.or(cursor_scope.is_paged.then_some(500));
        Ok(PhoneFilter {
            user_identity_ids: one_of(self.owner_user_identity_id, self.user_identity_ids.clone()),
            acs_credential_id: self.acs_credential_id,
            operating_systems: self.device_type.map(|system| vec![system]),
            search: self.search.clone(),
            custom_metadata_has: self.custom_metadata_has.clone().unwrap_or_default(),
            created_before: self.created_before,
            include_deactivated: self.include_deactivated,
            paging: cursor_scope.paging(limit, self.page_cursor.as_deref())?,
            ..PhoneFilter::default()
        })
    }
}

async fn list(call: Call<ByKey>, Paginated { cursor_scope, input }: Paginated<List>) -> Result<Pageable<wire::Phone>> {
    let page =
        call.grant.workspace.phones_with(call.prefetched, &input.filter(&cursor_scope)?, Scope::Workspace).await?;
    let pagination = cursor_scope.is_paged.then(|| cursor_scope.pagination(&page));
    Ok(Pageable { items: page.items.into_iter().map(wire::Phone::from).collect(), pagination })
}

input! {
    /// A phone, and the reason.
    pub struct Deactivate {
        /// The phone.
        device_id: String = text(),
        /// The reason, for the audit trail.
        reason: Option<String> = text().max(500).nullish(),
    }
}

async fn deactivate(call: Call<ByKeyOrSession>, input: Deactivate) -> Result<Void> {
    // Seam allows any text here; an invalid UUID is an unknown phone.
    let unknown = || Error::NotFound(ResourceKind::Phone, input.device_id.clone());
    let device_id = DeviceId(Uuid::try_parse(&input.device_id).map_err(|_| unknown())?);
    let ByKeyOrSession { workspace, scope, .. } = &call.grant;
    deactivation::of_phone(workspace, device_id, *scope, input.reason, call.now).await?;
    Ok(Void)
}

input! {
    /// Id of a deactivated phone.
    pub struct Readmit {
        /// The deactivated phone.
        device_id: DeviceId = id(),
    }
}

async fn readmit(call: Call<ByKey>, Readmit { device_id }: Readmit) -> Result<Void> {
    call.grant.workspace.readmit_phone(device_id, call.now).await?;
    Ok(Void)
}

impl Choice for OperatingSystem {
    fn all() -> impl Iterator<Item = (&'static str, OperatingSystem)> {
        [("ios_phone", OperatingSystem::Ios), ("android_phone", OperatingSystem::Android)].into_iter()
    }
}

/// An operating system by its own name; device types use other names.
#[derive(Debug, Clone, Copy)]
pub struct Platform(pub OperatingSystem);

impl Choice for Platform {
    fn all() -> impl Iterator<Item = (&'static str, Platform)> {
        [OperatingSystem::Android, OperatingSystem::Ios].map(|system| (system.into_str(), Platform(system))).into_iter()
    }
}

input! {
    /// Properties of a sandbox phone.
    pub struct PhoneMetadata {
        operating_system: Platform = choice().or_if_nullish("android"),
        os_version: String = text().or_if_nullish("10"),
        device_manufacturer: String = text().or_if_nullish("Samsung"),
        device_model: String = text().min(1).or_if_nullish("Samsung Galaxy S10"),
    }
}

input! {
    /// Simulated ASSA ABLOY credential service data of a sandbox phone.
    pub struct SandboxAssaAbloy {
        application_version: String = text().or_if_nullish("1.0.0"),
        ble_capability: bool = boolean().or_if_nullish(true),
        hce_capability: bool = boolean().or_if_nullish(false),
        nfc_capability: bool = boolean().or_if_nullish(false),
        seos_applet_version: String = text().or_if_nullish("1.0.0"),
        seos_tsm_endpoint_id: f64 = number().or_if_nullish(1),
    }
}

input! {
    /// A sandbox phone to create.
    pub struct CreateSandboxPhone {
        /// The user identity of the phone.
        user_identity_id: UserIdentityId = id(),
        /// The installation of the app, which identifies the phone.
        custom_sdk_installation_id: Option<String> = text().nullish(),
        /// The metadata of the phone.
        phone_metadata: PhoneMetadata = object().or_if_nullish(json!({})),
        /// The simulated metadata of ASSA ABLOY's credential service.
        assa_abloy_metadata: SandboxAssaAbloy = object().or_if_nullish(json!({})),
    }
}

async fn create_sandbox_phone(call: Call<ByKey>, input: CreateSandboxPhone) -> Result<One<wire::Phone>> {
    let workspace = &call.grant.workspace;
    if !workspace.is_sandbox() {
        return Err(Error::Conflict(Reason::NotASandbox));
    }
    let (phone, assa_abloy) = (input.phone_metadata, input.assa_abloy_metadata);
    let registration = Registration {
        device_id: call.app.random.id(call.now),
        user_identity_id: input.user_identity_id,
        custom_sdk_installation_id: input.custom_sdk_installation_id.filter(|id| is_visible(id)),
        client_session_id: None,
        operating_system: phone.operating_system.0,
        os_version: phone.os_version,
        device_manufacturer: phone.device_manufacturer,
        device_model: phone.device_model,
        assa_abloy_metadata: Some(AssaAbloyMetadata {
            application_version: assa_abloy.application_version,
            seos_applet_version: assa_abloy.seos_applet_version,
            ble_capability: assa_abloy.ble_capability,
            hce_capability: assa_abloy.hce_capability,
            nfc_capability: assa_abloy.nfc_capability,
            seos_tsm_endpoint_id: assa_abloy.seos_tsm_endpoint_id,
        }),
    };
    let register =
        |id| workspace.register_phone(Registration { user_identity_id: id, ..registration.clone() }, call.now);
    let device_id = workspace.for_user_identity(input.user_identity_id, register).await?;
    let phone = workspace.phone(device_id, Scope::Workspace).await?;
    Ok(One(phone.into()))
}
