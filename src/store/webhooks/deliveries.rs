//! The delivery log of a workspace, with pings and redelivery.

use crate::domain::event::EventType;
use crate::domain::id::{EventId, WebhookId};
use crate::domain::page::{Page, Position};
use crate::domain::webhook::{Delivery, DeliveryFilter, DeliveryStatus};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::{Workspace, sql::found};
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Workspace {
    /// Deliveries that match a filter, newest event first.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Page<Delivery>> {
        let rows = sqlx::query_as!(
            Delivery,
            r#"
            select delivery_id as "delivery_id!", webhook_id, event_id, event_type, status as "status: DeliveryStatus",
                attempt as attempts, response_status, latency_ms, fault, created_at, last_attempt_at, next_attempt_at
            from delivery join event using (workspace_id, event_id)
            where workspace_id = $1
                and ($2::uuid is null or webhook_id = $2)
                and ($3::uuid is null or delivery_id = $3)
                and ($4::text is null or status = $4)
                and ($5::timestamptz is null or (created_at, delivery_id) <= ($5, $6))
            order by created_at desc, delivery_id desc
            limit $7
            "#,
            self.workspace_id(),
            filter.webhook_id.map(|id| id.0),
            filter.delivery_id,
            filter.status.map(|status| status.into_str()),
            filter.paging.from.map(|place| place.created_at),
            filter.paging.from.map(|place| place.id),
            filter.paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?;
        Ok(filter.paging.cut(rows, |row| Position { created_at: row.created_at, id: row.delivery_id }))
    }

    /// The delivery with this id.
    pub async fn delivery(&self, delivery_id: Uuid) -> Result<Delivery> {
        let filter = DeliveryFilter { delivery_id: Some(delivery_id), ..DeliveryFilter::default() };
        found(self.deliveries(&filter).await?.items.pop(), ResourceKind::Delivery, delivery_id)
    }

    /// Emits `webhook.ping` with one delivery to this webhook, whatever its event types, and returns the delivery.
    pub async fn ping_webhook(&self, id: WebhookId, event_id: EventId, now: DateTime<Utc>) -> Result<Delivery> {
        self.demand_enabled(id).await?;
        let delivery_id = emit_events!(
            query_scalar,
            r#"
            with new_events as (
                select $5::uuid as event_id, $6::text as event_type, null::uuid as user_identity_id,
                    jsonb_build_object('webhook_id', webhook_id) as details
                from webhook
                where workspace_id = $1 and webhook_id = $4
            )
            "#,
            r#"
            , pinged as (
                insert into delivery (workspace_id, event_id, webhook_id, next_attempt_at)
                select workspace_id, event_id, webhook_id, $2
                from inserted join webhook using (workspace_id)
                where webhook_id = $4 and not webhook_wants(event_types, event_type, is_opt_in)
                for key share of webhook
            )
            select name_uuid($4, event_id::text) as "delivery_id!" from inserted
            "#,
            self.workspace_id(),
            now,
            self.context(&[EventType::WebhookPing]),
            id.0,
            event_id.0,
            EventType::WebhookPing.into_str(),
        )
        .fetch_optional(self.store.emitter())
        .await?;
        self.delivery(found(delivery_id, ResourceKind::Webhook, id)?).await
    }

    /// Restarts a delivery from the beginning of its schedule, whatever its status.
    pub async fn redeliver(&self, delivery_id: Uuid, now: DateTime<Utc>) -> Result<Delivery> {
        self.demand_enabled(self.delivery(delivery_id).await?.webhook_id).await?;
        sqlx::query!(
            r#"
            update delivery set status = 'pending', failures = 0, next_attempt_at = $3
            where workspace_id = $1 and delivery_id = $2
            "#,
            self.workspace_id(),
            delivery_id,
            now,
        )
        .execute(self.store.emitter())
        .await?;
        self.delivery(delivery_id).await
    }

    /// Restarts the failed deliveries of a webhook's events since a time, and returns their number.
    pub async fn redeliver_failed(&self, id: WebhookId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64> {
        self.demand_enabled(id).await?;
        let renewed = sqlx::query!(
            r#"
            update delivery set status = 'pending', failures = 0, next_attempt_at = $4
            from event
            where delivery.workspace_id = $1 and webhook_id = $2 and status = 'failed'
                and event.workspace_id = $1 and event.event_id = delivery.event_id and created_at >= $3
            "#,
            self.workspace_id(),
            id.0,
            since,
            now,
        )
        .execute(self.store.emitter())
        .await?;
        Ok(renewed.rows_affected())
    }

    /// Errors with a conflict if the webhook is disabled.
    async fn demand_enabled(&self, id: WebhookId) -> Result<()> {
        match self.webhook(id).await?.disabled_at {
            Some(_) => Err(Error::Conflict(Reason::WebhookDisabled)),
            None => Ok(()),
        }
    }
}
