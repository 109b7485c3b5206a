//! What a person changes in their slots. A number that the workspace gave them is not theirs to change; each statement
//! looks for it itself, so that one that is given just then is not overlooked.

use super::Workspace;
use crate::error::{Error, Reason, Result};
use crate::model::id::UserIdentityId;
use crate::model::slot::{SlotChange, SlotType};
use chrono::{DateTime, Utc};

impl Workspace {
    /// Changes what is in a slot. Its version moves only if something did change.
    pub async fn change_slot(
        &self,
        person: UserIdentityId,
        slot_type: SlotType,
        change: &SlotChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let changed = sqlx::query!(
            r#"
            insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
            select $1, $2, $3, coalesce($4, ''), coalesce($5, false),
                1 + (coalesce($4, '') <> '' or coalesce($5, false))::int
            where not exists (
                select from number_register
                where workspace_id = $1 and user_identity_id = $2 and $3 = 'work' and status = 'assigned'
                    and (scheduled_release_at is null or scheduled_release_at > $6)
            )
            on conflict (workspace_id, user_identity_id, slot_type) do update
            set number = coalesce($4, slot.number),
                include_in_contact_card = coalesce($5, slot.include_in_contact_card),
                version = slot.version + (coalesce($4, slot.number) <> slot.number
                    or coalesce($5, slot.include_in_contact_card) <> slot.include_in_contact_card)::int
            "#,
            self.key(),
            person.0,
            slot_type.as_str(),
            change.number,
            change.include_in_contact_card,
            now,
        )
        .execute(&self.store.pool)
        .await?;
        if changed.rows_affected() == 0 { Err(Error::Conflict(Reason::ManagedNumber)) } else { Ok(()) }
    }

    /// Puts a number into a slot that is empty.
    pub async fn fill_slot(
        &self,
        person: UserIdentityId,
        slot_type: SlotType,
        number: &str,
        include_in_contact_card: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let filled = sqlx::query!(
            r#"
            insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
            select $1, $2, $3, $4, $5, 2
            where not exists (
                select from number_register
                where workspace_id = $1 and user_identity_id = $2 and $3 = 'work' and status = 'assigned'
                    and (scheduled_release_at is null or scheduled_release_at > $6)
            )
            on conflict (workspace_id, user_identity_id, slot_type) do update
            set number = excluded.number, include_in_contact_card = excluded.include_in_contact_card,
                version = slot.version + 1
            where slot.number = ''
            "#,
            self.key(),
            person.0,
            slot_type.as_str(),
            number,
            include_in_contact_card,
            now,
        )
        .execute(&self.store.pool)
        .await?;
        if filled.rows_affected() == 0 { Err(Error::Conflict(Reason::SlotFilled)) } else { Ok(()) }
    }
}
