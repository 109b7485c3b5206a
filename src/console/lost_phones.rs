//! All phones of a person: what would happen, the reason, and what came of it.

use super::action::Action;
use super::context::PageContext;
use super::cursor;
use super::deliveries::deliveries;
use super::elements::{brief, code, empty, form};
use super::layout::{Redirect, page};
use super::live::{fragment, is_fragment, live};
use super::lost_phone::{consequences, name_of, reason, reason_fields, told};
use super::users::active_phones;
use crate::deactivation;
use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, EventId, UserIdentityId};
use crate::domain::operator::Role;
use crate::domain::phone::{MAX_PHONES, Phone, PhoneDetails, PhoneTies};
use crate::error::{Error, ResourceKind, Result};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Most phones on the page of what came of it: more than a person may have.
const COUNT: i64 = 2 * MAX_PHONES;

/// What becomes of the installations of all phones.
const OF_ALL: &str = "Installations of the app that are known cannot register again, until you let them in.";

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/w/{workspace_id}/users/{user_identity_id}/lost", preview).role(Role::Operator),
        Action::post(
            "/console/w/{workspace_id}/users/{user_identity_id}/deactivate-phones",
            Role::Operator,
            deactivate,
        )
        .urgent(),
        Action::get("/console/w/{workspace_id}/users/{user_identity_id}/off", done),
    ]
}

async fn preview(context: PageContext) -> Result<Response> {
    preview_page(&context, "").await
}

async fn preview_page(context: &PageContext, fault: &str) -> Result<Response> {
    let id: UserIdentityId = context.id("user_identity_id")?;
    let name = name_of(context, Some(id)).await?;
    let name = name.ok_or_else(|| Error::NotFound(ResourceKind::UserIdentity, id.to_string()))?;
    let phones = active_phones(context, id).await?;
    if phones.is_empty() {
        return Ok(all_off(context, id).into_response());
    }
    let ids: Vec<_> = phones.iter().map(|phone| phone.device_id).collect();
    let ties = context.workspace().phone_ties(&ids).await?;
    let receivers = context.workspace().receivers_of(EventType::PhoneDeactivated).await?;
    let total = ties.values().fold(PhoneTies::default(), |sum, ties| PhoneTies {
        credentials: sum.credentials + ties.credentials,
        client_sessions: sum.client_sessions + ties.client_sessions,
    });
    let body = html! {
        h1 { "Turn off all phones of " (brief(&name)) "?" }
        (phones_list(context, &phones, &ties))
        h2 { "What will happen" }
        (consequences(phones.len(), total, Some(OF_ALL)))
        (told(context, &receivers))
        (form(context, &context.address(&format!("/users/{id}/deactivate-phones")), reason_fields(fault, &button(phones.len()))))
        p { a href=(context.address(&format!("/users/{id}"))) { "Cancel" } }
    };
    let status = if fault.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page(context, "All phones lost", body).status(status).into_response())
}

fn button(phones: usize) -> String {
    if phones == 1 { "Turn off 1 phone".to_owned() } else { format!("Turn off {phones} phones") }
}

fn phones_list(context: &PageContext, phones: &[Phone], ties: &BTreeMap<DeviceId, PhoneTies>) -> Markup {
    html! {
        ul.results {
            @for phone in phones {
                @let PhoneTies { credentials, client_sessions } = ties.get(&phone.device_id).copied().unwrap_or_default();
                li {
                    a href=(context.address(&format!("/phones/{}", phone.device_id))) { (brief(phone.display_name())) }
                    " " span.quiet { (code(phone.device_id)) }
                    " " span.quiet { "credentials: " (credentials) ", sessions: " (client_sessions) }
                }
            }
        }
    }
}

async fn deactivate(context: PageContext) -> Result<Response> {
    let id: UserIdentityId = context.id("user_identity_id")?;
    let reason = match reason(&context) {
        Ok(reason) => reason,
        Err(fault) => return preview_page(&context, &fault).await,
    };
    let phones = deactivation::of_person(context.workspace(), id, reason, context.now).await?;
    if phones.is_empty() {
        return Ok(all_off(&context, id).into_response());
    }
    let since = context.now.timestamp_micros();
    let notice =
        if phones.len() == 1 { "1 phone is off.".to_owned() } else { format!("{} phones are off.", phones.len()) };
    Ok(context.redirect(&format!("/users/{id}/off?since={since}")).notice(&notice).into_response())
}

fn all_off(context: &PageContext, id: UserIdentityId) -> Redirect {
    context.redirect(&format!("/users/{id}")).notice("No phone of this person is on. Nothing was changed.")
}

async fn done(context: PageContext) -> Result<Response> {
    let id: UserIdentityId = context.id("user_identity_id")?;
    let since = context.query.filled("since").and_then(cursor::parse_micros).unwrap_or(context.now);
    let phones = context.workspace().deactivated_phones_of(id, COUNT).await?;
    let phones: Vec<PhoneDetails> =
        phones.into_iter().filter(|details| details.phone.deactivated_at.is_some_and(|at| at >= since)).collect();
    let events: Vec<EventId> = phones.iter().filter_map(|details| details.deactivation_event_id).collect();
    let part = deliveries(&context, &context.workspace().deliveries_of(&events).await?);
    if is_fragment(&context) {
        return Ok(fragment(&part));
    }
    let name = name_of(&context, Some(id)).await?;
    let name = name.ok_or_else(|| Error::NotFound(ResourceKind::UserIdentity, id.to_string()))?;
    let body = html! {
        h1 { "Phones of " (brief(&name)) " that are off" }
        @if phones.is_empty() {
            (empty(html! { "None was turned off since then." }))
        }
        ul.results {
            @for details in &phones {
                li {
                    a href=(context.address(&format!("/phones/{}", details.phone.device_id))) { (brief(details.phone.display_name())) }
                    @if let Some(event_id) = details.deactivation_event_id {
                        " " span.quiet {
                            "event " a href=(context.address(&format!("/events/{event_id}"))) { (code(event_id)) }
                        }
                    }
                }
            }
        }
        (live(&context, "Deliveries of the events", &part))
        p { a href=(context.address(&format!("/users/{id}"))) { "Back to the person" } }
    };
    Ok(page(&context, "The phones are off", body).into_response())
}
