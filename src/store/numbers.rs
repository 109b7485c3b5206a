//! Phone numbers: read, listed and updated. Their life cycle is in [`super::number_lifecycle`].

use super::Workspace;
use super::batcher::Batcher;
use super::lookup::{Batchers, Lookup, LookupRequest, each};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::model::id::{PhoneNumberId, UserIdentityId};
use crate::model::number::*;
use crate::model::page::Place;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Selects numbers; the literal is the rest of the statement.
macro_rules! select_registers {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            PhoneNumber,
            r#"
            select register_id as "register_id: PhoneNumberId", number, nickname,
                telephony_provider as "telephony_provider: Provider", status as "status: Status", reserved_until, assigned_at,
                scheduled_release_at, released_at, inbound_agent_id, outbound_agent_id,
                user_identity_id as "user_identity_id: UserIdentityId", created_at
            from number_register
            "# + $rest
            $(, $argument)*
        )
    };
}

impl Lookup for PhoneNumber {
    type Key = PhoneNumberId;

    async fn all(ids: Vec<PhoneNumberId>, workspace: &Workspace) -> Result<Vec<Option<PhoneNumber>>> {
        let keys: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let pool = workspace.store.short();
        let rows =
            select_registers!("where workspace_id = $1 and register_id = any ($2)", workspace.workspace_id(), &keys);
        let registers = pool.with_deadline(rows.fetch_all(pool)).await?;
        Ok(each(&ids, &registers, |register| register.register_id))
    }

    fn batcher(batchers: &Batchers) -> &Batcher<LookupRequest<PhoneNumber>> {
        &batchers.registers
    }
}

impl Workspace {
    /// The number with this id.
    pub async fn register(&self, id: PhoneNumberId) -> Result<PhoneNumber> {
        super::found(self.look_up(id).await?, ResourceKind::Number, id)
    }

