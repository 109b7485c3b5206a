//! Webhooks: endpoints for a workspace's events, with the secrets that sign them. The audit trail has the host of a webhook and
//! not its URL, which may contain a password.

mod claims;
mod deliveries;
mod due;
mod outbox;
mod overview;
mod receivers;
mod redeliver;

pub use claims::ClaimFilter;
pub(super) use due::DueWorkspaces;
pub use outbox::PendingDeliveries;
pub(super) use outbox::pending;

use crate::domain::id::{WebhookId, WorkspaceId};
use crate::domain::token::Token;
use crate::domain::webhook::{MAX_WEBHOOKS, Webhook};
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::{Workspace, sql::found};
use chrono::{DateTime, Utc};

/// A row of a webhook, with its secret sealed.
struct Row {
    workspace_id: WorkspaceId,
    webhook_id: WebhookId,
    url: String,
    event_types: Vec<String>,
    secret_sealed: Vec<u8>,
    disabled_at: Option<DateTime<Utc>>,
}

/// Selects webhooks; the literal is the rest of the statement.
macro_rules! select_webhooks {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "select workspace_id, webhook_id, url, event_types, secret_sealed, disabled_at from webhook " + $rest
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// Creates a webhook. It gets events from now on. False if there is one with this id already. Webhooks created concurrently
    /// may exceed the limit by their number.
    pub async fn create_webhook(&self, webhook: &Webhook, now: DateTime<Utc>) -> Result<bool> {
        let created = audited!(
            query_scalar,
            r#"
            with counted as materialized (
                select count(*) as count from webhook where workspace_id = $1
            ), created as (
                insert into webhook (workspace_id, webhook_id, url, event_types, secret_sealed, created_at)
                select $1, $4::uuid, $5::text, $6::text[], $7::bytea, $2::timestamptz from counted where count < $8
                on conflict (workspace_id, webhook_id) do nothing
                returning webhook_id, host, event_types
            ), changes as (
                select 'webhook.created' as action, webhook_id as subject_id, null::jsonb as before,
                    jsonb_build_object('host', host, 'event_types', event_types) as after
                from created
            )
            "#,
            "select webhook_id from created",
            self.workspace_id(),
            now,
            self.context(&[]),
            webhook.webhook_id.0,
            webhook.url,
            &webhook.event_types,
            self.store.seal.close(&webhook.secret, webhook.webhook_id.0),
            MAX_WEBHOOKS,
        )
        .fetch_optional(self.store.writer())
        .await?;
        match created {
            Some(_) => Ok(true),
            None => match self.webhook(webhook.webhook_id).await {
                Err(Error::NotFound(..)) => Err(Error::Conflict(Reason::TooManyWebhooks(MAX_WEBHOOKS))),
                existing => existing.map(|_| false),
            },
        }
    }

    /// The webhook with this id.
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook> {
        let row = select_webhooks!("where workspace_id = $1 and webhook_id = $2", self.workspace_id(), id.0);
        let row = row.fetch_optional(&self.store.pool).await?;
        self.opened_webhook(found(row, ResourceKind::Webhook, id)?)
    }

    /// All webhooks, in order of creation.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>> {
        let rows = select_webhooks!("where workspace_id = $1 order by created_at, webhook_id", self.workspace_id());
        rows.fetch_all(&self.store.pool).await?.into_iter().map(|row| self.opened_webhook(row)).collect()
    }

    /// Changes a webhook's event types, from now on, and enables it if it is disabled.
    pub async fn update_webhook(&self, id: WebhookId, event_types: &[String], now: DateTime<Utc>) -> Result<()> {
        let changed = audited!(
            query_scalar,
            r#"
            with held as materialized (
                select webhook_id, host, event_types, disabled_at from webhook
                where workspace_id = $1 and webhook_id = $4
                for no key update
            ), changed_webhooks as (
                update webhook set event_types = $5, failing_since = null, disabled_at = null
                from held
                where webhook.workspace_id = $1 and webhook.webhook_id = held.webhook_id
                returning webhook.webhook_id
            ), changes as (
                select 'webhook.updated' as action, webhook_id as subject_id,
                    jsonb_build_object('host', host, 'event_types', event_types, 'disabled_at', disabled_at) as before,
                    jsonb_build_object('host', host, 'event_types', $5::text[]) as after
                from changed_webhooks join held using (webhook_id)
            )
            "#,
            "select webhook_id from changed_webhooks",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            event_types,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(changed, ResourceKind::Webhook, id).map(|_| ())
    }

    /// Replaces a webhook's secret. The former one also signs until `former_until`. None if the secret is not, or no longer,
    /// that of `version`, if it is given.
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        version: Option<&str>,
        secret: &Token,
        former_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        let row = audited!(
            query_as,
            Row,
            r#"
            with held as materialized (
                select webhook_id, host, former_secret_until from webhook
                where workspace_id = $1 and webhook_id = $4
                    and ($7::text is null or $7 = left(encode(sha256(secret_sealed), 'hex'), 16))
                for no key update
            ), rotated as (
                update webhook
                set former_secret_sealed = secret_sealed, former_secret_until = $6, secret_sealed = $5
                from held
                where webhook.workspace_id = $1 and webhook.webhook_id = held.webhook_id
                returning webhook.workspace_id, webhook.webhook_id, url, event_types, secret_sealed, disabled_at
            ), changes as (
                select 'webhook.secret_rotated' as action, webhook_id as subject_id,
                    jsonb_build_object('host', host, 'former_secret_until', former_secret_until) as before,
                    jsonb_build_object('host', host, 'former_secret_until', $6::timestamptz) as after
                from rotated join held using (webhook_id)
            )
            "#,
            r#"
            select workspace_id as "workspace_id!", webhook_id as "webhook_id!", url as "url!",
                event_types as "event_types!", secret_sealed as "secret_sealed!", disabled_at
            from rotated
            "#,
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            self.store.seal.close(secret, id.0),
            former_until,
            version,
        )
        .fetch_optional(self.store.writer())
        .await?;
        match row {
            Some(row) => self.opened_webhook(row).map(Some),
            // An unknown webhook is an error.
            None => self.webhook(id).await.map(|_| None),
        }
    }

    /// Deletes a webhook with its deliveries.
    pub async fn delete_webhook(&self, id: WebhookId, now: DateTime<Utc>) -> Result<()> {
        let deleted = audited!(
            query_scalar,
            r#"
            with deleted as (
                delete from webhook where workspace_id = $1 and webhook_id = $4
                returning webhook_id, host, event_types
            ), changes as (
                select 'webhook.deleted' as action, webhook_id as subject_id,
                    jsonb_build_object('host', host, 'event_types', event_types) as before, null::jsonb as after
                from deleted
            )
            "#,
            "select webhook_id from deleted",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(deleted, ResourceKind::Webhook, id).map(|_| ())
    }

    fn opened_webhook(&self, row: Row) -> Result<Webhook> {
        Ok(Webhook {
            secret: self.store.seal.open(&row.secret_sealed, row.webhook_id.0)?,
            workspace_id: row.workspace_id,
            webhook_id: row.webhook_id,
            url: row.url,
            event_types: row.event_types,
            disabled_at: row.disabled_at,
        })
    }
}
