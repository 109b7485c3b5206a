//! API keys, the credential of nearly every request. A lookup is batched with concurrent ones, and the same statement
//! prefetches the rows of the request: one round trip authenticates the caller and reads the data. Nothing is cached,
//! so every server rejects a revoked key or a deactivated phone at once.

use super::batcher::{BatchQuery, MAX_BATCH, MAX_LIST_BATCH};
use super::caller::rejected;
use super::prefetch::{LONGEST, Prefetch, Prefetched};
use super::types::Document;
use super::workspace::Tenant;
use super::{Authenticated, Origin, Principal, Store};
use crate::error::{AuthFailure, Result, Scheme};
use crate::model::extension::Extension;
use crate::model::id::{ApiKeyId, DeviceId, ExtensionId, UserIdentityId, WorkspaceId};
use crate::model::metadata::Metadata;
use crate::model::page::{Paging, Place};
use crate::model::phone::{AssaAbloyMetadata, OperatingSystem, Phone};
use crate::model::token::TokenHash;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A key to look up, with its prefetch.
#[derive(Debug, Clone)]
pub(super) struct KeyLookup {
    token_hash: TokenHash,
    prefetch: Prefetch,
}

/// Lookups that share a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum KeyBatch {
    /// A key alone, or with a phone.
    Phone,
    PhonesOfPerson,
    AllPhones,
    Extension,
}

/// A known key, with its prefetched rows.
pub(super) struct KeyMatch {
    key: Key,
    phones: Vec<Phone>,
    extension: Option<Extension>,
}

/// A known key.
struct Key {
    api_key_id: ApiKeyId,
    is_revoked: bool,
    tenant: Tenant,
}

/// A key, with an extension if there is one.
struct KeyExtensionRow {
    place: i64,
    api_key_id: Uuid,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    extension_id: Option<ExtensionId>,
    user_identity_id: Option<UserIdentityId>,
    user_identity_key: Option<String>,
    name: Option<String>,
}

/// A key, with a phone if there is one.
struct KeyPhoneRow {
    place: i64,
    api_key_id: Uuid,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    device_id: Option<Uuid>,
    user_identity_id: Option<UserIdentityId>,
    operating_system: Option<OperatingSystem>,
    os_version: Option<String>,
    device_manufacturer: Option<String>,
    device_model: Option<String>,
    nickname: Option<String>,
    custom_metadata: Option<Document<Metadata>>,
    assa_abloy_metadata: Option<AssaAbloyMetadata>,
    created_at: Option<DateTime<Utc>>,
    deactivated_at: Option<DateTime<Utc>>,
}

/// Selects keys with phones; the literal is the rest of the statement.
macro_rules! select_keys {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            KeyPhoneRow,
            r#"
            select place as "place!", api_key_id, revoked_at, workspace_id, account_id, is_sandbox,
                phone.device_id as "device_id?", phone.user_identity_id as "user_identity_id?: UserIdentityId",
                operating_system as "operating_system?: OperatingSystem", os_version as "os_version?",
                device_manufacturer as "device_manufacturer?", device_model as "device_model?", nickname,
                custom_metadata as "custom_metadata?: Document<Metadata>",
                assa_abloy_metadata as "assa_abloy_metadata?: AssaAbloyMetadata", phone.created_at as "created_at?",
                deactivated_at
            "# + $rest
            $(, $argument)*
        )
    };
}

impl BatchQuery for KeyLookup {
    type BatchKey = KeyBatch;
    /// None if the key is unknown.
    type Answer = Option<KeyMatch>;

    const MAX_IN_FLIGHT: usize = 2;

    fn max_batch(batch_key: &KeyBatch) -> usize {
        match batch_key {
            KeyBatch::Phone | KeyBatch::Extension => MAX_BATCH,
            KeyBatch::PhonesOfPerson | KeyBatch::AllPhones => MAX_LIST_BATCH,
        }
    }

    fn batch_key(&self) -> KeyBatch {
        match self.prefetch {
            Prefetch::None | Prefetch::Phone(_) => KeyBatch::Phone,
            Prefetch::Phones(Some(_), _) => KeyBatch::PhonesOfPerson,
            Prefetch::Phones(None, _) => KeyBatch::AllPhones,
            Prefetch::Extension(_) => KeyBatch::Extension,
        }
    }

