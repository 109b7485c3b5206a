//! The form that creates a webhook.

use super::types;
use crate::console::context::PageContext;
use crate::console::elements::form;
use crate::console::field::{Faults, Field, check_length, typed};
use crate::console::layout::{Page, page};
use crate::console::secret;
use crate::domain::limits::MAX_URL;
use crate::domain::token::Token;
use crate::domain::webhook::{MAX_WEBHOOKS, Webhook};
use crate::error::{Error, Reason, Result};
use axum::http::StatusCode;
use maud::html;
use url::Url;

pub async fn form_page(context: PageContext) -> Result<Page> {
    Ok(filled(&context, &Faults::default()))
}

pub async fn create(context: PageContext) -> Result<Page> {
    let webhook_id = secret::form_id(&context)?;
    let mut faults = Faults::default();
    let url = context.form.filled("url").unwrap_or_default();
    check_url(url, &mut faults);
    let event_types = types::chosen(&context, &[], &mut faults);
    let secret = Token::signing_secret(&context.app.random);
    let workspace_id = context.workspace().id();
    if !faults.is_empty() {
        return Ok(filled(&context, &faults));
    }
    let webhook = Webhook {
        workspace_id,
        webhook_id,
        url: url.to_owned(),
        event_types,
        secret: secret.clone(),
        disabled_at: None,
    };
    let is_new = match context.workspace().create_webhook(&webhook, context.now).await {
        Err(Error::Conflict(Reason::TooManyWebhooks(_))) => {
            faults
                .add("url", format!("The workspace has {MAX_WEBHOOKS} webhooks, which is the limit. Delete one first"));
            return Ok(filled(&context, &faults));
        }
        created => created?,
    };
    let address = context.address(&format!("/webhooks/{webhook_id}"));
    let rest = html! {
        p { "Receivers verify each message with it. See the lines for your language on the webhook’s page." }
        p { a.button href=(address) { "Continue to the webhook" } }
    };
    Ok(secret::shown_once(&context, "webhook", is_new.then_some(&secret), rest))
}

fn check_url(url: &str, faults: &mut Faults) {
    check_length(faults, "url", url, MAX_URL);
    let is_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_web {
        faults.add("url", "Enter a whole address that begins with https:// or http://");
    }
}

fn filled(context: &PageContext, faults: &Faults) -> Page {
    let url = Field::text("url", "Address", MAX_URL)
        .kind("url")
        .hint("Where Handset sends the events, as https://example.com/handset. Only public addresses are reached, unless this server allows others.")
        .required();
    let body = html! {
        h1 { "Create a webhook" }
        (faults.summary())
        (form(context, &context.address("/webhooks"), html! {
            (secret::id_field(context))
            (url.show(typed(context, "url", ""), faults))
            (types::fields(context, &["*".to_owned()], faults))
            button type="submit" { "Create and show the secret" }
            a href=(context.address("/webhooks")) { "Cancel" }
        }))
    };
    let page = page(context, "Create a webhook", body);
    if faults.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) }
}
