//! Creation of credentials. Concurrent ones in a workspace share a unit of work.

use crate::domain::credential::*;
use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, array, column, in_order, passing_over};
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A credential to create, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct CredentialCreation {
    new: NewCredential,
    code_sealed: Option<Vec<u8>>,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
}

impl CredentialCreation {
    fn is_issued_at_once(&self) -> bool {
        self.new.is_multi_phone_sync_credential || self.new.access_method.is_issued_at_once()
    }
}

/// A credential that was created.
struct Row {
    /// Index of the request, from one.
    place: i64,
    device_id: Option<DeviceId>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    issued_at: Option<DateTime<Utc>>,
}

impl SharedWrite for CredentialCreation {
    type Outcome = Credential;

    /// Of one user identity a credential at a time, since each is counted on its phones.
    fn exclusive_key(&self) -> Option<Uuid> {
        self.new.user_identity_id.map(|person| person.0)
    }

    /// Under the user identities' locks, so that a phone registered concurrently gets its child once.
    async fn write(
        workspace: Workspace,
        requests: Vec<CredentialCreation>,
        waits: bool,
    ) -> Result<Vec<Option<Credential>>> {
        let store = workspace.store.clone();
        let unit = store.emitter().transact(move |connection| {
            Box::pin(async move {
                let persons: Vec<_> = requests.iter().filter_map(|request| request.new.user_identity_id).collect();
                let locked = workspace.lock_active_user_identities(connection, &persons, waits).await?;
                let is_locked =
                    |request: &CredentialCreation| request.new.user_identity_id.is_none_or(|id| locked.contains(&id));
                let ready: Vec<_> = requests.iter().filter(|request| is_locked(request)).cloned().collect();
                let created = match ready.is_empty() {
                    true => Vec::new(),
                    false => workspace.insert_credentials(connection, &ready, waits).await?,
                };
                Ok(passing_over(&requests, is_locked, created))
            })
        });
        unit.await
    }
}

impl Workspace {
    /// Creates a credential. A multi-phone sync credential gets a child on each active phone of its user identity; any
    /// other mobile key goes to the newest phone, or waits for one. An unknown user identity is `NotFound`.
    pub async fn create_credential(&self, new: NewCredential, now: DateTime<Utc>) -> Result<Credential> {
        let context = self.context(&[EventType::AcsCredentialIssued]);
        let code_sealed = new.code.as_ref().map(|code| self.store.seal.close(code, new.acs_credential_id.0));
        self.write(CredentialCreation { new, code_sealed, context, at: now }).await
    }

