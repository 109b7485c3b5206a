//! A lost phone: what will happen, the reason, and what came of it.

use super::action::Action;
use super::context::PageContext;
use super::deliveries::deliveries;
use super::elements::{brief, code, form, text, time};
use super::layout::{Redirect, page};
use super::live::{fragment, is_fragment, live};
use super::phones::{author, readmit_form};
use super::search::person_link;
use crate::deactivation;
use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::limits::MAX_TEXT;
use crate::domain::operator::Role;
use crate::domain::phone::{PhoneDetails, PhoneTies};
use crate::domain::scope::Scope;
use crate::domain::webhook::Receiver;
use crate::error::Result;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// What becomes of the installation of a phone.
const OF_ONE: &str = "The installation of the app cannot register again, until you let it in.";

/// Reasons that the form offers.
const REASONS: [&str; 4] = ["Lost", "Stolen", "Replaced", "Left the company"];

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/w/{workspace_id}/phones/{device_id}/lost", preview).role(Role::Operator),
        Action::post("/console/w/{workspace_id}/phones/{device_id}/deactivate", Role::Operator, deactivate).urgent(),
        Action::get("/console/w/{workspace_id}/phones/{device_id}/off", done),
    ]
}

async fn preview(context: PageContext) -> Result<Response> {
    preview_page(&context, "").await
}

async fn preview_page(context: &PageContext, fault: &str) -> Result<Response> {
    let id: DeviceId = context.id("device_id")?;
    let details = context.workspace().phone_details(id).await?;
    if details.phone.deactivated_at.is_some() {
        return Ok(already_off(context, id).into_response());
    }
    let owner = name_of(context, details.phone.user_identity_id).await?;
    let ties = context.workspace().phone_ties(&[id]).await?.remove(&id).unwrap_or_default();
    let receivers = context.workspace().receivers_of(EventType::PhoneDeactivated).await?;
    let name = details.phone.display_name();
    let owner_id = details.phone.user_identity_id.map(|id| id.to_string());
    let body = html! {
        h1 { "Turn off " (brief(name)) "?" }
        p {
            (text(&details.phone.model()))
            @if owner_id.is_some() { " of " (person_link(context, owner_id, owner.as_deref())) }
            ", registered " (time(details.phone.created_at)) "."
        }
        h2 { "What will happen" }
        (consequences(1, ties, details.custom_sdk_installation_id.as_ref().map(|_| OF_ONE)))
        (told(context, &receivers))
        (form(context, &context.address(&format!("/phones/{id}/deactivate")), reason_fields(fault, "Turn off this phone")))
        p { a href=(context.address(&format!("/phones/{id}"))) { "Cancel" } }
    };
    let status = if fault.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page(context, "Lost phone", body).status(status).into_response())
}

/// What ends with phones.
pub fn consequences(phones: usize, ties: PhoneTies, installations: Option<&str>) -> Markup {
    html! {
        ul.consequences {
            li {
                @if phones == 1 { "The phone is off" } @else { "The phones are off" }
                " within milliseconds, and stays so: this cannot be undone."
            }
            li { "Credentials that no longer open anything, and are deleted: " strong { (ties.credentials) } "." }
            li { "Client sessions of the app that end: " strong { (ties.client_sessions) } "." }
            @if let Some(installations) = installations { li { (installations) } }
        }
    }
}

/// Who is told.
pub fn told(context: &PageContext, receivers: &[Receiver]) -> Markup {
    html! {
        p {
            "Who is told: "
            @if receivers.is_empty() {
                "no webhook; "
            } @else {
                @for (index, receiver) in receivers.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href=(context.address(&format!("/webhooks/{}", receiver.webhook_id))) { (text(&receiver.host)) }
                }
                ", and "
            }
            "those who read the event log or an event stream."
        }
    }
}

