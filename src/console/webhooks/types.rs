//! The event types of a webhook: shown, and chosen in a form.

use crate::console::context::PageContext;
use crate::console::elements::text;
use crate::console::field::Faults;
use crate::domain::event::EventType;
use crate::domain::limits::MAX_EVENT_TYPES;
use maud::{Markup, html};
use strum::VariantArray;

/// Stands for all types that Seam's clients know.
const ALL: &str = "*";

/// Names of fields, and the value that chooses single types.
const WHICH: &str = "which";
const TYPES: &str = "event_type";
const THESE: &str = "these";

/// Number of types that a row of a table names.
const FEW: usize = 3;

/// Event types in a row of a table.
pub fn summary(event_types: &[String]) -> Markup {
    html! {
        @if event_types == [ALL] { "All of Seam’s" }
        @else {
            @for (index, name) in event_types.iter().take(FEW).enumerate() {
                @if index > 0 { ", " }
                (text(name))
            }
            @if event_types.len() > FEW { " and " (event_types.len() - FEW) " more" }
            @if event_types.is_empty() { "None" }
        }
    }
}

/// The fields in which event types are chosen, with those of the form that was sent, or else with these.
pub fn fields(context: &PageContext, current: &[String], faults: &Faults) -> Markup {
    let is_sent = context.form.get(WHICH).is_some();
    let is_all = if is_sent { context.form.get(WHICH) != Some(THESE) } else { current == [ALL] };
    let chosen: Vec<&str> = match is_sent {
        true => context.form.all(TYPES).collect(),
        false => current.iter().map(String::as_str).collect(),
    };
    let known = EventType::VARIANTS.iter().map(|event_type| (event_type.into_str(), event_type.is_opt_in()));
    // A program may have chosen types that no event has yet.
    let known: Vec<_> = known.collect();
    let others = chosen.iter().filter(|name| **name != ALL && !known.iter().any(|(known, _)| known == *name));
    let all: Vec<_> = known.iter().copied().chain(others.map(|name| (*name, false))).collect();
    let fault = faults.of(TYPES);
    html! {
        fieldset id=(TYPES) aria-describedby=[fault.map(|_| "event_type-fault")] {
            legend { "Events to send" }
            @if let Some(fault) = fault { p.fault id="event_type-fault" { (fault) } }
            label { input type="radio" name=(WHICH) value="all" checked[is_all]; " All that Seam’s clients know" }
            label { input type="radio" name=(WHICH) value=(THESE) checked[!is_all]; " These:" }
            ul.choices {
                @for (name, is_own) in &all {
                    li { label {
                        input type="checkbox" name=(TYPES) value=(name) checked[chosen.contains(name)];
                        " " code { (name) }
                        @if *is_own { " (Handset’s own)" }
                    } }
                }
            }
        }
    }
}

/// The event types that a form chooses. `current` are those that the webhook has, if it exists.
pub fn chosen(context: &PageContext, current: &[String], faults: &mut Faults) -> Vec<String> {
    if context.form.get(WHICH) != Some(THESE) {
        return vec![ALL.to_owned()];
    }
    let chosen: Vec<String> = context.form.all(TYPES).take(MAX_EVENT_TYPES).map(str::to_owned).collect();
    let is_known = |name: &String| {
        EventType::VARIANTS.iter().any(|known| known.into_str() == name) || (name != ALL && current.contains(name))
    };
    if chosen.is_empty() {
        faults.add(TYPES, "Choose at least one event type, or all");
    } else if let Some(unknown) = chosen.iter().find(|name| !is_known(name)) {
        faults.add(TYPES, format!("There is no event type {unknown:?}"));
    }
    chosen
}
