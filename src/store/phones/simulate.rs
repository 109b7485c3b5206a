//! What a sandbox simulates of a phone: that it goes offline and online, and that it is removed. A removed phone is deactivated.

use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::domain::phone::{DISCONNECTED, DISCONNECTED_MESSAGE, SimulatedEvent};
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// Reason of the deactivation of a removed phone.
const REASON: &str = "removal simulated";

impl Workspace {
    /// Connects an active phone or disconnects it, and emits an event unless it was so before.
    pub async fn simulate_connection(
        &self,
        device_id: DeviceId,
        is_connected: bool,
        SimulatedEvent { event_id, connected_account_id, at }: SimulatedEvent,
    ) -> Result<()> {
        let (event_type, more) = match is_connected {
            true => (EventType::DeviceConnected, json!({})),
            false => (EventType::DeviceDisconnected, disconnection(at)),
        };
        let known = audited!(
            emit_events,
            query_scalar,
            r#"
            with held as materialized (
                select device_id, disconnected_at from phone
                where workspace_id = $1 and device_id = $4 and deactivated_at is null
                for no key update
            ), changed as (
                update phone set disconnected_at = case when $5 then null else $2::timestamptz end
                from held
                where phone.workspace_id = $1 and phone.device_id = held.device_id
                    and (held.disconnected_at is not null) = $5
                returning phone.device_id, user_identity_id, custom_metadata, held.disconnected_at as former,
                    phone.disconnected_at
            ), changes as (
                select case when $5 then 'phone.connected' else 'phone.disconnected' end as action,
                    device_id as subject_id, ids || jsonb_build_object('disconnected_at', former) as before,
                    ids || jsonb_build_object('disconnected_at', disconnected_at) as after
                from changed
                cross join lateral jsonb_build_object(
                    'device_id', device_id, 'user_identity_id', user_identity_id) as ids
            ), new_events as (
                select $6::uuid as event_id, $7::text as event_type, user_identity_id, jsonb_build_object(
                        'device_id', device_id, 'device_custom_metadata', custom_metadata,
                        'connected_account_id', $8::uuid) || $9::jsonb as details
                from changed
            )
            "#,
            "select device_id from held",
            self.workspace_id(),
            at,
            self.context(&[event_type]),
            device_id.0,
            is_connected,
            event_id.0,
            event_type.into_str(),
            connected_account_id,
            more,
        )
        .fetch_optional(self.store.emitter())
        .await?;
        found(known, ResourceKind::Phone, device_id).map(|_| ())
    }

    /// Deactivates an active phone, as [`Workspace::deactivate_phone`] does, and emits `device.removed`, too.
    pub async fn simulate_removal(
        &self,
        device_id: DeviceId,
        SimulatedEvent { connected_account_id, at, .. }: SimulatedEvent,
    ) -> Result<()> {
        let workspace = self.clone();
        let removed = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_active_phone(connection, device_id).await?;
                workspace.remove_under_lock(connection, device_id, connected_account_id, at).await
            })
        });
        removed.await
    }

    /// Locks an active phone until the transaction ends. The lock waits for what gives it a credential or a client session,
    /// which is seen afterwards.
    async fn lock_active_phone(&self, connection: &mut UnitConnection<'_>, device_id: DeviceId) -> Result<()> {
        let locked = sqlx::query_scalar!(
            r#"
            select device_id from phone
            where workspace_id = $1 and device_id = $2 and deactivated_at is null
            for no key update
            "#,
            self.workspace_id(),
            device_id.0,
        )
        .fetch_optional(connection)
        .await?;
        found(locked, ResourceKind::Phone, device_id).map(|_| ())
    }

    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn remove_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        device_id: DeviceId,
        connected_account_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with ending as materialized (
                select client_session_id from phone_client_session where workspace_id = $1 and device_id = $4
            ), deactivated as (
                update phone set deactivated_at = $2, deactivation_reason = $5
                where workspace_id = $1 and device_id = $4
                returning device_id, user_identity_id, custom_metadata, deactivated_at, deactivation_reason
            ), revoked as (
                delete from credential
                where workspace_id = $1 and device_id = $4
                returning acs_credential_id, acs_system_id, user_identity_id, as_document(credential) as before
            ), ended as (
                delete from client_session
                using ending
                where client_session.workspace_id = $1 and client_session.client_session_id = ending.client_session_id
                returning client_session.client_session_id, client_session.user_identity_id
            ), changes as (
                select 'phone.deactivated' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id) as before,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id,
                        'deactivated_at', deactivated_at, 'deactivation_reason', deactivation_reason) as after
                from deactivated
                union all
                select 'credential.deleted', acs_credential_id, before, null from revoked
            ), new_events as (
                select name_uuid(device_id, type) as event_id, type as event_type, user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) || more as details
                from deactivated
                cross join (values
                    ($6::text, jsonb_build_object('connected_account_id', $7::uuid)), ($8::text, '{}'::jsonb)
                ) as both_events (type, more)
                union all
                select name_uuid(acs_credential_id, type), type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from revoked cross join (values ($9::text), ($10::text)) as both_events (type)
                union all
                select name_uuid(client_session_id, $11::text), $11, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id)
                from ended
            )
            "#,
            "select device_id from deactivated",
            self.workspace_id(),
            now,
            self.context(&[
                EventType::DeviceRemoved,
                EventType::PhoneDeactivated,
                EventType::AcsCredentialInvalidated,
                EventType::AcsCredentialDeleted,
                EventType::ClientSessionDeleted,
            ]),
            device_id.0,
            REASON,
            EventType::DeviceRemoved.into_str(),
            connected_account_id,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}

/// What the event of a disconnection says of the reason. Phones have no connected account that could have errors.
fn disconnection(at: DateTime<Utc>) -> serde_json::Value {
    json!({
        "error_code": DISCONNECTED,
        "device_errors": [{ "error_code": DISCONNECTED, "message": DISCONNECTED_MESSAGE, "created_at": at }],
        "device_warnings": [],
        "connected_account_errors": [],
        "connected_account_warnings": [],
    })
}
