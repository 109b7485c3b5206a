//! The outbox: deliveries claimed and recorded, and the event log pruned. Its queries cross workspaces, for the workers
//! of the server itself; no caller reaches them.
//!
//! A claim postpones the delivery's next attempt to the time at which the worker is presumed dead, and counts the
//! attempt. No lock is held while a message is sent. Recording requires the number of the attempt, so a worker that was
//! presumed dead changes nothing when it comes back. Recording locks the webhook's row before those of its deliveries,
//! as deleting a webhook does, so that they cannot deadlock.

use crate::domain::event::{Event, EventType};
use crate::domain::id::*;
use crate::domain::token::Token;
use crate::domain::webhook::{Attempted, Claim, FAILING_TOO_LONG};
use crate::error::Result;
use crate::store::sql::types::Document;
use crate::store::{Store, sql::emit_events};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Maximum deliveries that the sweeper ends per statement, to stay within its timeout.
const MAX_CANCELLED: i64 = 10_000;

/// Limits of a claim.
#[derive(Debug)]
pub struct Capacity<'a> {
    /// Maximum attempts.
    pub total: i64,
    /// Maximum per endpoint.
    pub per_endpoint: i64,
    /// Webhooks to skip.
    pub busy: &'a [Uuid],
}

/// Pending deliveries of all workspaces.
#[derive(Debug)]
pub struct PendingDeliveries {
    pub count: i64,
    /// Time of their oldest event, if there is any.
    pub oldest: Option<DateTime<Utc>>,
}

impl Store {
    /// Claims due attempts until `given_up_at`, longest due first.
    pub async fn claim_deliveries(
        &self,
        capacity: &Capacity<'_>,
        now: DateTime<Utc>,
        given_up_at: DateTime<Utc>,
    ) -> Result<Vec<Claim>> {
        let mut claims = Vec::new();
        for workspace in self.workspaces_with_due_deliveries(capacity, now).await? {
            let left = capacity.total - i64::try_from(claims.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                break;
            }
            claims.extend(self.claim_of(workspace, left, capacity, now, given_up_at).await?);
        }
        Ok(claims)
    }

