//! Webhooks: what is delivered, what is not, and again.

use super::admin::{AdminContext, Outcome, WorkspaceArgument, known, second};
use super::audit::time;
use super::output::table;
use crate::domain::id::WebhookId;
use crate::domain::page::Paging;
use crate::domain::webhook::{Delivery, DeliveryFilter, DeliveryStatus, Webhook};
use crate::error;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// List webhooks without their secrets
    #[command(after_help = "Example:\n  handset webhook list --workspace Demo")]
    List(ListCommand),
    /// List the deliveries of webhooks, newest first
    #[command(after_help = "Example:\n  handset webhook deliveries --status failed")]
    Deliveries(DeliveriesCommand),
    /// Send a delivery again, or all failed ones of a webhook since a time
    #[command(after_help = "Example:\n  handset webhook redeliver 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f\n  \
        handset webhook redeliver --webhook 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f --since 2026-11-01")]
    Redeliver(RedeliverCommand),
}

#[derive(Debug, Args)]
pub struct ListCommand {
    /// Part of a URL, or the start of an id
    search: Option<String>,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct DeliveriesCommand {
    /// Only deliveries to this webhook
    #[arg(value_name = "WEBHOOK_ID")]
    webhook: Option<Uuid>,
    /// Only deliveries of this status
    #[arg(long, value_enum)]
    status: Option<StatusArgument>,
    /// Maximum number of deliveries
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct RedeliverCommand {
    /// The delivery
    #[arg(value_name = "DELIVERY_ID", required_unless_present = "webhook", conflicts_with = "webhook")]
    delivery: Option<Uuid>,
    /// The webhook whose failed deliveries are sent again
    #[arg(long, value_name = "WEBHOOK_ID", requires = "since")]
    webhook: Option<Uuid>,
    /// Only deliveries of events since this time: 2026-11-01, or 2026-11-01T08:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time, requires = "webhook")]
    since: Option<DateTime<Utc>>,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

/// The status, as arguments name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusArgument {
    Pending,
    Delivered,
    Failed,
}

impl From<StatusArgument> for DeliveryStatus {
    fn from(argument: StatusArgument) -> DeliveryStatus {
        match argument {
            StatusArgument::Pending => DeliveryStatus::Pending,
            StatusArgument::Delivered => DeliveryStatus::Delivered,
            StatusArgument::Failed => DeliveryStatus::Failed,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("there is no webhook {0} in this workspace; `handset webhook list` shows all")]
    NoWebhook(Uuid),
    #[error("there is no delivery {0} in this workspace; `handset webhook deliveries` shows the newest")]
    NoDelivery(Uuid),
    #[error(
        "the webhook is disabled, because its receiver failed for days or is gone. Update its event types to enable it"
    )]
    Disabled,
}

pub async fn webhook(context: &AdminContext, command: WebhookCommand) -> Outcome {
    match command {
        WebhookCommand::List(command) => list(context, command).await,
        WebhookCommand::Deliveries(command) => deliveries(context, command).await,
        WebhookCommand::Redeliver(command) => redeliver(context, command).await,
    }
}

async fn list(context: &AdminContext, command: ListCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let search = command.search.unwrap_or_default().to_lowercase();
    let is_wanted = |webhook: &Webhook| {
        shown_url(&webhook.url).to_lowercase().contains(&search) || webhook.webhook_id.to_string().starts_with(&search)
    };
    let webhooks: Vec<Webhook> = workspace.webhooks().await?.into_iter().filter(is_wanted).collect();
    let value = json!({ "webhooks": webhooks.iter().map(|webhook| json!({
        "webhook_id": webhook.webhook_id,
        "workspace_id": webhook.workspace_id,
        "url": shown_url(&webhook.url),
        "event_types": webhook.event_types,
        "disabled_at": webhook.disabled_at,
    })).collect::<Vec<_>>() });
    let rows = webhooks.iter().map(|webhook| {
        let state = webhook.disabled_at.map_or("enabled".to_owned(), |at| format!("disabled {}", second(at)));
        [webhook.webhook_id.to_string(), shown_url(&webhook.url), state, webhook.event_types.join(" ")]
    });
    let table = table(["ID", "URL", "STATE", "EVENT TYPES"], rows);
    context.print_list(&value, &table, webhooks.len(), false, "webhook")
}

/// The URL without its password.
fn shown_url(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            // Fails only for URLs that cannot have a password.
            let _ = url.set_password(Some("…"));
            url.to_string()
        }
        _ => url.to_owned(),
    }
}

async fn deliveries(context: &AdminContext, command: DeliveriesCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    if let Some(id) = command.webhook {
        known(workspace.webhook(WebhookId(id)).await, CliError::NoWebhook(id))?;
    }
    let filter = DeliveryFilter {
        webhook_id: command.webhook.map(WebhookId),
        delivery_id: None,
        status: command.status.map(DeliveryStatus::from),
        paging: Paging { limit: Some(command.limit), from: None },
    };
    let page = workspace.deliveries(&filter).await?;
    let (deliveries, has_more) = (page.items, page.next.is_some());
    let value = json!({
        "webhook_deliveries": deliveries.iter().map(delivery_json).collect::<Vec<_>>(),
        "has_more": has_more,
    });
    let rows = deliveries.iter().map(|delivery| {
        let answer = delivery.response_status.map(|status| status.to_string()).unwrap_or_default();
        let fault = delivery.fault.clone().unwrap_or_default();
        let ids = [delivery.delivery_id.to_string(), second(delivery.created_at), delivery.event_type.clone()];
        let [id, at, event_type] = ids;
        [id, at, event_type, delivery.status.into_str().to_owned(), delivery.attempts.to_string(), answer, fault]
    });
    let table = table(["ID", "EVENT AT", "TYPE", "STATUS", "ATTEMPTS", "ANSWER", "FAULT"], rows);
    context.print_list(&value, &table, deliveries.len(), has_more, "delivery")
}

fn delivery_json(delivery: &Delivery) -> Value {
    let is_pending = delivery.status == DeliveryStatus::Pending;
    json!({
        "delivery_id": delivery.delivery_id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "status": delivery.status.into_str(),
        "attempt_count": delivery.attempts,
        "response_status": delivery.response_status,
        "latency_ms": delivery.latency_ms,
        "error": delivery.fault,
        "created_at": delivery.created_at,
        "last_attempt_at": delivery.last_attempt_at,
        "next_attempt_at": is_pending.then_some(delivery.next_attempt_at),
    })
}

async fn redeliver(context: &AdminContext, command: RedeliverCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let (renewed, missing) = match (command.delivery, command.webhook.zip(command.since)) {
        (Some(id), _) => (workspace.redeliver(id, context.now()).await.map(|_| 1), CliError::NoDelivery(id)),
        (None, Some((id, since))) => {
            let renewed = workspace.redeliver_failed(WebhookId(id), since, context.now()).await;
            (renewed, CliError::NoWebhook(id))
        }
        // The grammar requires one of them.
        (None, None) => (Ok(0), CliError::NoDelivery(Uuid::nil())),
    };
    if let Err(error::Error::Conflict(error::Reason::WebhookDisabled)) = renewed {
        return Err(CliError::Disabled.into());
    }
    let renewed = known(renewed, missing)?;
    let text = match renewed {
        1 => "1 delivery is sent again.".to_owned(),
        several => format!("{several} deliveries are sent again."),
    };
    context.print(&json!({ "redelivering_count": renewed }), &text)
}
