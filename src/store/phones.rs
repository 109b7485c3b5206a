//! Phones: read, listed and updated.

mod access;
mod deactivate;
mod details;
mod preview;
mod readmit;
mod register;
mod search;
mod simulate;

pub use deactivate::Deactivated;
pub(super) use deactivate::Deactivation;
pub use preview::DeactivationPreview;
pub(super) use register::PhoneRegistration;

use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, EventId, UserIdentityId};
use crate::domain::metadata::{Metadata, MetadataChange};
use crate::domain::page::{Page, Paging, Position};
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem, Phone, PhoneChange, PhoneFilter};
use crate::domain::scope::Scope;
use crate::domain::text::normalized;
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::{Lookup, PlainPhoneList, Prefetched, each};
use crate::store::sql::types::Document;
use crate::store::sql::{found, raw_ids};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// Selects phones; the literal is the rest of the statement.
macro_rules! select_phones {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Phone,
            r#"
            select workspace_id, device_id, user_identity_id as "user_identity_id: UserIdentityId",
                operating_system as "operating_system: OperatingSystem", os_version, device_manufacturer, device_model,
                nickname, custom_metadata as "custom_metadata: Document<Metadata>",
                assa_abloy_metadata as "assa_abloy_metadata: AssaAbloyMetadata", created_at, deactivated_at,
                disconnected_at
            from phone
            "# + $rest
            $(, $argument)*
        )
    };
}
use select_phones;

impl Lookup for Phone {
    type Key = DeviceId;

    async fn all(ids: Vec<DeviceId>, workspace: &Workspace) -> Result<Vec<Option<Phone>>> {
        let keys: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = select_phones!(
            "where workspace_id = $1 and device_id = any ($2) and deactivated_at is null",
            workspace.workspace_id(),
            &keys,
        );
        let phones = workspace.store.read_short(rows).await?;
        Ok(each(&ids, &phones, |phone| phone.device_id))
    }
}

impl Workspace {
    /// The active phone with this id.
    pub async fn phone(&self, device_id: DeviceId, scope: Scope) -> Result<Phone> {
        self.phone_with(Prefetched::Nothing, device_id, scope).await
    }

    /// As [`Workspace::phone`], from what was prefetched for this id.
    pub async fn phone_with(&self, prefetched: Prefetched, device_id: DeviceId, scope: Scope) -> Result<Phone> {
        let phone = match prefetched {
            Prefetched::Phone(phone) => phone,
            _ => self.look_up(device_id).await?,
        };
        found(phone.filter(|phone: &Phone| scope.includes(phone.user_identity_id)), ResourceKind::Phone, device_id)
    }

    /// The first active phone with this name.
    pub async fn phone_called(&self, name: &str, scope: Scope) -> Result<Phone> {
        let row = select_phones!(
            "where workspace_id = $1 and normalize(coalesce(nickname, device_model), nfc) = normalize($2, nfc)
                and deactivated_at is null
                and ($3::uuid is null or user_identity_id = $3 or device_id = any (array(
                    select device_id from device_access where workspace_id = $1 and user_identity_id = $3)))
            order by created_at, device_id limit 1",
            self.workspace_id(),
            name,
            scope.owner(),
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::Phone, name)
    }

    /// Phones that match a filter, in order of `created_at`, then of their ids. In the scope of a user identity are also those
    /// to which it was granted access.
    pub async fn phones(&self, filter: &PhoneFilter, scope: Scope) -> Result<Page<Phone>> {
        self.phones_with(Prefetched::Nothing, filter, scope).await
    }

    /// As [`Workspace::phones`], from what was prefetched for this filter.
    pub async fn phones_with(&self, prefetched: Prefetched, filter: &PhoneFilter, scope: Scope) -> Result<Page<Phone>> {
        let plain = PlainPhoneList::of(filter, scope);
        let mut rows = match (prefetched, &plain) {
            (Prefetched::Phones(phones), _) => phones,
            (_, Some(PlainPhoneList::All)) => self.all_phones(&filter.paging).await?,
            (_, Some(PlainPhoneList::OfPerson(person))) if scope != Scope::Workspace => {
                self.reachable_phones(*person, &filter.paging).await?
            }
            (_, Some(PlainPhoneList::OfPerson(person))) => self.phones_of(*person, &filter.paging).await?,
            (_, None) => self.filtered_phones(filter, scope).await?,
        };
        if let (true, Some(PlainPhoneList::OfPerson(person)), Scope::Workspace) = (rows.is_empty(), plain, scope)
            && let Some(primary) = self.merged_into(person).await?
        {
            rows = self.phones_of(primary, &filter.paging).await?;
        }
        Ok(filter.paging.cut(rows, |phone| Position { created_at: phone.created_at, id: phone.device_id.0 }))
    }

    async fn all_phones(&self, paging: &Paging) -> Result<Vec<Phone>> {
        let from = paging.from.unwrap_or(Position::FIRST);
        let phones = select_phones!(
            "where workspace_id = $1 and deactivated_at is null and (created_at, device_id) >= ($2, $3)
            order by created_at, device_id
            limit $4",
            self.workspace_id(),
            from.created_at,
            from.id,
            paging.fetch(),
        );
        Ok(phones.fetch_all(self.store.short_for(paging.fetch())).await?)
    }

    async fn phones_of(&self, person: UserIdentityId, paging: &Paging) -> Result<Vec<Phone>> {
        let from = paging.from.unwrap_or(Position::FIRST);
        let phones = select_phones!(
            "where workspace_id = $1 and user_identity_id = $2 and deactivated_at is null
                and (created_at, device_id) >= ($3, $4)
            order by created_at, device_id
            limit $5",
            self.workspace_id(),
            person.0,
            from.created_at,
            from.id,
            paging.fetch(),
        );
        Ok(phones.fetch_all(self.store.short_for(paging.fetch())).await?)
    }

