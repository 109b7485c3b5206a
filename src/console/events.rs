//! One event with its deliveries.

use super::action::Action;
use super::context::PageContext;
use super::deliveries::deliveries;
use super::elements::{code, snippet, text, time};
use super::layout::page;
use super::live::{fragment, is_fragment, live};
use crate::domain::event::{Event, EventFilter};
use crate::domain::id::EventId;
use crate::error::{Error, ResourceKind, Result};
use axum::response::{IntoResponse, Response};
use maud::html;

pub fn actions() -> Vec<Action> {
    vec![Action::get("/console/w/{workspace_id}/events/{event_id}", show)]
}

async fn show(context: PageContext) -> Result<Response> {
    let id: EventId = context.id("event_id")?;
    let part = deliveries(&context, &context.workspace().deliveries_of(&[id]).await?);
    if is_fragment(&context) {
        return Ok(fragment(&part));
    }
    let filter =
        EventFilter { event_ids: Some(vec![id]), include_opt_in: true, limit: Some(1), ..EventFilter::default() };
    let event = context.workspace().events(&filter).await?.pop();
    let event = event.ok_or_else(|| Error::NotFound(ResourceKind::Event, id.to_string()))?;
    let body = html! {
        h1 { "Event " (text(&event.event_type)) }
        dl {
            dt { "Event id" } dd { (code(event.event_id)) }
            dt { "Occurred" } dd { (time(event.occurred_at)) }
            dt { "Logged" } dd { (time(event.created_at)) }
            @if let Some(phone) = phone_of(&event) {
                dt { "Phone" } dd { a href=(context.address(&format!("/phones/{phone}"))) { (phone) } }
            }
        }
        (snippet("The event, as receivers get it", &serde_json::to_string_pretty(&event).unwrap_or_default()))
        (live(&context, "Deliveries of the event", &part))
        p { a href=(context.address("/timeline")) { "See what else happened" } }
    };
    Ok(page(&context, "Event", body).into_response())
}

/// The phone that an event is about.
pub fn phone_of(event: &Event) -> Option<&str> {
    event.details.get("device_id")?.as_str()
}