    async fn ask(together: Vec<KeyLookup>, store: Store) -> Result<Vec<Option<KeyMatch>>> {
        let mut answers: Vec<Option<KeyMatch>> = std::iter::repeat_with(|| None).take(together.len()).collect();
        let rows = match together.first().map(KeyLookup::batch_key) {
            None => Vec::new(),
            Some(KeyBatch::Phone) => with_phones(&together, &store).await?,
            Some(KeyBatch::PhonesOfPerson) => with_phones_of_persons(&together, &store).await?,
            Some(KeyBatch::AllPhones) => with_all_phones(&together, &store).await?,
            Some(KeyBatch::Extension) => {
                for holder in with_extensions(&together, &store).await? {
                    if let Some(answer) = of_place(&mut answers, holder.place) {
                        *answer = Some(holder.found());
                    }
                }
                Vec::new()
            }
        };
        for row in rows {
            if let Some(answer) = of_place(&mut answers, row.place) {
                let found =
                    answer.get_or_insert_with(|| KeyMatch { key: row.key(), phones: Vec::new(), extension: None });
                found.phones.extend(row.phone());
            }
        }
        Ok(answers)
    }
}

/// The answer to the query with this number, counted from one.
fn of_place<T>(answers: &mut [T], place: i64) -> Option<&mut T> {
    answers.get_mut(usize::try_from(place - 1).ok()?)
}

async fn with_phones(together: &[KeyLookup], store: &Store) -> Result<Vec<KeyPhoneRow>> {
    let devices: Vec<Option<Uuid>> = together.iter().map(|lookup| lookup.device()).collect();
    let pool = store.short();
    let rows = select_keys!(
        "from unnest($1::bytea[], $2::uuid[]) with ordinality as asked (token_hash, device_id, place)
        join api_key using (token_hash)
        join workspace using (workspace_id)
        left join phone using (workspace_id, device_id)",
        &hashes(together) as _,
        &devices as _,
    );
    Ok(pool.with_deadline(rows.fetch_all(pool)).await?)
}

async fn with_phones_of_persons(together: &[KeyLookup], store: &Store) -> Result<Vec<KeyPhoneRow>> {
    let persons: Vec<Option<Uuid>> = together.iter().map(|lookup| lookup.person()).collect();
    let Window { times, ids, counts } = Window::of(together);
    let pool = store.short();
    let rows = select_keys!(
        "from unnest($1::bytea[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[]) with ordinality
            as asked (token_hash, person, since, first, most, place)
        join api_key using (token_hash)
        join workspace using (workspace_id)
        left join lateral (
            select * from phone
            where phone.workspace_id = api_key.workspace_id and phone.user_identity_id = person
                and phone.deactivated_at is null and (phone.created_at, phone.device_id) >= (since, first)
            order by phone.created_at, phone.device_id
            limit most
        ) as phone using (workspace_id)",
        &hashes(together) as _,
        &persons as _,
        &times,
        &ids,
        &counts,
    );
    Ok(pool.with_deadline(rows.fetch_all(pool)).await?)
}

async fn with_all_phones(together: &[KeyLookup], store: &Store) -> Result<Vec<KeyPhoneRow>> {
    let Window { times, ids, counts } = Window::of(together);
    let pool = store.short();
    let rows = select_keys!(
        "from unnest($1::bytea[], $2::timestamptz[], $3::uuid[], $4::bigint[]) with ordinality
            as asked (token_hash, since, first, most, place)
        join api_key using (token_hash)
        join workspace using (workspace_id)
        left join lateral (
            select * from phone
            where phone.workspace_id = api_key.workspace_id
                and phone.deactivated_at is null and (phone.created_at, phone.device_id) >= (since, first)
            order by phone.created_at, phone.device_id
            limit most
        ) as phone using (workspace_id)",
        &hashes(together) as _,
        &times,
        &ids,
        &counts,
    );
    Ok(pool.with_deadline(rows.fetch_all(pool)).await?)
}

async fn with_extensions(together: &[KeyLookup], store: &Store) -> Result<Vec<KeyExtensionRow>> {
    let extensions: Vec<Option<i64>> = together.iter().map(|lookup| lookup.extension()).collect();
    let pool = store.short();
    let holders = sqlx::query_as!(
        KeyExtensionRow,
        r#"
        select place as "place!", api_key_id, revoked_at, workspace_id, account_id, is_sandbox,
            person.extension_id as "extension_id?: ExtensionId",
            user_identity_id as "user_identity_id?: UserIdentityId", user_identity_key,
            coalesce(nullif(full_name, ''), nullif(email_address, ''), nullif(phone_number, ''),
                nullif(user_identity_key, ''), 'User identity') as "name"
        from unnest($1::bytea[], $2::bigint[]) with ordinality as asked (token_hash, extension_id, place)
        join api_key using (token_hash)
        join workspace using (workspace_id)
        left join user_identity as person using (workspace_id, extension_id)
        "#,
        &hashes(together) as _,
        &extensions as _,
    );
    Ok(pool.with_deadline(holders.fetch_all(pool)).await?)
}

fn hashes(together: &[KeyLookup]) -> Vec<&[u8]> {
    together.iter().map(|lookup| lookup.token_hash.as_bytes()).collect()
}

/// Pages of lists, one per lookup.
struct Window {
    times: Vec<DateTime<Utc>>,
    ids: Vec<Uuid>,
    counts: Vec<i64>,
}

