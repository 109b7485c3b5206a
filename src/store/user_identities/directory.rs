//! User identities as other ones of their workspace see them.

use crate::domain::directory::{DirectoryEntry, DirectoryFilter};
use crate::domain::id::*;
use crate::domain::presence::{Availability, Presence};
use crate::domain::slot::SlotType;
use crate::domain::user_identity::UserIdentity;
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::sql::found;
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use strum::VariantArray;

/// A user identity, its presence, and its numbers by slot.
struct Row {
    workspace_id: WorkspaceId,
    user_identity_id: UserIdentityId,
    user_identity_key: Option<String>,
    email_address: Option<String>,
    phone_number: Option<String>,
    full_name: Option<String>,
    created_at: DateTime<Utc>,
    is_available: bool,
    availability: Option<Availability>,
    note: Option<String>,
    location: Option<String>,
    numbers: Document<BTreeMap<String, String>>,
}

impl From<Row> for DirectoryEntry {
    fn from(row: Row) -> DirectoryEntry {
        let Document(mut numbers) = row.numbers;
        let number = |slot: &SlotType| Some((*slot, numbers.remove((*slot).into_str())?));
        DirectoryEntry {
            numbers: SlotType::VARIANTS.iter().filter_map(number).collect(),
            person: UserIdentity {
                workspace_id: row.workspace_id,
                user_identity_id: row.user_identity_id,
                user_identity_key: row.user_identity_key,
                email_address: row.email_address,
                phone_number: row.phone_number,
                full_name: row.full_name,
                created_at: row.created_at,
                merged_user_identity_ids: Vec::new(),
                merged_user_identity_keys: Vec::new(),
            },
            presence: Presence {
                is_available: row.is_available,
                availability: row.availability,
                note: row.note,
                location: row.location,
            },
        }
    }
}

impl Workspace {
    /// The entry of a user identity.
    pub async fn directory_entry(&self, id: UserIdentityId, now: DateTime<Utc>) -> Result<DirectoryEntry> {
        let entries = self.directory(DirectoryFilter::Person(id), 1, now).await?;
        found(entries.into_iter().next(), ResourceKind::UserIdentity, id)
    }

    /// The first `limit` entries that match a filter, in order of creation. The holders of a number are found first, and
    /// their number is limited, so that each plan makes a hash table of them.
    #[expect(clippy::too_many_lines, reason = "one statement")]
    pub async fn directory(
        &self,
        filter: DirectoryFilter,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<DirectoryEntry>> {
        let (person, other, text, digits) = match filter {
            DirectoryFilter::Person(id) => (Some(id.0), None, None, None),
            DirectoryFilter::AllBut(id) => (None, Some(id.0), None, None),
            DirectoryFilter::Text { text, digits } => (None, None, Some(text), digits),
        };
        let rows = managed_number!(query_as(
            Row,
            r#"
            with holder as materialized (
                select user_identity_id from slot
                where $6::text is not null and workspace_id = $1 and include_in_contact_card and strpos(number, $6) > 0
                union
                select user_identity_id from number_register
                where $6::text is not null and workspace_id = $1 and status = 'assigned' and user_identity_id is not null
                    and strpos(number, $6) > 0
                limit 100000
            ), person as materialized (
                select workspace_id, user_identity_id, user_identity_key, email_address, phone_number, full_name,
                    created_at, enterprise_voice
                from user_identity
                where workspace_id = $1
                    and ($3::uuid is null or user_identity_id = $3)
                    and ($4::uuid is null or user_identity_id <> $4)
                    and ($5::text is null
                        or strpos(search_text, (select caseless($5))) > 0
                        or enterprise_voice and user_identity_id in (select user_identity_id from holder))
                order by created_at, user_identity_id
                limit $7
            )
            select workspace_id, person.user_identity_id, user_identity_key, email_address, phone_number, full_name,
                person.created_at, application.is_available is not null as "is_available!",
                availability as "availability?: Availability", note as "note?", location as "location?",
                case when enterprise_voice
                    then coalesce(own.numbers, '{}') || jsonb_strip_nulls(jsonb_build_object('work', 'tel:' || managed.number))
                    else '{}'
                end as "numbers!: Document<BTreeMap<String, String>>"
            from person
            cross join lateral (
                select person.user_identity_id, 'work' as slot_type, $2::timestamptz as now
            ) as requested
            left join lateral ("#,
            r#") as managed on true
            left join lateral (
                select jsonb_object_agg(slot.slot_type, slot.number) as numbers from slot
                where workspace_id = $1 and user_identity_id = person.user_identity_id and include_in_contact_card
                    and slot.number <> ''
            ) as own on true
            left join lateral (
                select is_available, availability, note, location from application
                where workspace_id = $1 and user_identity_id = person.user_identity_id and is_available
                order by created_at desc, application_id desc
                limit 1
            ) as application on true
            order by person.created_at, person.user_identity_id
            "#,
            self.workspace_id(),
            now,
            person,
            other,
            text,
            digits,
            limit,
        ))
        .fetch_all(&self.store.pool)
        .await?;
        Ok(rows.into_iter().map(DirectoryEntry::from).collect())
    }
}
