//! Registration of phones, with the credentials that their user identity's phones hold. Concurrent registrations in a
//! workspace share a statement, as deactivations do; those of one user identity follow each other.

use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, WorkspaceId};
use crate::domain::phone::{MAX_PHONES, Registration};
use crate::error::{AuthFailure, Denial, Error, Reason, Result, Scheme};
use crate::store::batch::BatchQuery;
use crate::store::principal::rejected;
use crate::store::{Store, Workspace};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Maximum number of phones per statement.
const BATCH: usize = 64;

/// Starts a transaction whose statements with arrays are planned once, row by row.
const BEGIN: &str = "begin; set local plan_cache_mode = 'force_generic_plan'; set local enable_hashjoin = off; \
    set local enable_mergejoin = off";

/// A registration as one request asks.
#[derive(Debug, Clone)]
struct Request {
    new: Registration,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
}

/// A registration that may share a statement with others.
#[derive(Debug, Clone)]
pub(in crate::store) struct PhoneRegistration {
    workspace: Workspace,
    request: Request,
}

/// What a statement did with a request.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Outcome {
    Registered(DeviceId),
    /// The installation is barred until it is readmitted.
    Barred,
    Full,
    /// The client session was got with a password.
    SignedIn,
    /// A deactivation ended the client session meanwhile.
    SessionEnded,
    /// Another transaction changes the user identity or the phone, or there is no such user identity.
    PassedOver,
}

impl BatchQuery for PhoneRegistration {
    type BatchKey = WorkspaceId;
    type Answer = Outcome;

    const MAX_IN_FLIGHT: usize = 1;
    const MAX_WAITING: usize = 1_024;

    fn max_batch(_: &WorkspaceId) -> usize {
        BATCH
    }

    fn batch_key(&self) -> WorkspaceId {
        self.workspace.id()
    }

    /// Of one user identity a phone at a time, so that each finds the one before it.
    fn exclusive_key(&self) -> Option<Uuid> {
        Some(self.request.new.user_identity_id.0)
    }

    async fn ask(batch: Vec<PhoneRegistration>, _: Store) -> Result<Vec<Outcome>> {
        let Some(PhoneRegistration { workspace, .. }) = batch.first() else { return Ok(Vec::new()) };
        let (whole, workspace) = (workspace.with_whole_share(), workspace.clone());
        let requests: Vec<Request> = batch.into_iter().map(|registration| registration.request).collect();
        let unit = whole.store.emitter().transact_with(BEGIN, move |connection| {
            Box::pin(async move { workspace.try_register(connection, requests).await })
        });
        unit.await
    }
}

impl Workspace {
    /// Registers a phone, or finds the active one with the same installation id, and returns its id. A new phone gets a
    /// child of each multi-phone sync credential of its user identity, and the mobile keys that waited for a phone. The
    /// installation of a deactivated phone is refused until it is readmitted; ids are compared by `installation_key`. A
    /// client session that was got with a password is refused. An unknown user identity is `NotFound`.
    pub async fn register_phone(&self, new: Registration, now: DateTime<Utc>) -> Result<DeviceId> {
        let context = self.context(&[EventType::PhoneRegistered, EventType::AcsCredentialIssued]);
        let request = Request { new, context, at: now };
        let shared = PhoneRegistration { workspace: self.clone(), request: request.clone() };
        let outcome = match self.store.ask(shared).await? {
            Outcome::PassedOver => self.register_alone(request).await?,
            outcome => outcome,
        };
        match outcome {
            Outcome::Registered(device_id) => Ok(device_id),
            Outcome::Barred => Err(Error::Conflict(Reason::PhoneDeactivated)),
            Outcome::Full => Err(Error::Conflict(Reason::TooManyPhones(MAX_PHONES))),
            Outcome::SignedIn => Err(Error::Forbidden(Denial::SignedInByPassword)),
            Outcome::SessionEnded => Err(rejected(Scheme::ClientSession, AuthFailure::Unknown)),
            Outcome::PassedOver => Err(Error::Internal("a registration has no outcome".into())),
        }
    }

    /// Waits for the transactions that change the user identity or the phone.
    async fn register_alone(&self, request: Request) -> Result<Outcome> {
        let workspace = self.clone();
        let alone = self.store.emitter().transact_with(BEGIN, move |connection| {
            Box::pin(async move {
                workspace.lock_user_identity(connection, request.new.user_identity_id).await?;
                let requests = [request];
                loop {
                    match workspace.register_under_lock(connection, &requests).await?.pop() {
                        // The known phone was deactivated between the snapshot and its lock.
                        None | Some(Outcome::PassedOver) => {}
                        Some(outcome) => return Ok(outcome),
                    }
                }
            })
        });
        alone.await
    }

