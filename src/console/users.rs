//! One person: origin, phones, credentials, sessions, numbers, and what happened.

use super::action::Action;
use super::context::PageContext;
use super::elements::{brief, code, empty, text, time};
use super::instant_keys;
use super::layout::{Page, page};
use super::phones::{COUNT, credentials_table, others, sessions_table, shown};
use super::search::lost_link;
use super::timeline;
use crate::domain::id::UserIdentityId;
use crate::domain::operator::Role;
use crate::domain::page::Paging;
use crate::domain::phone::{MAX_PHONES, Phone, PhoneDetails, PhoneFilter};
use crate::domain::scope::Scope;
use crate::domain::slot::Slot;
use crate::domain::timeline::TimelineSubject;
use crate::domain::user_identity::{UserIdentity, UserIdentitySummary};
use crate::error::Result;
use maud::{Markup, html};

pub fn actions() -> Vec<Action> {
    vec![Action::get("/console/w/{workspace_id}/users/{user_identity_id}", show)]
}

async fn show(context: PageContext) -> Result<Page> {
    let id: UserIdentityId = context.id("user_identity_id")?;
    let workspace = context.workspace();
    let subscriber = workspace.subscriber(id, None, context.now).await?;
    let summary = workspace.user_identity_summary(id).await?;
    let phones = active_phones(&context, id).await?;
    let deactivated = workspace.deactivated_phones_of(id, COUNT + 1).await?;
    let credentials = workspace.newest_credentials_of(id, COUNT + 1).await?;
    let sessions = workspace.client_sessions_of(id, COUNT + 1).await?;
    let number = workspace.number_of(id).await?;
    let body = html! {
        h1 { (text(subscriber.person.display_name())) }
        (properties(&context, &subscriber.person, &summary))
        (phones_table(&context, id, &phones))
        (deactivated_table(&context, &deactivated))
        h2 { "Phone numbers" }
        @if let Some(number) = &number {
            p {
                "Assigned: " a href=(context.address(&format!("/numbers/{}", number.register_id))) { (number.number) }
                @if let Some(at) = number.scheduled_release_at { ", released " (time(at)) }
            }
        }
        (slots(&subscriber.slots, number.is_some()))
        p { a href=(context.address(&format!("/users/{id}/slots"))) { "Slots of this person" } }
        (credentials_table(&credentials))
        (sessions_table(&sessions))
        (instant_keys::table(&context, id).await?)
        (timeline::recent(&context, TimelineSubject::Person(id), &format!("person={id}")).await?)
    };
    Ok(page(&context, "Person", body))
}

/// The active phones of a person, as many as there may be.
pub async fn active_phones(context: &PageContext, person: UserIdentityId) -> Result<Vec<Phone>> {
    let limit = u32::try_from(MAX_PHONES).ok().map(|most| most.saturating_mul(2));
    let filter = PhoneFilter {
        user_identity_ids: Some(vec![person]),
        paging: Paging { limit, from: None },
        ..PhoneFilter::default()
    };
    Ok(context.workspace().phones(&filter, Scope::Workspace).await?.items)
}

fn properties(context: &PageContext, person: &UserIdentity, summary: &UserIdentitySummary) -> Markup {
    html! {
        dl {
            @if let Some(email) = &person.email_address { dt { "E-mail address" } dd { (text(email)) } }
            @if let Some(number) = &person.phone_number { dt { "Phone number" } dd { (text(number)) } }
            @if let Some(key) = &person.user_identity_key { dt { "Key" } dd { (text(key)) } }
            dt { "User identity id" } dd { (code(person.user_identity_id)) }
            dt { "Created" } dd { (time(person.created_at)) }
            dt { "Contacts" }
            dd {
                a href=(context.address(&format!("/users/{}/contacts", person.user_identity_id))) { (summary.contacts) }
                " in extension " (summary.extension_id)
            }
            @if !summary.enterprise_voice { dt { "Voice" } dd { "off" } }
            (directory(summary))
        }
    }
}

/// What the company's directory says of a person.
fn directory(summary: &UserIdentitySummary) -> Markup {
    html! {
        @if let Some(user_name) = &summary.scim_user_name {
            dt { "From the directory" }
            dd {
                (text(user_name))
                @if let Some(at) = summary.scim_deleted_at { " " span.tag { "deleted there" } " " (time(at)) }
            }
        }
        @if let Some(external_id) = &summary.scim_external_id { dt { "Id in the directory" } dd { (text(external_id)) } }
        @if !summary.groups.is_empty() { dt { "Groups" } dd { (text(&summary.groups.join(", "))) } }
        @if let Some(at) = summary.suspended_at {
            dt { "Access" }
            dd { span.tag { "inactive" } " since " (time(at)) ": the directory does not let this person in" }
        }
    }
}

fn phones_table(context: &PageContext, person: UserIdentityId, phones: &[Phone]) -> Markup {
    html! {
        h2 { "Phones" }
        @if phones.is_empty() {
            (empty(html! { "No phone is on. An app on a phone registers it with a client session of this person." }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Phones" {
                table {
                    caption { "Phones that are on" }
                    thead { tr { th scope="col" { "Name" } th.wide scope="col" { "Model" } th.wide scope="col" { "Registered" } th scope="col" { "Turn off" } } }
                    tbody {
                        @for phone in phones {
                            tr {
                                th scope="row" {
                                    a href=(context.address(&format!("/phones/{}", phone.device_id))) { (brief(phone.display_name())) }
                                }
                                td.wide { (brief(&phone.model())) }
                                td.wide { (time(phone.created_at)) }
                                td { @if context.can(Role::Operator) { (lost_link(context, phone)) } }
                            }
                        }
                    }
                }
            }
            @if context.can(Role::Operator) {
                p { a.button.danger href=(context.address(&format!("/users/{person}/lost"))) { "All phones lost" } }
            }
        }
    }
}

fn deactivated_table(context: &PageContext, phones: &[PhoneDetails]) -> Markup {
    html! {
        @if !phones.is_empty() {
            h2 { "Phones that are off" }
            div.scroll tabindex="0" role="region" aria-label="Phones that are off" {
                table {
                    caption { "Phones that are off, the last turned off first" }
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Turned off" } th scope="col" { "Reason" } th scope="col" { "Installation" } } }
                    tbody {
                        @for details in phones.iter().take(shown()) {
                            tr {
                                th scope="row" {
                                    a href=(context.address(&format!("/phones/{}", details.phone.device_id))) {
                                        (brief(details.phone.display_name()))
                                    }
                                }
                                td { @if let Some(at) = details.phone.deactivated_at { (time(at)) } }
                                td { @if let Some(reason) = &details.deactivation_reason { (brief(reason)) } }
                                td {
                                    @if details.is_barred() { "barred" } @else if details.custom_sdk_installation_id.is_some() {
                                        "may register"
                                    } @else { "none known" }
                                }
                            }
                        }
                    }
                }
            }
            (others(phones.len()))
        }
    }
}

fn slots(slots: &[Slot], has_assigned: bool) -> Markup {
    let filled = || slots.iter().filter(|slot| !slot.number.is_empty());
    html! {
        @if filled().next().is_none() && !has_assigned {
            (empty(html! { "None. A number of the workspace can be assigned to this person." }))
        } @else {
            dl {
                @for slot in filled() {
                    dt { (slot.slot_type.into_str()) }
                    dd {
                        (text(slot.number.trim_start_matches("tel:")))
                        @if slot.is_managed { " " span.tag { "assigned" } }
                        @if !slot.include_in_contact_card { " " span.tag { "not shown to others" } }
                    }
                }
            }
        }
    }
}
