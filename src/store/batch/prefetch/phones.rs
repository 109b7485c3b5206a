//! Lists of phones with the API key that asks for them. Each is read to its maximum, however many keys share the
//! statement.

use super::LONGEST;
use super::phone::{KeyPhoneRow, select_keys_with_phones};
use crate::domain::id::UserIdentityId;
use crate::domain::metadata::Metadata;
use crate::domain::page::{Paging, Position};
use crate::domain::phone::{AssaAbloyMetadata, OperatingSystem, Phone};
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::MAX_LIST_BATCH;
use crate::store::batch::keys::{KeyRow, KeyedQuery, select_keys};
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A page of the active phones of a user identity, or of the workspace.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct PhonePage {
    pub person: Option<UserIdentityId>,
    pub paging: Paging,
}

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
                limit page_limit
            ) as phone using (workspace_id)"
            $(, $argument)*
        )
    };
}

impl KeyedQuery for PhonePage {
    type Row = Phone;

    const MAX_BATCH: usize = MAX_LIST_BATCH;

    fn shape(&self) -> u8 {
        self.person.is_some().into()
    }

    async fn load(hashes: &[&[u8]], queries: &[PhonePage], store: &Store) -> Result<Vec<KeyRow<Phone>>> {
        let persons: Option<Vec<Uuid>> = queries.iter().map(|query| query.person.map(|id| id.0)).collect();
        let (times, ids, counts) = page_bounds(queries.iter().map(|query| query.paging));
        let rows = match persons {
            Some(persons) => {
                let rows = select_keys_with_lists!(
                    "$1::bytea[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[]) with ordinality
                        as requested (token_hash, person, since, first, page_limit, place)",
                    "and phone.user_identity_id = person",
                    hashes as _,
                    &persons,
                    &times,
                    &ids,
                    &counts,
                );
                store.read_short(rows).await?
            }
            None => {
                let rows = select_keys_with_lists!(
                    "$1::bytea[], $2::timestamptz[], $3::uuid[], $4::bigint[]) with ordinality
                        as requested (token_hash, since, first, page_limit, place)",
                    "",
                    hashes as _,
                    &times,
                    &ids,
                    &counts,
                );
                store.read_short(rows).await?
            }
        };
        Ok(rows.into_iter().map(KeyRow::from).collect())
    }
}

/// First places and maximum lengths of pages.
fn page_bounds(pages: impl Iterator<Item = Paging>) -> (Vec<DateTime<Utc>>, Vec<Uuid>, Vec<i64>) {
    let window = |page: Paging| {
        let first = page.from.unwrap_or(Position::FIRST);
        (first.created_at, first.id, page.fetch().unwrap_or(i64::from(LONGEST) + 1))
    };
    pages.map(window).collect()
}
