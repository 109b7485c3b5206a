//! One phone: what it is, what it may open, and what happened to it.

use super::action::Action;
use super::context::PageContext;
use super::elements::{brief, code, empty, form, text, time};
use super::layout::{Page, Redirect, page};
use super::lost_phone::{facts, name_of};
use super::search::{lost_link, person_link};
use super::timeline::{self, Authors};
use crate::domain::client_session::ClientSessionSummary;
use crate::domain::credential::Credential;
use crate::domain::event::EventType;
use crate::domain::id::DeviceId;
use crate::domain::operator::Role;
use crate::domain::phone::{OperatingSystem, PhoneDetails};
use crate::domain::timeline::{TimelineEntry, TimelineFilter, TimelineLog, TimelineSubject};
use crate::error::Result;
use maud::{Markup, html};

/// Rows of a list on the page of a phone or a person.
pub const COUNT: i64 = 20;

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/w/{workspace_id}/phones/{device_id}", show),
        Action::post("/console/w/{workspace_id}/phones/{device_id}/readmit", Role::Operator, readmit),
    ]
}

async fn show(context: PageContext) -> Result<Page> {
    let id: DeviceId = context.id("device_id")?;
    let workspace = context.workspace();
    let details = workspace.phone_details(id).await?;
    let owner = name_of(&context, details.phone.user_identity_id).await?;
    let credentials = workspace.newest_credentials_on(id, COUNT + 1).await?;
    let sessions = workspace.client_sessions_on(id, COUNT + 1).await?;
    let is_off = details.phone.deactivated_at.is_some();
    let body = html! {
        h1 {
            (text(details.phone.display_name()))
            @if is_off { " " span.tag.off { "off" } }
        }
        @if is_off {
            (facts(&context, &details).await?)
            p { a href=(context.address(&format!("/phones/{id}/off"))) { "Its event and deliveries" } }
            (readmit_form(&context, &details))
        } @else if context.can(Role::Operator) {
            p { (lost_link(&context, &details.phone)) }
        }
        (properties(&context, &details, owner.as_deref()))
        @if !is_off {
            (credentials_table(&credentials))
            (sessions_table(&sessions))
        }
        (timeline::recent(&context, TimelineSubject::Phone(id), &format!("phone={id}")).await?)
    };
    Ok(page(&context, "Phone", body))
}

fn properties(context: &PageContext, details: &PhoneDetails, owner: Option<&str>) -> Markup {
    let phone = &details.phone;
    let system = match phone.operating_system {
        OperatingSystem::Ios => "iOS",
        OperatingSystem::Android => "Android",
    };
    html! {
        h2 { "Properties" }
        dl {
            dt { "Person" }
            dd {
                @match phone.user_identity_id {
                    Some(id) => (person_link(context, Some(id.to_string()), owner)),
                    None => "none: the person was deleted",
                }
            }
            dt { "Model" } dd { (text(&phone.model())) }
            dt { "System" } dd { (system) " " (text(&phone.os_version)) }
            dt { "Registered" } dd { (time(phone.created_at)) }
            dt { "Device id" } dd { (code(phone.device_id)) }
            @if let Some(installation) = &details.custom_sdk_installation_id {
                dt { "Installation" } dd { (text(installation)) }
            }
            @for (name, value) in &phone.custom_metadata {
                dt { (text(name)) } dd { (text(&value.clone().into_text())) }
            }
        }
    }
}

/// The form that lets the installation of a deactivated phone register again.
pub fn readmit_form(context: &PageContext, details: &PhoneDetails) -> Markup {
    html! {
        @if details.is_barred() && context.can(Role::Operator) {
            (form(context, &context.address(&format!("/phones/{}/readmit", details.phone.device_id)), html! {
                p { "Found again, or used by another person? Its installation may then register as a new phone; this one stays off." }
                button type="submit" { "Let the installation in again" }
            }))
        } @else if details.is_barred() {
            p { "Its installation may not register again." }
        } @else if let Some(at) = details.readmitted_at {
            p { "Its installation may register again since " (time(at)) "." }
        }
    }
}

async fn readmit(context: PageContext) -> Result<Redirect> {
    let id: DeviceId = context.id("device_id")?;
    context.workspace().readmit_phone(id, context.now).await?;
    let notice = "The installation may register again, as a new phone. This phone stays off.";
    Ok(context.redirect(&format!("/phones/{id}")).notice(notice))
}

/// What deactivated a phone: the credential or the operator, and from where.
pub async fn author(context: &PageContext, id: DeviceId) -> Result<Option<Markup>> {
    let filter = TimelineFilter {
        subject: TimelineSubject::Phone(id),
        log: Some(TimelineLog::Audit),
        action: Some(EventType::PhoneDeactivated.into_str().to_owned()),
        ..TimelineFilter::default()
    };
    let entry = context.workspace().timeline(&filter, None, 1).await?.entries.pop();
    let Some(TimelineEntry::Audit(entry)) = entry else { return Ok(None) };
    let authors = Authors::of(context, &[&entry]).await?;
    Ok(Some(authors.name(&entry)))
}

/// Credentials, of which the last is one too many.
pub fn credentials_table(credentials: &[Credential]) -> Markup {
    html! {
        h2 { "Credentials" }
        @if credentials.is_empty() {
            (empty(html! { "None. What opens doors is created by the API: " code { "/acs/credentials/create" } "." }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Credentials" {
                table {
                    caption { "Credentials, newest first" }
                    thead { tr { th scope="col" { "Kind" } th scope="col" { "Id" } th scope="col" { "Created" } th scope="col" { "Valid" } } }
                    tbody {
                        @for credential in credentials.iter().take(shown()) {
                            tr {
                                th scope="row" {
                                    (credential.display_name())
                                    @if credential.is_multi_phone_sync_credential { " for all phones" }
                                }
                                td { (code(credential.acs_credential_id)) }
                                td { (time(credential.created_at)) }
                                td {
                                    @if let Some(from) = credential.starts_at { "from " (time(from)) " " }
                                    @if let Some(until) = credential.ends_at { "until " (time(until)) }
                                }
                            }
                        }
                    }
                }
            }
            (others(credentials.len()))
        }
    }
}

/// Client sessions, of which the last is one too many.
pub fn sessions_table(sessions: &[ClientSessionSummary]) -> Markup {
    html! {
        h2 { "Client sessions" }
        @if sessions.is_empty() {
            (empty(html! { "None. An app gets one from your server, which creates it by the API." }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Client sessions" {
                table {
                    caption { "Client sessions, newest first" }
                    thead { tr { th scope="col" { "Key" } th scope="col" { "Id" } th scope="col" { "Created" } th scope="col" { "Expires" } } }
                    tbody {
                        @for session in sessions.iter().take(shown()) {
                            tr {
                                th scope="row" { (brief(session.user_identifier_key.as_deref().unwrap_or("without a key"))) }
                                td { (code(session.client_session_id)) }
                                td { (time(session.created_at)) }
                                td { (time(session.expires_at)) }
                            }
                        }
                    }
                }
            }
            (others(sessions.len()))
        }
    }
}

/// Rows of a list that are shown.
pub fn shown() -> usize {
    usize::try_from(COUNT).expect("a small number")
}

/// Says that a list has more rows than it shows.
pub fn others(count: usize) -> Markup {
    html! { @if count > shown() { p.quiet { "These are the newest " (COUNT) "." } } }
}
