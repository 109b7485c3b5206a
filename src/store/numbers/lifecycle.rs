//! Life cycle of numbers: assigned, released. The model decides on transitions, under the number's lock; a user identity
//! is locked before a number, as everywhere. The statement that writes transitions frees the numbers that are finished.
//! Concurrent transitions in a workspace share a unit of work.

use super::claims::free_numbers;
use crate::domain::event::EventType;
use crate::domain::id::{EventId, PhoneNumberId, UserIdentityId};
use crate::domain::number::{PhoneNumber, PhoneNumberChange, Release, Status};
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column};
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// A change of a number, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct NumberChange {
    id: PhoneNumberId,
    order: Order,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
enum Order {
    Update(PhoneNumberChange),
    Assign(Option<UserIdentityId>, EventId),
    Release(EventId),
    CancelRelease,
}

/// A transition of a number.
struct Transition<'r> {
    request: &'r NumberChange,
    /// Action in the audit trail.
    action: &'static str,
    /// The number after it.
    number: PhoneNumber,
    /// Its event. Without an id it happens once to a number, from which the id is derived.
    event: Option<(EventType, Option<EventId>)>,
}

impl SharedWrite for NumberChange {
    /// The number after it.
    type Outcome = Result<PhoneNumber, Reason>;

    fn exclusive_key(&self) -> Option<Uuid> {
        Some(self.id.0)
    }

    async fn write(
        workspace: Workspace,
        requests: Vec<NumberChange>,
        waits: bool,
    ) -> Result<Vec<Option<Result<PhoneNumber, Reason>>>> {
        if waits {
            // An unknown number is refused before an unknown user identity.
            for request in &requests {
                workspace.number(request.id).await?;
            }
        }
        let store = workspace.store.clone();
        let unit = store.emitter().transact(move |connection| {
            Box::pin(async move { workspace.change_numbers(connection, &requests, waits).await })
        });
        unit.await
    }
}

impl NumberChange {
    /// The user identity that gets the number.
    fn assignee(&self) -> Option<UserIdentityId> {
        match self.order {
            Order::Assign(person, _) => person,
            _ => None,
        }
    }

    /// The transition of the number; None if there is nothing to change.
    fn of(&self, number: PhoneNumber) -> Result<Option<Transition<'_>>, Reason> {
        let now = self.at;
        let (action, number, event) = match &self.order {
            Order::Update(change) => {
                if change.assigns_agent() {
                    number.check_can_have_agent()?;
                }
                let number = PhoneNumber {
                    nickname: change.nickname.clone().unwrap_or(number.nickname),
                    inbound_agent_id: change.inbound_agent_id.unwrap_or(number.inbound_agent_id),
                    outbound_agent_id: change.outbound_agent_id.unwrap_or(number.outbound_agent_id),
                    ..number
                };
                ("number.updated", number, None)
            }
            Order::Assign(person, event_id) => {
                number.assign(now)?;
                if number.status == Status::Assigned && number.user_identity_id == *person {
                    return Ok(None);
                }
                let assigned_at = number.assigned_at.or(Some(now));
                let (status, reserved_until, user_identity_id) = (Status::Assigned, None, *person);
                let number = PhoneNumber { status, assigned_at, reserved_until, user_identity_id, ..number };
                ("number.assigned", number, Some((EventType::PhoneNumberAssigned, Some(*event_id))))
            }
            Order::Release(event_id) => match number.release(now)? {
                Release::Ordered => return Ok(None),
                Release::At(end) => {
                    let event = (EventType::PhoneNumberReleaseScheduled, Some(*event_id));
                    let number = PhoneNumber { scheduled_release_at: Some(end), ..number };
                    ("number.release_scheduled", number, Some(event))
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
                    ("number.finished", number, Some((EventType::PhoneNumberFinished, None)))
                }
            },
            Order::CancelRelease => {
                number.cancel_release(now)?;
                ("number.release_cancelled", PhoneNumber { scheduled_release_at: None, ..number }, None)
            }
        };
        Ok(Some(Transition { request: self, action, number, event }))
    }
}

