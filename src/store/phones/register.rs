//! Registration of phones, with the credentials that their user identity's phones hold.

use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::domain::phone::Registration;
use crate::error::Result;
use crate::store::Workspace;
use chrono::{DateTime, Utc};
use serde_json::json;

impl Workspace {
    /// Registers a phone, or finds the active one with the same installation id, and returns its id. A new phone gets a
    /// child of each multi-phone sync credential of its user identity, and the mobile keys that waited for a phone. An
    /// unknown user identity is `NotFound`.
    pub async fn register_phone(&self, new: Registration, now: DateTime<Utc>) -> Result<DeviceId> {
        // The lock of the user identity serializes this with other registrations of the same installation and with the
        // creation of credentials for its phones.
        let workspace = self.clone();
        let registered = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, new.user_identity_id).await?;
                workspace.register_under_lock(connection, &new, now).await
            })
        });
        registered.await
    }

    #[expect(clippy::too_many_lines, reason = "one statement with its events and its row of the audit trail")]
    async fn register_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        new: &Registration,
        now: DateTime<Utc>,
    ) -> Result<DeviceId> {
        Ok(audited!(
            emit_events,
            query_scalar,
            r#"
            with known as (
                select device_id from phone
                where workspace_id = $1 and user_identity_id = $4 and custom_sdk_installation_id = $6
                    and deactivated_at is null
            ), registered as (
                insert into phone (workspace_id, created_at, user_identity_id, device_id, custom_sdk_installation_id,
                    operating_system, os_version, device_manufacturer, device_model, assa_abloy_metadata)
                select $1, $2, $4, $5, $6, $7, $8, $9, $10, $11
                where not exists (select from known)
                returning device_id, to_jsonb(phone) as after
            ), children as (
                insert into credential (workspace_id, acs_credential_id, parent_acs_credential_id, user_identity_id,
                    device_id, acs_system_id, access_method, is_multi_phone_sync_credential, allowed_acs_entrance_ids,
                    starts_at, ends_at, issued_at, created_at)
                select $1, name_uuid(parent.acs_credential_id, registered.device_id::text), parent.acs_credential_id, $4,
                    registered.device_id, parent.acs_system_id, parent.access_method, false,
                    parent.allowed_acs_entrance_ids, parent.starts_at, parent.ends_at, $2, $2
                from credential as parent cross join registered
                where parent.workspace_id = $1 and parent.user_identity_id = $4 and parent.is_multi_phone_sync_credential
                returning acs_credential_id, acs_system_id, to_jsonb(credential) as after
            ), taken_up as (
                update credential set device_id = registered.device_id, issued_at = $2
                from registered
                where workspace_id = $1 and user_identity_id = $4 and credential.device_id is null
                    and access_method = 'mobile_key' and not is_multi_phone_sync_credential
                returning acs_credential_id, acs_system_id, to_jsonb(credential) as after
            ), changes as (
                select 'phone.registered' as action, device_id as subject_id, null::jsonb as before, after
                from registered
                union all
                select 'credential.created', acs_credential_id, null, after from children
                union all
                select 'credential.issued', acs_credential_id, after - 'device_id' - 'issued_at', after from taken_up
            ), new_events as (
                select name_uuid(device_id, $12::text) as event_id, $12::text as event_type, $4::uuid as user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', '{}'::jsonb) as details
                from registered
                union all
                select name_uuid(acs_credential_id, $13::text), $13, $4,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from (select * from children union all select * from taken_up) as issued
            )
            "#,
            r#"
            select device_id as "device_id!: DeviceId"
            from (select device_id from registered union all select device_id from known) as phone
            "#,
            self.workspace_id(),
            now,
            self.context(&[EventType::PhoneRegistered, EventType::AcsCredentialIssued]),
            new.user_identity_id.0,
            new.device_id.0,
            new.custom_sdk_installation_id,
            new.operating_system.into_str(),
            new.os_version,
            new.device_manufacturer,
            new.device_model,
            new.assa_abloy_metadata.as_ref().map(|metadata| json!(metadata)),
            EventType::PhoneRegistered.into_str(),
            EventType::AcsCredentialIssued.into_str(),
        )
        .fetch_one(connection)
        .await?)
    }
}