    /// Inserts the credentials, at most one of each user identity. One of a phone that another transaction has locked is
    /// passed over, unless this `waits`.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn insert_credentials(
        &self,
        connection: &mut UnitConnection<'_>,
        requests: &[CredentialCreation],
        waits: bool,
    ) -> Result<Vec<Option<Credential>>> {
        let rows = audited!(
            each,
            emit_events,
            query_as,
            Row,
            r#"
            with requested as materialized (
                select * from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::boolean[], $8::boolean[], $9::uuid[],
                    $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::boolean[], $15::timestamptz[],
                    $18::bytea[], $3::jsonb[]) with ordinality as requested (id, person, acs_user, is_mobile_key, is_multi,
                    system, method, entrance_ids, new_starts_at, new_ends_at, is_issued_at_once, at, new_code_sealed, context,
                    place)
            ), chosen as materialized (
                select place, device_id from requested cross join lateral (
                    select device_id from phone
                    where is_mobile_key and workspace_id = $1 and user_identity_id = person and deactivated_at is null
                    order by phone.created_at desc, device_id desc
                    limit case when is_multi then null else 1 end
                ) as phone
            ), free as materialized (
                select device_id from phone
                where workspace_id = $1 and device_id = any (array(select device_id from chosen)) and not $16
                for no key update skip locked
            ), ready as materialized (
                select * from requested
                where $16 or place not in (
                        select place from chosen where device_id not in (select device_id from free)
                    )
            ), holding as (
                update phone set credentials_version = credentials_version + 1
                from chosen join ready using (place)
                where phone.workspace_id = $1 and phone.device_id = chosen.device_id and deactivated_at is null
                returning place, phone.device_id
            ), created as (
                insert into credential as credential (workspace_id, created_at, acs_credential_id, user_identity_id, acs_user_id,
                    device_id, is_multi_phone_sync_credential, acs_system_id, access_method, allowed_acs_entrance_ids,
                    starts_at, ends_at, code_sealed, issued_at)
                select $1, at, id, person, acs_user, (
                        select device_id from holding where holding.place = ready.place and not is_multi
                    ), is_multi, system, method, entrance_ids::uuid[], new_starts_at, new_ends_at,
                    new_code_sealed, case when is_issued_at_once or place in (select place from holding) then at end
                from ready
                returning acs_credential_id, acs_system_id, device_id, starts_at, ends_at, issued_at,
                    redacted(as_document(credential)) as after
            ), children as (
                insert into credential as credential (workspace_id, created_at, acs_credential_id, parent_acs_credential_id,
                    user_identity_id, device_id, is_multi_phone_sync_credential, acs_system_id, access_method,
                    allowed_acs_entrance_ids, starts_at, ends_at, issued_at)
                select $1, at, name_uuid(id, device_id::text), id, person, device_id, false, system, method,
                    entrance_ids::uuid[], new_starts_at, new_ends_at, at
                from holding join ready using (place)
                where is_multi
                returning parent_acs_credential_id, acs_credential_id, acs_system_id, issued_at,
                    redacted(as_document(credential)) as after
            ), made as materialized (
                select acs_credential_id, acs_system_id, issued_at, after, person, at, context
                from (
                    select acs_credential_id as id, acs_credential_id, acs_system_id, issued_at, after, 0 as rank
                    from created
                    union all
                    select parent_acs_credential_id, acs_credential_id, acs_system_id, issued_at, after, 1 from children
                ) as credential join ready using (id)
                order by place, rank
            ), changes as (
                select 'credential.created' as action, acs_credential_id as subject_id, null::jsonb as before, after, at,
                    context
                from made
            ), new_events as (
                select name_uuid(acs_credential_id, $17::text) as event_id, $17::text as event_type,
                    person as user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details,
                    at, context
                from made
                where issued_at is not null
            )
            "#,
            r#"
            select place as "place!", device_id as "device_id: DeviceId", starts_at, ends_at, issued_at
            from created join ready on id = acs_credential_id
            "#,
            self.workspace_id(),
            requests.iter().map(|request| request.at).max(),
            &column(requests, |request| request.context.clone()),
            &column(requests, |request| request.new.acs_credential_id.0),
            &column(requests, |request| request.new.user_identity_id.map(|id| id.0)) as _,
            &column(requests, |request| request.new.acs_user_id) as _,
            &column(requests, |request| request.new.access_method == AccessMethod::MobileKey),
            &column(requests, |request| request.new.is_multi_phone_sync_credential),
            &column(requests, |request| request.new.acs_system_id),
            &column(requests, |request| request.new.access_method.into_str()) as _,
            &column(requests, |request| array(&request.new.allowed_acs_entrance_ids)),
            &column(requests, |request| request.new.starts_at) as _,
            &column(requests, |request| request.new.ends_at) as _,
            &column(requests, CredentialCreation::is_issued_at_once),
            &column(requests, |request| request.at),
            waits,
            EventType::AcsCredentialIssued.into_str(),
            &column(requests, |request| request.code_sealed.as_deref()) as _,
        )
        .fetch_all(connection)
        .await?;
        let created = rows.into_iter().filter_map(|row| {
            let request = requests.get(usize::try_from(row.place - 1).ok()?)?;
            Some((row.place, Some(self.created(request, row))))
        });
        Ok(in_order(requests.len(), || None, created))
    }

    fn created(&self, CredentialCreation { new, at, .. }: &CredentialCreation, row: Row) -> Credential {
        Credential {
            workspace_id: self.id(),
            acs_credential_id: new.acs_credential_id,
            parent_acs_credential_id: None,
            user_identity_id: new.user_identity_id,
            acs_user_id: new.acs_user_id,
            device_id: row.device_id,
            acs_system_id: new.acs_system_id,
            access_method: new.access_method,
            is_multi_phone_sync_credential: new.is_multi_phone_sync_credential,
            allowed_acs_entrance_ids: new.allowed_acs_entrance_ids.clone(),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            code: new.code.clone(),
            issued_at: row.issued_at,
            created_at: *at,
        }
    }
}
