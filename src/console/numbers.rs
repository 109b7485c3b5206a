//! Phone numbers and their life cycle: listed, reserved, imported, assigned and released.

mod change;
mod create;
mod person;
mod show;

use super::action::Action;
use super::code;
use super::context::PageContext;
use super::elements::{empty, snippet, text, time};
use super::layout::{Page, page};
use super::paging::PAGE;
use crate::domain::id::PhoneNumberId;
use crate::domain::number::{PhoneNumber, PhoneNumberFilter, Start, Status, Window};
use crate::domain::operator::Role;
use crate::error::Result;
use maud::{Markup, html};
use serde_json::json;
use strum::VariantArray;
use uuid::Uuid;

pub fn actions() -> Vec<Action> {
    let operator = Role::Operator;
    vec![
        Action::get("/console/w/{workspace_id}/numbers", list),
        Action::get("/console/w/{workspace_id}/numbers/new", create::form_page).role(operator),
        Action::post("/console/w/{workspace_id}/numbers", operator, create::create),
        Action::get("/console/w/{workspace_id}/numbers/{number_id}", show::show),
        Action::post("/console/w/{workspace_id}/numbers/{number_id}/assign", operator, change::assign),
        Action::post("/console/w/{workspace_id}/numbers/{number_id}/name", operator, change::rename),
        Action::post("/console/w/{workspace_id}/numbers/{number_id}/release", operator, change::release),
        Action::post("/console/w/{workspace_id}/numbers/{number_id}/cancel-release", operator, change::cancel_release),
    ]
}

async fn list(context: PageContext) -> Result<Page> {
    let status: Option<Status> = context.query.filled("status").and_then(|status| status.parse().ok());
    let after = context.query.filled("after").and_then(|id| Uuid::try_parse(id).ok());
    let filter = PhoneNumberFilter { status, ..PhoneNumberFilter::default() };
    let start = after.map_or(Start::Page(1), |id| Start::After(PhoneNumberId(id)));
    let window = Window { ascending: false, limit: i64::from(PAGE), start };
    let found = context.workspace().numbers(&filter, window).await?;
    let next = found.items.last().filter(|_| found.has_more).map(|number| number.register_id.to_string());
    let statuses = [None].into_iter().chain(Status::VARIANTS.iter().copied().map(Some));
    let body = html! {
        h1 { "Phone numbers" }
        @if context.can(Role::Operator) {
            p { a.button href=(context.address("/numbers/new")) { "Reserve or import a number" } }
        }
        nav.filter aria-label="Numbers by status" {
            @for choice in statuses {
                a href=(context.link(&[("status", choice.map_or("", |it| it.into_str())), ("after", "")]))
                    aria-current=[(choice == status).then_some("true")] { (choice.map_or("All", status_name)) }
            }
        }
        @if found.items.is_empty() {
            (empty(html! { @match status {
                None => "There are no phone numbers. Reserve one, or import a number that you have.",
                Some(status) => { "No number is " (status_name(status)) "." },
            } }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Phone numbers, newest first" {
                table {
                    caption { "Phone numbers, newest first" }
                    thead { tr {
                        th scope="col" { "Number" } th scope="col" { "Name" } th scope="col" { "Status" }
                        th scope="col" { "User" }
                    } }
                    tbody { @for number in &found.items { (row(&context, number)) } }
                }
            }
            (super::elements::pager(&context, next.as_deref()))
        }
        h2 { "From code" }
        (snippet("curl", &code::curl(&context, "/v1/phone/", &json!({}))))
    };
    Ok(page(&context, "Phone numbers", body))
}

fn row(context: &PageContext, number: &PhoneNumber) -> Markup {
    let address = context.address(&format!("/numbers/{}", number.register_id));
    html! {
        tr {
            th scope="row" { a href=(address) { bdi { (number.number) } } }
            td { @match &number.nickname { Some(name) => (text(name)), None => "–" } }
            td { (status(number)) }
            td {
                @match number.user_identity_id {
                    Some(user) => a href=(context.address(&format!("/users/{user}/slots"))) { "Slots of the user" },
                    None => "–",
                }
            }
        }
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Reserved => "Reserved",
        Status::Assigned => "Assigned",
        Status::Released => "Released",
        Status::Finished => "Finished",
    }
}

/// The status of a number, with what happens next.
fn status(number: &PhoneNumber) -> Markup {
    html! {
        span.tag { (status_name(number.status)) }
        @if let Some(until) = number.reserved_until { " until " (time(until)) }
        @if let Some(at) = number.scheduled_release_at { ", released at " (time(at)) }
    }
}