/// The reason, and the button.
pub fn reason_fields(fault: &str, button: &str) -> Markup {
    html! {
        label for="reason" { "Reason" }
        @if !fault.is_empty() { p.fault id="reason-fault" role="alert" { (fault) } }
        input id="reason" name="reason" value=(REASONS[0]) list="reasons" maxlength=(MAX_TEXT) autocomplete="off"
            aria-describedby="reason-note" aria-invalid=[(!fault.is_empty()).then_some("true")];
        datalist id="reasons" { @for reason in REASONS { option value=(reason) {} } }
        p.quiet id="reason-note" { "The audit trail keeps it, with your name." }
        button.danger type="submit" { (button) }
    }
}

/// The reason of a form, or what is wrong with it.
pub fn reason(context: &PageContext) -> Result<Option<String>, String> {
    let reason = context.form.filled("reason");
    match reason.map_or(0, |reason| reason.encode_utf16().count()) {
        length if length > MAX_TEXT => Err(format!("The reason is too long: {length} characters, at most {MAX_TEXT}.")),
        _ => Ok(reason.map(str::to_owned)),
    }
}

async fn deactivate(context: PageContext) -> Result<Response> {
    let id: DeviceId = context.id("device_id")?;
    let reason = match reason(&context) {
        Ok(reason) => reason,
        Err(fault) => return preview_page(&context, &fault).await,
    };
    let is_new = deactivation::of_phone(context.workspace(), id, Scope::Workspace, reason, context.now).await?;
    Ok(if is_new { context.redirect(&format!("/phones/{id}/off")) } else { already_off(&context, id) }.into_response())
}

fn already_off(context: &PageContext, id: DeviceId) -> Redirect {
    context.redirect(&format!("/phones/{id}/off")).notice("The phone was off already. Nothing was changed.")
}

async fn done(context: PageContext) -> Result<Response> {
    let id: DeviceId = context.id("device_id")?;
    let details = context.workspace().phone_details(id).await?;
    let Some(event_id) = details.deactivation_event_id else {
        return Ok(context.redirect(&format!("/phones/{id}")).notice("The phone is on.").into_response());
    };
    let part = deliveries(&context, &context.workspace().deliveries_of(&[event_id]).await?);
    if is_fragment(&context) {
        return Ok(fragment(&part));
    }
    let body = html! {
        h1 { (brief(details.phone.display_name())) " is off" }
        (facts(&context, &details).await?)
        dl { dt { "Event" } dd { a href=(context.address(&format!("/events/{event_id}"))) { (code(event_id)) } } }
        (live(&context, "Deliveries of the event", &part))
        h2 { "Next" }
        @if let Some(person) = details.phone.user_identity_id {
            p { a href=(context.address(&format!("/users/{person}"))) { "Other phones, credentials and sessions of this person" } }
        }
        (readmit_form(&context, &details))
    };
    Ok(page(&context, "The phone is off", body).into_response())
}

/// When a phone was deactivated, its author and the reason.
pub async fn facts(context: &PageContext, details: &PhoneDetails) -> Result<Markup> {
    let owner = name_of(context, details.phone.user_identity_id).await?;
    let by = author(context, details.phone.device_id).await?;
    Ok(html! {
        dl {
            @if let Some(at) = details.phone.deactivated_at { dt { "Turned off" } dd { (time(at)) } }
            @if let Some(by) = by { dt { "By" } dd { (by) } }
            @if let Some(reason) = &details.deactivation_reason { dt { "Reason" } dd { (text(reason)) } }
            @if let Some(person) = details.phone.user_identity_id {
                dt { "Person" } dd { (person_link(context, Some(person.to_string()), owner.as_deref())) }
            }
        }
    })
}

/// The name of a person, if there is one.
pub async fn name_of(context: &PageContext, person: Option<UserIdentityId>) -> Result<Option<String>> {
    let Some(person) = person else { return Ok(None) };
    Ok(context.workspace().user_identity_names(&[person]).await?.remove(&person))
}
