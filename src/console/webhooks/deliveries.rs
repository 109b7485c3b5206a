//! Deliveries: of a webhook, and one with its attempts.

use super::shown_url;
use crate::console::code;
use crate::console::context::PageContext;
use crate::console::elements::{code as id_code, empty, form, pager, text, time};
use crate::console::layout::{Page, page};
use crate::console::paging::{cursor, paging};
use crate::domain::id::WebhookId;
use crate::domain::operator::Role;
use crate::domain::webhook::{AttemptRecord, Delivery, DeliveryFilter, DeliveryRecord, DeliveryStatus};
use crate::error::{Error, ResourceKind, Result};
use maud::{Markup, html};
use serde_json::json;
use strum::VariantArray;
use uuid::Uuid;

/// The part of a webhook's deliveries that the address asks for, with the choice of a status.
pub async fn list(context: &PageContext, id: WebhookId) -> Result<Markup> {
    let status: Option<DeliveryStatus> = context.query.filled("status").and_then(|status| status.parse().ok());
    let filter = DeliveryFilter { webhook_id: Some(id), delivery_id: None, status, paging: paging(context) };
    let deliveries = context.workspace().deliveries(&filter).await?;
    let statuses = [None].into_iter().chain(DeliveryStatus::VARIANTS.iter().copied().map(Some));
    Ok(html! {
        nav.filter aria-label="Deliveries by status" {
            @for choice in statuses {
                a href=(context.link(&[("status", choice.map_or("", |it| it.into_str())), ("after", "")]))
                    aria-current=[(choice == status).then_some("true")] { (choice.map_or("All", name)) }
            }
        }
        @if deliveries.items.is_empty() {
            (empty(html! { @match status {
                None => "Nothing has been sent yet. Send a test event to see one.",
                Some(status) => { "There are no deliveries of the status “" (name(status)) "”." },
            } }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Deliveries, newest event first" {
                table {
                    caption { "Deliveries, newest event first" }
                    thead { tr {
                        th scope="col" { "Event" } th scope="col" { "Happened" } th scope="col" { "Status" }
                        th scope="col" { "Attempts" } th scope="col" { "Last answer" }
                    } }
                    tbody { @for delivery in &deliveries.items { (row(context, delivery)) } }
                }
            }
            (pager(context, deliveries.next.map(cursor).as_deref()))
        }
    })
}

fn row(context: &PageContext, delivery: &Delivery) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(context.address(&format!("/deliveries/{}", delivery.delivery_id))) { (text(&delivery.event_type)) }
            }
            td { (time(delivery.created_at)) }
            td { (status(delivery)) }
            td { (delivery.attempts) }
            td { (answer(delivery.response_status, delivery.latency_ms, delivery.fault.as_deref())) }
        }
    }
}

fn name(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "Pending",
        DeliveryStatus::Delivered => "Delivered",
        DeliveryStatus::Failed => "Failed",
    }
}

fn status(delivery: &Delivery) -> Markup {
    html! {
        @match delivery.status {
            DeliveryStatus::Pending => { span.tag.warn { "Pending" } ", due " (time(delivery.next_attempt_at)) }
            DeliveryStatus::Delivered => { span.tag.good { "Delivered" } }
            DeliveryStatus::Failed => { span.tag.bad { "Failed" } }
        }
    }
}

/// Status, time and fault of an answer.
fn answer(status: Option<i32>, latency_ms: Option<i32>, fault: Option<&str>) -> Markup {
    html! {
        @if let Some(status) = status { (status) " " }
        // It is zero where it would tell what the fault does not.
        @if let Some(latency) = latency_ms.filter(|latency| *latency > 0) { "after " (latency) " ms " }
        @if let Some(fault) = fault { (text(fault)) }
        @if status.is_none() && latency_ms.is_none() && fault.is_none() { "–" }
    }
}

pub async fn show(context: PageContext) -> Result<Page> {
    let id = id(&context)?;
    let record = context.workspace().delivery_record(id).await?;
    let webhook = context.workspace().webhook_overview(record.delivery.webhook_id).await?;
    let delivery = &record.delivery;
    let to = context.address(&format!("/webhooks/{}", delivery.webhook_id));
    let can_redeliver = context.can(Role::Operator) && webhook.disabled_at.is_none();
    let body = html! {
        h1 { "Delivery of " (text(&delivery.event_type)) }
        dl {
            dt { "To" } dd { a href=(to) { (text(&shown_url(&webhook.url))) } }
            dt { "Status" } dd { (status(delivery)) }
            dt { "Event happened" } dd { (time(record.event.occurred_at)) }
            dt { "Event id" } dd { (id_code(delivery.event_id)) }
            dt { "Message id (svix-id, webhook-id)" } dd { (id_code(format_args!("msg_{}", id.simple()))) }
            dt { "Delivery id" } dd { (id_code(id)) }
        }
        @if can_redeliver {
            (form(&context, &context.address(&format!("/deliveries/{id}/redeliver")), html! {
                input type="hidden" name="attempt" value=(delivery.attempts);
                button type="submit" { "Redeliver" }
                p.quiet { "The same message is sent again, with the same id, from the beginning of the schedule." }
            }))
        }
        h2 { "Attempts" }
        (attempts(&record))
        h2 { "Body" }
        pre data-copy tabindex="0" { (serde_json::to_string_pretty(&record.event).unwrap_or_default()) }
        p.quiet { "It is sent without these line breaks: receivers verify the bytes as they came." }
        h2 { "From code" }
        (code::seam(&context, "/webhooks/redeliver", &json!({ "delivery_id": id })))
    };
    Ok(page(&context, "Delivery", body))
}

/// The id of the delivery in the path.
pub fn id(context: &PageContext) -> Result<Uuid> {
    let unknown = |_| Error::NotFound(ResourceKind::Delivery, context.param("delivery_id").to_owned());
    Uuid::try_parse(context.param("delivery_id")).map_err(unknown)
}

fn attempts(record: &DeliveryRecord) -> Markup {
    let missing = i64::from(record.delivery.attempts) - i64::try_from(record.attempts.len()).unwrap_or(i64::MAX);
    html! {
        @if record.delivery.attempts == 0 {
            (empty(html! { "There was no attempt yet. Reload this page in a moment." }))
        }
        @if missing > 0 && record.delivery.attempts > 0 {
            p { (missing) " of " (record.delivery.attempts) " attempts "
                "are in progress, were cut short, or are older than what is kept." }
        }
        @if !record.attempts.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Attempts, newest first" {
                table {
                    caption { "Attempts, newest first" }
                    thead { tr {
                        th scope="col" { "Number" } th scope="col" { "At" } th scope="col" { "Answer" }
                        th scope="col" { "Beginning of its body" }
                    } }
                    tbody { @for attempt in record.attempts.iter().rev() { (attempt_row(attempt)) } }
                }
            }
        }
    }
}

fn attempt_row(attempt: &AttemptRecord) -> Markup {
    html! {
        tr {
            th scope="row" { (attempt.attempt) }
            td { (time(attempt.at)) }
            td { (answer(attempt.response_status.map(i32::from), Some(attempt.latency_ms), attempt.fault.as_deref())) }
            td {
                @match &attempt.answer {
                    Some(answer) => pre.answer tabindex="0" dir="auto" { (answer) },
                    None => "–",
                }
            }
        }
    }
}