impl Transition<'_> {
    /// Further details of the event.
    fn details(&self) -> Option<Value> {
        let (event_type, _) = self.event?;
        (event_type == EventType::PhoneNumberReleaseScheduled)
            .then(|| json!({ "scheduled_release_at": self.number.scheduled_release_at }))
    }
}

struct Row {
    /// Index of the transition, from one.
    #[expect(dead_code, reason = "all locked numbers are written")]
    place: i64,
}

/// Writes transitions; the literal frees numbers in the same statement.
macro_rules! write_transitions {
    ($workspace:expr, $transitions:expr, $free:tt) => {
        audited!(
            each,
            emit_events,
            query_as,
            Row,
            r#"
            with requested as materialized (
                select * from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],
                    $10::timestamptz[], $11::timestamptz[], $12::uuid[], $13::uuid[], $14::uuid[], $15::text[], $16::uuid[],
                    $17::jsonb[], $18::timestamptz[], $3::jsonb[]) with ordinality as requested (id, action, new_nickname,
                    new_status, new_reserved_until, new_assigned_at, new_scheduled_release_at, new_released_at,
                    new_inbound_agent_id, new_outbound_agent_id, person, event_type, event_id, more_details, at, context,
                    place)
            ), held as materialized (
                select register_id, user_identity_id as holder, redacted(to_jsonb(number_register)) as before
                from number_register
                where workspace_id = $1 and register_id in (select id from requested)
            ), written as (
                update number_register
                set nickname = new_nickname, status = new_status, reserved_until = new_reserved_until,
                    assigned_at = new_assigned_at, scheduled_release_at = new_scheduled_release_at,
                    released_at = new_released_at, inbound_agent_id = new_inbound_agent_id,
                    outbound_agent_id = new_outbound_agent_id, user_identity_id = person,
                    sip_config_sealed = case when new_status <> 'finished' then sip_config_sealed end
                from requested
                where workspace_id = $1 and register_id = id
                returning register_id, number, redacted(as_document(number_register)) as after
            ), changed_numbers as materialized (
                select *, new_status = 'finished' as is_finished
                from written join held using (register_id) join requested on register_id = id
            "# + $free + r#"
            ), in_slot as (
                -- The work slot shows an assigned number, and hides its own.
                insert into slot as slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, person, 'work', '', false, 3
                from changed_numbers
                where person is not null and person is distinct from holder
                on conflict (workspace_id, user_identity_id, slot_type) do update set version = slot.version + 2
            ), changes as (
                select action, id as subject_id, changed(before, after) as before, changed(after, before) as after, at,
                    context
                from changed_numbers
                where before is distinct from after
            ), new_events as (
                select coalesce(event_id, name_uuid(id, event_type)) as event_id, event_type,
                    case when is_finished then holder else person end as user_identity_id,
                    jsonb_build_object('register_id', id, 'number', number) || coalesce(more_details, '{}') as details, at,
                    context
                from changed_numbers
                where event_type is not null
            )
            "#,
            r#"select place as "place!" from changed_numbers"#,
            $workspace.workspace_id(),
            $transitions.iter().map(|transition| transition.request.at).max(),
            &column($transitions, |transition| transition.request.context.clone()),
            &column($transitions, |transition| transition.number.register_id.0),
            &column($transitions, |transition| transition.action) as _,
            &column($transitions, |transition| transition.number.nickname.as_deref()) as _,
            &column($transitions, |transition| transition.number.status.into_str()) as _,
            &column($transitions, |transition| transition.number.reserved_until) as _,
            &column($transitions, |transition| transition.number.assigned_at) as _,
            &column($transitions, |transition| transition.number.scheduled_release_at) as _,
            &column($transitions, |transition| transition.number.released_at) as _,
            &column($transitions, |transition| transition.number.inbound_agent_id) as _,
            &column($transitions, |transition| transition.number.outbound_agent_id) as _,
            &column($transitions, |transition| transition.number.user_identity_id.map(|person| person.0)) as _,
            &column($transitions, |transition| transition.event.map(|(event_type, _)| event_type.into_str())) as _,
            &column($transitions, |transition| transition.event.and_then(|(_, id)| id).map(|id| id.0)) as _,
            &column($transitions, Transition::details) as _,
            &column($transitions, |transition| transition.request.at),
        )
    };
}

