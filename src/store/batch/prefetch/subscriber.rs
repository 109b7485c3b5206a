//! A subscriber with the API key that asks for it, as a row for each slot.

use crate::domain::id::{UserIdentityId, WorkspaceId};
use crate::domain::presence::Availability;
use crate::domain::slot::SlotType;
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::batcher::MAX_BATCH;
use crate::store::batch::keys::{ApiKey, KeyRow, KeyedQuery, select_keys};
use crate::store::user_identities::{SubscriberKey, SubscriberRow};
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl KeyedQuery for SubscriberKey {
    type Row = SubscriberRow;

    const MAX_BATCH: usize = MAX_BATCH;

    #[expect(clippy::too_many_lines, reason = "one statement with its columns")]
    async fn load(hashes: &[&[u8]], queries: &[SubscriberKey], store: &Store) -> Result<Vec<KeyRow<SubscriberRow>>> {
        let persons: Vec<Uuid> = queries.iter().map(|query| query.person.0).collect();
        let times: Vec<DateTime<Utc>> = queries.iter().map(|query| query.now).collect();
        let applications: Vec<Option<i64>> = queries.iter().map(|query| query.application.map(|id| id.0)).collect();
        let rows = select_keys!(
            record,
            r#"subscriber.user_identity_id as "user_identity_id?: UserIdentityId", user_identity_key as "user_identity_key?",
                email_address as "email_address?", phone_number as "phone_number?", full_name as "full_name?",
                subscriber.created_at as "created_at?", enterprise_voice as "enterprise_voice?",
                subscriber.application_id as "application_id?", culture as "culture?", user_agent as "user_agent?",
                instance_id as "instance_id?", application_type as "application_type?",
                is_available as "is_available?", availability as "availability?: Availability", note as "note?",
                location as "location?", slot_type as "slot_type?: SlotType", number as "number?",
                include_in_contact_card as "include_in_contact_card?", version as "version?",
                is_managed as "is_managed?""#,
            "$1::bytea[], $2::uuid[], $3::timestamptz[], $4::bigint[]) with ordinality
                as requested (token_hash, person, now, application_id, place)",
            "lateral (
                select person.workspace_id, person.user_identity_id, user_identity_key, email_address, phone_number,
                    full_name, person.created_at, enterprise_voice, application.*, slot_type,
                    coalesce('tel:' || managed.number, slot.number, '') as number,
                    managed.number is not null or coalesce(include_in_contact_card, false) as include_in_contact_card,
                    coalesce(version, 1) - (managed.number is not null)::int as version,
                    managed.number is not null as is_managed
                from user_identity as person
                cross join unnest(array['work', 'mobile', 'home', 'other']) with ordinality as kind (slot_type, slot_place)
                left join slot using (workspace_id, user_identity_id, slot_type)
                left join lateral (
                    select number from number_register
                    where workspace_id = api_key.workspace_id and user_identity_id = requested.person
                        and slot_type = 'work' and status = 'assigned'
                        and (scheduled_release_at is null or scheduled_release_at > requested.now)
                    limit 1
                ) as managed on true
                left join lateral (
                    select application_id, culture, user_agent, instance_id, application_type, is_available,
                        availability, note, location
                    from application
                    where workspace_id = api_key.workspace_id and user_identity_id = requested.person
                        and application_id = requested.application_id
                ) as application on true
                where person.workspace_id = api_key.workspace_id and person.user_identity_id = requested.person
                order by slot_place
            ) as subscriber using (workspace_id)",
            hashes as _,
            &persons,
            &times,
            &applications as _,
        );
        let rows = rows.map(|row| KeyRow {
            place: row.place,
            key: ApiKey::new(row.api_key_id, row.revoked_at, (row.workspace_id, row.account_id, row.is_sandbox)),
            row: row.user_identity_id.and_then(|user_identity_id| {
                Some(SubscriberRow {
                    position: row.place,
                    workspace_id: WorkspaceId(row.workspace_id),
                    user_identity_id,
                    user_identity_key: row.user_identity_key,
                    email_address: row.email_address,
                    phone_number: row.phone_number,
                    full_name: row.full_name,
                    created_at: row.created_at?,
                    enterprise_voice: row.enterprise_voice?,
                    application_id: row.application_id,
                    culture: row.culture,
                    user_agent: row.user_agent,
                    instance_id: row.instance_id,
                    application_type: row.application_type,
                    is_available: row.is_available,
                    availability: row.availability,
                    note: row.note,
                    location: row.location,
                    slot_type: row.slot_type?,
                    number: row.number?,
                    include_in_contact_card: row.include_in_contact_card?,
                    version: row.version?,
                    is_managed: row.is_managed?,
                })
            }),
        });
        store.read_short(rows).await
    }
}
