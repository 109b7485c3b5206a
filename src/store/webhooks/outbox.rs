//! The outbox: attempts recorded, and the event log pruned. Its queries cross workspaces, for the workers of the server
//! itself; no caller reaches them.
//!
//! Recording requires the number of the attempt, so a worker that was presumed dead changes nothing when it comes back.
//! Recording locks the webhook's row before those of its deliveries, as deleting a webhook does, so that they cannot
//! deadlock.

use crate::domain::event::EventType;
use crate::domain::webhook::{AttemptRecord, Attempted, Claim, FAILING_TOO_LONG};
use crate::error::Result;
use crate::store::{Store, sql::emit_events};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgExecutor;

/// Maximum deliveries that the sweeper ends per statement, to stay within its timeout.
const MAX_CANCELLED: i64 = 10_000;

/// Number of attempts of a delivery that are kept.
const MAX_LOGGED: i32 = 20;

/// Pending deliveries of all workspaces.
#[derive(Debug)]
pub struct PendingDeliveries {
    pub count: i64,
    /// Time of their oldest event, if there is any.
    pub oldest: Option<DateTime<Utc>>,
    /// When the first of their attempts is due, or was.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// The entry of an attempt in the log of its delivery.
fn log_entry(claim: &Claim, attempted: &Attempted) -> Value {
    let Attempted { at, response_status, latency_ms, fault, answer } = attempted.clone();
    json!(AttemptRecord { attempt: claim.attempt, at, response_status, latency_ms, fault, answer })
}

/// Pending deliveries of all workspaces.
pub(in crate::store) async fn pending<'c>(database: impl PgExecutor<'c>) -> sqlx::Result<PendingDeliveries> {
    sqlx::query_as!(
        PendingDeliveries,
        r#"
        select count(*) as "count!", min(event.created_at) as oldest, min(next_attempt_at) as next_attempt_at
        from delivery join event using (workspace_id, event_id)
        where status = 'pending'
        "#,
    )
    .fetch_one(database)
    .await
}

impl Store {
    /// Records a successful attempt.
    pub async fn record_delivered(&self, claim: &Claim, attempted: &Attempted) -> Result<()> {
        sqlx::query!(
            r#"
            with subject as materialized (
                select webhook_id from webhook where workspace_id = $1 and webhook_id = $2 for no key update
            ), recorded as (
                update delivery
                set status = 'delivered', last_attempt_at = $5, response_status = $6, latency_ms = $7, fault = null,
                    attempt_log = case
                        when jsonb_array_length(attempt_log) < $9 then attempt_log else attempt_log - 0
                    end || $8::jsonb
                from subject
                where delivery.workspace_id = $1 and delivery.webhook_id = subject.webhook_id and event_id = $3
                    and attempt = $4 and status = 'pending'
                returning delivery.webhook_id
            )
            update webhook set failing_since = null
            from recorded
            where webhook.workspace_id = $1 and webhook.webhook_id = recorded.webhook_id and failing_since is not null
            "#,
            claim.event.workspace_id.0,
            claim.endpoint.webhook_id.0,
            claim.event.event_id.0,
            claim.attempt,
            attempted.at,
            attempted.response_status.map(i32::from),
            attempted.latency_ms,
            log_entry(claim, attempted),
            MAX_LOGGED,
        )
        .execute(self.of_deliveries(claim.event.workspace_id).writer())
        .await?;
        Ok(())
    }

