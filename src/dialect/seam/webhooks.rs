//! `/webhooks`: receivers of events, and their deliveries.

use super::access::ByKey;
use super::answer::{Many, Members, One, Paged, Void};
use super::error::invalid;
use super::event_types::EventType;
use super::route::*;
use super::wire;
use crate::api::input::*;
use crate::domain::id::WebhookId;
use crate::domain::limits::MAX_EVENT_TYPES;
use crate::domain::token::Token;
use crate::domain::webhook::{DeliveryFilter, DeliveryStatus, FORMER_SECRET_SIGNS, MAX_WEBHOOKS, Webhook};
use crate::error::{Error, Reason, ResourceKind, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub fn routes() -> Vec<Operation> {
    let webhooks = ResourceKind::Webhook;
    let unknown_types = || Error::Conflict(Reason::UnknownEventTypes(Vec::new()));
    vec![
        route("/webhooks/create", &[POST], create)
            .key("webhook")
            .summary("Create a webhook")
            .fails([unknown_types(), Error::Conflict(Reason::TooManyWebhooks(MAX_WEBHOOKS))]),
        route("/webhooks/get", &[GET, POST], get).key("webhook").summary("Get a webhook").not_found(webhooks),
        route("/webhooks/list", &[GET, POST], list).key("webhooks").summary("List webhooks"),
        route("/webhooks/update", &[PUT, POST], update)
            .summary("Update the event types of a webhook")
            .not_found(webhooks)
            .fails([unknown_types()]),
        route("/webhooks/delete", &[DELETE, POST], delete).summary("Delete a webhook").not_found(webhooks),
        route("/webhooks/ping", &[POST], ping)
            .key("webhook_delivery")
            .summary("Send a test event to a webhook")
            .not_found(webhooks),
        route("/webhooks/rotate_secret", &[POST], rotate_secret)
            .key("webhook")
            .summary("Rotate the secret of a webhook; for a day both secrets sign")
            .not_found(webhooks),
        route("/webhooks/list_deliveries", &[GET, POST], list_deliveries)
            .key("webhook_deliveries")
            .summary("List the deliveries of webhooks, newest first")
            .not_found(webhooks),
        route("/webhooks/redeliver", &[POST], redeliver)
            .summary("Retry one delivery, or all failed deliveries of a webhook since a time")
            .not_found(ResourceKind::Delivery)
            .not_found(webhooks)
            .fails([Error::Conflict(Reason::WebhookDisabled)]),
    ]
}

input! {
    /// A webhook to create.
    pub struct Create {
        /// The URL to send events to.
        url: String = web_url(),
        /// The event types to send; `*` for all of Seam's.
        event_types: Vec<String> = array(text()).max(MAX_EVENT_TYPES).or_if_nullish(vec!["*"]),
    }
}

async fn create(call: Call<ByKey>, input: Create) -> Result<One<wire::Webhook>> {
    check(&input.event_types)?;
    let webhook = Webhook {
        workspace_id: call.grant.workspace.id(),
        webhook_id: call.app.random.id(call.now),
        url: input.url,
        event_types: input.event_types,
        secret: Token::signing_secret(&call.app.random),
        disabled_at: None,
    };
    call.grant.workspace.create_webhook(&webhook, call.now).await?;
    Ok(One(webhook.into()))
}

/// Seam allows any text as an id; an invalid UUID is an unknown webhook.
fn parse(webhook_id: &str) -> Result<WebhookId> {
    let unknown = |_| Error::NotFound(ResourceKind::Webhook, webhook_id.to_owned());
    Uuid::try_parse(webhook_id).map(WebhookId).map_err(unknown)
}

/// `*` must be the only name; any other must be an event type.
fn check(event_types: &[String]) -> Result<()> {
    let known = names::<EventType>();
    let mut unknown: Vec<String> = event_types.iter().filter(|name| !known.contains(&name.as_str())).cloned().collect();
    if unknown.is_empty() || event_types == ["*"] {
        return Ok(());
    }
    // Without the other names, `*` would be valid.
    if unknown.iter().any(|name| name != "*") {
        unknown.retain(|name| name != "*");
    }
    Err(Error::Conflict(Reason::UnknownEventTypes(unknown)))
}

input! {
    /// Id of a webhook.
    pub struct Which {
        /// The webhook.
        webhook_id: String = text().min(1),
    }
}

async fn get(call: Call<ByKey>, Which { webhook_id }: Which) -> Result<One<wire::Webhook>> {
    Ok(One(call.grant.workspace.webhook(parse(&webhook_id)?).await?.into()))
}

async fn list(call: Call<ByKey>, _: Nothing) -> Result<Many<wire::Webhook>> {
    let webhooks = call.grant.workspace.webhooks().await?;
    Ok(Many(webhooks.into_iter().map(wire::Webhook::from).collect()))
}

input! {
    /// A change of a webhook's event types.
    pub struct Update {
        /// The webhook.
        webhook_id: String = text().min(1),
        /// The event types to send.
        event_types: Vec<String> = array(text()).max(MAX_EVENT_TYPES),
    }
}

async fn update(call: Call<ByKey>, input: Update) -> Result<Void> {
    check(&input.event_types)?;
    call.grant.workspace.update_webhook(parse(&input.webhook_id)?, &input.event_types, call.now).await?;
    Ok(Void)
}

async fn delete(call: Call<ByKey>, Which { webhook_id }: Which) -> Result<Void> {
    call.grant.workspace.delete_webhook(parse(&webhook_id)?, call.now).await?;
    Ok(Void)
}

async fn ping(call: Call<ByKey>, Which { webhook_id }: Which) -> Result<One<wire::WebhookDelivery>> {
    call.app.pings.take(call.grant.workspace.id())?;
    let event_id = call.app.random.id(call.now);
    Ok(One(call.grant.workspace.ping_webhook(parse(&webhook_id)?, event_id, call.now).await?.into()))
}

async fn rotate_secret(call: Call<ByKey>, Which { webhook_id }: Which) -> Result<One<wire::Webhook>> {
    let secret = Token::signing_secret(&call.app.random);
    let former_until = call.now + FORMER_SECRET_SIGNS;
    let id = parse(&webhook_id)?;
    let rotated = call.grant.workspace.rotate_webhook_secret(id, None, &secret, former_until, call.now).await?;
    Ok(One(rotated.ok_or(Error::NotFound(ResourceKind::Webhook, webhook_id))?.into()))
}

input! {
    /// Filter of deliveries.
    pub struct ListDeliveries {
        /// Only deliveries to this webhook.
        webhook_id: Option<String> = text().min(1).optional(),
        /// Only deliveries with this status.
        status: Option<DeliveryStatus> = choice().optional(),
        /// The page size.
        limit: u32 = integer().at_least(1).at_most(1_000).or(100),
        /// The `next_page_cursor` of the previous page.
        page_cursor: Option<String> = text().nullish(),
    }
}

async fn list_deliveries(
    call: Call<ByKey>,
    Paginated { cursor_scope, input }: Paginated<ListDeliveries>,
) -> Result<Paged<wire::WebhookDelivery>> {
    let webhook_id = match &input.webhook_id {
        Some(id) => Some(call.grant.workspace.webhook(parse(id)?).await?.webhook_id),
        None => None,
    };
    let filter = DeliveryFilter {
        webhook_id,
        delivery_id: None,
        status: input.status,
        paging: cursor_scope.paging(Some(input.limit), input.page_cursor.as_deref())?,
    };
    Ok(cursor_scope.paged(call.grant.workspace.deliveries(&filter).await?))
}

input! {
    /// Deliveries to retry: one, or all of a webhook that failed since a time.
    pub struct Redeliver {
        /// The delivery.
        delivery_id: Option<Uuid> = uuid().nullish(),
        /// The webhook with the failed deliveries.
        webhook_id: Option<String> = text().min(1).nullish(),
        /// Only deliveries of events since this time.
        since: Option<DateTime<Utc>> = lenient_date().nullish(),
    }
}

/// How much is tried anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redelivering {
    #[schema(example = 1)]
    pub redelivering_count: u64,
}

async fn redeliver(call: Call<ByKey>, input: Redeliver) -> Result<Members<Redelivering>> {
    let redelivering_count = match (input.delivery_id, &input.webhook_id, input.since) {
        (Some(id), None, None) => {
            call.grant.workspace.redeliver(id, call.now).await?;
            1
        }
        (None, Some(id), Some(since)) => call.grant.workspace.redeliver_failed(parse(id)?, since, call.now).await?,
        _ => return Err(invalid("Must specify either delivery_id, or webhook_id and since")),
    };
    Ok(Members(Redelivering { redelivering_count }))
}
