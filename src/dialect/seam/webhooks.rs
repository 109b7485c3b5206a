//! `/webhooks`: where a workspace wants to hear of its events.

use super::access::ByKey;
use super::answer::{Many, One, Void};
use super::input::*;
use super::route::*;
use super::{event_types, wire};
use crate::error::{Error, Noun, Reason, Result};
use crate::model::id::WebhookId;
use crate::model::token::Token;
use crate::model::webhook::Webhook;
use uuid::Uuid;

pub fn routes() -> Vec<Route> {
    let webhooks = &[Noun::Webhook];
    vec![
        keyed("/webhooks/create", &[POST], "webhook", create).does("Create a webhook"),
        keyed("/webhooks/get", &[GET, POST], "webhook", get).does("Get a webhook").misses(webhooks),
        keyed("/webhooks/list", &[GET, POST], "webhooks", list).does("List webhooks"),
        route("/webhooks/update", &[PUT, POST], update)
            .does("Change which types of event a webhook hears of")
            .misses(webhooks),
        route("/webhooks/delete", &[DELETE, POST], delete).does("Delete a webhook").misses(webhooks),
    ]
}

input! {
    /// A webhook to make.
    pub struct Create {
        /// Where events are sent.
        url: String = web_url(),
        /// The types of event to send; the star stands for all of Seam's.
        event_types: Vec<String> = array(text()).or(vec!["*"]),
    }
}

async fn create(call: Call<ByKey>, input: Create) -> Result<One<wire::Webhook>> {
    check(&input.event_types)?;
    let webhook = Webhook {
        workspace_id: call.grant.0.id(),
        webhook_id: call.app.entropy.id(call.now),
        url: input.url,
        event_types: input.event_types,
        secret: Token::signing_secret(&call.app.entropy),
        disabled_at: None,
    };
    call.grant.0.create_webhook(&webhook, call.now).await?;
    Ok(One(webhook.into()))
}

/// The star stands alone; any other name must be that of a type.
fn check(event_types: &[String]) -> Result<()> {
    let unknown: Vec<String> = event_types.iter().filter(|name| !event_types::is_known(name)).cloned().collect();
    if unknown.is_empty() || event_types == ["*"] {
        return Ok(());
    }
    Err(Error::Conflict(Reason::UnknownEventTypes(unknown)))
}

input! {
    /// Which webhook.
    pub struct Which {
        /// The webhook.
        webhook_id: String = text().min(1),
    }
}

impl Which {
    /// The wire has any text here: what is no id is simply no webhook's.
    fn id(&self) -> Result<WebhookId> {
        parse(&self.webhook_id)
    }
}

fn parse(webhook_id: &str) -> Result<WebhookId> {
    let unknown = |_| Error::NotFound(Noun::Webhook, webhook_id.to_owned());
    Uuid::try_parse(webhook_id).map(WebhookId).map_err(unknown)
}

async fn get(call: Call<ByKey>, which: Which) -> Result<One<wire::Webhook>> {
    Ok(One(call.grant.0.webhook(which.id()?).await?.into()))
}

input! {
    /// Nothing.
    pub struct Nothing {}
}

async fn list(call: Call<ByKey>, _: Nothing) -> Result<Many<wire::Webhook>> {
    let webhooks = call.grant.0.webhooks().await?;
    Ok(Many(webhooks.into_iter().map(wire::Webhook::from).collect()))
}

input! {
    /// Which webhook, and what it hears of from now on.
    pub struct Update {
        /// The webhook.
        webhook_id: String = text().min(1),
        /// The types of event to send.
        event_types: Vec<String> = array(text()),
    }
}

async fn update(call: Call<ByKey>, input: Update) -> Result<Void> {
    check(&input.event_types)?;
    call.grant.0.update_webhook(parse(&input.webhook_id)?, &input.event_types).await?;
    Ok(Void)
}

async fn delete(call: Call<ByKey>, which: Which) -> Result<Void> {
    call.grant.0.delete_webhook(which.id()?).await?;
    Ok(Void)
}
