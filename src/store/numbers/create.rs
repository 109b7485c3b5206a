//! New numbers: reserved or imported. The statement claims each number, so two workspaces cannot have it at once. Concurrent
//! ones in a workspace share a statement.

use crate::domain::event::EventType;
use crate::domain::number::{NewPhoneNumber, PhoneNumber, Provider, Status};
use crate::domain::token::Token;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column, in_order};
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A number to add, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct NewNumber {
    number: PhoneNumber,
    sip_config_sealed: Option<Vec<u8>>,
    /// Author of the change.
    context: Value,
}

impl SharedWrite for NewNumber {
    /// False if the number is in use.
    type Outcome = bool;

    async fn write(workspace: Workspace, requests: Vec<NewNumber>, _: bool) -> Result<Vec<Option<bool>>> {
        if !workspace.store.is_distributed {
            return workspace.insert_phone_numbers(&requests).await;
        }
        let store = workspace.store.clone();
        let unit = store.emitter().transact(move |connection| {
            Box::pin(async move { workspace.claim_and_insert_phone_numbers(connection, &requests).await })
        });
        unit.await
    }
}

struct Row {
    /// Index of the request, from one.
    place: i64,
}

/// Inserts numbers; the literals claim them in the same statement.
macro_rules! insert_numbers {
    ($workspace:expr, $requests:expr, $claim:tt, $claimed:tt) => {
        audited!(
            each,
            emit_events,
            query_as,
            Row,
            r#"
            with requested as materialized (
                select * from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
                    $10::timestamptz[], $11::bytea[], $12::timestamptz[], $3::jsonb[]) with ordinality as requested
                    (register_id, number, nickname, telephony_provider, status, reserved_until, assigned_at,
                    sip_config_sealed, at, context, place)
            "# + $claim + r#"
            ), written as (
                insert into number_register as number_register (workspace_id, register_id, number, telephony_provider, created_at, nickname,
                    status, reserved_until, assigned_at, sip_config_sealed)
                select $1, register_id, number, telephony_provider, at, nickname, status, reserved_until, assigned_at,
                    sip_config_sealed
                from requested "# + $claimed + r#"
                returning register_id, redacted(as_document(number_register)) as after
            ), added as materialized (
                select place, register_id, number, status, after, at, context
                from requested join written using (register_id)
            ), changes as (
                select case status when 'assigned' then 'number.imported' else 'number.reserved' end as action,
                    register_id as subject_id, null::jsonb as before, after, at, context
                from added
            ), new_events as (
                select name_uuid(register_id, $13::text) as event_id, $13::text as event_type,
                    null::uuid as user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number) as details, at, context
                from added
                where status = 'assigned'
            )
            "#,
            r#"select place as "place!" from added"#,
            $workspace.workspace_id(),
            $requests.iter().map(|request| request.number.created_at).max(),
            &column($requests, |request| request.context.clone()),
            &column($requests, |request| request.number.register_id.0),
            &column($requests, |request| request.number.number.as_str()) as _,
            &column($requests, |request| request.number.nickname.as_deref()) as _,
            &column($requests, |request| request.number.telephony_provider.into_str()) as _,
            &column($requests, |request| request.number.status.into_str()) as _,
            &column($requests, |request| request.number.reserved_until) as _,
            &column($requests, |request| request.number.assigned_at) as _,
            &column($requests, |request| request.sip_config_sealed.as_deref()) as _,
            &column($requests, |request| request.number.created_at),
            EventType::PhoneNumberAssigned.into_str(),
        )
    };
}

impl Workspace {
    /// Reserves a number until `until`. One that is in use is a conflict.
    pub async fn reserve_number(
        &self,
        new: NewPhoneNumber,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let begun = begun(new, Provider::Netelip, Status::Reserved, now);
        self.add_number(PhoneNumber { reserved_until: Some(until), ..begun }, None).await
    }

    /// Imports a number of the workspace's own, assigned at once. Its SIP configuration is sealed.
    pub async fn import_number(
        &self,
        new: NewPhoneNumber,
        sip_config: Option<Token>,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let sealed = sip_config.map(|config| self.store.seal.close(&config, new.register_id.0));
        let begun = begun(new, Provider::Custom, Status::Assigned, now);
        self.add_number(PhoneNumber { assigned_at: Some(now), ..begun }, sealed).await
    }

    async fn add_number(&self, number: PhoneNumber, sip_config_sealed: Option<Vec<u8>>) -> Result<PhoneNumber> {
        let context = self.context(&[EventType::PhoneNumberAssigned]);
        let is_added = self.write(NewNumber { number: number.clone(), sip_config_sealed, context }).await?;
        is_added.then_some(number).ok_or(Error::Conflict(Reason::NumberInUse))
    }

    /// Claims before it inserts, in the order of the numbers, so that statements of several workspaces cannot deadlock.
    async fn insert_phone_numbers(&self, requests: &[NewNumber]) -> Result<Vec<Option<bool>>> {
        let rows = insert_numbers!(
            self,
            requests,
            r#"
            ), claimed as (
                insert into claimed_number (workspace_id, register_id, number)
                select $1, register_id, number from requested order by number, place
                on conflict do nothing
                returning register_id
            "#,
            "join claimed using (register_id)"
        )
        .fetch_all(self.store.emitter())
        .await?;
        Ok(in_order(requests.len(), || Some(false), rows.into_iter().map(|row| (row.place, Some(true)))))
    }

    /// The same where the claims are on other nodes than the numbers.
    async fn claim_and_insert_phone_numbers(
        &self,
        connection: &mut UnitConnection<'_>,
        requests: &[NewNumber],
    ) -> Result<Vec<Option<bool>>> {
        let numbers = column(requests, |request| (request.number.number.clone(), request.number.register_id));
        let claimed = self.claim_numbers(connection, numbers).await?;
        let is_claimed = |request: &NewNumber| claimed.contains(&request.number.register_id);
        let accepted: Vec<NewNumber> = requests.iter().filter(|request| is_claimed(request)).cloned().collect();
        if !accepted.is_empty() {
            let accepted = accepted.as_slice();
            insert_numbers!(self, accepted, "", "").fetch_all(connection).await?;
        }
        Ok(column(requests, |request| Some(is_claimed(request))))
    }
}

/// A number at the beginning of its life cycle.
fn begun(new: NewPhoneNumber, telephony_provider: Provider, status: Status, now: DateTime<Utc>) -> PhoneNumber {
    PhoneNumber {
        register_id: new.register_id,
        number: new.number.as_str().to_owned(),
        nickname: new.nickname,
        telephony_provider,
        status,
        reserved_until: None,
        assigned_at: None,
        scheduled_release_at: None,
        released_at: None,
        inbound_agent_id: None,
        outbound_agent_id: None,
        user_identity_id: None,
        created_at: now,
    }
}
