//! The end of a person's access, which is part of a suspension as of a deletion.

/// Completes and runs a statement that ends the access of a user identity: deactivates its phones for a reason, and deletes its
/// credentials, its access to other devices and its client sessions, also those that spoke for its phones, with the events and
/// rows of the audit trail.
///
/// `end_access!(self, id, reason, now, ", column = …", ", part as (…)", "union all select …", "select …")`: what else is set
/// of the phones, further parts, further rows of `changes`, and the statement's own result. **`$4` is the user identity.**
macro_rules! end_access {
    ($workspace:expr, $person:expr, $reason:expr, $now:expr, $set:tt, $parts:tt, $changes:tt, $result:tt $(,)?) => {
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
                set deactivated_at = $2, deactivation_reason = $5 "# + $set + r#"
                where workspace_id = $1 and user_identity_id = $4 and deactivated_at is null
                returning device_id, user_identity_id, custom_metadata, deactivation_reason
            ), revoked as (
                delete from credential
                where workspace_id = $1 and user_identity_id = $4
                returning acs_credential_id, acs_system_id, device_id is not null as is_on_phone,
                    as_document(credential) as before
            ), ended as (
                delete from client_session
                where workspace_id = $1 and client_session_id in (select client_session_id from ending)
                returning client_session_id
            ), revoked_access as (
                delete from device_access
                where workspace_id = $1 and user_identity_id = $4
                returning device_id
            )
            "# + $parts + r#"
            , changes as (
                select 'phone.deactivated' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid) as before,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id,
                        'deactivated_at', $2::timestamptz, 'deactivation_reason', deactivation_reason) as after
                from deactivated
                union all
                select 'credential.deleted', acs_credential_id, before, null from revoked
                union all
                select 'device_access.revoked', device_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', $4::uuid), null
                from revoked_access
                "# + $changes + r#"
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
            $result,
            $workspace.workspace_id(),
            $now,
            $workspace.context(&[
                EventType::PhoneDeactivated,
                EventType::AcsCredentialInvalidated,
                EventType::AcsCredentialDeleted,
                EventType::ClientSessionDeleted,
            ]),
            $person.0,
            $reason,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
    };
}