    async fn filtered_phones(&self, filter: &PhoneFilter, scope: Scope) -> Result<Vec<Phone>> {
        Ok(select_phones!(
            "where workspace_id = $1
                and ($2 or deactivated_at is null)
                and ($3::uuid is null or user_identity_id = $3 or device_id = any (array(
                    select device_id from device_access where workspace_id = $1 and user_identity_id = $3)))
                and ($4::uuid[] is null or user_identity_id = any (array(
                    select unnest($4)
                    union all
                    select user_identity_id from merged_user_identity
                    where workspace_id = $1 and merged_user_identity_id = any ($4))))
                and ($5::uuid[] is null or device_id = any ($5))
                and ($6::uuid is null or device_id in (
                    select device_id from credential
                    where workspace_id = $1 and (acs_credential_id = $6 or parent_acs_credential_id = $6)))
                and ($7::text[] is null or operating_system = any ($7))
                and ($8::text is null or device_manufacturer_folded = (select caseless($8)))
                and ($9::text is null
                    or strpos(search_text, (select caseless(translate($9, chr(31), ' ')))) > 0
                    or (length($9) >= 4 and starts_with(device_id::text, (select caseless($9)))))
                and not exists (
                    select from jsonb_each_text($10::jsonb) as wanted
                    where case when octet_length(wanted.key) = length(wanted.key)
                            and octet_length(wanted.value) is not distinct from length(wanted.value)
                        then custom_metadata ->> wanted.key is distinct from wanted.value
                        else (
                            select normalize(pair.value, nfc) from jsonb_each_text(custom_metadata) as pair
                            where normalize(pair.key, nfc) = normalize(wanted.key, nfc)
                            limit 1
                        ) is distinct from normalize(wanted.value, nfc) end)
                and ($11::timestamptz is null or created_at < $11)
                and ($12::timestamptz is null or (created_at, device_id) >= ($12, $13))
            order by created_at, device_id
            limit $14",
            self.workspace_id(),
            filter.include_deactivated,
            scope.owner(),
            raw_ids(&filter.user_identity_ids) as _,
            raw_ids(&filter.device_ids) as _,
            filter.acs_credential_id.map(|id| id.0),
            filter.operating_systems.as_deref().map(names) as _,
            filter.manufacturer,
            filter.search,
            json!(filter.custom_metadata_has),
            filter.created_before,
            filter.paging.from.map(|place| place.created_at),
            filter.paging.from.map(|place| place.id),
            filter.paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// Ids of a user identity's active phones. An unknown one is `NotFound`.
    pub async fn phone_ids_of(&self, person: UserIdentityId) -> Result<Vec<DeviceId>> {
        let phones = sqlx::query_scalar!(
            r#"
            select device_id as "device_id: DeviceId" from phone
            where workspace_id = $1 and user_identity_id = $2 and deactivated_at is null
            order by created_at, device_id
            "#,
            self.workspace_id(),
            person.0,
        )
        .fetch_all(&self.store.pool)
        .await?;
        if phones.is_empty() {
            self.user_identity(person, Scope::Workspace).await?;
        }
        Ok(phones)
    }

    /// Updates a phone's nickname or custom metadata, and emits the opt-in event `phone.updated`.
    pub async fn update_phone(
        &self,
        device_id: DeviceId,
        change: &PhoneChange,
        scope: Scope,
        event_id: EventId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (set, keys) = split(&change.custom_metadata);
        let changed = audited!(
            emit_events,
            query_scalar,
            r#"
            with held as materialized (
                select device_id, to_jsonb(phone) as before from phone
                where workspace_id = $1 and device_id = $4 and deactivated_at is null
                    and ($5::uuid is null or user_identity_id = $5)
                for no key update
            ), changed as (
                update phone
                set nickname = case when $6 then $7 else nickname end,
                    custom_metadata = (custom_metadata - array(
                        select key from jsonb_object_keys(custom_metadata) as known (key)
                        where normalize(key, nfc) = any ($9::text[]))) || $8
                from held
                where phone.workspace_id = $1 and phone.device_id = held.device_id
                returning phone.device_id, user_identity_id, custom_metadata, before, as_document(phone) as after
            ), changes as (
                select 'phone.updated' as action, device_id as subject_id, before, after from changed
            ), new_events as (
                select $10::uuid as event_id, $11::text as event_type, user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) as details
                from changed
            )
            "#,
            "select device_id from changed",
            self.workspace_id(),
            now,
            self.context(&[EventType::PhoneUpdated]),
            device_id.0,
            scope.owner(),
            change.nickname.is_some(),
            change.nickname.clone().flatten(),
            set,
            &keys,
            event_id.0,
            EventType::PhoneUpdated.into_str(),
        )
        .fetch_optional(self.store.emitter())
        .await?;
        found(changed, ResourceKind::Phone, device_id).map(|_| ())
    }
}

/// The values that a metadata change sets, and all of its keys, normalised: a key replaces canonically equivalent ones.
fn split(change: &MetadataChange) -> (serde_json::Value, Vec<String>) {
    let set: serde_json::Map<_, _> =
        change.iter().filter_map(|(key, value)| Some((key.clone(), json!(value.as_ref()?)))).collect();
    (set.into(), change.keys().map(|key| normalized(key)).collect())
}

fn names(systems: &[OperatingSystem]) -> Vec<String> {
    systems.iter().map(|system| system.into_str().to_owned()).collect()
}
