//! Installations of apps that may not register again, since their phones were deactivated.

use super::action::Action;
use super::context::PageContext;
use super::elements::{brief, empty, form, pager, time};
use super::layout::{Page, page};
use super::paging::{cursor, paging};
use super::search::person_link;
use crate::domain::operator::Role;
use crate::domain::phone::PhoneDetails;
use crate::error::Result;
use maud::{Markup, html};

pub fn actions() -> Vec<Action> {
    vec![Action::get("/console/w/{workspace_id}/installations", show)]
}

async fn show(context: PageContext) -> Result<Page> {
    let workspace = context.workspace();
    let barred = workspace.barred_installations(&paging(&context)).await?;
    let owners: Vec<_> = barred.items.iter().filter_map(|details| details.phone.user_identity_id).collect();
    let names = workspace.user_identity_names(&owners).await?;
    let next = barred.next.map(cursor);
    let body = html! {
        h1 { "Barred installations" }
        p { "The installation of an app whose phone was turned off cannot register again, for anyone, until you let it in." }
        @if barred.items.is_empty() {
            (empty(html! { "None. The installation of a lost phone, if the app has told one, is listed here." }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Barred installations" {
                table {
                    caption { "Barred installations, the last turned off first" }
                    thead { tr { th scope="col" { "Phone" } th scope="col" { "Person" } th scope="col" { "Installation" } th scope="col" { "Turned off" } th scope="col" { "Reason" } th scope="col" { "Let in" } } }
                    tbody {
                        @for details in &barred.items {
                            @let owner = details.phone.user_identity_id;
                            @let name = owner.and_then(|id| names.get(&id));
                            (row(&context, details, person_link(&context, owner.map(|id| id.to_string()), name.map(String::as_str))))
                        }
                    }
                }
            }
        }
        (pager(&context, next.as_deref()))
    };
    Ok(page(&context, "Barred installations", body))
}

fn row(context: &PageContext, details: &PhoneDetails, person: Markup) -> Markup {
    let id = details.phone.device_id;
    html! {
        tr {
            th scope="row" {
                a href=(context.address(&format!("/phones/{id}"))) { (brief(details.phone.display_name())) }
            }
            td { (person) }
            td { @if let Some(installation) = &details.custom_sdk_installation_id { (brief(installation)) } }
            td { @if let Some(at) = details.phone.deactivated_at { (time(at)) } }
            td { @if let Some(reason) = &details.deactivation_reason { (brief(reason)) } }
            td {
                @if context.can(Role::Operator) {
                    (form(context, &context.address(&format!("/phones/{id}/readmit")), html! {
                        button type="submit" {
                            "Let in again" span.visually-hidden { " " (brief(details.phone.display_name())) }
                        }
                    }))
                }
            }
        }
    }
}
