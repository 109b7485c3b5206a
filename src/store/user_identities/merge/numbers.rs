//! Slots and the managed work number of merged user identities.

use super::Merge;
use crate::domain::id::PhoneNumberId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

/// A managed number that the primary has got.
pub(super) struct MovedNumber {
    pub register_id: PhoneNumberId,
    pub number: String,
}

impl Workspace {
    /// Gives the primary the managed number of a merged user identity, unless it has one, and takes back all others. A slot
    /// keeps the number that the primary has put there; into an empty one comes that of the first merged user identity.
    #[expect(clippy::too_many_lines, reason = "one statement with its rows of the audit trail")]
    pub(super) async fn move_slots_and_number(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        now: DateTime<Utc>,
    ) -> Result<Option<MovedNumber>> {
        Ok(audited!(
            query_as,
            MovedNumber,
            r#"
            with person as materialized (
                select user_identity_id, place from unnest($5::uuid[]) with ordinality as person (user_identity_id, place)
            ), held_numbers as materialized (
                select register_id, user_identity_id as holder, place
                from number_register join person using (user_identity_id)
                where workspace_id = $1
            ), kept_number as materialized (
                select register_id, place > 1 as is_moved from held_numbers order by place limit 1
            ), held_slots as materialized (
                select slot_type, number, include_in_contact_card, version, place, to_jsonb(slot) as before
                from slot join person using (user_identity_id)
                where workspace_id = $1
            ), own as materialized (
                select * from held_slots where place = 1
            ), filled as materialized (
                select distinct on (slot_type) slot_type, number, include_in_contact_card, place > 1 as is_moved
                from held_slots
                where number <> ''
                order by slot_type, place
            ), wanted as materialized (
                select slot_type, own.before, coalesce(filled.number, own.number, '') as number,
                    coalesce(filled.include_in_contact_card, own.include_in_contact_card, false)
                        as include_in_contact_card,
                    coalesce(own.version, 1) + coalesce(filled.is_moved, false)::int
                        + case when slot_type = 'work' and coalesce(kept_number.is_moved, false) then 2 else 0 end
                        as version
                from unnest(array['work', 'mobile', 'home', 'other']) as kind (slot_type)
                left join own using (slot_type)
                left join filled using (slot_type)
                left join kept_number on true
                where filled.is_moved or slot_type = 'work' and kept_number.is_moved
            ), written as (
                insert into slot as slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, $4, slot_type, number, include_in_contact_card, version from wanted
                on conflict (workspace_id, user_identity_id, slot_type) do update
                set number = excluded.number, include_in_contact_card = excluded.include_in_contact_card,
                    version = excluded.version
                returning slot_type, as_document(slot) as after
            ), deleted_slots as (
                delete from slot
                where workspace_id = $1 and user_identity_id = any ($6)
                returning user_identity_id, as_document(slot) as before
            ), taken as (
                update number_register
                set user_identity_id = case when register_id in (select register_id from kept_number) then $4 end
                where workspace_id = $1 and user_identity_id = any ($6)
                returning register_id, number, user_identity_id, as_document(number_register) as after
            ), changes as (
                select 'slot.changed' as action, $4::uuid as subject_id, coalesce(before,
                        after || '{"number": "", "include_in_contact_card": false}') as before, after
                from written join wanted using (slot_type)
                union all
                select 'slot.deleted', user_identity_id, before, null from deleted_slots
                union all
                select case when user_identity_id is null then 'number.taken_back' else 'number.assigned' end, register_id,
                    after || jsonb_build_object('user_identity_id', holder), after
                from taken join held_numbers using (register_id)
            )
            "#,
            r#"
            select register_id as "register_id!: PhoneNumberId", number as "number!" from taken
            where user_identity_id is not null
            "#,
            self.workspace_id(),
            now,
            self.context(&[]),
            merge.primary.0,
            &merge.all(),
            &merge.merged(),
        )
        .fetch_optional(connection)
        .await?)
    }
}
