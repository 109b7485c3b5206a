//! Webhooks as an operator sees them, without their secrets, and disabled and enabled by an operator.

use crate::domain::event::EventType;
use crate::domain::id::WebhookId;
use crate::domain::webhook::{MAX_COUNTED, WebhookOverview};
use crate::error::{ResourceKind, Result};
use crate::store::{Workspace, sql::found};
use chrono::{DateTime, Utc};

/// Deliveries that end with the statement that disables their webhook. The sweeper ends the others.
const MAX_ENDED: i64 = 10_000;

/// Selects overviews; the literal is the rest of the statement. **`$2` is [`MAX_COUNTED`].**
macro_rules! select_overviews {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            WebhookOverview,
            r#"
            select webhook_id, url, event_types,
                left(encode(sha256(secret_sealed), 'hex'), 16) as "secret_version!", former_secret_until, failing_since,
                disabled_at, created_at, (
                    select count(*) from (
                        select from delivery
                        where delivery.workspace_id = $1 and delivery.webhook_id = webhook.webhook_id
                            and status = 'pending'
                        limit $2
                    ) as waiting
                ) as "pending!", (
                    select count(*) from (
                        select from delivery
                        where delivery.workspace_id = $1 and delivery.webhook_id = webhook.webhook_id
                            and status = 'failed'
                        limit $2
                    ) as lost
                ) as "failed!"
            from webhook
            "# + $rest
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// The overview of the webhook with this id.
    pub async fn webhook_overview(&self, id: WebhookId) -> Result<WebhookOverview> {
        let row =
            select_overviews!("where workspace_id = $1 and webhook_id = $3", self.workspace_id(), MAX_COUNTED, id.0);
        found(row.fetch_optional(&self.store.pool).await?, ResourceKind::Webhook, id)
    }

    /// Overviews of all webhooks, in order of creation.
    pub async fn webhook_overviews(&self) -> Result<Vec<WebhookOverview>> {
        let rows = select_overviews!(
            "where workspace_id = $1 order by created_at, webhook_id",
            self.workspace_id(),
            MAX_COUNTED,
        );
        Ok(rows.fetch_all(&self.store.pool).await?)
    }

    /// Disables a webhook: its pending deliveries fail, and it gets no further ones. Emits `webhook.disabled`. Idempotent.
    pub async fn disable_webhook(&self, id: WebhookId, now: DateTime<Utc>) -> Result<()> {
        let known = audited!(
            emit_events,
            query_scalar,
            r#"
            with held as materialized (
                select webhook_id, host from webhook where workspace_id = $1 and webhook_id = $4 for no key update
            ), disabled as (
                update webhook set disabled_at = $2
                from held
                where webhook.workspace_id = $1 and webhook.webhook_id = held.webhook_id and disabled_at is null
                returning webhook.webhook_id
            ), waiting as materialized (
                select event_id from delivery
                where workspace_id = $1 and webhook_id in (select webhook_id from disabled) and status = 'pending'
                limit $6
            ), ended as (
                update delivery set status = 'failed', fault = 'the webhook was disabled'
                from waiting
                where delivery.workspace_id = $1 and delivery.webhook_id = $4 and delivery.event_id = waiting.event_id
                    and status = 'pending'
            ), changes as (
                select 'webhook.disabled' as action, webhook_id as subject_id,
                    jsonb_build_object('host', host) as before,
                    jsonb_build_object('host', host, 'disabled_at', $2::timestamptz) as after
                from disabled join held using (webhook_id)
            ), new_events as (
                select name_uuid(webhook_id, $5::text || ' ' || $2::timestamptz::text) as event_id,
                    $5::text as event_type, null::uuid as user_identity_id,
                    jsonb_build_object('webhook_id', webhook_id) as details
                from disabled
            )
            "#,
            "select webhook_id from held",
            self.workspace_id(),
            now,
            self.context(&[EventType::WebhookDisabled]),
            id.0,
            EventType::WebhookDisabled.into_str(),
            MAX_ENDED,
        )
        .fetch_optional(self.store.emitter())
        .await?;
        found(known, ResourceKind::Webhook, id).map(|_| ())
    }

    /// Enables a disabled webhook. It gets the events from now on; those from before can be redelivered if they became
    /// deliveries. Idempotent.
    pub async fn enable_webhook(&self, id: WebhookId, now: DateTime<Utc>) -> Result<()> {
        let known = audited!(
            query_scalar,
            r#"
            with held as materialized (
                select webhook_id, host, disabled_at from webhook
                where workspace_id = $1 and webhook_id = $4
                for no key update
            ), enabled as (
                update webhook set disabled_at = null, failing_since = null
                from held
                where webhook.workspace_id = $1 and webhook.webhook_id = held.webhook_id
                    and held.disabled_at is not null
                returning webhook.webhook_id
            ), changes as (
                select 'webhook.enabled' as action, webhook_id as subject_id,
                    jsonb_build_object('host', host, 'disabled_at', disabled_at) as before,
                    jsonb_build_object('host', host) as after
                from enabled join held using (webhook_id)
            )
            "#,
            "select webhook_id from held",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(known, ResourceKind::Webhook, id).map(|_| ())
    }
}
