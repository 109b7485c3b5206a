//! Webhooks and deliveries.

use crate::api::openapi::enum_schema;
use crate::domain;
use crate::domain::webhook::DeliveryStatus;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A webhook: a URL to which the events of a workspace are sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    pub webhook_id: Uuid,
    #[schema(format = "uri", example = "https://example.com/webhooks")]
    pub url: String,
    #[schema(example = json!(["*"]))]
    pub event_types: Vec<String>,
    /// The secret that signs deliveries.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
    /// When it was disabled because its deliveries failed; absent while it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub disabled_at: Option<DateTime<Utc>>,
}

impl From<domain::webhook::Webhook> for Webhook {
    fn from(webhook: domain::webhook::Webhook) -> Webhook {
        Webhook {
            webhook_id: webhook.webhook_id.0,
            url: webhook.url,
            event_types: webhook.event_types,
            secret: webhook.secret.reveal().to_owned(),
            disabled_at: webhook.disabled_at,
        }
    }
}

/// A delivery of an event to a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDelivery {
    pub delivery_id: Uuid,
    pub webhook_id: Uuid,
    pub event_id: Uuid,
    #[schema(example = "phone.deactivated")]
    pub event_type: String,
    #[schema(value_type = DeliveryStatus)]
    pub status: &'static str,
    pub attempt_count: i32,
    /// The status of the last response.
    #[schema(required)]
    pub response_status: Option<i32>,
    /// The duration of the last attempt in milliseconds.
    #[schema(required)]
    pub latency_ms: Option<i32>,
    /// Why the last attempt failed.
    #[schema(required)]
    pub fault: Option<String>,
    /// When the event happened.
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// When the next attempt is due; null if there is none.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
}

enum_schema!(DeliveryStatus, "DeliveryStatus", "The status of a delivery.");

impl From<domain::webhook::Delivery> for WebhookDelivery {
    fn from(delivery: domain::webhook::Delivery) -> WebhookDelivery {
        WebhookDelivery {
            delivery_id: delivery.delivery_id,
            webhook_id: delivery.webhook_id.0,
            event_id: delivery.event_id.0,
            event_type: delivery.event_type,
            status: delivery.status.into_str(),
            attempt_count: delivery.attempts,
            response_status: delivery.response_status,
            latency_ms: delivery.latency_ms,
            fault: delivery.fault,
            created_at: delivery.created_at,
            last_attempt_at: delivery.last_attempt_at,
            next_attempt_at: (delivery.status == DeliveryStatus::Pending).then_some(delivery.next_attempt_at),
        }
    }
}