impl Workspace {
    /// Updates a number's nickname or agents. Only assigned numbers have agents.
    pub async fn update_number(
        &self,
        id: PhoneNumberId,
        change: PhoneNumberChange,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        self.change_number(id, Order::Update(change), now).await
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
        self.change_number(id, Order::Assign(person, event_id), now).await
    }

    /// Releases a number: a bought one at the end of the paid month, an imported one at once. Idempotent.
    pub async fn release_number(&self, id: PhoneNumberId, event_id: EventId, now: DateTime<Utc>) -> Result<()> {
        self.change_number(id, Order::Release(event_id), now).await.map(|_| ())
    }

    /// Cancels a scheduled release.
    pub async fn cancel_release(&self, id: PhoneNumberId, now: DateTime<Utc>) -> Result<PhoneNumber> {
        self.change_number(id, Order::CancelRelease, now).await
    }

    async fn change_number(&self, id: PhoneNumberId, order: Order, now: DateTime<Utc>) -> Result<PhoneNumber> {
        let context = self.context(&[
            EventType::PhoneNumberAssigned,
            EventType::PhoneNumberReleaseScheduled,
            EventType::PhoneNumberFinished,
        ]);
        self.write(NumberChange { id, order, context, at: now }).await?.map_err(Error::Conflict)
    }

    /// Makes the transitions under the locks of the numbers and of the user identities that get them.
    async fn change_numbers(
        &self,
        connection: &mut UnitConnection<'_>,
        requests: &[NumberChange],
        waits: bool,
    ) -> Result<Vec<Option<Result<PhoneNumber, Reason>>>> {
        let persons: Vec<_> = requests.iter().filter_map(NumberChange::assignee).collect();
        let persons = self.lock_active_user_identities(connection, &persons, waits).await?;
        let is_ready = |request: &&NumberChange| request.assignee().is_none_or(|person| persons.contains(&person));
        let ids: Vec<_> = requests.iter().filter(is_ready).map(|request| request.id).collect();
        let numbers = self.lock_numbers(connection, &ids, waits).await?;
        let (mut outcomes, mut transitions) = (Vec::with_capacity(requests.len()), Vec::new());
        for request in requests {
            let Some(number) = numbers.iter().find(|number| number.register_id == request.id) else {
                outcomes.push(None);
                continue;
            };
            let transition = request.of(number.clone());
            outcomes.push(Some(transition.map(|transition| {
                let after = transition.as_ref().map_or(number, |transition| &transition.number).clone();
                transitions.extend(transition);
                after
            })));
        }
        if !transitions.is_empty() {
            self.write_transitions(connection, &transitions).await?;
        }
        Ok(outcomes)
    }

    /// Writes numbers under their locks.
    async fn write_transitions(
        &self,
        connection: &mut UnitConnection<'_>,
        transitions: &[Transition<'_>],
    ) -> Result<()> {
        if self.store.is_distributed {
            let finished = transitions.iter().map(|transition| &transition.number);
            let finished = finished.filter(|number| number.status == Status::Finished);
            let finished = finished.map(|number| (number.number.clone(), number.register_id)).collect();
            free_numbers(&mut *connection, self.id(), finished).await?;
            write_transitions!(self, transitions, "").fetch_all(connection).await?;
            return Ok(());
        }
        let write = write_transitions!(
            self,
            transitions,
            r#"
            ), freed as (
                delete from claimed_number using changed_numbers
                where claimed_number.workspace_id = $1 and claimed_number.register_id = id and is_finished
            "#
        );
        write.fetch_all(connection).await?;
        Ok(())
    }
}
