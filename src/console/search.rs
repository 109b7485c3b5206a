//! The first page of a workspace: one search over people, phones and numbers.

use super::action::Action;
use super::context::PageContext;
use super::elements::{brief, code, empty, text};
use super::layout::page;
use super::live::{announcer, fragment, is_fragment};
use crate::domain::number::PhoneNumber;
use crate::domain::operator::Role;
use crate::domain::phone::Phone;
use crate::domain::search::{Found, MAX_SEARCH, Matches, Owned, Search};
use crate::domain::user_identity::UserIdentity;
use crate::error::Result;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// Matches of each kind on a page.
const COUNT: usize = 10;

pub fn actions() -> Vec<Action> {
    vec![Action::get("/console/w/{workspace_id}", search), Action::get("/console/w/{workspace_id}/search", search)]
}

async fn search(context: PageContext) -> Result<Response> {
    let asked = context.query.get("q").unwrap_or_default();
    let results = match Search::parse(asked) {
        Some(search) => results(&context, &search, &context.workspace().search(&search, COUNT).await?),
        None => hints(&context, asked),
    };
    if is_fragment(&context) {
        return Ok(fragment(&results));
    }
    let body = html! {
        h1 { "Find a person, a phone or a number" }
        form.search role="search" method="get" action=(context.address("/search")) data-search="results" {
            label for="q" { "Name, e-mail address, key, phone number, metadata or id" }
            div.field {
                input type="search" id="q" name="q" value=(cut(asked)) maxlength=(MAX_SEARCH) autocomplete="off"
                    spellcheck="false" autofocus;
                button type="submit" { "Search" }
            }
        }
        (announcer())
        div id="results" { (results) }
    };
    Ok(page(&context, "Search", body).into_response())
}

/// What the field shows again of a text.
fn cut(asked: &str) -> String {
    asked.chars().take(MAX_SEARCH).collect()
}

fn hints(context: &PageContext, asked: &str) -> Markup {
    html! {
        @if asked.trim().is_empty() {
            (empty(html! {
                @if context.can(Role::Operator) {
                    "A lost phone? Type the name of its owner, then choose the phone and " em { "Lost phone" } ". "
                } @else {
                    "Your role may look, and turn nothing off. "
                }
                "Parts of words and numbers do, in any case."
            }))
        } @else {
            (empty(html! { "Type at least two letters or digits." }))
        }
        p {
            a href=(context.address("/timeline")) { "See what happened" } " · "
            a href=(context.address("/installations")) { "Barred installations" }
        }
    }
}

fn results(context: &PageContext, search: &Search, found: &Found) -> Markup {
    html! {
        p.quiet data-said { (summary(found)) }
        @if found.is_empty() {
            (empty(html! {
                "Nothing matches " (text(search.text())) ". Try a part of the name, the e-mail address, or the last digits of "
                "the number. Phones that are off are on the page of their person."
            }))
        }
        (people(context, &found.people))
        (phones(context, &found.phones))
        (numbers(context, &found.numbers))
    }
}

fn summary(found: &Found) -> String {
    let count = |count: usize, is_cut: bool, one: &str, many: &str| {
        format!("{count}{} {}", if is_cut { " or more" } else { "" }, if count == 1 { one } else { many })
    };
    format!(
        "{}, {}, {}",
        count(found.people.items.len(), found.people.is_cut, "person", "people"),
        count(found.phones.items.len(), found.phones.is_cut, "phone", "phones"),
        count(found.numbers.items.len(), found.numbers.is_cut, "number", "numbers"),
    )
}

fn more(is_cut: bool) -> Markup {
    html! { @if is_cut { p.quiet { "There are more. Type more of what you look for." } } }
}

fn people(context: &PageContext, matches: &Matches<UserIdentity>) -> Markup {
    html! {
        @if !matches.items.is_empty() {
            h2 id="people" { "People" }
            ul.results aria-labelledby="people" {
                @for person in &matches.items {
                    li {
                        a.main href=(context.address(&format!("/users/{}", person.user_identity_id))) {
                            (brief(person.display_name()))
                        }
                        @for other in [&person.email_address, &person.phone_number, &person.user_identity_key] {
                            @if let Some(other) = other.as_deref().filter(|other| *other != person.display_name()) {
                                " " span.quiet { (brief(other)) }
                            }
                        }
                    }
                }
            }
            (more(matches.is_cut))
        }
    }
}

fn phones(context: &PageContext, matches: &Matches<Owned<Phone>>) -> Markup {
    html! {
        @if !matches.items.is_empty() {
            h2 id="phones" { "Phones" }
            ul.results aria-labelledby="phones" {
                @for Owned { item: phone, owner } in &matches.items {
                    li {
                        a.main href=(context.address(&format!("/phones/{}", phone.device_id))) { (brief(phone.display_name())) }
                        " " (person_link(context, phone.user_identity_id.map(|id| id.to_string()), owner.as_deref()))
                        " " span.quiet { (code(phone.device_id)) }
                        @if phone.deactivated_at.is_some() {
                            " " span.tag.off { "off" }
                        } @else if context.can(Role::Operator) {
                            " " (lost_link(context, phone))
                        }
                    }
                }
            }
            (more(matches.is_cut))
        }
    }
}

fn numbers(context: &PageContext, matches: &Matches<Owned<PhoneNumber>>) -> Markup {
    html! {
        @if !matches.items.is_empty() {
            h2 id="numbers" { "Phone numbers" }
            ul.results aria-labelledby="numbers" {
                @for Owned { item: number, owner } in &matches.items {
                    li {
                        a.main href=(context.address(&format!("/numbers/{}", number.register_id))) { (number.number) }
                        " " span.tag { (number.status.into_str()) }
                        " " (person_link(context, number.user_identity_id.map(|id| id.to_string()), owner.as_deref()))
                    }
                }
            }
            (more(matches.is_cut))
        }
    }
}

/// The link to what begins the deactivation of a phone.
pub fn lost_link(context: &PageContext, phone: &Phone) -> Markup {
    html! {
        a.button.danger href=(context.address(&format!("/phones/{}/lost", phone.device_id))) {
            "Lost phone" span.visually-hidden { " " (brief(phone.display_name())) }
        }
    }
}

/// A link to a person; by the id if there is no name, and nothing if there is no person.
pub fn person_link(context: &PageContext, id: Option<String>, name: Option<&str>) -> Markup {
    html! {
        @if let Some(id) = id {
            a href=(context.address(&format!("/users/{id}"))) { (brief(name.unwrap_or(&id))) }
        }
    }
}