    /// Records a failed attempt, and when the next one is due; None if it was the last. An endpoint whose attempts have
    /// all failed for too long, or that is gone, is disabled: its deliveries fail, and `webhook.disabled` is emitted.
    #[expect(clippy::too_many_lines, reason = "one statement with its event")]
    pub async fn record_failed(
        &self,
        claim: &Claim,
        attempted: &Attempted,
        next_attempt_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        emit_events!(
            query_scalar,
            r#"
            with subject as materialized (
                select webhook_id, failing_since from webhook
                where workspace_id = $1 and webhook_id = $4
                for no key update
            ), recorded as (
                update delivery
                set status = case when $7::timestamptz is null or $13 or failing_since <= $11 then 'failed' else status end,
                    failures = failures + 1, next_attempt_at = coalesce($7, next_attempt_at), last_attempt_at = $2,
                    response_status = $8, latency_ms = $9, fault = $10, attempt_log = case
                        when jsonb_array_length(attempt_log) < $15 then attempt_log else attempt_log - 0
                    end || $14::jsonb
                from subject
                where delivery.workspace_id = $1 and delivery.webhook_id = subject.webhook_id and event_id = $5
                    and attempt = $6 and status = 'pending'
                returning delivery.webhook_id
            ), failing as (
                update webhook
                set failing_since = coalesce(failing_since, $2),
                    disabled_at = case when $13 or failing_since <= $11 then $2::timestamptz end
                from recorded
                where webhook.workspace_id = $1 and webhook.webhook_id = recorded.webhook_id and disabled_at is null
                returning webhook.webhook_id, disabled_at
            ), ended as (
                update delivery set status = 'failed', fault = 'the webhook was disabled'
                from failing
                where delivery.workspace_id = $1 and delivery.webhook_id = failing.webhook_id and event_id <> $5
                    and status = 'pending' and disabled_at is not null
            ), new_events as (
                select name_uuid(webhook_id, $12::text || ' ' || $2::timestamptz::text) as event_id,
                    $12::text as event_type, null::uuid as user_identity_id,
                    jsonb_build_object('webhook_id', webhook_id) as details
                from failing
                where disabled_at is not null
            )
            "#,
            "select webhook_id from failing",
            claim.event.workspace_id.0,
            attempted.at,
            emit_events::with_opt_in_types(json!({}), &[EventType::WebhookDisabled]),
            claim.endpoint.webhook_id.0,
            claim.event.event_id.0,
            claim.attempt,
            next_attempt_at,
            attempted.response_status.map(i32::from),
            attempted.latency_ms,
            attempted.fault,
            attempted.at - FAILING_TOO_LONG,
            EventType::WebhookDisabled.into_str(),
            attempted.is_gone(),
            log_entry(claim, attempted),
            MAX_LOGGED,
        )
        .fetch_optional(self.of_deliveries(claim.event.workspace_id).emitter())
        .await?;
        if let Some(next_attempt_at) = next_attempt_at.filter(|_| self.is_distributed) {
            self.due_workspaces.remember(claim.event.workspace_id, next_attempt_at);
        }
        Ok(())
    }

    /// Number of pending deliveries in all workspaces, time of the oldest of their events, and of the first attempt.
    pub async fn pending_deliveries(&self) -> Result<PendingDeliveries> {
        Ok(pending(&self.pool).await?)
    }

    /// Fails some pending deliveries of disabled webhooks, from events written concurrently with the disablement.
    /// Returns their number.
    pub async fn cancel_deliveries_of_disabled_webhooks(&self) -> Result<u64> {
        let ended = sqlx::query!(
            r#"
            with pending_deliveries as materialized (
                select workspace_id, webhook_id, event_id
                from delivery join webhook using (workspace_id, webhook_id)
                where disabled_at is not null and status = 'pending'
                limit $1
            )
            update delivery set status = 'failed', fault = 'the webhook was disabled'
            from pending_deliveries
            where delivery.workspace_id = pending_deliveries.workspace_id and delivery.webhook_id = pending_deliveries.webhook_id
                and delivery.event_id = pending_deliveries.event_id and status = 'pending'
            "#,
            MAX_CANCELLED,
        )
        .execute(self.writer())
        .await?;
        Ok(ended.rows_affected())
    }

    /// Deletes at most `count` events from before a time with their finished deliveries, and returns their number.
    /// Events with pending deliveries stay; if one becomes pending again concurrently, the schema refuses the whole
    /// batch, which is retried next time.
    pub async fn prune_events(&self, before: DateTime<Utc>, count: i64) -> Result<u64> {
        let pruned = sqlx::query!(
            r#"
            with old as materialized (
                select workspace_id, event_id from event
                where created_at < $1 and not exists (
                    select from delivery
                    where delivery.workspace_id = event.workspace_id and delivery.event_id = event.event_id
                        and status = 'pending')
                limit $2
            ), finished as (
                delete from delivery
                using old
                where delivery.workspace_id = old.workspace_id and delivery.event_id = old.event_id
                    and status <> 'pending'
            )
            delete from event
            using old
            where event.workspace_id = old.workspace_id and event.event_id = old.event_id
            "#,
            before,
            count,
        )
        .execute(self.writer())
        .await?;
        Ok(pruned.rows_affected())
    }
}
