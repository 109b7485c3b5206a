//! Life cycle of numbers: reserved or imported, assigned, released. The model decides on transitions, under the
//! number's lock; a user identity is locked before a number, as everywhere. The statement that writes a transition
//! claims a new number and frees a finished one, so two workspaces cannot have it at once.

use crate::domain::event::EventType;
use crate::domain::id::{EventId, PhoneNumberId, UserIdentityId};
use crate::domain::number::{NewPhoneNumber, PhoneNumber, PhoneNumberChange, Provider, Release, Status};
use crate::domain::token::Token;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::writer::Writer;
use chrono::{DateTime, Utc};
use serde_json::json;

/// A transition of a number.
struct Transition {
    /// Action in the audit trail.
    action: &'static str,
    /// The number after it.
    number: PhoneNumber,
    /// Its event. Without an id it happens once to a number, from which the id is derived.
    event: Option<(EventType, Option<EventId>)>,
}

impl Workspace {
    /// Reserves a number until `until`. One that is in use is a conflict.
    pub async fn reserve_number(
        &self,
        new: &NewPhoneNumber,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let number =
            PhoneNumber { reserved_until: Some(until), ..begun(new, Provider::Netelip, Status::Reserved, now) };
        let transition = Transition { action: "number.reserved", number, event: None };
        self.write_number(self.store.writer(), transition, None, now).await?;
        self.number(new.register_id).await
    }

    /// Imports a number of the workspace's own, assigned at once. Its SIP configuration is sealed.
    pub async fn import_number(
        &self,
        new: &NewPhoneNumber,
        sip_config: Option<Token>,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let sealed = sip_config.map(|config| self.store.seal.close(&config, new.register_id.0));
        let number = PhoneNumber { assigned_at: Some(now), ..begun(new, Provider::Custom, Status::Assigned, now) };
        let event = Some((EventType::PhoneNumberAssigned, None));
        let transition = Transition { action: "number.imported", number, event };
        self.write_number(self.store.emitter(), transition, sealed, now).await?;
        self.number(new.register_id).await
    }

    /// Updates a number's nickname or agents. Only assigned numbers have agents.
    pub async fn update_number(
        &self,
        id: PhoneNumberId,
        change: PhoneNumberChange,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let updated = self.transition(self.store.writer(), id, None, now, move |number| {
            if change.assigns_agent() {
                number.check_can_have_agent()?;
            }
            let number = PhoneNumber {
                nickname: change.nickname.unwrap_or(number.nickname),
                inbound_agent_id: change.inbound_agent_id.unwrap_or(number.inbound_agent_id),
                outbound_agent_id: change.outbound_agent_id.unwrap_or(number.outbound_agent_id),
                ..number
            };
            Ok(Some(Transition { action: "number.updated", number, event: None }))
        });
        updated.await?;
        self.number(id).await
    }

    /// Assigns a number to a user identity, or to none. One that is assigned already moves to another user identity, or
    /// loses the one it has. An unknown user identity is `NotFound`.
    pub async fn assign_number(
        &self,
        id: PhoneNumberId,
        person: Option<UserIdentityId>,
        event_id: EventId,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        self.number(id).await?;
        let assigned = self.transition(self.store.emitter(), id, person, now, move |number| {
            number.assign(now)?;
            if number.status == Status::Assigned && number.user_identity_id == person {
                return Ok(None);
            }
            let assigned_at = number.assigned_at.or(Some(now));
            let (status, reserved_until, user_identity_id) = (Status::Assigned, None, person);
            let number = PhoneNumber { status, assigned_at, reserved_until, user_identity_id, ..number };
            let event = Some((EventType::PhoneNumberAssigned, Some(event_id)));
            Ok(Some(Transition { action: "number.assigned", number, event }))
        });
        assigned.await?;
        self.number(id).await
    }

    /// Releases a number: a bought one at the end of the paid month, an imported one at once. Idempotent.
    pub async fn release_number(&self, id: PhoneNumberId, event_id: EventId, now: DateTime<Utc>) -> Result<()> {
        let released = self.transition(self.store.emitter(), id, None, now, move |number| {
            let (action, number, event) = match number.release(now)? {
                Release::Ordered => return Ok(None),
                Release::At(end) => {
                    let event = (EventType::PhoneNumberReleaseScheduled, Some(event_id));
                    ("number.release_scheduled", PhoneNumber { scheduled_release_at: Some(end), ..number }, event)
                }
                Release::Now => {
                    let number = PhoneNumber {
                        status: Status::Finished,
                        released_at: Some(now),
                        scheduled_release_at: None,
                        inbound_agent_id: None,
                        outbound_agent_id: None,
                        user_identity_id: None,
                        ..number
                    };
                    ("number.finished", number, (EventType::PhoneNumberFinished, None))
                }
            };
            Ok(Some(Transition { action, number, event: Some(event) }))
        });
        released.await
    }

