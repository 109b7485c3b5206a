//! Deactivation of phones in one statement: tombstones, deletion of their credentials and of the client sessions that
//! spoke for them, the events of all of these and their deliveries. All of it happens or none. The statement does not
//! read the phones' own texts, so it takes the same time however long these are.
//!
//! Concurrent deactivations in a workspace share a statement, each with its own author, reason and time: a transaction
//! keeps the workspace's clock until it is durable, so that one after the other would wait for the disk one by one. A
//! shared statement waits for no phone that another transaction has locked; that deactivation has a statement of its own.

use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, UserIdentityId, WorkspaceId};
use crate::domain::scope::Scope;
use crate::error::Result;
use crate::store::batch::BatchQuery;
use crate::store::{Store, Workspace};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
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
struct Request {
    device_id: DeviceId,
    scope: Scope,
    reason: Option<String>,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
}

/// A deactivation that may share a statement with others.
#[derive(Debug, Clone)]
pub(in crate::store) struct Deactivation {
    workspace: Workspace,
    request: Request,
}

/// What a statement did with a request.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Outcome {
    /// No such phone in scope.
    Unknown,
    Deactivated(Deactivated),
    /// Another transaction changes the phone.
    PassedOver,
}

impl BatchQuery for Deactivation {
    /// Urgent ones take a reserved connection.
    type BatchKey = (WorkspaceId, bool);
    type Answer = Outcome;

    const MAX_IN_FLIGHT: usize = 1;
    const MAX_WAITING: usize = 1_024;

    fn max_batch(_: &(WorkspaceId, bool)) -> usize {
        BATCH
    }

    fn batch_key(&self) -> (WorkspaceId, bool) {
        (self.workspace.id(), self.workspace.store.pool.is_urgent())
    }

    async fn ask(batch: Vec<Deactivation>, _: Store) -> Result<Vec<Outcome>> {
        let Some(Deactivation { workspace, .. }) = batch.first() else { return Ok(Vec::new()) };
        let (whole, workspace) = (workspace.with_whole_share(), workspace.clone());
        let requests: Vec<Request> = batch.into_iter().map(|deactivation| deactivation.request).collect();
        let unit = whole.store.emitter().run(move |connection| {
            Box::pin(async move { workspace.try_deactivate(connection, &requests, Locked::PassOver).await })
        });
        unit.await
    }
}

/// How a statement treats a phone that another transaction has locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locked {
    Wait,
    PassOver,
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
        let request = Request { device_id, scope, reason, context: self.deactivation_context(), at: now };
        let shared = Deactivation { workspace: self.clone(), request: request.clone() };
        match self.store.ask(shared).await? {
            Outcome::Unknown => Ok(None),
            Outcome::Deactivated(deactivated) => Ok(Some(deactivated)),
            Outcome::PassedOver => {
                let workspace = self.clone();
                let alone = self.store.emitter().run(move |connection| {
                    Box::pin(async move { workspace.deactivate_on(connection, vec![request]).await })
                });
                Ok(alone.await?.pop())
            }
        }
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
                let context = workspace.deactivation_context();
                let request = |device_id: &DeviceId| Request {
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
    async fn first_phones_of(&self, connection: &mut PgConnection, person: UserIdentityId) -> Result<Vec<DeviceId>> {
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
    async fn deactivate_on(&self, connection: &mut PgConnection, requests: Vec<Request>) -> Result<Vec<Deactivated>> {
        let mut done = Vec::with_capacity(requests.len());
        let mut left = requests;
        // A phone that changes between the statement's snapshot and its lock is passed over; the next round sees its new
        // state. One round is the rule.
        while !left.is_empty() {
            let outcomes = self.try_deactivate(connection, &left, Locked::Wait).await?;
            let mut outcomes = outcomes.into_iter();
            left.retain(|_| match outcomes.next() {
                Some(Outcome::Deactivated(deactivated)) => {
                    done.push(deactivated);
                    false
                }
                Some(Outcome::PassedOver) => true,
                Some(Outcome::Unknown) | None => false,
            });
        }
        Ok(done)
    }

    /// What one statement does with the requests, in their order.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn try_deactivate(
        &self,
        connection: &mut PgConnection,
        requests: &[Request],
        locked: Locked,
    ) -> Result<Vec<Outcome>> {
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
                where workspace_id = $1 and device_id in (select device_id from found) and not $8
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
                    redacted(to_jsonb(credential)) as before, at, context
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
            &requests.iter().map(|request| request.context.clone()).collect::<Vec<_>>(),
            &requests.iter().map(|request| request.device_id.0).collect::<Vec<_>>(),
            &requests.iter().map(|request| request.scope.owner()).collect::<Vec<_>>() as _,
            &requests.iter().map(|request| request.reason.as_deref()).collect::<Vec<_>>() as _,
            &requests.iter().map(|request| request.at).collect::<Vec<_>>(),
            locked == Locked::Wait,
            EventType::PhoneDeactivated.into_str(),
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
            EventType::ClientSessionDeleted.into_str(),
        )
        .fetch_all(connection)
        .await?;
        let mut outcomes = vec![Outcome::Unknown; requests.len()];
        for row in rows {
            if let Some(outcome) = usize::try_from(row.place - 1).ok().and_then(|index| outcomes.get_mut(index)) {
                *outcome = row.outcome();
            }
        }
        Ok(outcomes)
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
    fn outcome(&self) -> Outcome {
        // Active in the snapshot, and locked or changed by another transaction or request.
        if !self.before && !self.now {
            return Outcome::PassedOver;
        }
        Outcome::Deactivated(Deactivated { device_id: DeviceId(self.device_id), is_newly_deactivated: self.now })
    }
}