    /// The number with this id, locked until the transaction ends.
    pub(super) async fn lock_register(
        &self,
        connection: &mut sqlx::PgConnection,
        id: PhoneNumberId,
    ) -> Result<PhoneNumber> {
        let row = select_registers!(
            "where workspace_id = $1 and register_id = $2 for no key update",
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        super::found(row, ResourceKind::Number, id)
    }

    /// A page of numbers, in order of creation. A cursor that names no number of this workspace is a conflict.
    pub async fn registers(&self, filter: &PhoneNumberFilter, window: Window) -> Result<PhoneNumberPage> {
        let (upward, cursor) = match window.start {
            Start::Page(_) => (window.ascending, None),
            Start::After(id) => (window.ascending, Some(id)),
            Start::Before(id) => (!window.ascending, Some(id)),
        };
        let place = match cursor {
            Some(id) => Some(self.place_of(id).await?),
            None => None,
        };
        let (offset, pages) = match window.start {
            Start::Page(page) => {
                let count = self.count_registers(filter).await?;
                ((page - 1).saturating_mul(window.limit), Some((count + window.limit - 1) / window.limit))
            }
            Start::After(_) | Start::Before(_) => (0, None),
        };
        let mut items = match upward {
            true => self.registers_upward(filter, place, window.limit + 1, offset).await?,
            false => self.registers_downward(filter, place, window.limit + 1, offset).await?,
        };
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        if upward != window.ascending {
            items.reverse();
        }
        Ok(PhoneNumberPage { items, has_more, pages })
    }

    async fn place_of(&self, id: PhoneNumberId) -> Result<Place> {
        match self.register(id).await {
            Ok(register) => Ok(register.place()),
            Err(Error::NotFound(..)) => Err(Error::Conflict(Reason::UnknownCursor)),
            Err(error) => Err(error),
        }
    }

    async fn count_registers(&self, filter: &PhoneNumberFilter) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"
            select count(*) as "count!" from number_register
            where workspace_id = $1
                and ($2::uuid is null or inbound_agent_id = $2)
                and ($3::uuid is null or outbound_agent_id = $3)
                and ($4::text is null or status = $4)
                and ($5::timestamptz is null or assigned_at >= $5)
                and ($6::timestamptz is null or assigned_at <= $6)
            "#,
            self.workspace_id(),
            filter.inbound_agent_id,
            filter.outbound_agent_id,
            filter.status.map(|status| status.into_str()),
            filter.assigned_from,
            filter.assigned_until,
        )
        .fetch_one(&self.store.pool)
        .await?)
    }

    async fn registers_upward(
        &self,
        filter: &PhoneNumberFilter,
        behind: Option<Place>,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<PhoneNumber>> {
        Ok(select_registers!(
            "where workspace_id = $1
                and ($2::uuid is null or inbound_agent_id = $2)
                and ($3::uuid is null or outbound_agent_id = $3)
                and ($4::text is null or status = $4)
                and ($5::timestamptz is null or assigned_at >= $5)
                and ($6::timestamptz is null or assigned_at <= $6)
                and ($7::timestamptz is null or (created_at, register_id) > ($7, $8))
            order by created_at, register_id
            limit $9 offset $10",
            self.workspace_id(),
            filter.inbound_agent_id,
            filter.outbound_agent_id,
            filter.status.map(|status| status.into_str()),
            filter.assigned_from,
            filter.assigned_until,
            behind.map(|place| place.created_at),
            behind.map(|place| place.id),
            limit,
            offset,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    async fn registers_downward(
        &self,
        filter: &PhoneNumberFilter,
        before: Option<Place>,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<PhoneNumber>> {
        Ok(select_registers!(
            "where workspace_id = $1
                and ($2::uuid is null or inbound_agent_id = $2)
                and ($3::uuid is null or outbound_agent_id = $3)
                and ($4::text is null or status = $4)
                and ($5::timestamptz is null or assigned_at >= $5)
                and ($6::timestamptz is null or assigned_at <= $6)
                and ($7::timestamptz is null or (created_at, register_id) < ($7, $8))
            order by created_at desc, register_id desc
            limit $9 offset $10",
            self.workspace_id(),
            filter.inbound_agent_id,
            filter.outbound_agent_id,
            filter.status.map(|status| status.into_str()),
            filter.assigned_from,
            filter.assigned_until,
            before.map(|place| place.created_at),
            before.map(|place| place.id),
            limit,
            offset,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// Updates a number's nickname or agents. Only assigned numbers have agents.
    pub async fn update_register(
        &self,
        id: PhoneNumberId,
        change: PhoneNumberChange,
        now: DateTime<Utc>,
    ) -> Result<PhoneNumber> {
        let workspace = self.clone();
        let updated = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                let register = workspace.lock_register(connection, id).await?;
                if change.assigns_agent() {
                    register.check_can_have_agent().map_err(Error::Conflict)?;
                }
                workspace.update_under_lock(connection, id, &change, now).await
            })
        });
        updated.await?;
        self.register(id).await
    }

    async fn update_under_lock(
        &self,
        connection: &mut sqlx::PgConnection,
        id: PhoneNumberId,
        change: &PhoneNumberChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as (
                select to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and register_id = $3
            ), changed as (
                update number_register
                set nickname = case when $4 then $5 else nickname end,
                    inbound_agent_id = case when $6 then $7 else inbound_agent_id end,
                    outbound_agent_id = case when $8 then $9 else outbound_agent_id end
                where workspace_id = $1 and register_id = $3
                returning register_id, to_jsonb(number_register) as after
            ), changes as (
                select $10::jsonb as actor, 'number.updated' as action, register_id as subject_id, before, after
                from changed cross join held
            )
            "#,
            "select register_id from changed",
            self.workspace_id(),
            now,
            id.0,
            change.nickname.is_some(),
            change.nickname.clone().flatten(),
            change.inbound_agent_id.is_some(),
            change.inbound_agent_id.flatten(),
            change.outbound_agent_id.is_some(),
            change.outbound_agent_id.flatten(),
            self.actor(),
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }
}
