//! A phone with the API key that asks for it, or the key alone.

use crate::domain::id::{DeviceId, UserIdentityId, WorkspaceId};
use crate::domain::metadata::Metadata;
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem, Phone};
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::batcher::MAX_BATCH;
use crate::store::batch::keys::{ApiKey, KeyRow, KeyedQuery, select_keys};
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An active phone, or none.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OnePhone(pub Option<DeviceId>);

/// A key, with a phone if there is one.
pub(super) struct KeyPhoneRow {
    pub place: i64,
    pub api_key_id: Uuid,
    pub revoked_at: Option<DateTime<Utc>>,
    pub workspace_id: Uuid,
    pub account_id: i64,
    pub is_sandbox: bool,
    pub device_id: Option<Uuid>,
    pub user_identity_id: Option<UserIdentityId>,
    pub operating_system: Option<OperatingSystem>,
    pub os_version: Option<String>,
    pub device_manufacturer: Option<String>,
    pub device_model: Option<String>,
    pub nickname: Option<String>,
    pub custom_metadata: Option<Document<Metadata>>,
    pub assa_abloy_metadata: Option<AssaAbloyMetadata>,
    pub created_at: Option<DateTime<Utc>>,
    pub deactivated_at: Option<DateTime<Utc>>,
    pub disconnected_at: Option<DateTime<Utc>>,
}

/// Selects keys with phones; the literals are the arrays of the lookups and the phones to join.
macro_rules! select_keys_with_phones {
    ($arrays:tt, $join:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        select_keys!(
            KeyPhoneRow,
            r#"phone.device_id as "device_id?", phone.user_identity_id as "user_identity_id?: UserIdentityId",
            operating_system as "operating_system?: OperatingSystem", os_version as "os_version?",
            device_manufacturer as "device_manufacturer?", device_model as "device_model?", nickname,
            custom_metadata as "custom_metadata?: Document<Metadata>",
            assa_abloy_metadata as "assa_abloy_metadata?: AssaAbloyMetadata", phone.created_at as "created_at?",
            deactivated_at, disconnected_at"#,
            $arrays,
            $join $(+ $more)*
            $(, $argument)*
        )
    };
}
pub(super) use select_keys_with_phones;

impl KeyedQuery for OnePhone {
    type Row = Phone;

    const MAX_BATCH: usize = MAX_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[OnePhone], store: &Store) -> Result<Vec<KeyRow<Phone>>> {
        let devices: Vec<Option<Uuid>> = queries.iter().map(|query| query.0.map(|id| id.0)).collect();
        let rows = select_keys_with_phones!(
            "$1::bytea[], $2::uuid[]) with ordinality as requested (token_hash, device_id, place)",
            "phone using (workspace_id, device_id)",
            hashes as _,
            &devices as _,
        );
        Ok(store.read_short(rows).await?.into_iter().map(KeyRow::from).collect())
    }
}

impl From<KeyPhoneRow> for KeyRow<Phone> {
    fn from(row: KeyPhoneRow) -> KeyRow<Phone> {
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        KeyRow { place: row.place, key: ApiKey::new(row.api_key_id, row.revoked_at, tenant), row: row.phone() }
    }
}

impl KeyPhoneRow {
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
            disconnected_at: self.disconnected_at,
        })
    }
}
