//! Redelivery: of one delivery, of a webhook's failed ones, or of those of a range of time.

use crate::domain::id::WebhookId;
use crate::domain::webhook::{Delivery, RangeRedelivered, RedeliveryRange};
use crate::error::Result;
use crate::store::Workspace;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Events whose deliveries one statement restarts.
const BATCH: i64 = 1_000;

/// Statements of one redelivery of a range. The rest of a longer range is left to the caller.
const MAX_BATCHES: usize = 50;

/// A pending delivery that is due so soon is in progress, or about to be.
const SOON: TimeDelta = TimeDelta::seconds(60);

/// What one statement of a range did.
struct Step {
    /// Number of restarted deliveries.
    restarted: i64,
    /// Number of events looked at.
    events: i64,
    /// Time of the last of them.
    last_at: Option<DateTime<Utc>>,
}

impl Workspace {
    /// Restarts a delivery from the beginning of its schedule, whatever its status.
    pub async fn redeliver(&self, delivery_id: Uuid, now: DateTime<Utc>) -> Result<Delivery> {
        self.demand_enabled(self.delivery(delivery_id).await?.webhook_id).await?;
        self.restart(delivery_id, None, now).await?;
        self.delivery(delivery_id).await
    }

    /// Restarts a delivery from the beginning of its schedule, unless it has had another attempt than `attempt` or is in
    /// progress: the same request restarts it once. Returns whether it was restarted.
    pub async fn redeliver_after(&self, delivery_id: Uuid, attempt: i32, now: DateTime<Utc>) -> Result<bool> {
        self.demand_enabled(self.delivery(delivery_id).await?.webhook_id).await?;
        self.restart(delivery_id, Some(attempt), now).await
    }

    async fn restart(&self, delivery_id: Uuid, attempt: Option<i32>, now: DateTime<Utc>) -> Result<bool> {
        let restarted = audited!(
            query_scalar,
            r#"
            with restarted as (
                update delivery set status = 'pending', failures = 0, next_attempt_at = $2
                where workspace_id = $1 and delivery_id = $4
                    and ($5::int is null or attempt = $5 and (status <> 'pending' or next_attempt_at > $6))
                returning delivery_id, webhook_id, event_id, attempt
            ), changes as (
                select 'delivery.redelivered' as action, delivery_id as subject_id, null::jsonb as before,
                    jsonb_build_object('webhook_id', webhook_id, 'event_id', event_id, 'attempt', attempt) as after
                from restarted
            )
            "#,
            "select delivery_id from restarted",
            self.workspace_id(),
            now,
            self.context(&[]),
            delivery_id,
            attempt,
            now + SOON,
        )
        .fetch_optional(self.store.emitter())
        .await?;
        Ok(restarted.is_some())
    }

    /// Restarts the failed deliveries of a webhook's events since a time, and returns their number.
    pub async fn redeliver_failed(&self, id: WebhookId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64> {
        self.demand_enabled(id).await?;
        let restarted = audited!(
            query_scalar,
            r#"
            with restarted as (
                update delivery set status = 'pending', failures = 0, next_attempt_at = $2
                from event
                where delivery.workspace_id = $1 and webhook_id = $4 and status = 'failed'
                    and event.workspace_id = $1 and event.event_id = delivery.event_id and created_at >= $5
                returning delivery.event_id
            ), counted as materialized (
                select count(*) as count from restarted
            ), changes as (
                select 'webhook.redelivered' as action, $4::uuid as subject_id, null::jsonb as before,
                    jsonb_build_object('from', $5::timestamptz, 'count', count) as after
                from counted
                where count > 0
            )
            "#,
            r#"select count as "count!" from counted"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            since,
        )
        .fetch_one(self.store.emitter())
        .await?;
        Ok(restarted.unsigned_abs())
    }

    /// Restarts deliveries of a webhook in batches, each a unit of work, up to a limit.
    pub async fn redeliver_range(
        &self,
        id: WebhookId,
        range: RedeliveryRange,
        now: DateTime<Utc>,
    ) -> Result<RangeRedelivered> {
        self.demand_enabled(id).await?;
        let (mut from, mut count) = (range.from, 0);
        for _ in 0..MAX_BATCHES {
            let step = self.restart_some(id, RedeliveryRange { from, ..range }, now).await?;
            count += step.restarted.unsigned_abs();
            match step.last_at.filter(|_| step.events == BATCH) {
                // No two events of a workspace share a time.
                Some(last_at) => from = last_at + TimeDelta::microseconds(1),
                None => return Ok(RangeRedelivered { count, rest_from: None }),
            }
        }
        Ok(RangeRedelivered { count, rest_from: Some(from) })
    }

    async fn restart_some(&self, id: WebhookId, range: RedeliveryRange, now: DateTime<Utc>) -> Result<Step> {
        Ok(audited!(
            query_as,
            Step,
            r#"
            with chosen as materialized (
                select event_id, created_at from event
                where workspace_id = $1 and created_at >= $5 and created_at < $6
                order by created_at
                limit $9
            ), restarted as (
                update delivery set status = 'pending', failures = 0, next_attempt_at = $2
                from chosen
                where delivery.workspace_id = $1 and webhook_id = $4 and delivery.event_id = chosen.event_id
                    and (status = 'failed' or $7 and status = 'delivered')
                    and (last_attempt_at is null or last_attempt_at < $8)
                returning delivery.event_id
            ), counted as materialized (
                select count(*) as count from restarted
            ), changes as (
                select 'webhook.redelivered' as action, $4::uuid as subject_id, null::jsonb as before,
                    jsonb_build_object('from', $5::timestamptz, 'until', $6::timestamptz, 'count', count) as after
                from counted
                where count > 0
            )
            "#,
            r#"
            select (select count from counted) as "restarted!", count(*) as "events!", max(created_at) as last_at
            from chosen
            "#,
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            range.from,
            range.until,
            range.includes_delivered,
            range.unattempted_since,
            BATCH,
        )
        .fetch_one(self.store.emitter())
        .await?)
    }
}