    /// Registers the phones of user identities that no other transaction has locked. The lock serializes this with other
    /// registrations of the same installation and with the creation of credentials for the phones.
    async fn try_register(&self, connection: &mut PgConnection, requests: Vec<Request>) -> Result<Vec<Outcome>> {
        let persons: Vec<Uuid> = requests.iter().map(|request| request.new.user_identity_id.0).collect();
        let locked = sqlx::query_scalar!(
            r#"
            select user_identity_id from user_identity
            where workspace_id = $1 and user_identity_id = any ($2)
            for no key update skip locked
            "#,
            self.workspace_id(),
            &persons,
        )
        .fetch_all(&mut *connection)
        .await?;
        let locked: BTreeSet<Uuid> = locked.into_iter().collect();
        let is_locked = |request: &Request| locked.contains(&request.new.user_identity_id.0);
        let ready: Vec<Request> = requests.iter().filter(|request| is_locked(request)).cloned().collect();
        let outcomes = if ready.is_empty() { Vec::new() } else { self.register_under_lock(connection, &ready).await? };
        let mut outcomes = outcomes.into_iter();
        let outcome = |request| is_locked(request).then(|| outcomes.next()).flatten().unwrap_or(Outcome::PassedOver);
        Ok(requests.iter().map(outcome).collect())
    }