    /// Workspaces with due deliveries, by one index lookup per webhook.
    async fn workspaces_with_due_deliveries(
        &self,
        capacity: &Capacity<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<WorkspaceId>> {
        let rows = sqlx::query_scalar!(
            r#"
            select workspace_id
            from (
                select workspace_id, (
                    select min(next_attempt_at) from delivery
                    where delivery.workspace_id = webhook.workspace_id and delivery.webhook_id = webhook.webhook_id
                        and status = 'pending'
                ) as due_at
                from webhook
                where disabled_at is null and webhook_id <> all ($2)
            ) as due
            where due_at <= $1
            group by workspace_id
            order by min(due_at)
            limit $3
            "#,
            now,
            capacity.busy,
            capacity.total,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(WorkspaceId).collect())
    }

    async fn claim_of(
        &self,
        workspace: WorkspaceId,
        total: i64,
        capacity: &Capacity<'_>,
        now: DateTime<Utc>,
        given_up_at: DateTime<Utc>,
    ) -> Result<Vec<Claim>> {
        let rows = sqlx::query!(
            r#"
            with due as (
                select webhook.webhook_id, event_id
                from webhook cross join lateral (
                    select event_id, next_attempt_at from delivery
                    where delivery.workspace_id = $1 and delivery.webhook_id = webhook.webhook_id
                        and status = 'pending' and next_attempt_at <= $2
                    order by next_attempt_at
                    limit $5
                    for update skip locked
                ) as first
                where webhook.workspace_id = $1 and disabled_at is null and webhook_id <> all ($6)
                order by next_attempt_at
                limit $4
            ), claimed as (
                update delivery set attempt = attempt + 1, next_attempt_at = $3
                from due
                where delivery.workspace_id = $1 and delivery.webhook_id = due.webhook_id
                    and delivery.event_id = due.event_id
                returning delivery.workspace_id, delivery.webhook_id, delivery.event_id, delivery_id, attempt, failures
            )
            select workspace_id, webhook_id, delivery_id, attempt, failures, url, secret_sealed,
                case when former_secret_until > $2 then former_secret_sealed end as former_secret_sealed, is_sandbox,
                event_id, event_type, event.created_at, occurred_at,
                details as "details: Document<Map<String, Value>>"
            from claimed
            join event using (workspace_id, event_id)
            join webhook using (workspace_id, webhook_id)
            join workspace using (workspace_id)
            "#,
            workspace.0,
            now,
            given_up_at,
            total,
            capacity.per_endpoint,
            capacity.busy,
        )
        .fetch_all(self.writer())
        .await?;
        let claims = rows.into_iter().map(|row| Claim {
            secrets: self.secrets(WebhookId(row.webhook_id), [Some(row.secret_sealed), row.former_secret_sealed]),
            webhook_id: WebhookId(row.webhook_id),
            delivery_id: row.delivery_id.unwrap_or_default(),
            attempt: row.attempt,
            failures: row.failures,
            url: row.url,
            is_sandbox: row.is_sandbox,
            event: Event {
                workspace_id: WorkspaceId(row.workspace_id),
                event_id: EventId(row.event_id),
                event_type: row.event_type,
                created_at: row.created_at,
                occurred_at: row.occurred_at,
                details: row.details.into(),
            },
        });
        Ok(claims.collect())
    }

    /// Secrets of a webhook. Nothing is sent unsigned: if a secret does not open, that webhook's attempts fail, while
    /// those of the others, claimed by the same statement, are sent.
    fn secrets(&self, webhook: WebhookId, sealed: [Option<Vec<u8>>; 2]) -> Vec<Token> {
        let open = |sealed: &Vec<u8>| match self.seal.open(sealed, webhook.0) {
            Ok(secret) => Some(secret),
            Err(error) => {
                tracing::error!(webhook = %webhook.0, %error, "webhook secret cannot be opened");
                None
            }
        };
        sealed.iter().flatten().filter_map(open).collect()
    }

    /// Records a successful attempt.
    pub async fn record_delivered(&self, claim: &Claim, attempted: &Attempted) -> Result<()> {
        sqlx::query!(
            r#"
            with subject as materialized (
                select webhook_id from webhook where workspace_id = $1 and webhook_id = $2 for no key update
            ), recorded as (
                update delivery
                set status = 'delivered', last_attempt_at = $5, response_status = $6, latency_ms = $7, fault = null
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
            claim.webhook_id.0,
            claim.event.event_id.0,
            claim.attempt,
            attempted.at,
            attempted.response_status.map(i32::from),
            attempted.latency_ms,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Records a failed attempt, and when the next one is due; None if it was the last. An endpoint whose attempts have
    /// all failed for too long is disabled: its deliveries fail, and `webhook.disabled` is emitted.
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
                set status = case when $7::timestamptz is null or failing_since <= $11 then 'failed' else status end,
                    failures = failures + 1, next_attempt_at = coalesce($7, next_attempt_at), last_attempt_at = $2,
                    response_status = $8, latency_ms = $9, fault = $10
                from subject
                where delivery.workspace_id = $1 and delivery.webhook_id = subject.webhook_id and event_id = $5
                    and attempt = $6 and status = 'pending'
                returning delivery.webhook_id
            ), failing as (
                update webhook
                set failing_since = coalesce(failing_since, $2),
                    disabled_at = case when failing_since <= $11 then $2::timestamptz end
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
            claim.webhook_id.0,
            claim.event.event_id.0,
            claim.attempt,
            next_attempt_at,
            attempted.response_status.map(i32::from),
            attempted.latency_ms,
            attempted.fault,
            attempted.at - FAILING_TOO_LONG,
            EventType::WebhookDisabled.into_str(),
        )
        .fetch_optional(self.of_workspace(claim.event.workspace_id).emitter())
        .await?;
        Ok(())
    }

    /// Number of pending deliveries in all workspaces, and time of the oldest of their events.
    pub async fn pending_deliveries(&self) -> Result<PendingDeliveries> {
        let pending_deliveries = sqlx::query_as!(
            PendingDeliveries,
            r#"
            select count(*) as "count!", min(event.created_at) as oldest
            from delivery join event using (workspace_id, event_id)
            where status = 'pending'
            "#,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(pending_deliveries)
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
