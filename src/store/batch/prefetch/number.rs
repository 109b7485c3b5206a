//! A phone number with the API key that asks for it.

use crate::domain::id::{PhoneNumberId, UserIdentityId};
use crate::domain::number::{PhoneNumber, Provider, Status};
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::batcher::MAX_BATCH;
use crate::store::batch::keys::{ApiKey, KeyRow, KeyedQuery, select_keys};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A phone number by its id.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OneNumber(pub PhoneNumberId);

/// A key, with a number if there is one.
struct KeyNumberRow {
    place: i64,
    api_key_id: Uuid,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    register_id: Option<PhoneNumberId>,
    number: Option<String>,
    nickname: Option<String>,
    telephony_provider: Option<Provider>,
    status: Option<Status>,
    reserved_until: Option<DateTime<Utc>>,
    assigned_at: Option<DateTime<Utc>>,
    scheduled_release_at: Option<DateTime<Utc>>,
    released_at: Option<DateTime<Utc>>,
    inbound_agent_id: Option<Uuid>,
    outbound_agent_id: Option<Uuid>,
    user_identity_id: Option<UserIdentityId>,
    created_at: Option<DateTime<Utc>>,
}

impl KeyedQuery for OneNumber {
    type Row = PhoneNumber;

    const MAX_BATCH: usize = MAX_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[OneNumber], store: &Store) -> Result<Vec<KeyRow<PhoneNumber>>> {
        let numbers: Vec<Uuid> = queries.iter().map(|query| query.0.0).collect();
        let rows = select_keys!(
            KeyNumberRow,
            r#"number_register.register_id as "register_id?: PhoneNumberId", number as "number?", nickname,
                telephony_provider as "telephony_provider?: Provider", status as "status?: Status", reserved_until,
                assigned_at, scheduled_release_at, released_at, inbound_agent_id, outbound_agent_id,
                user_identity_id as "user_identity_id?: UserIdentityId",
                number_register.created_at as "created_at?""#,
            "$1::bytea[], $2::uuid[]) with ordinality as requested (token_hash, register_id, place)",
            "number_register using (workspace_id, register_id)",
            hashes as _,
            &numbers,
        );
        Ok(store.read_short(rows).await?.into_iter().map(KeyRow::from).collect())
    }
}

impl From<KeyNumberRow> for KeyRow<PhoneNumber> {
    fn from(row: KeyNumberRow) -> KeyRow<PhoneNumber> {
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        KeyRow { place: row.place, key: ApiKey::new(row.api_key_id, row.revoked_at, tenant), row: row.number() }
    }
}

impl KeyNumberRow {
    fn number(self) -> Option<PhoneNumber> {
        Some(PhoneNumber {
            register_id: self.register_id?,
            number: self.number?,
            nickname: self.nickname,
            telephony_provider: self.telephony_provider?,
            status: self.status?,
            reserved_until: self.reserved_until,
            assigned_at: self.assigned_at,
            scheduled_release_at: self.scheduled_release_at,
            released_at: self.released_at,
            inbound_agent_id: self.inbound_agent_id,
            outbound_agent_id: self.outbound_agent_id,
            user_identity_id: self.user_identity_id,
            created_at: self.created_at?,
        })
    }
}
