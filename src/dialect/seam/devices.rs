//! `/devices`: phones as devices. Sets their nickname and custom metadata. All are managed.

use super::access::{ByKey, ByKeyOrSession};
use super::answer::{One, Paged, Void};
use super::error::invalid;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::deactivation;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::metadata::{MetadataChange, MetadataFilter};
use crate::domain::page::Page;
use crate::domain::phone::{OperatingSystem, PhoneChange, PhoneFilter};
use crate::domain::scope::Scope;
use crate::domain::text::normalized;
use crate::error::{Error, ResourceKind, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    vec![
        route("/devices/get", &[GET, POST], get)
            .key("device")
            .summary("Get a phone as a device")
            .not_found(ResourceKind::Phone),
        route("/devices/list", &[GET, POST], list).key("devices").summary("List phones as devices"),
        route("/devices/update", &[PATCH, POST], update)
            .summary("Update the nickname or custom metadata of a phone")
            .not_found(ResourceKind::Phone),
        route("/phones/update", &[PATCH, POST], update)
            .summary("Update the nickname or custom metadata of a phone; the same as /devices/update")
            .not_found(ResourceKind::Phone),
        route("/devices/delete", &[DELETE, POST], delete)
            .urgent()
            .summary("Deactivate a phone; kept for old clients, use /phones/deactivate")
            .not_found(ResourceKind::Phone),
        route("/devices/unmanaged/get", &[GET, POST], get_unmanaged)
            .key("device")
            .summary("Get an unmanaged device; all phones are managed")
            .not_found(ResourceKind::Phone),
        route("/devices/unmanaged/list", &[GET, POST], list_unmanaged)
            .key("devices")
            .summary("List unmanaged devices: none, because all phones are managed"),
        route("/devices/unmanaged/update", &[PATCH, POST], update_unmanaged)
            .summary("Update an unmanaged device; all phones are managed")
            .not_found(ResourceKind::Phone),
    ]
}

input! {
    /// Selector of a device.
    pub struct Get {
        /// The device.
        device_id: Option<DeviceId> = id().optional(),
        /// The name of the device, instead of its id.
        name: Option<String> = text().min(1).optional(),
    }
}

async fn get(call: Call<ByKeyOrSession>, input: Get) -> Result<One<wire::Device>> {
    let ByKeyOrSession { workspace, scope, .. } = &call.grant;
    let phone = match (input.device_id, input.name) {
        (Some(id), None) => workspace.reachable_phone(id, *scope).await?,
        (Some(id), Some(name)) => {
            let phone = workspace.reachable_phone(id, *scope).await?;
            if normalized(phone.display_name()) != normalized(&name) {
                return Err(Error::NotFound(ResourceKind::Phone, id.to_string()));
            }
            phone
        }
        (None, Some(name)) => workspace.phone_called(&name, *scope).await?,
        (None, None) => return Err(invalid("Must specify either device_id or name")),
    };
    Ok(One(wire::Device::new(phone, workspace.is_sandbox())))
}

