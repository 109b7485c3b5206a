//! Registration of phones, with the credentials that their user identity's phones hold.

use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::domain::phone::{MAX_PHONES, Registration};
use crate::error::{AuthFailure, Denial, Error, Reason, Result, Scheme};
use crate::store::Workspace;
use crate::store::principal::rejected;
use chrono::{DateTime, Utc};
use serde_json::json;

/// Outcome of one attempt. The reasons are None if the phone was known.
struct Attempt {
    device_id: Option<DeviceId>,
    is_barred: Option<bool>,
    is_full: Option<bool>,
    /// The client session was got with a password.
    is_signed_in: bool,
    /// A deactivation ended the client session meanwhile.
    is_ended: bool,
}

impl Workspace {
    /// Registers a phone, or finds the active one with the same installation id, and returns its id. A new phone gets a
    /// child of each multi-phone sync credential of its user identity, and the mobile keys that waited for a phone. The
    /// installation of a deactivated phone is refused until it is readmitted; ids are compared by `installation_key`. A
    /// client session that was got with a password is refused. An unknown user identity is `NotFound`.
    pub async fn register_phone(&self, new: Registration, now: DateTime<Utc>) -> Result<DeviceId> {
        // The lock of the user identity serializes this with other registrations of the same installation and with the
        // creation of credentials for its phones.
        let workspace = self.clone();
        let registered = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, new.user_identity_id).await?;
                loop {
                    let attempt = workspace.register_under_lock(connection, &new, now).await?;
                    if attempt.is_ended {
                        return Err(rejected(Scheme::ClientSession, AuthFailure::Unknown));
                    }
                    if attempt.is_signed_in {
                        return Err(Error::Forbidden(Denial::SignedInByPassword));
                    }
                    match (attempt.device_id, attempt.is_barred, attempt.is_full) {
                        (Some(device_id), ..) => return Ok(device_id),
                        (None, Some(true), _) => return Err(Error::Conflict(Reason::PhoneDeactivated)),
                        (None, _, Some(true)) => return Err(Error::Conflict(Reason::TooManyPhones(MAX_PHONES))),
                        // The known phone was deactivated between the snapshot and its lock.
                        (None, ..) => {}
                    }
                }
            })
        });
        registered.await
    }

    /// Locks the known phone, then the client session, then the clock, in the order of a deactivation. The foreign key
    /// alone would lock the session after the clock.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its row of the audit trail")]
    async fn register_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        new: &Registration,
        now: DateTime<Utc>,
    ) -> Result<Attempt> {
        let attempt = audited!(
            emit_events,
            query_as,
            Attempt,
            r#"
            with signed_in as materialized (
                select from client_session
                where workspace_id = $1 and client_session_id = $14 and password_of is not null
            ), known as materialized (
                select device_id, $14::uuid is null or exists (
                        select from phone_client_session as tie
                        where tie.workspace_id = $1 and tie.device_id = phone.device_id and client_session_id = $14
                    ) as is_recorded
                from phone
                where workspace_id = $1 and user_identity_id = $4
                    and installation_key(custom_sdk_installation_id) = installation_key($6)
                    and custom_sdk_installation_id is not null and deactivated_at is null
                    and not exists (select from signed_in)
                order by custom_sdk_installation_id = $6 desc, created_at, device_id
                limit 1
            ), refusal as materialized (
                select exists (
                        select from phone
                        where workspace_id = $1
                            and installation_key(custom_sdk_installation_id) = installation_key($6)
                            and custom_sdk_installation_id is not null and deactivated_at is not null
                            and readmitted_at is null
                    ) as is_barred, $15 in ((
                        select count(*) from (
                            select from phone where workspace_id = $1 and user_identity_id = $4 and deactivated_at is null
                            limit $15
                        ) as of_person
                    ), (
                        select count(*) from (
                            select from phone
                            where workspace_id = $1
                                and installation_key(custom_sdk_installation_id) = installation_key($6)
                                and custom_sdk_installation_id is not null and deactivated_at is null
                            limit $15
                        ) as of_installation
                    )) as is_full
                where not exists (select from known) and not exists (select from signed_in)
            ), spoken_for as (
                update phone set credentials_version = credentials_version + 1
                from known
                where phone.workspace_id = $1 and phone.device_id = known.device_id and not is_recorded
                    and phone.deactivated_at is null
                returning phone.device_id
            ), session as materialized (
                select client_session_id from client_session
                where workspace_id = $1 and client_session_id = $14
                    and (exists (select from spoken_for)
                        or exists (select from refusal where not is_barred and not is_full))
                for key share
            ), registered as (
                insert into phone (workspace_id, created_at, user_identity_id, device_id, custom_sdk_installation_id,
                    operating_system, os_version, device_manufacturer, device_model, assa_abloy_metadata)
                select $1, $2, $4, $5, $6, $7, $8, $9, $10, $11
                from refusal
                where not is_barred and not is_full and ($14 is null or exists (select from session))
                returning device_id, to_jsonb(phone) as after
            ), recorded as (
                insert into phone_client_session (workspace_id, device_id, client_session_id)
                select $1, device_id, client_session_id
                from (select device_id from registered union all select device_id from spoken_for) as phone
                cross join session
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
            select (
                    select device_id from registered
                    union all
                    select device_id from spoken_for
                    union all
                    select device_id from known where is_recorded
                ) as "device_id: DeviceId",
                (select is_barred from refusal) as is_barred, (select is_full from refusal) as is_full,
                exists (select from signed_in) as "is_signed_in!",
                $14 is not null and not exists (select from session) and (exists (select from spoken_for)
                    or exists (select from refusal where not is_barred and not is_full)) as "is_ended!"
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
            new.client_session_id.map(|id| id.0),
            MAX_PHONES,
        );
        Ok(attempt.fetch_one(connection).await?)
    }
}
