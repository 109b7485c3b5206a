//! What a workspace's webhooks get of one event: those that would get one, and its deliveries.

use crate::domain::event::EventType;
use crate::domain::id::EventId;
use crate::domain::webhook::{DeliveryStatus, EventDelivery, Receiver};
use crate::error::Result;
use crate::store::Workspace;
use uuid::Uuid;

/// Most deliveries that are read at once.
const MAX_DELIVERIES: i64 = 1_000;

impl Workspace {
    /// The enabled webhooks that events of this type are delivered to.
    pub async fn receivers_of(&self, event_type: EventType) -> Result<Vec<Receiver>> {
        Ok(sqlx::query_as!(
            Receiver,
            r#"
            select webhook_id, host as "host!" from webhook
            where workspace_id = $1 and disabled_at is null and webhook_wants(event_types, $2, $3)
            order by created_at, webhook_id
            "#,
            self.workspace_id(),
            event_type.into_str(),
            event_type.is_opt_in(),
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// The deliveries of events, by event and in order of creation of their webhooks.
    pub async fn deliveries_of(&self, events: &[EventId]) -> Result<Vec<EventDelivery>> {
        let ids: Vec<Uuid> = events.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            EventDelivery,
            r#"
            select event_id, delivery_id as "delivery_id!", webhook_id, host as "host!",
                status as "status: DeliveryStatus", attempt as attempts, response_status, latency_ms, fault,
                last_attempt_at, next_attempt_at
            from delivery join webhook using (workspace_id, webhook_id)
            where workspace_id = $1 and event_id = any ($2)
            order by event_id, webhook.created_at, webhook_id
            limit $3
            "#,
            self.workspace_id(),
            &ids,
            MAX_DELIVERIES,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }
}
