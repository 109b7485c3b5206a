//! Deactivation of phones in one statement: tombstones, deletion of their credentials and of the client sessions that
//! spoke for them, the events of all of these and their deliveries. All of it happens or none. The statement does not read the phones' own texts, so it takes the same time
//! however long these are.

use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::scope::Scope;
use crate::error::Result;
use crate::store::Workspace;
use chrono::{DateTime, Utc};

/// Maximum number of phones per statement when all phones of a user identity are deactivated.
const BATCH: i64 = 100;

/// Outcome of a deactivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deactivated {
    pub device_id: DeviceId,
    /// False if it was deactivated before.
    pub is_newly_deactivated: bool,
}

impl Workspace {
    /// Deactivates those of `devices` that are within `scope`, and returns each that exists there; unknown ids and
    /// those outside it are omitted. Each phone is deactivated once, also by concurrent callers.
    pub async fn deactivate_phones(
        &self,
        devices: Vec<DeviceId>,
        scope: Scope,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Deactivated>> {
        let workspace = self.clone();
        let deactivated = self.store.emitter().run(move |connection| {
            Box::pin(async move { workspace.deactivate_on(connection, devices, scope, reason.as_deref(), now).await })
        });
        deactivated.await
    }

    /// Deactivates all active phones of a user identity, and returns their ids in order of registration. Each batch
    /// commits by itself, so what was done stays done after a failure, and a repetition continues. Phones that are
    /// registered meanwhile are included. An unknown user identity is `NotFound`.
    pub async fn deactivate_phones_of(
        &self,
        person: UserIdentityId,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DeviceId>> {
        self.user_identity(person, Scope::Workspace).await?;
        let workspace = self.clone();
        let batches = async move {
            let mut done = Vec::new();
            loop {
                let batch = workspace.deactivate_first_phones_of(person, reason.clone(), now).await?;
                if batch.is_empty() {
                    return Ok(done);
                }
                done.extend(batch);
            }
        };
        self.store.pool.in_sequence(batches).await
    }

    /// Deactivates a batch of the active phones of a user identity, and returns their ids; none if there is no phone.
    async fn deactivate_first_phones_of(
        &self,
        person: UserIdentityId,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DeviceId>> {
        let workspace = self.clone();
        let deactivated = self.store.emitter().run(move |connection| {
            Box::pin(async move {
                let batch = workspace.first_phones_of(connection, person).await?;
                workspace.deactivate_on(connection, batch.clone(), Scope::Workspace, reason.as_deref(), now).await?;
                Ok(batch)
            })
        });
        deactivated.await
    }

    /// The first active phones of a user identity, at most a batch.
    async fn first_phones_of(
        &self,
        connection: &mut sqlx::PgConnection,
        person: UserIdentityId,
    ) -> Result<Vec<DeviceId>> {
        Ok(sqlx::query_scalar!(
            r#"
            select device_id as "device_id: DeviceId" from phone
            where workspace_id = $1 and user_identity_id = $2 and deactivated_at is null
            order by created_at, device_id
            limit $3
            "#,
            self.workspace_id(),
            person.0,
            BATCH,
        )
        .fetch_all(connection)
        .await?)
    }

    async fn deactivate_on(
        &self,
        connection: &mut sqlx::PgConnection,
        devices: Vec<DeviceId>,
        scope: Scope,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Deactivated>> {
        let mut done = Vec::with_capacity(devices.len());
        let mut left = devices;
        // A phone that changes between the statement's snapshot and its lock is passed over; the next round sees its new
        // state. One round is the rule.
        while !left.is_empty() {
            let rows = self.try_deactivate(connection, &left, scope, reason, now).await?;
            left = rows.iter().filter(|row| row.is_passed_over()).map(|row| DeviceId(row.device_id)).collect();
            done.extend(rows.iter().filter(|row| !row.is_passed_over()).map(Row::outcome));
        }
        Ok(done)
    }

    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn try_deactivate(
        &self,
        connection: &mut sqlx::PgConnection,
        devices: &[DeviceId],
        scope: Scope,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Row>> {
        Ok(audited!(
            emit_events,
            query_as,
            Row,
            r#"
            with found as materialized (
                select device_id, deactivated_at, credentials_version
                from phone
                where workspace_id = $1 and device_id = any ($4) and ($5::uuid is null or user_identity_id = $5)
            ), deactivated as (
                update phone set deactivated_at = $2, deactivation_reason = $6
                from found
                where phone.workspace_id = $1 and phone.device_id = found.device_id
                    and phone.deactivated_at is null and phone.credentials_version = found.credentials_version
                returning phone.device_id, phone.user_identity_id, phone.custom_metadata
            ), revoked as (
                delete from credential
                using deactivated
                where credential.workspace_id = $1 and credential.device_id = deactivated.device_id
                returning deactivated.user_identity_id, acs_credential_id, acs_system_id, to_jsonb(credential) as before
            ), ended as (
                delete from client_session
                using phone_client_session as tie, deactivated
                where client_session.workspace_id = $1 and tie.workspace_id = $1
                    and tie.device_id = deactivated.device_id
                    and client_session.client_session_id = tie.client_session_id
                returning client_session.user_identity_id, client_session.client_session_id
            ), changes as (
                select 'phone.deactivated' as action, device_id as subject_id, ids as before,
                    ids || jsonb_build_object('deactivated_at', $2::timestamptz, 'deactivation_reason', $6::text) as after
                from deactivated
                cross join lateral jsonb_build_object(
                    'device_id', device_id, 'user_identity_id', user_identity_id) as ids
                union all
                select 'credential.deleted', acs_credential_id, before, null from revoked
            ), new_events as (
                select name_uuid(device_id, $7::text) as event_id, $7::text as event_type, user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) as details
                from deactivated
                union all
                select name_uuid(acs_credential_id, type), type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from revoked
                cross join (values ($8::text), ($9::text)) as both_events (type)
                union all
                select name_uuid(client_session_id, $10::text), $10, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id)
                from ended
            )
            "#,
            r#"
            select found.device_id, found.deactivated_at is not null as "before!", deactivated.device_id is not null as "now!"
            from found left join deactivated using (device_id)
            "#,
            self.workspace_id(),
            now,
            self.context(&[
                EventType::PhoneDeactivated,
                EventType::AcsCredentialInvalidated,
                EventType::AcsCredentialDeleted,
                EventType::ClientSessionDeleted,
            ]),
            &devices.iter().map(|id| id.0).collect::<Vec<_>>(),
            scope.owner(),
            reason,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_all(connection)
        .await?)
    }
}

struct Row {
    device_id: uuid::Uuid,
    before: bool,
    now: bool,
}

impl Row {
    /// Active in the snapshot, and changed before its lock was taken.
    fn is_passed_over(&self) -> bool {
        !self.before && !self.now
    }

    fn outcome(&self) -> Deactivated {
        Deactivated { device_id: DeviceId(self.device_id), is_newly_deactivated: self.now }
    }
}
