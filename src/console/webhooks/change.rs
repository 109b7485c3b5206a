//! Changes of a webhook.

use super::types;
use super::{show, state};
use crate::console::context::PageContext;
use crate::console::field::Faults;
use crate::console::layout::{Page, Redirect};
use crate::console::secret;
use crate::domain::id::WebhookId;
use crate::domain::token::Token;
use crate::domain::webhook::FORMER_SECRET_SIGNS;
use crate::error::Result;
use axum::response::{IntoResponse, Response};
use maud::html;

pub async fn ping(context: PageContext) -> Result<Redirect> {
    context.app.pings.take(context.workspace().id())?;
    let (id, event_id) = (context.id::<WebhookId>("webhook_id")?, context.app.random.id(context.now));
    let delivery = context.workspace().ping_webhook(id, event_id, context.now).await?;
    let page = format!("/deliveries/{}", delivery.delivery_id);
    Ok(context.redirect(&page).notice("A test event is on its way. Reload this page for the answer."))
}

pub async fn event_types(context: PageContext) -> Result<Response> {
    let id = context.id::<WebhookId>("webhook_id")?;
    let webhook = context.workspace().webhook_overview(id).await?;
    let mut faults = Faults::default();
    let chosen = types::chosen(&context, &webhook.event_types, &mut faults);
    if !faults.is_empty() {
        return Ok(show::filled(&context, &webhook, &faults).await?.into_response());
    }
    context.workspace().update_webhook(id, &chosen, context.now).await?;
    Ok(done(&context, id, "From now on the webhook gets these events.").into_response())
}

pub async fn rotate(context: PageContext) -> Result<Page> {
    let id = context.id::<WebhookId>("webhook_id")?;
    let secret = Token::signing_secret(&context.app.random);
    let (version, former_until) = (context.form.get("version").unwrap_or_default(), context.now + FORMER_SECRET_SIGNS);
    let rotated =
        context.workspace().rotate_webhook_secret(id, Some(version), &secret, former_until, context.now).await?;
    let webhook = context.workspace().webhook_overview(id).await?;
    let rest = html! {
        p { "For a day both secrets sign each message, so receivers can change over one by one." }
        p { "The webhook: " (state(&webhook)) }
        p { a.button href=(context.address(&format!("/webhooks/{id}"))) { "Continue to the webhook" } }
    };
    Ok(secret::shown_once(&context, "webhook", rotated.as_ref().map(|webhook| &webhook.secret), rest))
}

pub async fn disable(context: PageContext) -> Result<Redirect> {
    let id = context.id::<WebhookId>("webhook_id")?;
    context.workspace().disable_webhook(id, context.now).await?;
    Ok(done(&context, id, "The webhook is disabled. Its pending deliveries have failed."))
}

pub async fn enable(context: PageContext) -> Result<Redirect> {
    let id = context.id::<WebhookId>("webhook_id")?;
    context.workspace().enable_webhook(id, context.now).await?;
    Ok(done(&context, id, "The webhook is enabled, and gets the events from now on."))
}

pub async fn delete(context: PageContext) -> Result<Redirect> {
    let id = context.id::<WebhookId>("webhook_id")?;
    context.workspace().delete_webhook(id, context.now).await?;
    Ok(context.redirect("/webhooks").notice("The webhook is deleted, with its deliveries."))
}

fn done(context: &PageContext, id: WebhookId, notice: &str) -> Redirect {
    context.redirect(&format!("/webhooks/{id}")).notice(notice)
}