input! {
    /// Filter of devices.
    pub struct List {
        /// Only these devices.
        device_ids: Option<Vec<DeviceId>> = array(id()).optional(),
        /// Only devices of this type.
        device_type: Option<String> = text().optional(),
        /// Only devices of these types.
        device_types: Option<Vec<String>> = array(text()).optional(),
        /// Only devices of this manufacturer.
        manufacturer: Option<String> = text().optional(),
        /// Only devices with this text in their name or custom metadata, or at the start of their id.
        search: Option<String> = text().min(1).optional(),
        /// Only devices whose custom metadata has all these pairs; null matches an absent key.
        custom_metadata_has: Option<MetadataFilter> = metadata_filter().optional(),
        /// Only devices of this connected account; all phones of a workspace share one.
        connected_account_id: Option<Uuid> = uuid().optional(),
        /// Only devices of these connected accounts.
        connected_account_ids: Option<Vec<Uuid>> = array(uuid()).optional(),
        /// Only devices of this connect webview; none, because phones have none.
        connect_webview_id: Option<Uuid> = uuid().optional(),
        /// Only devices of the user identity with this key.
        user_identifier_key: Option<String> = text().min(1).optional(),
        /// Only devices of this customer; none, because phones have none.
        customer_key: Option<String> = text().min(1).optional(),
        /// Only devices in this space; none, because phones are in none.
        space_id: Option<Uuid> = uuid().optional(),
        /// Only devices registered before this.
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
) -> Result<Paged<wire::Device>> {
    let ByKeyOrSession { workspace, scope, .. } = &call.grant;
    let account = wire::placeholder_id(workspace.id(), "connected_account");
    let is_elsewhere = input.connect_webview_id.is_some()
        || input.customer_key.is_some()
        || input.space_id.is_some()
        || input.connected_account_id.is_some_and(|id| id != account)
        || input.connected_account_ids.is_some_and(|ids| !ids.contains(&account));
    let owners = match &input.user_identifier_key {
        Some(key) => Some(owner_by_key(&call.grant, key).await?),
        None => None,
    };
    let filter = PhoneFilter {
        device_ids: if is_elsewhere { Some(Vec::new()) } else { input.device_ids },
        user_identity_ids: owners,
        operating_systems: one_of(input.device_type, input.device_types).map(systems),
        manufacturer: input.manufacturer,
        search: input.search,
        custom_metadata_has: input.custom_metadata_has.unwrap_or_default(),
        created_before: input.created_before,
        paging: cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?,
        ..PhoneFilter::default()
    };
    let (phones, is_sandbox) = (workspace.phones(&filter, *scope).await?, workspace.is_sandbox());
    Ok(cursor_scope.paged(phones.map(|phone| wire::Device::new(phone, is_sandbox))))
}

async fn owner_by_key(grant: &ByKeyOrSession, key: &str) -> Result<Vec<UserIdentityId>> {
    match grant.workspace.user_identity_by_key(key).await {
        Ok(person) => Ok(vec![person.user_identity_id]),
        Err(Error::NotFound(..)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The operating systems of these device types.
fn systems(device_types: Vec<String>) -> Vec<OperatingSystem> {
    let is_named = |name: &str| device_types.iter().any(|device_type| device_type == name);
    <OperatingSystem as Choice>::all().filter(|(name, _)| is_named(name)).map(|(_, system)| system).collect()
}

input! {
    /// A change of a device's properties.
    pub struct Properties {
        /// An alias of `nickname`.
        name: Option<Option<String>> = text().nullable().optional(),
    }
}

input! {
    /// A change of a device.
    pub struct Update {
        /// The device.
        device_id: DeviceId = id(),
        /// The nickname; null clears it.
        name: Option<Option<String>> = text().nullable().optional(),
        /// The pairs to set. Null or an empty string removes a pair; other pairs stay.
        custom_metadata: Option<MetadataChange> = metadata().nullish(),
        /// Phones are always managed.
        is_managed: bool = boolean().or_if_nullish(true),
        /// The properties to update.
        properties: Option<Properties> = object().nullish(),
    }
}

async fn update(call: Call<ByKeyOrSession>, input: Update) -> Result<Void> {
    if !input.is_managed {
        return Err(invalid("A phone cannot be unmanaged"));
    }
    let nickname = input.name.or(input.properties.and_then(|properties| properties.name));
    let change = PhoneChange {
        nickname: nickname.map(|name| name.filter(|name| !name.is_empty())),
        custom_metadata: input.custom_metadata.unwrap_or_default(),
    };
    let event_id = call.app.random.id(call.now);
    let ByKeyOrSession { workspace, scope, .. } = &call.grant;
    workspace.update_phone(input.device_id, &change, *scope, event_id, call.now).await?;
    Ok(Void)
}

input! {
    /// Id of a device.
    pub struct Delete {
        /// The device.
        device_id: DeviceId = id(),
    }
}

async fn delete(call: Call<ByKey>, Delete { device_id }: Delete) -> Result<Void> {
    deactivation::of_phone(&call.grant.workspace, device_id, Scope::Workspace, None, call.now).await?;
    Ok(Void)
}

async fn get_unmanaged(_: Call<ByKeyOrSession>, input: Get) -> Result<One<wire::Device>> {
    let name_of = |id: DeviceId| id.to_string();
    match input.device_id.map(name_of).or(input.name) {
        Some(asked) => Err(Error::NotFound(ResourceKind::Phone, asked)),
        None => Err(invalid("Must specify either device_id or name")),
    }
}

async fn list_unmanaged(
    _: Call<ByKey>,
    Paginated { cursor_scope, input }: Paginated<List>,
) -> Result<Paged<wire::Device>> {
    cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?;
    Ok(cursor_scope.paged(Page::<wire::Device> { items: Vec::new(), next: None }))
}

input! {
    /// A change of an unmanaged device.
    #[expect(dead_code, reason = "all phones are managed")]
    pub struct UpdateUnmanaged {
        /// The device.
        device_id: DeviceId = id(),
        /// The pairs to set.
        custom_metadata: Option<MetadataChange> = metadata().nullish(),
        /// Whether the device becomes a managed one.
        is_managed: Option<bool> = boolean().nullish(),
    }
}

async fn update_unmanaged(_: Call<ByKey>, input: UpdateUnmanaged) -> Result<Void> {
    Err(Error::NotFound(ResourceKind::Phone, input.device_id.to_string()))
}
