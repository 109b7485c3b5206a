//! Phones and credentials of merged user identities, with the events of the whole merge: the last statement that locks rows
//! of others, since it locks the workspace's clock.

use super::Merge;
use super::numbers::MovedNumber;
use crate::domain::event::EventType;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Gives the primary the phones, also the deactivated ones, and the credentials. Each multi-phone sync credential gets a
    /// child on the phones that its user identity did not have, and mobile keys that waited for a phone go to the newest one. A
    /// deactivation in progress reads the phones again, by their changed version.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    pub(super) async fn move_phones(
        &self,
        connection: &mut UnitConnection<'_>,
        merge: &Merge,
        number: Option<MovedNumber>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with own_phones as materialized (
                select device_id, user_identity_id as holder, created_at, deactivated_at is null as is_active from phone
                where workspace_id = $1 and user_identity_id = any ($5)
            ), newest as materialized (
                select device_id from own_phones where is_active order by created_at desc, device_id desc limit 1
            ), own_credentials as materialized (
                select acs_credential_id, user_identity_id as holder, is_multi_phone_sync_credential as is_multi,
                    acs_system_id, access_method, allowed_acs_entrance_ids, starts_at, ends_at,
                    device_id is null and access_method = 'mobile_key' and not is_multi_phone_sync_credential
                        and exists (select from newest) as is_taken_up
                from credential
                where workspace_id = $1 and user_identity_id = any ($5)
            ), missing as materialized (
                select own_phones.device_id, own_credentials.*
                from own_credentials join own_phones on own_credentials.holder <> own_phones.holder
                where is_multi and is_active
            ), moved_phones as (
                update phone set user_identity_id = $4, credentials_version = credentials_version + 1
                where workspace_id = $1 and user_identity_id = any ($5)
                    and (user_identity_id <> $4 or deactivated_at is null)
                returning device_id
            ), moved_credentials as (
                update credential
                set user_identity_id = $4,
                    device_id = case when is_taken_up then (select device_id from newest) else credential.device_id end,
                    issued_at = case when is_taken_up then $2 else issued_at end
                from own_credentials
                where credential.workspace_id = $1 and credential.acs_credential_id = own_credentials.acs_credential_id
                    and (holder <> $4 or is_taken_up)
                returning credential.acs_credential_id, credential.acs_system_id, holder, is_taken_up,
                    as_document(credential) as after
            ), children as (
                insert into credential as credential (workspace_id, created_at, acs_credential_id, parent_acs_credential_id,
                    user_identity_id, device_id, is_multi_phone_sync_credential, acs_system_id, access_method,
                    allowed_acs_entrance_ids, starts_at, ends_at, issued_at)
                select $1, $2, name_uuid($6, acs_credential_id::text || device_id::text), acs_credential_id, $4, device_id, false,
                    acs_system_id, access_method, allowed_acs_entrance_ids, starts_at, ends_at, $2
                from missing
                returning acs_credential_id, acs_system_id, as_document(credential) as after
            ), changes as (
                select 'phone.moved' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', holder) as before,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid) as after
                from moved_phones join own_phones using (device_id)
                union all
                select case when is_taken_up then 'credential.issued' else 'credential.moved' end, acs_credential_id,
                    case when is_taken_up then after - 'device_id' - 'issued_at' else after end
                        || jsonb_build_object('user_identity_id', holder),
                    after
                from moved_credentials
                union all
                select 'credential.created', acs_credential_id, null, after from children
            ), new_events as (
                select name_uuid($6, acs_credential_id::text) as event_id, $7::text as event_type,
                    $4::uuid as user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details
                from (
                    select acs_credential_id, acs_system_id from children
                    union all
                    select acs_credential_id, acs_system_id from moved_credentials where is_taken_up
                ) as issued
                union all
                select name_uuid($6, register_id::text), $8, $4, jsonb_build_object('register_id', register_id, 'number', number)
                from (values ($9::uuid, $10::text)) as moved (register_id, number)
                where register_id is not null
            )
            "#,
            r#"select count(*) as "count!" from changes"#,
            self.workspace_id(),
            now,
            self.context(&[EventType::AcsCredentialIssued, EventType::PhoneNumberAssigned]),
            merge.primary.0,
            &merge.all(),
            merge.merge_id,
            EventType::AcsCredentialIssued.into_str(),
            EventType::PhoneNumberAssigned.into_str(),
            number.as_ref().map(|number| number.register_id.0),
            number.as_ref().map(|number| number.number.as_str()),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}
