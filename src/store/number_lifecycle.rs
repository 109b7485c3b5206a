//! Life cycle of numbers: reserved or imported, assigned, released. The model decides on transitions, under the
//! number's lock; a user identity is locked before a number, as everywhere. The statements that begin and end a life
//! cycle claim and free the number, so two workspaces cannot have it at once.

use super::Workspace;
use crate::error::{Error, Result};
use crate::model::id::{EventId, PhoneNumberId, UserIdentityId};
use crate::model::number::{NewPhoneNumber, PhoneNumber, Release};
use crate::model::token::Token;
use chrono::{DateTime, Utc};
use serde_json::json;

impl Workspace {
    /// Reserves a number until `until`. One that is in use is a conflict.
    pub async fn reserve_number(
        &self,
        new: &NewPhoneNumber,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        audited!(
            query_scalar,
            r#"
            with begun as (
                insert into number_register (workspace_id, register_id, number, nickname, telephony_provider, status,
                    reserved_until, created_at)
                values ($1, $3, $4, $5, 'netelip', 'reserved', $6, $2)
                returning workspace_id, register_id, number, to_jsonb(number_register) as after
            ), claimed as (
                insert into claimed_number (workspace_id, register_id, number)
                select workspace_id, register_id, number from begun
                returning register_id
            ), changes as (
                select $7::jsonb as actor, 'number.reserved' as action, register_id as subject_id,
                    null::jsonb as before, after
                from begun
            )
            "#,
            "select register_id from claimed",
            self.workspace_id(),
            now,
            new.register_id.0,
            new.number.as_str(),
            new.nickname,
            until,
            self.actor(),
        )
        .fetch_one(self.store.writer())
        .await?;
        self.register(new.register_id).await
    }