    /// Cancels a scheduled release.
    pub async fn cancel_release(&self, id: PhoneNumberId, now: DateTime<Utc>) -> Result<PhoneNumber> {
        let cancelled = self.transition(self.store.writer(), id, None, now, move |number| {
            number.cancel_release(now)?;
            let number = PhoneNumber { scheduled_release_at: None, ..number };
            Ok(Some(Transition { action: "number.release_cancelled", number, event: None }))
        });
        cancelled.await?;
        self.number(id).await
    }

    /// Makes the transition that `decide` returns for the number, under its lock and that of the user identity.
    async fn transition(
        &self,
        writer: Writer<'_>,
        id: PhoneNumberId,
        person: Option<UserIdentityId>,
        now: DateTime<Utc>,
        decide: impl FnOnce(PhoneNumber) -> Result<Option<Transition>, Reason> + Send + 'static,
    ) -> Result<()> {
        let workspace = self.clone();
        let written = writer.transact(move |connection| {
            Box::pin(async move {
                if let Some(person) = person {
                    workspace.lock_user_identity(connection, person).await?;
                }
                let number = workspace.lock_number(connection, id).await?;
                match decide(number).map_err(Error::Conflict)? {
                    Some(transition) => workspace.write_number(connection, transition, None, now).await,
                    None => Ok(()),
                }
            })
        });
        written.await
    }

    /// Writes a number, new or under its lock. None leaves the SIP configuration unless the number is finished.
    #[expect(clippy::too_many_lines, reason = "one statement with its event and its row of the audit trail")]
    async fn write_number(
        &self,
        connection: impl sqlx::PgExecutor<'_>,
        Transition { action, number, event }: Transition,
        sip_config_sealed: Option<Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let is_scheduled = event.is_some_and(|(event_type, _)| event_type == EventType::PhoneNumberReleaseScheduled);
        audited!(
            emit_events,
            query_scalar,
            r#"
            with held as materialized (
                select user_identity_id, to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and register_id = $4
            ), written as (
                insert into number_register (workspace_id, register_id, number, telephony_provider, created_at, nickname,
                    status, reserved_until, assigned_at, scheduled_release_at, released_at, inbound_agent_id,
                    outbound_agent_id, user_identity_id, sip_config_sealed)
                values ($1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                on conflict (workspace_id, register_id) do update
                set nickname = $8, status = $9, reserved_until = $10, assigned_at = $11, scheduled_release_at = $12,
                    released_at = $13, inbound_agent_id = $14, outbound_agent_id = $15, user_identity_id = $16,
                    sip_config_sealed = case when $9 <> 'finished' then number_register.sip_config_sealed end
                returning workspace_id, register_id, number, status, user_identity_id, to_jsonb(number_register) as after
            ), claimed as (
                insert into claimed_number (workspace_id, register_id, number)
                select workspace_id, register_id, number from written where not exists (select from held)
            ), freed as (
                delete from claimed_number where workspace_id = $1 and register_id = $4 and $9 = 'finished'
            ), in_slot as (
                -- The work slot shows an assigned number, and hides its own.
                insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, written.user_identity_id, 'work', '', false, 3
                from written left join held using (user_identity_id)
                where written.user_identity_id is not null and before is null
                on conflict (workspace_id, user_identity_id, slot_type) do update set version = slot.version + 2
            ), changes as (
                select $18::text as action, register_id as subject_id, before, after from written left join held on true
            ), new_events as (
                select coalesce($20::uuid, name_uuid(register_id, $19::text)) as event_id, $19::text as event_type,
                    case status when 'finished' then held.user_identity_id else written.user_identity_id end
                        as user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number) || coalesce($21::jsonb, '{}')
                        as details
                from written left join held on true
                where $19::text is not null
            )
            "#,
            "select register_id from written",
            self.workspace_id(),
            now,
            self.context(event.map(|(event_type, _)| event_type).as_slice()),
            number.register_id.0,
            number.number,
            number.telephony_provider.into_str(),
            number.created_at,
            number.nickname,
            number.status.into_str(),
            number.reserved_until,
            number.assigned_at,
            number.scheduled_release_at,
            number.released_at,
            number.inbound_agent_id,
            number.outbound_agent_id,
            number.user_identity_id.map(|person| person.0),
            sip_config_sealed,
            action,
            event.map(|(event_type, _)| event_type.into_str()),
            event.and_then(|(_, id)| id).map(|id| id.0),
            is_scheduled.then(|| json!({ "scheduled_release_at": number.scheduled_release_at })),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}

/// A number at the beginning of its life cycle.
fn begun(new: &NewPhoneNumber, telephony_provider: Provider, status: Status, now: DateTime<Utc>) -> PhoneNumber {
    PhoneNumber {
        register_id: new.register_id,
        number: new.number.as_str().to_owned(),
        nickname: new.nickname.clone(),
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
