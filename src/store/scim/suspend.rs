//! The end of a person's access, and its return. A suspended person keeps contacts and the telephone numbers of its own.

use crate::domain::event::EventType;
use crate::domain::id::UserIdentityId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

/// Reason of the deactivation of a suspended person's phones.
const REASON: &str = "deactivated by the directory";

impl Workspace {
    /// Suspends a person whose user identity is locked `for update`: deactivates the phones, deletes the credentials, the
    /// client sessions and the applications, and takes back an assigned number; emits an event for each. The lock waits for
    /// registrations, credentials and client sessions in progress, whose rows this then sees.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    pub(super) async fn suspend_user_identity(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.lock_phones_of(connection, &[id]).await?;
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
            ), suspended as (
                update user_identity set suspended_at = $2
                where workspace_id = $1 and user_identity_id = $4 and suspended_at is null
                returning user_identity_id, suspended_at
            ), deactivated as (
                update phone set deactivated_at = $2, deactivation_reason = $5
                where workspace_id = $1 and user_identity_id = $4 and deactivated_at is null
                returning device_id, custom_metadata, deactivation_reason
            ), revoked as (
                delete from credential
                where workspace_id = $1 and user_identity_id = $4
                returning acs_credential_id, acs_system_id, device_id is not null as is_on_phone,
                    as_document(credential) as before
            ), ended as (
                delete from client_session
                where workspace_id = $1 and client_session_id in (select client_session_id from ending)
                returning client_session_id
            ), ended_applications as (
                delete from application where workspace_id = $1 and user_identity_id = $4
            ), ended_access as (
                delete from device_access where workspace_id = $1 and user_identity_id = $4
                returning device_id
            ), taken_back as (
                update number_register set user_identity_id = null
                where workspace_id = $1 and user_identity_id = $4
                returning register_id, as_document(number_register) as after
            ), changes as (
                select 'user_identity.suspended' as action, user_identity_id as subject_id, '{}'::jsonb as before,
                    jsonb_build_object('suspended_at', suspended_at) as after
                from suspended
                union all
                select 'phone.deactivated' as action, device_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid),
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid,
                        'deactivated_at', $2::timestamptz, 'deactivation_reason', deactivation_reason)
                from deactivated
                union all
                select 'credential.deleted', acs_credential_id, before, null from revoked
                union all
                select 'device_access.revoked', device_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid), null
                from ended_access
                union all
                select 'number.taken_back', register_id, after || jsonb_build_object('user_identity_id', $4::uuid), after
                from taken_back
            ), new_events as (
                select name_uuid(device_id, $6::text) as event_id, $6::text as event_type, $4::uuid as user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) as details
                from deactivated
                union all
                select name_uuid(acs_credential_id, type), type, $4,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from revoked
                join (values ($7::text), ($8::text)) as both_events (type) on is_on_phone or type = $8
                union all
                select name_uuid(client_session_id, $9::text), $9, $4,
                    jsonb_build_object('client_session_id', client_session_id)
                from ended
            )
            "#,
            "select user_identity_id from suspended",
            self.workspace_id(),
            now,
            self.context(&[
                EventType::PhoneDeactivated,
                EventType::AcsCredentialInvalidated,
                EventType::AcsCredentialDeleted,
                EventType::ClientSessionDeleted,
            ]),
            id.0,
            REASON,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Lets a suspended person in again. What it has lost stays lost.
    pub(super) async fn resume_user_identity(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as materialized (
                select user_identity_id, suspended_at from user_identity
                where workspace_id = $1 and user_identity_id = $4
            ), resumed as (
                update user_identity set suspended_at = null
                where workspace_id = $1 and user_identity_id = $4 and suspended_at is not null
                returning user_identity_id
            ), changes as (
                select 'user_identity.resumed' as action, user_identity_id as subject_id,
                    jsonb_build_object('suspended_at', suspended_at) as before, '{}'::jsonb as after
                from resumed join held using (user_identity_id)
            )
            "#,
            "select user_identity_id from resumed",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Locks a user identity for a change by a directory until the transaction ends. The lock waits for what refers to the
    /// user identity in transactions in progress, also by a foreign key.
    pub(super) async fn lock_scim_user(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
    ) -> Result<Option<UserIdentityId>> {
        Ok(sqlx::query_scalar!(
            r#"
            select user_identity_id as "user_identity_id: UserIdentityId" from user_identity
            where workspace_id = $1 and user_identity_id = $2
            for update
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(connection)
        .await?)
    }
}
