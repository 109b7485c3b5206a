//! Expiry of numbers: reservations expire, scheduled releases come due, quarantines end. As with deliveries, this
//! crosses workspaces, for the server's own sweeper only. Any number of servers may sweep: each skips rows that another
//! has locked, and a number that has moved on is no longer due.

use super::claims::free_numbers;
use crate::domain::event::EventType;
use crate::domain::id::{PhoneNumberId, WorkspaceId};
use crate::domain::number::QUARANTINE;
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::column;
use crate::store::pool::UnitConnection;
use crate::store::sql::audited::Actor;
use chrono::{DateTime, Utc};

/// A due number that is locked.
struct DueNumber {
    register_id: PhoneNumberId,
    number: String,
    /// Whether its next step is the last one.
    is_finishing: bool,
}

/// Moves due numbers and counts them; the literals are a further condition, and free the finished ones in the same statement.
macro_rules! move_due_numbers {
    (($workspace:expr, $now:expr, $batch:expr), $due:tt, $free:tt $(, $argument:expr)*) => {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with due as materialized (
                select register_id, user_identity_id, to_jsonb(number_register) as before from number_register
                where workspace_id = $1 and due_at <= $2 "# + $due + r#"
                order by due_at, register_id
                limit $4
                for no key update skip locked
            ), moved as (
                update number_register as register
                set status = case status when 'assigned' then 'released' else 'finished' end,
                    released_at = case status when 'assigned' then $2 else released_at end,
                    quarantined_until = case status when 'assigned' then $5::timestamptz end,
                    reserved_until = null, scheduled_release_at = null, inbound_agent_id = null,
                    outbound_agent_id = null, user_identity_id = null
                from due
                where register.workspace_id = $1 and register.register_id = due.register_id
                returning register.register_id, number, status, due.user_identity_id, before,
                    as_document(register) as after
            "# + $free + r#"
            ), changes as (
                select 'number.' || status as action, register_id as subject_id, before, after
                from moved
            ), new_events as (
                select name_uuid(register_id, type) as event_id, type as event_type, user_identity_id,
                    jsonb_build_object('register_id', register_id, 'number', number) as details
                from moved cross join lateral (select case status when 'finished' then $6 else $7 end) as event (type)
            )
            "#,
            r#"select count(*) as "count!" from moved"#,
            $workspace.0,
            $now,
            Actor::SWEEPER.context(&[EventType::PhoneNumberFinished, EventType::PhoneNumberReleased]),
            $batch,
            $now + QUARANTINE,
            EventType::PhoneNumberFinished.into_str(),
            EventType::PhoneNumberReleased.into_str()
            $(, $argument)*
        )
    };
}

impl Store {
    /// Workspaces of the first `batch` due numbers.
    pub async fn workspaces_with_due_numbers(&self, now: DateTime<Utc>, batch: i64) -> Result<Vec<WorkspaceId>> {
        let rows = sqlx::query_scalar!(
            r#"
            select workspace_id
            from (select workspace_id from number_register where due_at <= $1 order by due_at limit $2) as due
            group by workspace_id
            "#,
            now,
            batch,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(WorkspaceId).collect())
    }

    /// Moves at most `batch` due numbers of a workspace by one step, and emits an event for each. Reserved and
    /// quarantined numbers finish and are free; assigned ones are released into quarantine. Returns how many moved.
    pub async fn move_due_numbers(&self, workspace: WorkspaceId, now: DateTime<Utc>, batch: i64) -> Result<i64> {
        let store = self.of_workspace(workspace);
        if self.is_distributed {
            return store.move_and_free_due_numbers(workspace, now, batch).await;
        }
        let moved = move_due_numbers!(
            (workspace, now, batch),
            "",
            r#"
            ), freed as (
                delete from claimed_number using moved
                where claimed_number.workspace_id = $1 and claimed_number.register_id = moved.register_id
                    and moved.status = 'finished'
            "#
        );
        Ok(moved.fetch_one(store.emitter()).await?)
    }

    /// The same where the claims are on other nodes than the numbers. They are freed first, as everywhere: while one of those
    /// nodes does not answer, nothing waits for the clock of the workspace.
    async fn move_and_free_due_numbers(&self, id: WorkspaceId, now: DateTime<Utc>, batch: i64) -> Result<i64> {
        let unit = self.emitter().transact(move |connection| {
            Box::pin(async move {
                let due = lock_due_numbers(connection, id, now, batch).await?;
                let finishing = due.iter().filter(|number| number.is_finishing);
                let finishing = finishing.map(|number| (number.number.clone(), number.register_id)).collect();
                free_numbers(&mut *connection, id, finishing).await?;
                let locked = column(&due, |number| number.register_id.0);
                let moved = move_due_numbers!((id, now, batch), "and register_id = any ($8)", "", &locked);
                Ok(moved.fetch_one(connection).await?)
            })
        });
        unit.await
    }
}

async fn lock_due_numbers(
    connection: &mut UnitConnection<'_>,
    workspace: WorkspaceId,
    now: DateTime<Utc>,
    batch: i64,
) -> Result<Vec<DueNumber>> {
    Ok(sqlx::query_as!(
        DueNumber,
        r#"
        select register_id as "register_id: PhoneNumberId", number, status <> 'assigned' as "is_finishing!"
        from number_register
        where workspace_id = $1 and due_at <= $2
        order by due_at, register_id
        limit $3
        for no key update skip locked
        "#,
        workspace.0,
        now,
        batch,
    )
    .fetch_all(connection)
    .await?)
}
