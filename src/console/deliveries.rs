//! The deliveries of an event, as they go out.

use super::context::PageContext;
use super::elements::{empty, text, time};
use super::live::progress;
use crate::domain::webhook::{DeliveryStatus, EventDelivery};
use maud::{Markup, html};

/// The deliveries of events, which change until none is pending.
pub fn deliveries(context: &PageContext, deliveries: &[EventDelivery]) -> Markup {
    let count = |status| deliveries.iter().filter(|delivery| delivery.status == status).count();
    let (pending, failed) = (count(DeliveryStatus::Pending), count(DeliveryStatus::Failed));
    let says = match (deliveries.len(), pending, failed) {
        (0, ..) => "No webhook gets this event.".to_owned(),
        (all, 0, 0) => format!("Delivered to {all} of {all} webhooks."),
        (all, 0, failed) => format!("Delivered to {} of {all} webhooks; {failed} failed.", all - failed),
        (all, pending, failed) => format!("Delivered to {} of {all} webhooks; {pending} on the way.", all - pending - failed),
    };
    html! {
        (progress(context, &says, pending > 0))
        @if deliveries.is_empty() {
            (empty(html! { "Event streams and " code { "/events/list" } " have the event, too. " a href=(context.address("/webhooks")) { "Webhooks" } }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Deliveries" {
                table {
                    caption { "Deliveries" }
                    thead { tr { th scope="col" { "Receiver" } th scope="col" { "Status" } th scope="col" { "Attempts" } th scope="col" { "Last attempt" } th scope="col" { "Answer" } } }
                    tbody { @for delivery in deliveries { (row(context, delivery)) } }
                }
            }
        }
    }
}

fn row(context: &PageContext, delivery: &EventDelivery) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(context.address(&format!("/webhooks/{}", delivery.webhook_id))) { (text(&delivery.host)) }
            }
            td { span.tag.(delivery.status.into_str()) { (delivery.status.into_str()) } }
            td { (delivery.attempts) }
            td {
                @match delivery.last_attempt_at {
                    Some(at) => (time(at)),
                    None => "not yet",
                }
            }
            td {
                @if let Some(status) = delivery.response_status { (status) }
                @if let Some(latency) = delivery.latency_ms { " in " (latency) " ms" }
                @if let Some(fault) = &delivery.fault { " " (text(fault)) }
                @if delivery.status == DeliveryStatus::Pending && delivery.attempts > 0 {
                    " next at " (time(delivery.next_attempt_at))
                }
            }
        }
    }
}