impl Window {
    fn of(together: &[KeyLookup]) -> Window {
        let pagings = || together.iter().map(|lookup| lookup.paging());
        let places = || pagings().map(|paging| paging.from.unwrap_or(Place::FIRST));
        Window {
            times: places().map(|place| place.created_at).collect(),
            ids: places().map(|place| place.id).collect(),
            counts: pagings().map(|paging| paging.fetch().unwrap_or(i64::from(LONGEST) + 1)).collect(),
        }
    }
}

impl KeyLookup {
    fn device(&self) -> Option<Uuid> {
        match self.prefetch {
            Prefetch::Phone(device_id) => Some(device_id.0),
            Prefetch::None | Prefetch::Phones(..) | Prefetch::Extension(_) => None,
        }
    }

    fn person(&self) -> Option<Uuid> {
        match self.prefetch {
            Prefetch::Phones(person, _) => person.map(|person| person.0),
            Prefetch::None | Prefetch::Phone(_) | Prefetch::Extension(_) => None,
        }
    }

    fn paging(&self) -> Paging {
        match self.prefetch {
            Prefetch::Phones(_, paging) => paging,
            Prefetch::None | Prefetch::Phone(_) | Prefetch::Extension(_) => Paging::default(),
        }
    }

    fn extension(&self) -> Option<i64> {
        match self.prefetch {
            Prefetch::Extension(extension_id) => Some(extension_id.0),
            Prefetch::None | Prefetch::Phone(_) | Prefetch::Phones(..) => None,
        }
    }
}

impl Store {
    pub(super) async fn api_key(
        &self,
        key: &str,
        prefetch: Prefetch,
        origin: Origin,
    ) -> Result<(Authenticated, Prefetched)> {
        // What lies on several nodes is not joined with the keys of several workspaces.
        let prefetch = if self.is_distributed { Prefetch::None } else { prefetch };
        let lookup = KeyLookup { token_hash: TokenHash::of(key), prefetch };
        let found = self.keys.ask(lookup, self).await?.ok_or_else(|| rejected(Scheme::ApiKey, AuthFailure::Unknown))?;
        let Key { api_key_id, is_revoked, tenant } = found.key;
        if is_revoked {
            return Err(rejected(Scheme::ApiKey, AuthFailure::Revoked));
        }
        let caller = self.caller(tenant, Principal::ApiKey(api_key_id), origin);
        Ok((caller, found.prefetched(prefetch)))
    }
}

impl KeyMatch {
    fn prefetched(self, prefetch: Prefetch) -> Prefetched {
        let KeyMatch { mut phones, extension, .. } = self;
        match prefetch {
            Prefetch::Phone(_) => Prefetched::Phone(phones.pop()),
            Prefetch::Extension(_) => Prefetched::Extension(extension),
            Prefetch::Phones(_, paging) if paging.limit.is_some() || phones.len() <= LONGEST as usize => {
                // A join promises no order.
                phones.sort_by_key(|phone| (phone.created_at, phone.device_id.0));
                Prefetched::Phones(phones)
            }
            Prefetch::None | Prefetch::Phones(..) => Prefetched::Nothing,
        }
    }
}

impl Key {
    fn new(api_key_id: Uuid, revoked_at: Option<DateTime<Utc>>, tenant: Tenant) -> Key {
        Key { api_key_id: ApiKeyId(api_key_id), is_revoked: revoked_at.is_some(), tenant }
    }
}

impl KeyExtensionRow {
    fn found(self) -> KeyMatch {
        let key = Key::new(self.api_key_id, self.revoked_at, (self.workspace_id, self.account_id, self.is_sandbox));
        KeyMatch { key, phones: Vec::new(), extension: self.extension() }
    }

    fn extension(self) -> Option<Extension> {
        Some(Extension {
            extension_id: self.extension_id?,
            name: self.name?,
            user_identity_id: self.user_identity_id?,
            user_identity_key: self.user_identity_key,
        })
    }
}

impl KeyPhoneRow {
    fn key(&self) -> Key {
        Key::new(self.api_key_id, self.revoked_at, (self.workspace_id, self.account_id, self.is_sandbox))
    }

    /// The phone, if there is one and it is active.
    fn phone(self) -> Option<Phone> {
        if self.deactivated_at.is_some() {
            return None;
        }
        Some(Phone {
            workspace_id: WorkspaceId(self.workspace_id),
            device_id: DeviceId(self.device_id?),
            user_identity_id: self.user_identity_id,
            operating_system: self.operating_system?,
            os_version: self.os_version?,
            device_manufacturer: self.device_manufacturer?,
            device_model: self.device_model?,
            nickname: self.nickname,
            custom_metadata: self.custom_metadata?.0,
            assa_abloy_metadata: self.assa_abloy_metadata,
            created_at: self.created_at?,
            deactivated_at: None,
        })
    }
}
