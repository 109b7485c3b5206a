//! The page of a webhook.

use super::{counted, deliveries, redeliver, shown_url, state, types};
use crate::console::code;
use crate::console::context::PageContext;
use crate::console::elements::{code as id_code, form, snippet, text, time};
use crate::console::field::Faults;
use crate::console::layout::{Page, page};
use crate::domain::id::WebhookId;
use crate::domain::operator::Role;
use crate::domain::webhook::WebhookOverview;
use crate::error::Result;
use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::json;

/// How a receiver verifies a message, in the two languages of the SDKs.
const VERIFY: [(&str, &str); 2] = [
    (
        "Verify a message in JavaScript (npm install svix)",
        "import { Webhook } from 'svix'\n\
         // body: the bytes of the request as they came, not parsed\n\
         const event = new Webhook(process.env.HANDSET_WEBHOOK_SECRET).verify(body, request.headers)",
    ),
    (
        "Verify a message in Python (pip install svix)",
        "import os\nfrom svix.webhooks import Webhook\n\
         # body: the bytes of the request as they came, not parsed\n\
         event = Webhook(os.environ[\"HANDSET_WEBHOOK_SECRET\"]).verify(body, request.headers)",
    ),
];

pub async fn show(context: PageContext) -> Result<Page> {
    let webhook = context.workspace().webhook_overview(context.id::<WebhookId>("webhook_id")?).await?;
    filled(&context, &webhook, &Faults::default()).await
}

/// The page with the messages of a refused form.
pub async fn filled(context: &PageContext, webhook: &WebhookOverview, faults: &Faults) -> Result<Page> {
    let id = webhook.webhook_id;
    // Links of the page are those of its address, also in the answer to a refused form.
    let mut of_page = context.clone();
    of_page.request.path = context.address(&format!("/webhooks/{id}"));
    let list = deliveries::list(&of_page, id).await?;
    let body = html! {
        h1 { "Webhook " (text(&shown_url(&webhook.url))) }
        (faults.summary())
        (facts(webhook))
        @if context.can(Role::Operator) { (daily_actions(context, webhook)) }
        h2 id="deliveries" { "Deliveries" }
        (list)
        @if context.can(Role::Operator) && webhook.disabled_at.is_none() { (redeliver::fields(context, id, faults)) }
        @if context.can(Role::Admin) { (settings(context, webhook, faults)) }
        h2 { "From code" }
        (code::seam(context, "/webhooks/list_deliveries", &json!({ "webhook_id": id })))
        @for (label, lines) in VERIFY { (snippet(label, lines)) }
    };
    let page = page(context, "Webhook", body);
    Ok(if faults.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) })
}

fn facts(webhook: &WebhookOverview) -> Markup {
    html! {
        dl {
            dt { "State" } dd { (state(webhook)) }
            dt { "Events" } dd { (types::summary(&webhook.event_types)) }
            dt { "Pending deliveries" } dd { (counted(webhook.pending)) }
            dt { "Failed deliveries" } dd { (counted(webhook.failed)) }
            dt { "Created" } dd { (time(webhook.created_at)) }
            @if let Some(until) = webhook.former_secret_until {
                dt { "The former secret signs until" } dd { (time(until)) }
            }
            dt { "Id" } dd { (id_code(webhook.webhook_id)) }
        }
    }
}

fn daily_actions(context: &PageContext, webhook: &WebhookOverview) -> Markup {
    let address = context.address(&format!("/webhooks/{}/ping", webhook.webhook_id));
    html! {
        @if webhook.disabled_at.is_none() {
            (form(context, &address, html! { button type="submit" { "Send a test event" } }))
        } @else {
            p { "A disabled webhook gets neither events nor tests. "
                @if context.can(Role::Admin) { a href="#settings" { "Enable it" } " first." }
                @else { "An admin of the workspace can enable it." }
            }
        }
    }
}

fn settings(context: &PageContext, webhook: &WebhookOverview, faults: &Faults) -> Markup {
    let address = |action: &str| context.address(&format!("/webhooks/{}/{action}", webhook.webhook_id));
    html! {
        h2 id="settings" { "Settings" }
        details open[faults.of("event_type").is_some()] {
            summary { "Change the events" }
            (form(context, &address("event-types"), html! {
                (types::fields(context, &webhook.event_types, faults))
                @if webhook.disabled_at.is_some() { p { "This also enables the webhook." } }
                button type="submit" { "Save the events" }
            }))
        }
        details {
            summary { "Rotate the secret" }
            p { "A new secret is created and shown once. For a day the former one signs, too." }
            (form(context, &address("rotate"), html! {
                input type="hidden" name="version" value=(webhook.secret_version);
                button type="submit" { "Rotate and show the new secret" }
            }))
        }
        @if webhook.disabled_at.is_none() {
            details {
                summary { "Disable" }
                p { "It gets nothing until it is enabled. Pending deliveries fail; they can be redelivered later." }
                (form(context, &address("disable"), html! { button.danger type="submit" { "Disable the webhook" } }))
            }
        } @else {
            (form(context, &address("enable"), html! { button type="submit" { "Enable the webhook" } }))
        }
        details {
            summary { "Delete" }
            p { "The webhook goes with the record of its deliveries. This cannot be undone." }
            (form(context, &address("delete"), html! { button.danger type="submit" { "Delete the webhook" } }))
        }
    }
}
