//! Changes to a user identity's slots. A number assigned by the workspace cannot be changed here; each statement checks
//! for one itself, so that a concurrent assignment is not missed. Writers lock the user identity, so that `before` in
//! the audit trail is accurate.

use super::Workspace;
use crate::error::{Error, Reason, Result};
use crate::model::id::UserIdentityId;
use crate::model::slot::{SlotChange, SlotType};
use chrono::{DateTime, Utc};

impl Workspace {
    /// Changes a slot. Its version increases only if its content changes.
    pub async fn change_slot(
        &self,
        person: UserIdentityId,
        slot_type: SlotType,
        change: SlotChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let workspace = self.clone();
        let changed = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_person(connection, person).await?;
                workspace.change_slot_under_lock(connection, person, slot_type, &change, now).await
            })
        });
        changed.await?.then_some(()).ok_or(Error::Conflict(Reason::ManagedNumber))
    }

    async fn change_slot_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        person: UserIdentityId,
        slot_type: SlotType,
        change: &SlotChange,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let changed = audited!(
            query_scalar,
            r#"
            with held as (
                select slot_type, to_jsonb(slot) as before from slot
                where workspace_id = $1 and user_identity_id = $3 and slot_type = $4
            ), changed as (
                insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, $3, $4, coalesce($5, ''), coalesce($6, false),
                    1 + (coalesce($5, '') <> '' or coalesce($6, false))::int
                where not exists (
                    select from number_register
                    where workspace_id = $1 and user_identity_id = $3 and $4 = 'work' and status = 'assigned'
                        and (scheduled_release_at is null or scheduled_release_at > $2)
                )
                on conflict (workspace_id, user_identity_id, slot_type) do update
                set number = coalesce($5, slot.number),
                    include_in_contact_card = coalesce($6, slot.include_in_contact_card),
                    version = slot.version + (coalesce($5, slot.number) <> slot.number
                        or coalesce($6, slot.include_in_contact_card) <> slot.include_in_contact_card)::int
                returning slot_type, user_identity_id, to_jsonb(slot) as after
            ), changes as (
                select $7::jsonb as actor, 'slot.changed' as action, user_identity_id as subject_id,
                    coalesce(before, after || '{"number": "", "include_in_contact_card": false}') as before, after
                from changed left join held using (slot_type)
            )
            "#,
            "select slot_type from changed",
            self.workspace_id(),
            now,
            person.0,
            slot_type.into_str(),
            change.number,
            change.include_in_contact_card,
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(changed.is_some())
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
        let workspace = self.clone();
        let filled = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_person(connection, person).await?;
                workspace
                    .fill_slot_under_lock(connection, person, slot_type, &number, include_in_contact_card, now)
                    .await
            })
        });
        filled.await?.then_some(()).ok_or(Error::Conflict(Reason::SlotFilled))
    }

    async fn fill_slot_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        person: UserIdentityId,
        slot_type: SlotType,
        number: &str,
        include_in_contact_card: bool,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let filled = audited!(
            query_scalar,
            r#"
            with held as (
                select slot_type, to_jsonb(slot) as before from slot
                where workspace_id = $1 and user_identity_id = $3 and slot_type = $4
            ), filled as (
                insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, $3, $4, $5, $6, 2
                where not exists (
                    select from number_register
                    where workspace_id = $1 and user_identity_id = $3 and $4 = 'work' and status = 'assigned'
                        and (scheduled_release_at is null or scheduled_release_at > $2)
                )
                on conflict (workspace_id, user_identity_id, slot_type) do update
                set number = excluded.number, include_in_contact_card = excluded.include_in_contact_card,
                    version = slot.version + 1
                where slot.number = ''
                returning slot_type, user_identity_id, to_jsonb(slot) as after
            ), changes as (
                select $7::jsonb as actor, 'slot.filled' as action, user_identity_id as subject_id,
                    coalesce(before, after || '{"number": "", "include_in_contact_card": false}') as before, after
                from filled left join held using (slot_type)
            )
            "#,
            "select slot_type from filled",
            self.workspace_id(),
            now,
            person.0,
            slot_type.into_str(),
            number,
            include_in_contact_card,
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(filled.is_some())
    }
}
