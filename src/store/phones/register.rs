//! Registration of phones, with the credentials that their user identity's phones hold. Concurrent registrations in a
//! workspace share a statement, as deactivations do; those of one user identity follow each other.

use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::domain::phone::{MAX_PHONES, Registration};
use crate::error::{AuthFailure, Denial, Error, Reason, Result, Scheme};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column, in_order, passing_over};
use crate::store::pool::UnitConnection;
use crate::store::principal::rejected;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// Starts a transaction whose statements with arrays are planned once, row by row.
const BEGIN: &str = "begin; set local plan_cache_mode = 'force_generic_plan'; set local enable_hashjoin = off; \
    set local enable_mergejoin = off";

/// A registration as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct PhoneRegistration {
    new: Registration,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
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
}

impl SharedWrite for PhoneRegistration {
    type Outcome = Outcome;

    /// Of one user identity a phone at a time, so that each finds the one before it.
    fn exclusive_key(&self) -> Option<Uuid> {
        Some(self.new.user_identity_id.0)
    }

    async fn write(
        workspace: Workspace,
        requests: Vec<PhoneRegistration>,
        waits: bool,
    ) -> Result<Vec<Option<Outcome>>> {
        let store = workspace.store.clone();
        // Citus refuses generic plans, and plans once what it runs on the shard.
        let begin = if store.is_distributed { "begin" } else { BEGIN };
        let unit = store.emitter().transact_with(begin, move |connection| {
            Box::pin(async move {
                let persons: Vec<_> = requests.iter().map(|request| request.new.user_identity_id).collect();
                let locked = workspace.lock_active_user_identities(connection, &persons, waits).await?;
                let is_locked = |request: &PhoneRegistration| locked.contains(&request.new.user_identity_id);
                let ready: Vec<_> = requests.iter().filter(|request| is_locked(request)).cloned().collect();
                let outcomes = match ready.is_empty() {
                    true => Vec::new(),
                    false => workspace.register_under_lock(connection, &ready).await?,
                };
                Ok(passing_over(&requests, is_locked, outcomes))
            })
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
        match self.write(PhoneRegistration { new, context, at: now }).await? {
            Outcome::Registered(device_id) => Ok(device_id),
            Outcome::Barred => Err(Error::Conflict(Reason::PhoneDeactivated)),
            Outcome::Full => Err(Error::Conflict(Reason::TooManyPhones(MAX_PHONES))),
            Outcome::SignedIn => Err(Error::Forbidden(Denial::SignedInByPassword)),
            Outcome::SessionEnded => Err(rejected(Scheme::ClientSession, AuthFailure::Unknown)),
        }
    }

    /// What one statement does with the requests, in their order: at most one of each user identity. Locks the known phone,
    /// then the client session, then the clock, in the order of a deactivation. The foreign key alone would lock the
    /// session after the clock.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn register_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        requests: &[PhoneRegistration],
    ) -> Result<Vec<Option<Outcome>>> {
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
            ), accepted as materialized (
                select place, session_id
                from (
                    select place from spoken_for
                    union all
                    select place from refusal where not is_barred and not is_full
                ) as accepted
                join requested using (place)
            ), held as materialized (
                select client_session_id from client_session
                where workspace_id = $1 and client_session_id = any (array(select session_id from accepted))
                for key share
            ), session as materialized (
                select place, client_session_id from accepted join held on client_session_id = session_id
            ), registered as (
                insert into phone as phone (workspace_id, created_at, user_identity_id, device_id, custom_sdk_installation_id,
                    operating_system, os_version, device_manufacturer, device_model, assa_abloy_metadata)
                select $1, at, person, new_device_id, installation_id, new_operating_system, new_os_version,
                    new_device_manufacturer, new_device_model, new_assa_abloy_metadata
                from requested join refusal using (place)
                where not is_barred and not is_full
                    and (session_id is null or exists (select from session where session.place = requested.place))
                returning device_id, as_document(phone) as after
            ), new_phones as materialized (
                select place, device_id, person, at, context, after
                from registered join requested on new_device_id = device_id
            ), recorded as (
                insert into phone_client_session (workspace_id, device_id, client_session_id)
                select $1, device_id, client_session_id
                from (select place, device_id from new_phones union all select place, device_id from spoken_for) as phone
                join session using (place)
            ), children as (
                insert into credential as credential (workspace_id, acs_credential_id, parent_acs_credential_id, user_identity_id,
                    device_id, acs_system_id, access_method, is_multi_phone_sync_credential, allowed_acs_entrance_ids,
                    starts_at, ends_at, issued_at, created_at)
                select $1, name_uuid(parent.acs_credential_id, new_phones.device_id::text), parent.acs_credential_id,
                    person, new_phones.device_id, parent.acs_system_id, parent.access_method, false,
                    parent.allowed_acs_entrance_ids, parent.starts_at, parent.ends_at, at, at
                from new_phones join credential as parent on user_identity_id = person
                where parent.workspace_id = $1 and parent.is_multi_phone_sync_credential
                returning device_id, acs_credential_id, acs_system_id, as_document(credential) as after
            ), taken_up as (
                update credential set device_id = new_phones.device_id, issued_at = at
                from new_phones
                where workspace_id = $1 and user_identity_id = person and credential.device_id is null
                    and access_method = 'mobile_key' and not is_multi_phone_sync_credential
                returning credential.device_id, acs_credential_id, acs_system_id, as_document(credential) as after
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
                select name_uuid(acs_credential_id, $16::text || device_id::text), $16, person,
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
            &column(requests, |request| request.context.clone()),
            &column(requests, |request| request.new.user_identity_id.0),
            &column(requests, |request| request.new.device_id.0),
            &column(requests, |request| request.new.custom_sdk_installation_id.as_deref()) as _,
            &column(requests, |request| request.new.operating_system.into_str()) as _,
            &column(requests, |request| request.new.os_version.as_str()) as _,
            &column(requests, |request| request.new.device_manufacturer.as_str()) as _,
            &column(requests, |request| request.new.device_model.as_str()) as _,
            &column(requests, |request| request.new.assa_abloy_metadata.as_ref().map(|metadata| json!(metadata))) as _,
            &column(requests, |request| request.new.client_session_id.map(|id| id.0)) as _,
            &column(requests, |request| request.at),
            MAX_PHONES,
            EventType::PhoneRegistered.into_str(),
            EventType::AcsCredentialIssued.into_str(),
        )
        .fetch_all(connection)
        .await?;
        Ok(in_order(requests.len(), || None, rows.into_iter().map(|row| (row.place, row.outcome()))))
    }
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
    /// None if the known phone was deactivated between the snapshot and its lock.
    fn outcome(&self) -> Option<Outcome> {
        match self {
            Row { is_ended: true, .. } => Some(Outcome::SessionEnded),
            Row { is_signed_in: true, .. } => Some(Outcome::SignedIn),
            Row { device_id: Some(device_id), .. } => Some(Outcome::Registered(*device_id)),
            Row { is_barred: true, .. } => Some(Outcome::Barred),
            Row { is_full: true, .. } => Some(Outcome::Full),
            _ => None,
        }
    }
}
