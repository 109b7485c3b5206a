//! Lists of phones with the API key that asks for them. Each is read to its maximum, however many keys share the
//! statement.

use super::LONGEST;
use super::phone::{KeyPhoneRow, select_keys_with_phones};
use crate::error::Result;
use crate::model::id::UserIdentityId;
use crate::model::metadata::Metadata;
use crate::model::page::{Paging, Place};
use crate::model::phone::{AssaAbloyMetadata, OperatingSystem, Phone};
use crate::store::Store;
use crate::store::batch::batcher::{Batcher, MAX_LIST_BATCH};
use crate::store::batch::keys::{KeyBatchers, KeyLookup, KeyRow, KeyedQuery, select_keys};
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A page of a user identity's active phones.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct PhonesOfPerson(pub UserIdentityId, pub Paging);

/// A page of all active phones.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct AllPhones(pub Paging);

/// Selects keys with lists of phones; the literals are the arrays of the lookups and a condition.
macro_rules! select_keys_with_lists {
    ($arrays:tt, $condition:tt $(, $argument:expr)* $(,)?) => {
        select_keys_with_phones!(
            $arrays,
            "lateral (
                select * from phone
                where phone.workspace_id = api_key.workspace_id " + $condition + " and phone.deactivated_at is null
                    and (phone.created_at, phone.device_id) >= (since, first)
                order by phone.created_at, phone.device_id
                limit most
            ) as phone using (workspace_id)"
            $(, $argument)*
        )
    };
}

impl KeyedQuery for PhonesOfPerson {
    type Row = Phone;

    const MAX_BATCH: usize = MAX_LIST_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[PhonesOfPerson], store: &Store) -> Result<Vec<KeyRow<Phone>>> {
        let persons: Vec<Uuid> = queries.iter().map(|query| query.0.0).collect();
        let (times, ids, counts) = windows(queries.iter().map(|query| query.1));
        let pool = store.short();
        let rows = select_keys_with_lists!(
            "$1::bytea[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[]) with ordinality
                as asked (token_hash, person, since, first, most, place)",
            "and phone.user_identity_id = person",
            hashes as _,
            &persons,
            &times,
            &ids,
            &counts,
        );
        Ok(pool.with_deadline(rows.fetch_all(pool)).await?.into_iter().map(KeyRow::from).collect())
    }

    fn batcher(batchers: &KeyBatchers) -> &Batcher<KeyLookup<PhonesOfPerson>> {
        &batchers.phones_of_person
    }
}

impl KeyedQuery for AllPhones {
    type Row = Phone;

    const MAX_BATCH: usize = MAX_LIST_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[AllPhones], store: &Store) -> Result<Vec<KeyRow<Phone>>> {
        let (times, ids, counts) = windows(queries.iter().map(|query| query.0));
        let pool = store.short();
        let rows = select_keys_with_lists!(
            "$1::bytea[], $2::timestamptz[], $3::uuid[], $4::bigint[]) with ordinality
                as asked (token_hash, since, first, most, place)",
            "",
            hashes as _,
            &times,
            &ids,
            &counts,
        );
        Ok(pool.with_deadline(rows.fetch_all(pool)).await?.into_iter().map(KeyRow::from).collect())
    }

    fn batcher(batchers: &KeyBatchers) -> &Batcher<KeyLookup<AllPhones>> {
        &batchers.all_phones
    }
}

/// First places and maximum lengths of pages.
fn windows(pages: impl Iterator<Item = Paging>) -> (Vec<DateTime<Utc>>, Vec<Uuid>, Vec<i64>) {
    let window = |page: Paging| {
        let first = page.from.unwrap_or(Place::FIRST);
        (first.created_at, first.id, page.fetch().unwrap_or(i64::from(LONGEST) + 1))
    };
    pages.map(window).collect()
}