    /// What one statement does with the requests, in their order: at most one of each user identity. Locks the known phone,
    /// then the client session, then the clock, in the order of a deactivation. The foreign key alone would lock the
    /// session after the clock.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn register_under_lock(&self, connection: &mut PgConnection, requests: &[Request]) -> Result<Vec<Outcome>> {
        let rows = audited!(
            each,
            emit_events,
            query_as,
            Row,
            r#"
            with requested as materialized (
                select * from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                    $11::jsonb[], $12::uuid[], $13::timestamptz[], $3::jsonb[]) with ordinality as requested (person,
                    new_device_id, installation_id, new_operating_system, new_os_version, new_device_manufacturer,
                    new_device_model, new_assa_abloy_metadata, session_id, at, context, place)
            ), signed_in as materialized (
                select place from requested join client_session on client_session_id = session_id
                where workspace_id = $1 and password_of is not null
            ), known as materialized (
                select place, phone.device_id, is_recorded
                from requested cross join lateral (
                    select device_id, session_id is null or exists (
                            select from phone_client_session as tie
                            where tie.workspace_id = $1 and tie.device_id = phone.device_id
                                and client_session_id = session_id
                        ) as is_recorded
                    from phone
                    where workspace_id = $1 and user_identity_id = person
                        and installation_key(custom_sdk_installation_id) = installation_key(installation_id)
                        and custom_sdk_installation_id is not null and deactivated_at is null
                    order by custom_sdk_installation_id = installation_id desc, created_at, device_id
                    limit 1
                ) as phone
                where not exists (select from signed_in where signed_in.place = requested.place)
            ), refusal as materialized (
                select place, exists (
                        select from phone
                        where workspace_id = $1
                            and installation_key(custom_sdk_installation_id) = installation_key(installation_id)
                            and custom_sdk_installation_id is not null and deactivated_at is not null
                            and readmitted_at is null
                    ) as is_barred, $14 in ((
                        select count(*) from (
                            select from phone
                            where workspace_id = $1 and user_identity_id = person and deactivated_at is null
                            limit $14
                        ) as of_person
                    ), (
                        select count(*) from (
                            select from phone
                            where workspace_id = $1
                                and installation_key(custom_sdk_installation_id) = installation_key(installation_id)
                                and custom_sdk_installation_id is not null and deactivated_at is null
                            limit $14
                        ) as of_installation
                    )) as is_full
                from requested
                where not exists (select from known where known.place = requested.place)
                    and not exists (select from signed_in where signed_in.place = requested.place)
            ), spoken_for as (
                update phone set credentials_version = credentials_version + 1
                from known
                where phone.workspace_id = $1 and phone.device_id = known.device_id and not is_recorded
                    and phone.deactivated_at is null
                returning place, phone.device_id
            ), session as materialized (
                select place, client_session_id
                from (
                    select place from spoken_for
                    union all
                    select place from refusal where not is_barred and not is_full
                ) as accepted
                join requested using (place) join client_session on client_session_id = session_id
                where workspace_id = $1
                for key share of client_session
            ), registered as (
                insert into phone (workspace_id, created_at, user_identity_id, device_id, custom_sdk_installation_id,
                    operating_system, os_version, device_manufacturer, device_model, assa_abloy_metadata)
                select $1, at, person, new_device_id, installation_id, new_operating_system, new_os_version,
                    new_device_manufacturer, new_device_model, new_assa_abloy_metadata
                from requested join refusal using (place)
                where not is_barred and not is_full
                    and (session_id is null or exists (select from session where session.place = requested.place))
                returning device_id, to_jsonb(phone) as after
            ), new_phones as materialized (
                select place, device_id, person, at, context, after
                from registered join requested on new_device_id = device_id
            ), recorded as (
                insert into phone_client_session (workspace_id, device_id, client_session_id)
                select $1, device_id, client_session_id
                from (select place, device_id from new_phones union all select place, device_id from spoken_for) as phone
                join session using (place)
            ), children as (
                insert into credential (workspace_id, acs_credential_id, parent_acs_credential_id, user_identity_id,
                    device_id, acs_system_id, access_method, is_multi_phone_sync_credential, allowed_acs_entrance_ids,
                    starts_at, ends_at, issued_at, created_at)
                select $1, name_uuid(parent.acs_credential_id, new_phones.device_id::text), parent.acs_credential_id,
                    person, new_phones.device_id, parent.acs_system_id, parent.access_method, false,
                    parent.allowed_acs_entrance_ids, parent.starts_at, parent.ends_at, at, at
                from new_phones join credential as parent on user_identity_id = person
                where parent.workspace_id = $1 and parent.is_multi_phone_sync_credential
                returning device_id, acs_credential_id, acs_system_id, to_jsonb(credential) as after
            ), taken_up as (
                update credential set device_id = new_phones.device_id, issued_at = at
                from new_phones
                where workspace_id = $1 and user_identity_id = person and credential.device_id is null
                    and access_method = 'mobile_key' and not is_multi_phone_sync_credential
                returning credential.device_id, acs_credential_id, acs_system_id, to_jsonb(credential) as after
            ), issued as materialized (
                select issued.*, person, at, context
                from (
                    select *, null::jsonb as before from children
                    union all
                    select *, after - 'device_id' - 'issued_at' from taken_up
                ) as issued join new_phones using (device_id)
            ), changes as (
                select 'phone.registered' as action, device_id as subject_id, null::jsonb as before,
                    redacted(after) as after, at, context
                from new_phones
                union all
                select case when before is null then 'credential.created' else 'credential.issued' end, acs_credential_id,
                    changed(redacted(before), redacted(after)), changed(redacted(after), redacted(before)), at, context
                from issued
            ), new_events as (
                select name_uuid(device_id, $15::text) as event_id, $15::text as event_type, person as user_identity_id,
                    jsonb_build_object('device_id', device_id, 'device_custom_metadata', '{}'::jsonb) as details, at,
                    context
                from new_phones
                union all
                select name_uuid(acs_credential_id, $16::text), $16, person,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id), at, context
                from issued
            )
            "#,
            r#"
            select place as "place!", coalesce(new_phones.device_id, spoken_for.device_id,
                    case when is_recorded then known.device_id end) as "device_id: DeviceId",
                coalesce(is_barred, false) as "is_barred!", coalesce(is_full, false) as "is_full!",
                exists (select from signed_in where signed_in.place = requested.place) as "is_signed_in!",
                session_id is not null and not exists (select from session where session.place = requested.place)
                    and (spoken_for.device_id is not null or coalesce(not is_barred and not is_full, false)) as "is_ended!"
            from requested left join known using (place) left join refusal using (place) left join spoken_for using (place)
            left join new_phones using (place)
            "#,
            self.workspace_id(),
            requests.iter().map(|request| request.at).max(),
            &each(requests, |request| request.context.clone()),
            &each(requests, |request| request.new.user_identity_id.0),
            &each(requests, |request| request.new.device_id.0),
            &each(requests, |request| request.new.custom_sdk_installation_id.as_deref()) as _,
            &each(requests, |request| request.new.operating_system.into_str()) as _,
            &each(requests, |request| request.new.os_version.as_str()) as _,
            &each(requests, |request| request.new.device_manufacturer.as_str()) as _,
            &each(requests, |request| request.new.device_model.as_str()) as _,
            &each(requests, |request| request.new.assa_abloy_metadata.as_ref().map(|metadata| json!(metadata))) as _,
            &each(requests, |request| request.new.client_session_id.map(|id| id.0)) as _,
            &each(requests, |request| request.at),
            MAX_PHONES,
            EventType::PhoneRegistered.into_str(),
            EventType::AcsCredentialIssued.into_str(),
        )
        .fetch_all(connection)
        .await?;
        let mut outcomes = vec![Outcome::PassedOver; requests.len()];
        for row in rows {
            if let Some(outcome) = usize::try_from(row.place - 1).ok().and_then(|index| outcomes.get_mut(index)) {
                *outcome = row.outcome();
            }
        }
        Ok(outcomes)
    }
}

fn each<'r, T>(requests: &'r [Request], value: impl Fn(&'r Request) -> T) -> Vec<T> {
    requests.iter().map(value).collect()
}

struct Row {
    /// Index of the request, from one.
    place: i64,
    device_id: Option<DeviceId>,
    is_barred: bool,
    is_full: bool,
    is_signed_in: bool,
    is_ended: bool,
}

impl Row {
    fn outcome(&self) -> Outcome {
        match self {
            Row { is_ended: true, .. } => Outcome::SessionEnded,
            Row { is_signed_in: true, .. } => Outcome::SignedIn,
            Row { device_id: Some(device_id), .. } => Outcome::Registered(*device_id),
            Row { is_barred: true, .. } => Outcome::Barred,
            Row { is_full: true, .. } => Outcome::Full,
            // The known phone was deactivated between the snapshot and its lock.
            _ => Outcome::PassedOver,
        }
    }
}
