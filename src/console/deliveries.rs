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
    let delivered = deliveries.len() - pending - failed;
    let says = match (pending, failed) {
        _ if deliveries.is_empty() => "No webhook is set up for it.".to_owned(),
        (0, 0) => format!("Delivered: {delivered} of {}.", deliveries.len()),
        (0, _) => format!("Delivered: {delivered} of {}, {failed} failed.", deliveries.len()),
        (_, 0) => format!("Delivered: {delivered} of {}, {pending} on the way.", deliveries.len()),
        _ => format!("Delivered: {delivered} of {}, {pending} on the way, {failed} failed.", deliveries.len()),
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
            td {
                a href=(context.address(&format!("/deliveries/{}", delivery.delivery_id))) {
                    span.tag.(delivery.status.into_str()) { (delivery.status.into_str()) }
                }
            }
            td { (delivery.attempts) }
            td {
                @match delivery.last_attempt_at {
                    Some(at) => (time(at)),
                    None => "not yet",
                }
            }
            td {
                @if let Some(status) = delivery.response_status {
                    (status)
                    @if let Some(latency) = delivery.latency_ms { " in " (latency) " ms" }
                    " "
                }
                @if let Some(fault) = &delivery.fault { (text(fault)) }
                @if delivery.status == DeliveryStatus::Pending && delivery.attempts > 0 {
                    "; next attempt at " (time(delivery.next_attempt_at))
                }
            }
        }
    }
}
