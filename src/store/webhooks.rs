//! Webhooks: endpoints for a workspace's events, with the secrets that sign them.

mod claims;
mod deliveries;
mod outbox;
mod receivers;

pub use claims::ClaimFilter;
pub use outbox::PendingDeliveries;

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
    /// Creates a webhook. It gets events from now on. Webhooks created concurrently may exceed the limit by their number.
    pub async fn create_webhook(&self, webhook: &Webhook, now: DateTime<Utc>) -> Result<()> {
        let created = sqlx::query!(
            r#"
            insert into webhook (workspace_id, webhook_id, url, event_types, secret_sealed, created_at)
            select $1, $2, $3, $4, $5, $6
            where (select count(*) from webhook where workspace_id = $1) < $7
            "#,
            self.workspace_id(),
            webhook.webhook_id.0,
            webhook.url,
            &webhook.event_types,
            self.store.seal.close(&webhook.secret, webhook.webhook_id.0),
            now,
            MAX_WEBHOOKS,
        )
        .execute(self.store.writer())
        .await?;
        match created.rows_affected() {
            0 => Err(Error::Conflict(Reason::TooManyWebhooks(MAX_WEBHOOKS))),
            _ => Ok(()),
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
    pub async fn update_webhook(&self, id: WebhookId, event_types: &[String]) -> Result<()> {
        let changed = sqlx::query_scalar!(
            r#"
            update webhook set event_types = $3, failing_since = null, disabled_at = null
            where workspace_id = $1 and webhook_id = $2
            returning webhook_id
            "#,
            self.workspace_id(),
            id.0,
            event_types,
        )
        .fetch_optional(self.store.writer())
        .await?;
        found(changed, ResourceKind::Webhook, id).map(|_| ())
    }

    /// Replaces a webhook's secret. The former one also signs until `former_until`.
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        secret: &Token,
        former_until: DateTime<Utc>,
    ) -> Result<Webhook> {
        let row = sqlx::query_as!(
            Row,
            r#"
            update webhook
            set former_secret_sealed = secret_sealed, former_secret_until = $4, secret_sealed = $3
            where workspace_id = $1 and webhook_id = $2
            returning workspace_id, webhook_id, url, event_types, secret_sealed, disabled_at
            "#,
            self.workspace_id(),
            id.0,
            self.store.seal.close(secret, id.0),
            former_until,
        )
        .fetch_optional(self.store.writer())
        .await?;
        self.opened_webhook(found(row, ResourceKind::Webhook, id)?)
    }

    /// Deletes a webhook with its deliveries.
    pub async fn delete_webhook(&self, id: WebhookId) -> Result<()> {
        let deleted = sqlx::query_scalar!(
            "delete from webhook where workspace_id = $1 and webhook_id = $2 returning webhook_id",
            self.workspace_id(),
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