    /// Imports a number of the workspace's own, assigned at once. Its SIP configuration is sealed.
    pub async fn import_number(
        &self,
        new: &NewPhoneNumber,
        sip_config: Option<Token>,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let sealed = sip_config.map(|config| self.store.seal.close(&config, new.register_id.0));
        audited!(
            emit_events,
            query_scalar,
            r#"
            with begun as (
                insert into number_register (workspace_id, register_id, number, nickname, telephony_provider, status,
                    assigned_at, sip_config_sealed, created_at)
                values ($1, $3, $4, $5, 'custom', 'assigned', $2, $6, $2)
                returning workspace_id, register_id, number, to_jsonb(number_register) as after
            ), claimed as (
                insert into claimed_number (workspace_id, register_id, number)
                select workspace_id, register_id, number from begun
                returning register_id
            ), changes as (
                select $7::jsonb as actor, 'number.imported' as action, register_id as subject_id,
                    null::jsonb as before, after
                from begun
            ), new_events as (
                select name_uuid(register_id, 'phone_number.assigned') as event_id,
                    'phone_number.assigned' as event_type, true as is_opt_in, null::uuid as user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number) as details
                from begun
            )
            "#,
            "select register_id from claimed",
            self.workspace_id(),
            now,
            new.register_id.0,
            new.number.as_str(),
            new.nickname,
            sealed,
            self.actor(),
        )
        .fetch_one(self.store.emitter())
        .await?;
        self.register(new.register_id).await
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
        self.register(id).await?;
        let workspace = self.clone();
        let assigned = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                if let Some(person) = person {
                    workspace.lock_person(connection, person).await?;
                }
                let register = workspace.lock_register(connection, id).await?;
                register.assign(now).map_err(Error::Conflict)?;
                workspace.assign_under_lock(connection, id, person, event_id, now).await
            })
        });
        assigned.await?;
        self.register(id).await
    }

    async fn assign_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        id: PhoneNumberId,
        person: Option<UserIdentityId>,
        event_id: EventId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with held as (
                select to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and register_id = $3
            ), assigned as (
                update number_register
                set status = 'assigned', assigned_at = coalesce(assigned_at, $2), reserved_until = null,
                    user_identity_id = $4
                where workspace_id = $1 and register_id = $3
                    and (status = 'reserved' or user_identity_id is distinct from $4)
                returning register_id, number, user_identity_id, to_jsonb(number_register) as after
            ), seen as (
                -- It comes into the person's work slot; what they had there is kept and hidden.
                insert into slot (workspace_id, user_identity_id, slot_type, number, include_in_contact_card, version)
                select $1, user_identity_id, 'work', '', false, 3 from assigned where user_identity_id is not null
                on conflict (workspace_id, user_identity_id, slot_type) do update set version = slot.version + 2
            ), changes as (
                select $6::jsonb as actor, 'number.assigned' as action, register_id as subject_id, before, after
                from assigned cross join held
            ), new_events as (
                select $5::uuid as event_id, 'phone_number.assigned' as event_type, true as is_opt_in,
                    $4::uuid as user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number) as details
                from assigned
            )
            "#,
            "select register_id from assigned",
            self.workspace_id(),
            now,
            id.0,
            person.map(|person| person.0),
            event_id.0,
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Releases a number: a bought one at the end of the paid month, an imported one at once. Idempotent.
    pub async fn release_number(&self, id: PhoneNumberId, event_id: EventId, now: DateTime<Utc>) -> Result<()> {
        let workspace = self.clone();
        let released = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                let register = workspace.lock_register(connection, id).await?;
                match register.release(now).map_err(Error::Conflict)? {
                    Release::At(end) => workspace.schedule_release(connection, id, end, event_id, now).await,
                    Release::Now => workspace.finish(connection, id, now).await,
                    Release::Ordered => Ok(()),
                }
            })
        });
        released.await
    }

    async fn schedule_release(
        &self,
        connection: &mut sqlx::PgConnection,
        id: PhoneNumberId,
        end: DateTime<Utc>,
        event_id: EventId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with held as (
                select to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and register_id = $3
            ), ordered as (
                update number_register set scheduled_release_at = $4
                where workspace_id = $1 and register_id = $3
                returning register_id, number, user_identity_id, to_jsonb(number_register) as after
            ), changes as (
                select $7::jsonb as actor, 'number.release_scheduled' as action, register_id as subject_id, before, after
                from ordered cross join held
            ), new_events as (
                select $5::uuid as event_id, 'phone_number.release_scheduled' as event_type, true as is_opt_in,
                    user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number,
                        'scheduled_release_at', $6::jsonb) as details
                from ordered
            )
            "#,
            "select register_id from ordered",
            self.workspace_id(),
            now,
            id.0,
            end,
            event_id.0,
            json!(end),
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    async fn finish(&self, connection: &mut sqlx::PgConnection, id: PhoneNumberId, now: DateTime<Utc>) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with held as (
                select user_identity_id, to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and register_id = $3
            ), finished as (
                update number_register
                set status = 'finished', released_at = $2, scheduled_release_at = null, inbound_agent_id = null,
                    outbound_agent_id = null, user_identity_id = null, sip_config_sealed = null
                where workspace_id = $1 and register_id = $3
                returning register_id, number, to_jsonb(number_register) as after
            ), freed as (
                delete from claimed_number where workspace_id = $1 and register_id = $3
            ), changes as (
                select $4::jsonb as actor, 'number.finished' as action, register_id as subject_id, before, after
                from finished cross join held
            ), new_events as (
                select name_uuid(register_id, 'phone_number.finished') as event_id,
                    'phone_number.finished' as event_type, true as is_opt_in, user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number) as details
                from finished cross join held
            )
            "#,
            "select register_id from finished",
            self.workspace_id(),
            now,
            id.0,
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Cancels a scheduled release.
    pub async fn cancel_release(&self, id: PhoneNumberId, now: DateTime<Utc>) -> Result<PhoneNumber> {
        let workspace = self.clone();
        let cancelled = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                let register = workspace.lock_register(connection, id).await?;
                register.cancel_release(now).map_err(Error::Conflict)?;
                workspace.cancel_release_under_lock(connection, id, now).await
            })
        });
        cancelled.await?;
        self.register(id).await
    }

    async fn cancel_release_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        id: PhoneNumberId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as (
                select to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and register_id = $3
            ), kept as (
                update number_register set scheduled_release_at = null
                where workspace_id = $1 and register_id = $3
                returning register_id, to_jsonb(number_register) as after
            ), changes as (
                select $4::jsonb as actor, 'number.release_cancelled' as action, register_id as subject_id, before, after
                from kept cross join held
            )
            "#,
            "select register_id from kept",
            self.workspace_id(),
            now,
            id.0,
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }
}
