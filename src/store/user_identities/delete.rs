//! Deletion of a user identity with all of its rows.

use crate::domain::event::EventType;
use crate::domain::id::UserIdentityId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::batch::column;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Deletes a user identity with its client sessions and credentials, and deactivates its phones, with the client
    /// sessions that spoke for them; emits an event for each. The phones' tombstones stay, without an owner.
    pub async fn delete_user_identity(&self, id: UserIdentityId, now: DateTime<Utc>) -> Result<()> {
        // Under the locks of the user identity and its phones, so that no phone is registered and no credential created
        // meanwhile. A phone deactivated just before by itself has had its events, and loses its owner with the others.
        let workspace = self.clone();
        let deleted = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, id).await?;
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

    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn delete_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with ending as materialized (
                select client_session_id from client_session where workspace_id = $1 and user_identity_id = $4
                union
                select client_session_id from phone_client_session
                where workspace_id = $1 and device_id in (
                    select device_id from phone
                    where workspace_id = $1 and user_identity_id = $4 and deactivated_at is null)
            ), deactivated as (
                update phone
                set deactivated_at = $2, deactivation_reason = 'user identity deleted', user_identity_id = null
                where workspace_id = $1 and user_identity_id = $4 and deactivated_at is null
                returning device_id, custom_metadata, deactivation_reason
            ), revoked as (
                delete from credential
                where workspace_id = $1 and user_identity_id = $4
                returning acs_credential_id, acs_system_id, device_id is not null as is_on_phone,
                    as_document(credential) as before
            ), ended as (
                delete from client_session
                using ending
                where client_session.workspace_id = $1 and client_session.client_session_id = ending.client_session_id
                returning client_session.client_session_id
            ), deleted_contacts as (
                delete from contact
                where workspace_id = $1 and user_identity_id = $4
            ), deleted as (
                delete from user_identity
                where workspace_id = $1 and user_identity_id = $4
                returning user_identity_id
            ), changes as (
                select 'phone.deactivated' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid) as before,
                    jsonb_build_object('device_id', device_id, 'deactivated_at', $2::timestamptz,
                        'deactivation_reason', deactivation_reason) as after
                from deactivated
                union all
                select 'credential.deleted', acs_credential_id, before, null from revoked
            ), new_events as (
                select name_uuid(device_id, $5::text) as event_id, $5::text as event_type, $4::uuid as user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) as details
                from deactivated
                union all
                select name_uuid(acs_credential_id, type), type, $4,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from revoked
                join (values ($6::text), ($7::text)) as both_events (type) on is_on_phone or type = $7
                union all
                select name_uuid(client_session_id, $8::text), $8, $4,
                    jsonb_build_object('client_session_id', client_session_id)
                from ended
            )
            "#,
            "select user_identity_id from deleted",
            self.workspace_id(),
            now,
            self.context(&[
                EventType::PhoneDeactivated,
                EventType::AcsCredentialInvalidated,
                EventType::AcsCredentialDeleted,
                EventType::ClientSessionDeleted,
            ]),
            id.0,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }
}
