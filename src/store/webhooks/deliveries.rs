//! The delivery log of a workspace, and pings.

use crate::domain::event::{Event, EventType};
use crate::domain::id::{EventId, WebhookId};
use crate::domain::page::{Page, Position};
use crate::domain::webhook::{AttemptRecord, Delivery, DeliveryFilter, DeliveryRecord, DeliveryStatus};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::sql::types::Document;
use crate::store::{Workspace, sql::found};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
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

    /// The delivery with this id, with its attempts and its event.
    pub async fn delivery_record(&self, delivery_id: Uuid) -> Result<DeliveryRecord> {
        let delivery = self.delivery(delivery_id).await?;
        let row = sqlx::query!(
            r#"
            select attempt_log as "attempt_log: Document<Vec<AttemptRecord>>", event_type, created_at, occurred_at,
                details as "details: Document<Map<String, Value>>"
            from delivery join event using (workspace_id, event_id)
            where workspace_id = $1 and event_id = $2 and webhook_id = $3
            "#,
            self.workspace_id(),
            delivery.event_id.0,
            delivery.webhook_id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        let row = found(row, ResourceKind::Delivery, delivery_id)?;
        let event = Event {
            event_id: delivery.event_id,
            event_type: row.event_type,
            workspace_id: self.workspace_id,
            created_at: row.created_at,
            occurred_at: row.occurred_at,
            details: row.details.0,
        };
        Ok(DeliveryRecord { delivery, attempts: row.attempt_log.0, event })
    }

    /// Emits `webhook.ping` with one delivery to this webhook, whatever its event types, and returns the delivery.
    pub async fn ping_webhook(&self, id: WebhookId, event_id: EventId, now: DateTime<Utc>) -> Result<Delivery> {
        self.demand_enabled(id).await?;
        let delivery_id = audited!(
            emit_events,
            query_scalar,
            r#"
            with known as materialized (
                select webhook_id, host from webhook where workspace_id = $1 and webhook_id = $4
            ), changes as (
                select 'webhook.pinged' as action, webhook_id as subject_id, null::jsonb as before,
                    jsonb_build_object('host', host, 'event_id', $5::uuid) as after
                from known
            ), new_events as (
                select $5::uuid as event_id, $6::text as event_type, null::uuid as user_identity_id,
                    jsonb_build_object('webhook_id', webhook_id) as details
                from known
            )
            "#,
            r#"
            , pinged as (
                insert into delivery (workspace_id, event_id, webhook_id, next_attempt_at)
                select $1, event_id, webhook_id, $2
                from inserted cross join webhook
                where webhook.workspace_id = $1 and webhook_id = $4 and not webhook_wants(event_types, event_type, is_opt_in)
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

    /// Errors with a conflict if the webhook is disabled.
    pub(super) async fn demand_enabled(&self, id: WebhookId) -> Result<()> {
        match self.webhook(id).await?.disabled_at {
            Some(_) => Err(Error::Conflict(Reason::WebhookDisabled)),
            None => Ok(()),
        }
    }
}
