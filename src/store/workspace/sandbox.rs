//! Reset of a sandbox, and the action attempts that clients may poll.

use crate::domain::id::{ActionAttemptId, PhoneNumberId};
use crate::domain::page::{Page, Position};
use crate::domain::workspace::{ActionAttempt, ActionAttemptFilter};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::column;
use crate::store::numbers::claims::free_numbers;
use crate::store::pool::UnitConnection;
use crate::store::sql::{found, raw_ids};
use chrono::{DateTime, Utc};

/// Action type of a reset.
const RESET: &str = "RESET_SANDBOX_WORKSPACE";

/// A number that a deleted row had claimed.
struct Claimed {
    number: String,
    register_id: PhoneNumberId,
}

impl Workspace {
    /// Deletes a sandbox's user identities with their contacts, phones, numbers, credentials, client sessions, instant keys,
    /// groups, events and webhooks. The keys and tokens of its callers stay. Any other workspace is refused.
    pub async fn reset_sandbox(&self, attempt: ActionAttemptId, now: DateTime<Utc>) -> Result<ActionAttempt> {
        if !self.is_sandbox {
            return Err(Error::Conflict(Reason::NotASandbox));
        }
        let workspace = self.clone();
        let reset = self
            .store
            .writer()
            .transact(move |connection| Box::pin(async move { workspace.delete_rows(connection, attempt, now).await }));
        reset.await?;
        Ok(ActionAttempt { action_attempt_id: attempt, action_type: RESET.to_owned(), created_at: now })
    }

    /// The action attempt with this id.
    pub async fn action_attempt(&self, id: ActionAttemptId) -> Result<ActionAttempt> {
        let row = sqlx::query_as!(
            ActionAttempt,
            r#"
            select action_attempt_id, action_type, created_at from action_attempt
            where workspace_id = $1 and action_attempt_id = $2
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(row, ResourceKind::ActionAttempt, id)
    }

    /// Action attempts that match a filter, in order of creation.
    pub async fn action_attempts(&self, filter: &ActionAttemptFilter) -> Result<Page<ActionAttempt>> {
        let from = filter.paging.from.unwrap_or(Position::FIRST);
        let rows = sqlx::query_as!(
            ActionAttempt,
            r#"
            select action_attempt_id, action_type, created_at from action_attempt
            where workspace_id = $1
                and ($2::uuid[] is null or action_attempt_id = any ($2))
                and (created_at, action_attempt_id) >= ($3, $4)
            order by created_at, action_attempt_id
            limit $5
            "#,
            self.workspace_id(),
            raw_ids(&filter.action_attempt_ids) as _,
            from.created_at,
            from.id,
            filter.paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?;
        let position =
            |attempt: &ActionAttempt| Position { created_at: attempt.created_at, id: attempt.action_attempt_id.0 };
        Ok(filter.paging.cut(rows, position))
    }

    async fn delete_rows(
        &self,
        connection: &mut UnitConnection<'_>,
        attempt: ActionAttemptId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        // In the order in which all transactions lock (user identities, phones, credentials, the event clock,
        // webhooks), so that none deadlocks with this. Later ones find no user identity; one that is created
        // concurrently belongs to the reset sandbox.
        let persons = self.lock_all_user_identities(connection).await?;
        let claimed = self.delete_audited_rows(connection, now).await?;
        self.free_all_numbers(connection, claimed).await?;
        for statement in [
            sqlx::query!("delete from client_session where workspace_id = $1", self.workspace_id()),
            sqlx::query!(
                "delete from contact where workspace_id = $1 and user_identity_id = any ($2)",
                self.workspace_id(),
                &persons,
            ),
            sqlx::query!(
                "delete from user_identity where workspace_id = $1 and user_identity_id = any ($2)",
                self.workspace_id(),
                &persons,
            ),
            sqlx::query!("update event_clock set last_at = last_at where workspace_id = $1", self.workspace_id()),
            sqlx::query!("delete from webhook where workspace_id = $1", self.workspace_id()),
            sqlx::query!("delete from event where workspace_id = $1", self.workspace_id()),
        ] {
            statement.execute(&mut *connection).await?;
        }
        sqlx::query!(
            r#"
            insert into action_attempt (workspace_id, action_attempt_id, action_type, created_at)
            values ($1, $2, $3, $4)
            "#,
            self.workspace_id(),
            attempt.0,
            RESET,
            now,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Deletes what has rows in the audit trail, and returns the numbers that were claimed.
    async fn delete_audited_rows(
        &self,
        connection: &mut UnitConnection<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claimed>> {
        let claimed = audited!(
            query_as,
            Claimed,
            r#"
            with credentials as (
                delete from credential where workspace_id = $1
                returning acs_credential_id, as_document(credential) as before
            ), phones as (
                delete from phone where workspace_id = $1 returning device_id, as_document(phone) as before
            ), numbers as (
                delete from number_register where workspace_id = $1
                returning register_id, as_document(number_register) as before
            ), slots as (
                delete from slot where workspace_id = $1 returning user_identity_id, as_document(slot) as before
            ), instant_keys as (
                delete from instant_key where workspace_id = $1 returning instant_key_id, max_use_count, use_count
            ), groups as (
                delete from scim_group where workspace_id = $1
                returning scim_group_id, display_name, external_id
            ), changes as (
                select 'phone.deleted' as action, device_id as subject_id, before, null::jsonb as after
                from phones
                union all
                select 'credential.deleted', acs_credential_id, before, null from credentials
                union all
                select 'number.deleted', register_id, before, null from numbers
                union all
                select 'slot.deleted', user_identity_id, before, null from slots
                union all
                select 'instant_key.deleted', instant_key_id,
                    jsonb_build_object('max_use_count', max_use_count, 'use_count', use_count), null
                from instant_keys
                union all
                select 'scim_group.deleted', scim_group_id,
                    jsonb_build_object('display_name', display_name, 'external_id', external_id), null
                from groups
            )
            "#,
            r#"
            select before ->> 'number' as "number!", register_id as "register_id: PhoneNumberId" from numbers
            where before ->> 'status' <> 'finished'
            "#,
            self.workspace_id(),
            now,
            self.context(&[]),
        );
        Ok(claimed.fetch_all(connection).await?)
    }

    /// Frees the numbers of deleted rows, and no other that is claimed meanwhile. On a cluster one by one, since each claim is on
    /// the node of its number.
    async fn free_all_numbers(&self, connection: &mut UnitConnection<'_>, claimed: Vec<Claimed>) -> Result<()> {
        if self.store.is_distributed {
            let claimed = claimed.into_iter().map(|row| (row.number, row.register_id)).collect();
            return free_numbers(connection, self.id(), claimed).await;
        }
        sqlx::query!(
            "delete from claimed_number where workspace_id = $1 and register_id = any ($2)",
            self.workspace_id(),
            &column(&claimed, |row| row.register_id.0),
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn lock_all_user_identities(&self, connection: &mut UnitConnection<'_>) -> Result<Vec<uuid::Uuid>> {
        Ok(sqlx::query_scalar!(
            "select user_identity_id from user_identity where workspace_id = $1 order by user_identity_id for update",
            self.workspace_id(),
        )
        .fetch_all(connection)
        .await?)
    }
}
