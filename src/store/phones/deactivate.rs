//! Deactivation of phones in one statement: tombstones, deletion of their credentials and of the client sessions that
//! spoke for them, the events of all of these and their deliveries. All of it happens or none. The statement does not
//! read the phones' own texts, so it takes the same time however long these are.
//!
//! Concurrent deactivations in a workspace share a statement, each with its own author, reason and time.

use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::scope::Scope;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column, in_order};
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Maximum number of phones per statement.
const BATCH: usize = 100;

/// Outcome of a deactivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deactivated {
    pub device_id: DeviceId,
    /// False if it was deactivated before.
    pub is_newly_deactivated: bool,
}

/// A phone to deactivate, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct Deactivation {
    device_id: DeviceId,
    scope: Scope,
    reason: Option<String>,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
}

impl SharedWrite for Deactivation {
    /// None if there is no such phone in scope.
    type Outcome = Option<Deactivated>;

    const MAX_BATCH: usize = BATCH;

    async fn write(
        workspace: Workspace,
        requests: Vec<Deactivation>,
        waits: bool,
    ) -> Result<Vec<Option<Option<Deactivated>>>> {
        let store = workspace.store.clone();
        let unit = store.emitter().run(move |connection| {
            Box::pin(async move { workspace.try_deactivate(connection, &requests, waits).await })
        });
        unit.await
    }
}

impl Workspace {
    /// Deactivates the phone if it is within `scope`; `None` if there is no such phone. It is deactivated once, also by
    /// concurrent callers.
    pub async fn deactivate_phone(
        &self,
        device_id: DeviceId,
        scope: Scope,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Option<Deactivated>> {
        self.write(Deactivation { device_id, scope, reason, context: self.deactivation_context(), at: now }).await
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
        let workspace = self.clone();
        let batches = async move {
            let mut done = Vec::new();
            loop {
                let batch = workspace.deactivate_first_phones_of(person, reason.clone(), now).await?;
                if batch.is_empty() {
                    break;
                }
                done.extend(batch);
            }
            if done.is_empty() {
                // Last: its phones are another's if it was merged meanwhile.
                workspace.user_identity(person, Scope::Workspace).await?;
            }
            Ok(done)
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
                let context = workspace.deactivation_context();
                let request = |device_id: &DeviceId| Deactivation {
                    device_id: *device_id,
                    scope: Scope::Workspace,
                    reason: reason.clone(),
                    context: context.clone(),
                    at: now,
                };
                workspace.deactivate_on(connection, batch.iter().map(request).collect()).await?;
                Ok(batch)
            })
        });
        deactivated.await
    }

    /// The first active phones of a user identity, at most a batch.
    async fn first_phones_of(
        &self,
        connection: &mut UnitConnection<'_>,
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
            i64::try_from(BATCH).expect("a small number"),
        )
        .fetch_all(connection)
        .await?)
    }

    fn deactivation_context(&self) -> Value {
        self.context(&[
            EventType::PhoneDeactivated,
            EventType::AcsCredentialInvalidated,
            EventType::AcsCredentialDeleted,
            EventType::ClientSessionDeleted,
        ])
    }

    /// Deactivates the phones that exist within scope, and waits for other transactions that change them.
    async fn deactivate_on(&self, connection: &mut UnitConnection<'_>, requests: Vec<Deactivation>) -> Result<()> {
        let mut left = requests;
        // A phone that changes between the statement's snapshot and its lock is passed over; the next round sees its new
        // state. One round is the rule.
        while !left.is_empty() {
            let mut outcomes = self.try_deactivate(connection, &left, true).await?.into_iter();
            left.retain(|_| matches!(outcomes.next(), Some(None)));
        }
        Ok(())
    }

    /// What one statement does with the requests, in their order; `None` for one that was passed over.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn try_deactivate(
        &self,
        connection: &mut UnitConnection<'_>,
        requests: &[Deactivation],
        waits: bool,
    ) -> Result<Vec<Option<Option<Deactivated>>>> {
        let rows = audited!(
            each,
            emit_events,
            query_as,
            Row,
            r#"
            with found as materialized (
                select place, device_id, deactivated_at, credentials_version, reason, at, context
                from unnest($4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[], $3::jsonb[]) with ordinality
                    as requested (device_id, owner, reason, at, context, place)
                join phone using (device_id)
                where workspace_id = $1 and (owner is null or user_identity_id = owner)
            ), free as materialized (
                select device_id from phone
                where workspace_id = $1 and device_id = any (array(select device_id from found)) and not $8
                for no key update skip locked
            ), deactivated as (
                update phone set deactivated_at = at, deactivation_reason = reason
                from found
                where phone.workspace_id = $1 and phone.device_id = found.device_id
                    and ($8 or found.device_id in (select device_id from free))
                    and phone.deactivated_at is null and phone.credentials_version = found.credentials_version
                returning phone.device_id, phone.user_identity_id, phone.custom_metadata, place, reason, at, context
            ), revoked as (
                delete from credential
                using deactivated
                where credential.workspace_id = $1 and credential.device_id = deactivated.device_id
                returning deactivated.user_identity_id, acs_credential_id, acs_system_id,
                    redacted(as_document(credential)) as before, at, context
            ), ended as (
                delete from client_session
                using phone_client_session as tie, deactivated
                where client_session.workspace_id = $1 and tie.workspace_id = $1
                    and tie.device_id = deactivated.device_id
                    and client_session.client_session_id = tie.client_session_id
                returning client_session.user_identity_id, client_session.client_session_id, at, context
            ), changes as (
                select 'phone.deactivated' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id) as before,
                    jsonb_strip_nulls(jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id,
                        'deactivated_at', at, 'deactivation_reason', reason)) as after, at, context
                from deactivated
                union all
                select 'credential.deleted', acs_credential_id, before, null, at, context from revoked
            ), new_events as (
                select name_uuid(device_id, $9::text) as event_id, $9::text as event_type, user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', custom_metadata) as details, at,
                    context
                from deactivated
                union all
                select name_uuid(acs_credential_id, type), type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id), at, context
                from revoked
                cross join (values ($10::text), ($11::text)) as both_events (type)
                union all
                select name_uuid(client_session_id, $12::text), $12, user_identity_id,
                    jsonb_build_object('client_session_id', client_session_id), at, context
                from ended
            )
            "#,
            r#"
            select found.place as "place!", found.device_id as "device_id!", found.deactivated_at is not null as "before!",
                deactivated.device_id is not null as "now!"
            from found left join deactivated using (place)
            "#,
            self.workspace_id(),
            requests.iter().map(|request| request.at).max(),
            &column(requests, |request| request.context.clone()),
            &column(requests, |request| request.device_id.0),
            &column(requests, |request| request.scope.owner()) as _,
            &column(requests, |request| request.reason.as_deref()) as _,
            &column(requests, |request| request.at),
            waits,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_all(connection)
        .await?;
        Ok(in_order(requests.len(), || Some(None), rows.into_iter().map(|row| (row.place, row.outcome()))))
    }
}

struct Row {
    /// Index of the request, from one.
    place: i64,
    device_id: Uuid,
    before: bool,
    now: bool,
}

impl Row {
    fn outcome(&self) -> Option<Option<Deactivated>> {
        // Active in the snapshot, and locked or changed by another transaction or request.
        let is_passed_over = !self.before && !self.now;
        let deactivated = Deactivated { device_id: DeviceId(self.device_id), is_newly_deactivated: self.now };
        (!is_passed_over).then_some(Some(deactivated))
    }
}
