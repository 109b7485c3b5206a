//! The rows of a timeline.

use super::Authors;
use super::difference::difference;
use crate::console::context::PageContext;
use crate::console::elements::{brief, text, time};
use crate::console::events::phone_of;
use crate::console::search::person_link;
use crate::domain::audit::AuditEntry;
use crate::domain::event::Event;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::timeline::TimelineEntry;
use crate::error::Result;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Entries with the names of what they are about.
struct Rows<'a> {
    context: &'a PageContext,
    authors: Authors<'a>,
    people: BTreeMap<UserIdentityId, String>,
    phones: BTreeMap<DeviceId, String>,
}

/// A table of entries. Each row has an id by which the script recognises it.
pub async fn table(context: &PageContext, entries: &[TimelineEntry]) -> Result<Markup> {
    let changes = entries.iter().filter_map(|entry| match entry {
        TimelineEntry::Audit(entry) => Some(entry),
        TimelineEntry::Event(..) => None,
    });
    let changes: Vec<&AuditEntry> = changes.collect();
    let people: Vec<_> = entries.iter().filter_map(person_of_entry).collect();
    let phones: Vec<_> = entries.iter().filter_map(phone_of_entry).collect();
    let rows = Rows {
        context,
        authors: Authors::of(context, &changes).await?,
        people: context.workspace().user_identity_names(&people).await?,
        phones: context.workspace().phone_names(&phones).await?,
    };
    Ok(html! {
        div.scroll tabindex="0" role="region" aria-label="Timeline" {
            table.timeline {
                caption { "Events and changes, newest first" }
                thead { tr { th scope="col" { "Time" } th scope="col" { "What" } th scope="col" { "About" } th scope="col" { "By" } th scope="col" { "From" } th scope="col" { "Change" } } }
                tbody data-rows {
                    @for entry in entries {
                        @match entry {
                            TimelineEntry::Event(event, _) => (rows.event(entry, event)),
                            TimelineEntry::Audit(change) => (rows.change(entry, change)),
                        }
                    }
                }
            }
        }
    })
}

impl Rows<'_> {
    fn event(&self, entry: &TimelineEntry, event: &Event) -> Markup {
        html! {
            tr id={ "event-" (event.event_id) } {
                td { (time(event.created_at)) }
                th scope="row" {
                    a href=(self.context.address(&format!("/events/{}", event.event_id))) { (text(&event.event_type)) }
                    " " span.tag { "event" }
                }
                td { (self.about(entry, None)) }
                td {} td {} td {}
            }
        }
    }

    fn change(&self, entry: &TimelineEntry, change: &AuditEntry) -> Markup {
        html! {
            tr id={ "change-" (change.audit_id) } {
                td { (time(change.at)) }
                th scope="row" { (text(&change.action)) }
                td { (self.about(entry, Some(change))) }
                td { (self.authors.name(change)) }
                td { @if let Some(address) = &change.address { (address) } }
                td { (difference(change)) }
            }
        }
    }

    /// The phone and the person of an entry, or else what it is about.
    fn about(&self, entry: &TimelineEntry, change: Option<&AuditEntry>) -> Markup {
        let (phone, person) = (phone_of_entry(entry), person_of_entry(entry));
        html! {
            @if let Some(id) = phone {
                a href=(self.context.address(&format!("/phones/{id}"))) {
                    @match self.phones.get(&id) {
                        Some(name) => (brief(name)),
                        None => (id),
                    }
                }
            }
            @if phone.is_some() && person.is_some() { " of " }
            (person_link(self.context, person.map(|id| id.to_string()), person.and_then(|id| self.people.get(&id)).map(String::as_str)))
            @if let Some(change) = change {
                @if change.subject_kind == "number" {
                    " " a href=(self.context.address(&format!("/numbers/{}", change.subject_id))) { (number(change)) }
                } @else if phone.is_none() && person.is_none() {
                    (change.subject_kind) " " (change.subject_id)
                }
            }
        }
    }
}

fn number(change: &AuditEntry) -> &str {
    value(change, "number").and_then(Value::as_str).unwrap_or("number")
}

/// A value of a change: after it, or else before.
fn value<'a>(change: &'a AuditEntry, name: &str) -> Option<&'a Value> {
    let of = |document: &'a Option<Value>| document.as_ref().and_then(|document| document.get(name));
    of(&change.after).or_else(|| of(&change.before))
}

fn id_in<T: From<Uuid>>(value: Option<&Value>) -> Option<T> {
    Uuid::parse_str(value?.as_str()?).ok().map(T::from)
}

fn phone_of_entry(entry: &TimelineEntry) -> Option<DeviceId> {
    match entry {
        TimelineEntry::Event(event, _) => Uuid::parse_str(phone_of(event)?).ok().map(DeviceId),
        TimelineEntry::Audit(change) => id_in(value(change, "device_id")),
    }
}

fn person_of_entry(entry: &TimelineEntry) -> Option<UserIdentityId> {
    match entry {
        TimelineEntry::Event(_, person) => *person,
        TimelineEntry::Audit(change) => id_in(value(change, "user_identity_id")),
    }
}
