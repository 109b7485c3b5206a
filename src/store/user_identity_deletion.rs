//! Deletion of a user identity with all of its rows.

use super::Workspace;
use crate::error::Result;
use crate::model::id::UserIdentityId;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Deletes a user identity with its client sessions and credentials, and deactivates its phones; emits an event for
    /// each. The phones' tombstones stay, without an owner.
    pub async fn delete_user_identity(&self, id: UserIdentityId, now: DateTime<Utc>) -> Result<()> {
        // Under the locks of the user identity and its phones, so that no phone is registered and no credential created
        // meanwhile. A phone deactivated just before by itself has had its events, and loses its owner with the others.
        let workspace = self.clone();
        let deleted = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_person(connection, id).await?;
                workspace.lock_phones_of(connection, id).await?;
                workspace.disown_tombstones(connection, id, now).await?;
                workspace.take_back_numbers(connection, id, now).await?;
                workspace.delete_under_lock(connection, id, now).await
            })
        });
        deleted.await
    }

    async fn lock_phones_of(&self, connection: &mut sqlx::PgConnection, id: UserIdentityId) -> Result<()> {
        sqlx::query!(
            r#"
            select device_id from phone
            where workspace_id = $1 and user_identity_id = $2
            order by device_id
            for no key update
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_all(connection)
        .await?;
        Ok(())
    }

    async fn disown_tombstones(
        &self,
        connection: &mut sqlx::PgConnection,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with disowned as (
                update phone set user_identity_id = null
                where workspace_id = $1 and user_identity_id = $3 and deactivated_at is not null
                returning device_id, to_jsonb(phone) as after
            ), changes as (
                select $4::jsonb as actor, 'phone.disowned' as action, device_id as subject_id,
                    after || jsonb_build_object('user_identity_id', $3::uuid) as before, after
                from disowned
            )
            "#,
            r#"select count(*) as "count!" from disowned"#,
            self.workspace_id(),
            now,
            id.0,
            self.actor(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    async fn take_back_numbers(
        &self,
        connection: &mut sqlx::PgConnection,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with given_back as (
                update number_register set user_identity_id = null
                where workspace_id = $1 and user_identity_id = $3
                returning register_id, to_jsonb(number_register) as after
            ), emptied as (
                delete from slot
                where workspace_id = $1 and user_identity_id = $3
                returning user_identity_id, to_jsonb(slot) as before
            ), changes as (
                select $4::jsonb as actor, 'number.taken_back' as action, register_id as subject_id,
                    after || jsonb_build_object('user_identity_id', $3::uuid) as before, after
                from given_back
                union all
                select $4, 'slot.deleted', user_identity_id, before, null from emptied
            )
            "#,
            r#"select count(*) as "count!" from changes"#,
            self.workspace_id(),
            now,
            id.0,
            self.actor(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    async fn delete_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with gone as (
                update phone
                set deactivated_at = $2, deactivation_reason = 'user identity deleted', user_identity_id = null
                where workspace_id = $1 and user_identity_id = $3 and deactivated_at is null
                returning device_id, custom_metadata, to_jsonb(phone) as after
            ), revoked as (
                delete from credential
                where workspace_id = $1 and user_identity_id = $3
                returning acs_credential_id, acs_system_id, device_id is not null as is_on_phone,
                    to_jsonb(credential) as before
            ), ended as (
                delete from client_session
                where workspace_id = $1 and user_identity_id = $3
                returning client_session_id
            ), forgotten as (
                delete from contact
                where workspace_id = $1 and user_identity_id = $3
            ), deleted as (
                delete from user_identity
                where workspace_id = $1 and user_identity_id = $3
                returning user_identity_id
            ), changes as (
                select $4::jsonb as actor, 'phone.deactivated' as action, device_id as subject_id,
                    after - 'deactivated_at' - 'deactivation_reason'
                        || jsonb_build_object('user_identity_id', $3::uuid) as before, after
                from gone
                union all
                select $4, 'credential.deleted', acs_credential_id, before, null from revoked
            ), new_events as (
                select name_uuid(device_id, 'phone.deactivated') as event_id, 'phone.deactivated' as event_type,
                    false as is_opt_in, $3::uuid as user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) as details
                from gone
                union all
                select name_uuid(acs_credential_id, type), type, false, $3,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from revoked
                join (values ('acs_credential.invalidated'), ('acs_credential.deleted')) as told (type)
                    on is_on_phone or type = 'acs_credential.deleted'
                union all
                select name_uuid(client_session_id, 'client_session.deleted'), 'client_session.deleted', false, $3,
                    jsonb_build_object('client_session_id', client_session_id)
                from ended
            )
            "#,
            "select user_identity_id from deleted",
            self.workspace_id(),
            now,
            id.0,
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }
}
