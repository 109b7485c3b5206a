//! Changes to a user identity's slots. A number assigned by the workspace cannot be changed here; each statement checks
//! for one itself, so that a concurrent assignment is not missed. Writers lock the user identity, and write only over the
//! version that they have read, so that `before` in the audit trail is accurate. Concurrent changes in a workspace share a
//! statement, unless they have a precondition.

use crate::domain::id::UserIdentityId;
use crate::domain::slot::{SlotChange, SlotType};
use crate::error::{Error, Reason, Result};
use crate::store::batch::{SharedWrite, column, in_order};
use crate::store::pool::UnitConnection;
use crate::store::{Precondition, Workspace};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Action of a change that requires an empty slot.
const FILLED: &str = "slot.filled";

/// A change of a slot, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct SlotWrite {
    pub person: UserIdentityId,
    pub slot_type: SlotType,
    pub action: &'static str,
    pub change: SlotChange,
    /// Author of the change.
    pub context: Value,
    pub at: DateTime<Utc>,
}

struct Row {
    /// Index of the request, from one.
    place: i64,
    is_barred: bool,
    is_written: bool,
}

impl SharedWrite for SlotWrite {
    /// False if a managed number, or the slot's own for [`FILLED`], is in the way.
    type Outcome = bool;

    fn exclusive_key(&self) -> Option<Uuid> {
        Some(self.person.0)
    }

    async fn write(workspace: Workspace, requests: Vec<SlotWrite>, waits: bool) -> Result<Vec<Option<bool>>> {
        let store = workspace.store.clone();
        if !waits {
            return workspace.write_slots(store.writer(), &requests, false).await;
        }
        let unit = store.writer().transact(move |connection| {
            Box::pin(async move {
                for request in &requests {
                    workspace.lock_user_identity(connection, request.person).await?;
                }
                workspace.write_slots(connection, &requests, true).await
            })
        });
        unit.await
    }
}

impl Workspace {
    /// Changes a slot. Its version increases only if its content changes. The precondition is on the version.
    pub async fn change_slot(
        &self,
        person: UserIdentityId,
        slot_type: SlotType,
        change: SlotChange,
        precondition: Precondition<i64>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let context = self.context(&[]);
        let request = SlotWrite { person, slot_type, action: "slot.changed", change, context, at: now };
        let is_changed = match precondition.is_none() {
            true => self.write(request).await?,
            false => self.change_slot_if(request, precondition).await?,
        };
        is_changed.then_some(()).ok_or(Error::Conflict(Reason::ManagedNumber))
    }

    /// Puts a number into an empty slot.
    pub async fn fill_slot(
        &self,
        person: UserIdentityId,
        slot_type: SlotType,
        number: String,
        include_in_contact_card: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let change = SlotChange { number: Some(number), include_in_contact_card: Some(include_in_contact_card) };
        let request = SlotWrite { person, slot_type, action: FILLED, change, context: self.context(&[]), at: now };
        self.write(request).await?.then_some(()).ok_or(Error::Conflict(Reason::SlotFilled))
    }

    async fn change_slot_if(&self, request: SlotWrite, precondition: Precondition<i64>) -> Result<bool> {
        let workspace = self.clone();
        let changed = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, request.person).await?;
                precondition.check(&workspace.slot_version(connection, request.person, request.slot_type).await?)?;
                Ok(workspace.write_slots(connection, &[request], true).await?.pop().flatten())
            })
        });
        changed.await?.ok_or_else(|| Error::Internal("a slot changed under the lock of its user identity".into()))
    }

    async fn slot_version(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        slot_type: SlotType,
    ) -> Result<i64> {
        let version = sqlx::query_scalar!(
            "select version from slot where workspace_id = $1 and user_identity_id = $2 and slot_type = $3",
            self.workspace_id(),
            person.0,
            slot_type.into_str(),
        )
        .fetch_optional(connection)
        .await?;
        // A slot that was never filled has the first version.
        Ok(version.unwrap_or(1))
    }

    /// Writes slots, at most one of each user identity, which is locked already or else free.
    #[expect(clippy::too_many_lines, reason = "one statement with its rows of the audit trail")]
    pub(in crate::store) async fn write_slots(
        &self,
        connection: impl PgExecutor<'_>,
        requests: &[SlotWrite],
        is_locked: bool,
    ) -> Result<Vec<Option<bool>>> {
        let rows = managed_number!(audited(
            each,
            query_as,
            Row,
            r#"
            with requested as materialized (
                select * from unnest($4::uuid[], $5::text[], $6::text[], $7::boolean[], $8::text[], $2::timestamptz[],
                    $3::jsonb[]) with ordinality as requested (user_identity_id, slot_type, new_number, is_shared, action,
                    now, context, place)
            ), free as materialized (
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = any ($4) and not $9
                for no key update skip locked
            ), held as materialized (
                select place, number, include_in_contact_card, version, to_jsonb(slot) as before
                from requested join slot using (user_identity_id, slot_type)
                where workspace_id = $1
            ), barred as materialized (
                select place from requested
                where exists ("#,
            r#") or action = 'slot.filled' and place in (select place from held where number <> '')
            ), wanted as materialized (
                select requested.*, version as old_version, before, coalesce(new_number, number, '') as number,
                    coalesce(is_shared, include_in_contact_card, false) as include_in_contact_card,
                    (coalesce(new_number, number, ''), coalesce(is_shared, include_in_contact_card, false))
                        <> (coalesce(number, ''), coalesce(include_in_contact_card, false)) as is_change
                from requested left join held using (place)
                where place not in (select place from barred)
                    and ($9 or requested.user_identity_id in (select user_identity_id from free))
            ), changed_slots as (
                update slot
                set number = wanted.number, include_in_contact_card = wanted.include_in_contact_card,
                    version = old_version + is_change::int
                from wanted
                where slot.workspace_id = $1 and slot.user_identity_id = wanted.user_identity_id
                    and slot.slot_type = wanted.slot_type and slot.version = old_version
                returning slot.user_identity_id, redacted(as_document(slot)) as after
            ), new_slots as (
                insert into slot as slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, user_identity_id, slot_type, number, include_in_contact_card, 1 + is_change::int
                from wanted
                where old_version is null
                on conflict (workspace_id, user_identity_id, slot_type) do nothing
                returning user_identity_id, redacted(as_document(slot)) as after
            ), written as materialized (
                select * from changed_slots union all select * from new_slots
            ), documents as materialized (
                select action, user_identity_id, after, now, context, redacted(coalesce(before,
                        after || '{"number": "", "include_in_contact_card": false}')) as before
                from written join wanted using (user_identity_id)
            ), changes as (
                select action, user_identity_id as subject_id, changed(before, after) as before,
                    changed(after, before) as after, now as at, context
                from documents
                where before is distinct from after
            )
            "#,
            r#"
            select place as "place!", place in (select place from barred) as "is_barred!",
                user_identity_id in (select user_identity_id from written) as "is_written!"
            from requested
            "#,
            self.workspace_id(),
            &column(requests, |request| request.at),
            &column(requests, |request| request.context.clone()),
            &column(requests, |request| request.person.0),
            &column(requests, |request| request.slot_type.into_str()) as _,
            &column(requests, |request| request.change.number.as_deref()) as _,
            &column(requests, |request| request.change.include_in_contact_card) as _,
            &column(requests, |request| request.action) as _,
            is_locked,
        ))
        .fetch_all(connection)
        .await?;
        let outcome = |row: &Row| (row.is_barred || row.is_written).then_some(row.is_written);
        Ok(in_order(requests.len(), || None, rows.iter().map(|row| (row.place, outcome(row)))))
    }
}
