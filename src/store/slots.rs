//! Changes to a user identity's slots. A number assigned by the workspace cannot be changed here; each statement checks
//! for one itself, so that a concurrent assignment is not missed. Writers lock the user identity, so that `before` in
//! the audit trail is accurate.

use crate::domain::id::UserIdentityId;
use crate::domain::slot::{SlotChange, SlotType};
use crate::error::{Error, Reason, Result};
use crate::store::{Precondition, Workspace};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Action of a change that requires an empty slot.
const FILLED: &str = "slot.filled";

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
        let is_changed = self.write_slot(person, slot_type, "slot.changed", change, precondition, now).await?;
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
        let is_filled = self.write_slot(person, slot_type, FILLED, change, Precondition::NONE, now).await?;
        is_filled.then_some(()).ok_or(Error::Conflict(Reason::SlotFilled))
    }

    /// False if a managed number, or the slot's own for [`FILLED`], is in the way.
    async fn write_slot(
        &self,
        person: UserIdentityId,
        slot_type: SlotType,
        action: &'static str,
        change: SlotChange,
        precondition: Precondition<i64>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let workspace = self.clone();
        let written = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, person).await?;
                if !precondition.is_none() {
                    precondition.check(&workspace.slot_version(connection, person, slot_type).await?)?;
                }
                workspace.write_slot_under_lock(connection, person, slot_type, action, &change, now).await
            })
        });
        written.await
    }

    async fn slot_version(
        &self,
        connection: &mut PgConnection,
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

    async fn write_slot_under_lock(
        &self,
        connection: &mut PgConnection,
        person: UserIdentityId,
        slot_type: SlotType,
        action: &str,
        change: &SlotChange,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let written = managed_number!(audited(
            query_scalar,
            r#"
            with requested as (
                select $4::uuid as user_identity_id, $5::text as slot_type, $2::timestamptz as now
            ), held as materialized (
                select slot_type, to_jsonb(slot) as before from slot
                where workspace_id = $1 and user_identity_id = $4 and slot_type = $5
            ), written as (
                insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, $4, $5, coalesce($6, ''), coalesce($7, false),
                    1 + (coalesce($6, '') <> '' or coalesce($7, false))::int
                from requested
                where not exists ("#,
            r#")
                on conflict (workspace_id, user_identity_id, slot_type) do update
                set number = coalesce($6, slot.number),
                    include_in_contact_card = coalesce($7, slot.include_in_contact_card),
                    version = slot.version + (coalesce($6, slot.number) <> slot.number
                        or coalesce($7, slot.include_in_contact_card) <> slot.include_in_contact_card)::int
                where slot.number = '' or not $9
                returning slot_type, user_identity_id, to_jsonb(slot) as after
            ), changes as (
                select $8::text as action, user_identity_id as subject_id,
                    coalesce(before, after || '{"number": "", "include_in_contact_card": false}') as before, after
                from written left join held using (slot_type)
            )
            "#,
            "select slot_type from written",
            self.workspace_id(),
            now,
            self.context(&[]),
            person.0,
            slot_type.into_str(),
            change.number,
            change.include_in_contact_card,
            action,
            action == FILLED,
        ))
        .fetch_optional(connection)
        .await?;
        Ok(written.is_some())
    }
}
