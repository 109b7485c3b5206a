//! Webhooks: listed, created, pinged, rotated, disabled, enabled and deleted, with their deliveries.

mod change;
mod create;
mod deliveries;
mod redeliver;
mod show;
mod types;

use super::action::Action;
use super::code;
use super::context::PageContext;
use super::elements::{empty, text, time};
use super::layout::{Page, page};
use crate::domain::operator::Role;
use crate::domain::webhook::{MAX_COUNTED, WebhookOverview};
use crate::error::Result;
use maud::{Markup, html};
use serde_json::json;
use url::Url;

pub fn actions() -> Vec<Action> {
    let (operator, admin) = (Role::Operator, Role::Admin);
    vec![
        Action::get("/console/w/{workspace_id}/webhooks", list),
        Action::post("/console/w/{workspace_id}/webhooks", admin, create::create),
        Action::get("/console/w/{workspace_id}/webhooks/new", create::form_page).role(admin),
        Action::get("/console/w/{workspace_id}/webhooks/{webhook_id}", show::show),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/ping", operator, change::ping),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/redeliver", operator, redeliver::range),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/event-types", admin, change::event_types),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/rotate", admin, change::rotate),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/disable", admin, change::disable),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/enable", admin, change::enable),
        Action::post("/console/w/{workspace_id}/webhooks/{webhook_id}/delete", admin, change::delete),
        Action::get("/console/w/{workspace_id}/deliveries/{delivery_id}", deliveries::show),
        Action::post("/console/w/{workspace_id}/deliveries/{delivery_id}/redeliver", operator, redeliver::one),
    ]
}

async fn list(context: PageContext) -> Result<Page> {
    let webhooks = context.workspace().webhook_overviews().await?;
    let body = html! {
        h1 { "Webhooks" }
        p { "Handset sends the workspace’s events to these addresses, signed, and again until they are accepted." }
        @if context.can(Role::Admin) {
            p { a.button href=(context.address("/webhooks/new")) { "Create a webhook" } }
        }
        @if webhooks.is_empty() {
            (empty(html! {
                "There are no webhooks. "
                @if context.can(Role::Admin) { "Create one to hear of lost phones as soon as they are off." }
                @else { "An admin of the workspace can create one." }
            }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Webhooks, in order of creation" {
                table {
                    caption { "Webhooks, in order of creation" }
                    thead { tr {
                        th scope="col" { "Address" } th scope="col" { "Events" } th scope="col" { "State" }
                        th scope="col" { "Pending" } th scope="col" { "Failed" }
                    } }
                    tbody { @for webhook in &webhooks { (row(&context, webhook)) } }
                }
            }
        }
        h2 { "From code" }
        (code::seam(&context, "/webhooks/list", &json!({})))
    };
    Ok(page(&context, "Webhooks", body))
}

fn row(context: &PageContext, webhook: &WebhookOverview) -> Markup {
    let address = context.address(&format!("/webhooks/{}", webhook.webhook_id));
    html! {
        tr {
            th scope="row" { a href=(address) { (text(&shown_url(&webhook.url))) } }
            td { (types::summary(&webhook.event_types)) }
            td { (state(webhook)) }
            td { (counted(webhook.pending)) }
            td { (counted(webhook.failed)) }
        }
    }
}

/// Whether a webhook gets events.
fn state(webhook: &WebhookOverview) -> Markup {
    html! {
        @match (webhook.disabled_at, webhook.failing_since) {
            (Some(at), _) => { span.tag.bad { "Disabled" } " since " (time(at)) }
            (None, Some(since)) => { span.tag.warn { "Failing" } " since " (time(since)) }
            (None, None) => { span.tag.good { "Enabled" } }
        }
    }
}

/// A number of deliveries, which is counted up to a limit.
fn counted(count: i64) -> String {
    if count < MAX_COUNTED { count.to_string() } else { format!("{MAX_COUNTED} or more") }
}

/// A webhook's URL without what may be secret in it: the user's name and password, and the query.
pub fn shown_url(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return "…".to_owned() };
    let mark = |is_there: bool| is_there.then_some("…");
    // Both fail for a URL without a host, which has no user either.
    let (has_user, has_password) = (!parsed.username().is_empty(), parsed.password().is_some());
    let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
    let (has_query, fragment) = (parsed.query().is_some(), parsed.fragment().is_some());
    parsed.set_query(None);
    parsed.set_fragment(None);
    let (scheme, rest) = parsed.as_str().split_once("://").unwrap_or(("", parsed.as_str()));
    let user = mark(has_user || has_password).map(|user| format!("{user}@")).unwrap_or_default();
    let query = mark(has_query || fragment).map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{user}{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_secret_parts() {
        assert_eq!(shown_url("https://example.com/hook"), "https://example.com/hook");
        assert_eq!(shown_url("https://jane:secret@example.com/a?token=x#y"), "https://…@example.com/a?…");
        assert_eq!(shown_url("no url"), "…");
    }
}
