//! Deletion of a user identity with all of its rows.

use crate::domain::event::EventType;
use crate::domain::id::UserIdentityId;
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::column;
use crate::store::pool::UnitConnection;
use crate::store::sql::found;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Deletes a user identity with its client sessions and credentials, and deactivates its phones, with the client
    /// sessions that spoke for them; emits an event for each. The phones' tombstones stay, without an owner.
    pub async fn delete_user_identity(&self, id: UserIdentityId, now: DateTime<Utc>) -> Result<()> {
        // Under the locks of the user identity and its phones, so that no phone is registered, and no credential
        // and no client session created meanwhile. A phone deactivated just before by itself has had its events, and loses its owner with the others.
        let workspace = self.clone();
        let deleted = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                let locked = workspace.lock_user_identity_for_update(connection, id).await?;
                found(locked, ResourceKind::UserIdentity, id)?;
                workspace.lock_phones_of(connection, &[id]).await?;
                workspace.disown_rows(connection, id, now).await?;
                workspace.delete_under_lock(connection, id, now).await
            })
        });
        deleted.await
    }

    pub(in crate::store) async fn lock_phones_of(
        &self,
        connection: &mut UnitConnection<'_>,
        persons: &[UserIdentityId],
    ) -> Result<()> {
        sqlx::query!(
            r#"
            with held as materialized (
                select device_id from phone
                where workspace_id = $1 and user_identity_id = any ($2)
                order by device_id
                for no key update
            )
            select count(*) from held
            "#,
            self.workspace_id(),
            &column(persons, |person| person.0),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Takes tombstones, numbers and slots from a user identity.
    async fn disown_rows(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with disowned as (
                update phone set user_identity_id = null
                where workspace_id = $1 and user_identity_id = $4 and deactivated_at is not null
                returning device_id
            ), taken_back as (
                update number_register set user_identity_id = null
                where workspace_id = $1 and user_identity_id = $4
                returning register_id, as_document(number_register) as after
            ), deleted_slots as (
                delete from slot
                where workspace_id = $1 and user_identity_id = $4
                returning user_identity_id, as_document(slot) as before
            ), changes as (
                select 'phone.disowned' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid) as before,
                    jsonb_build_object('device_id', device_id) as after
                from disowned
                union all
                select 'number.taken_back', register_id, after || jsonb_build_object('user_identity_id', $4::uuid), after
                from taken_back
                union all
                select 'slot.deleted', user_identity_id, before, null from deleted_slots
            )
            "#,
            r#"select count(*) as "count!" from changes"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    async fn delete_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        end_access!(
            self,
            id,
            "user identity deleted",
            now,
            ", user_identity_id = null",
            r#"
            , deleted_contacts as (
                delete from contact
                where workspace_id = $1 and user_identity_id = $4
            ), deleted as (
                delete from user_identity
                where workspace_id = $1 and user_identity_id = $4
                returning user_identity_id
            )
            "#,
            "",
            "select user_identity_id from deleted",
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }
}
