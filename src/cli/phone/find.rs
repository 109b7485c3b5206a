//! Phones as the operator looks for them: by what is theirs, or by whose they are.

use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::page::Paging;
use crate::domain::phone::{Phone, PhoneFilter};
use crate::domain::scope::Scope;
use crate::domain::user_identity::{UserIdentity, UserIdentityFilter};
use crate::error;
use crate::store::Workspace;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
#[error("there is no phone {0:?} in this workspace; `handset phone list --deactivated` shows all")]
pub struct NoPhone(pub String);

#[derive(Debug, thiserror::Error)]
#[error("several phones match {0:?}; `handset phone list` with this text shows them. Use an id")]
struct ManyPhones(String);

/// A phone, and its user if it has one.
pub struct PhoneRow {
    pub phone: Phone,
    owner: Option<UserIdentity>,
}

impl PhoneRow {
    pub fn of(phone: Phone, owners: &BTreeMap<UserIdentityId, UserIdentity>) -> PhoneRow {
        let owner = phone.user_identity_id.and_then(|id| owners.get(&id)).cloned();
        PhoneRow { phone, owner }
    }

    /// What the user is called.
    pub fn user(&self) -> String {
        self.owner.as_ref().map(|owner| owner.display_name().to_owned()).unwrap_or_default()
    }
}

/// A phone in a sentence.
pub fn named(phone: &Phone) -> String {
    format!("{:?} ({})", phone.display_name(), phone.device_id)
}

/// A phone as JSON.
pub fn phone_json(row: &PhoneRow) -> Value {
    let PhoneRow { phone, owner } = row;
    json!({
        "device_id": phone.device_id,
        "workspace_id": phone.workspace_id,
        "name": phone.display_name(),
        "user_identity_id": phone.user_identity_id,
        "user_identity_key": owner.as_ref().and_then(|owner| owner.user_identity_key.as_ref()),
        "user_name": owner.as_ref().map(UserIdentity::display_name),
        "operating_system": phone.operating_system.into_str(),
        "os_version": phone.os_version,
        "device_manufacturer": phone.device_manufacturer,
        "device_model": phone.device_model,
        "custom_metadata": phone.custom_metadata,
        "created_at": phone.created_at,
        "deactivated_at": phone.deactivated_at,
    })
}

/// Phones that match by themselves or by their users, in order of registration: at most one more than `limit`.
pub async fn search(
    workspace: &Workspace,
    text: Option<&str>,
    include_deactivated: bool,
    limit: u32,
) -> error::Result<Vec<Phone>> {
    let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
    let paging = Paging { limit: Some(limit + 1), from: None };
    let filter = PhoneFilter { search: text.clone(), include_deactivated, paging, ..PhoneFilter::default() };
    let mut phones = workspace.phones(&filter, Scope::Workspace).await?.items;
    if text.is_some() {
        let users = UserIdentityFilter { search: text, paging, ..UserIdentityFilter::default() };
        let users = workspace.user_identities(&users, Scope::Workspace).await?.items;
        let ids = users.into_iter().map(|user| user.user_identity_id).collect();
        let filter = PhoneFilter { user_identity_ids: Some(ids), search: None, ..filter };
        phones.extend(workspace.phones(&filter, Scope::Workspace).await?.items);
        phones.sort_by_key(|phone| (phone.created_at, phone.device_id));
        phones.dedup_by_key(|phone| phone.device_id);
        phones.truncate(limit as usize + 1);
    }
    Ok(phones)
}

/// The users of phones, by id.
pub async fn owners(workspace: &Workspace, phones: &[Phone]) -> error::Result<BTreeMap<UserIdentityId, UserIdentity>> {
    let ids: Vec<UserIdentityId> = phones.iter().filter_map(|phone| phone.user_identity_id).collect();
    let filter = UserIdentityFilter { user_identity_ids: Some(ids), ..UserIdentityFilter::default() };
    let users = workspace.user_identities(&filter, Scope::Workspace).await?.items;
    Ok(users.into_iter().map(|user| (user.user_identity_id, user)).collect())
}

/// The phone with this id, or the only one that a search finds: among the active ones, or among the deactivated ones.
pub async fn find(workspace: &Workspace, text: &str, is_deactivated: bool) -> Result<PhoneRow, Box<dyn Error>> {
    let found = match Uuid::parse_str(text) {
        Ok(id) => {
            let ids = Some(vec![DeviceId(id)]);
            let filter = PhoneFilter { device_ids: ids, include_deactivated: true, ..PhoneFilter::default() };
            workspace.phones(&filter, Scope::Workspace).await?.items
        }
        Err(_) => {
            let mut found = search(workspace, Some(text), is_deactivated, 1_000).await?;
            found.retain(|phone| phone.deactivated_at.is_some() == is_deactivated);
            found
        }
    };
    let owners = owners(workspace, &found).await?;
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(phone), None) => Ok(PhoneRow::of(phone, &owners)),
        (None, _) => Err(NoPhone(text.to_owned()).into()),
        (Some(_), Some(_)) => Err(ManyPhones(text.to_owned()).into()),
    }
}

/// The phones of a user identity, in order of registration.
pub async fn phones_of(
    workspace: &Workspace,
    owner: &UserIdentity,
    include_deactivated: bool,
) -> error::Result<Vec<PhoneRow>> {
    let ids = Some(vec![owner.user_identity_id]);
    let filter = PhoneFilter { user_identity_ids: ids, include_deactivated, ..PhoneFilter::default() };
    let phones = workspace.phones(&filter, Scope::Workspace).await?.items;
    Ok(phones.into_iter().map(|phone| PhoneRow { phone, owner: Some(owner.clone()) }).collect())
}
