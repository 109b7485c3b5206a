//! The filters of the timeline, which stand in its address, so that a view can be sent to a colleague.

use crate::console::context::{Fields, PageContext};
use crate::domain::audit::ACTIONS;
use crate::domain::event::EventType;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::timeline::{TimelineFilter, TimelineLog, TimelineSubject};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use maud::{Markup, html};
use strum::VariantArray;
use uuid::Uuid;

/// Longest type or action.
const MAX_ACTION: usize = 100;

/// The filter of a query, or what is wrong with it.
pub fn parse(query: &Fields) -> Result<TimelineFilter, Vec<String>> {
    let mut faults = Vec::new();
    let mut id = |name: &str, what: &str| {
        let text = query.filled(name)?;
        let id = Uuid::parse_str(text).ok();
        if id.is_none() {
            faults.push(format!("{what} is an id, such as 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f."));
        }
        id
    };
    let (person, phone, credential_id) = (id("person", "Person"), id("phone", "Phone"), id("by", "By"));
    let mut time = |name: &str, what: &str| {
        let text = query.filled(name)?;
        let time = parse_time(text);
        if time.is_none() {
            faults.push(format!("{what} is a day or a time in UTC, such as 2026-11-01 or 2026-11-01T08:30."));
        }
        time
    };
    let (since, until) = (time("since", "From"), time("until", "Until"));
    let filter = TimelineFilter {
        subject: match (phone, person) {
            (Some(phone), _) => TimelineSubject::Phone(DeviceId(phone)),
            (None, Some(person)) => TimelineSubject::Person(UserIdentityId(person)),
            (None, None) => TimelineSubject::Workspace,
        },
        log: match query.filled("log") {
            Some("events") => Some(TimelineLog::Events),
            Some("changes") => Some(TimelineLog::Audit),
            _ => None,
        },
        action: query.filled("type").map(|action| action.chars().take(MAX_ACTION).collect()),
        credential_id,
        since,
        until,
    };
    if faults.is_empty() { Ok(filter) } else { Err(faults) }
}

/// A day as its first instant, or a time, both in UTC.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let minute = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok().map(|time| time.and_utc());
    let second = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok().map(|time| time.and_utc());
    let time = text.parse::<DateTime<Utc>>().ok().or_else(day).or_else(minute).or_else(second);
    time.filter(|time| (0..=253_402_300_799).contains(&time.timestamp()))
}

/// The form with the filters.
pub fn form(context: &PageContext, faults: &[String]) -> Markup {
    let field = |name: &str| context.query.filled(name).unwrap_or_default().to_owned();
    html! {
        form.filters method="get" action=(context.address("/timeline")) {
            @if !faults.is_empty() {
                div.fault role="alert" { @for fault in faults { p { (fault) } } }
            }
            div {
                label for="log" { "Show" }
                select id="log" name="log" {
                    option value="" { "Events and changes" }
                    option value="events" selected[field("log") == "events"] { "Events" }
                    option value="changes" selected[field("log") == "changes"] { "Changes, with who made them" }
                }
            }
            (input("type", "Type", &field("type"), "phone.deactivated", Some("types")))
            datalist id="types" {
                @for event_type in EventType::VARIANTS { option value=(event_type.into_str()) {} }
                @for action in ACTIONS { option value=(action) {} }
            }
            (input("person", "Person", &field("person"), "id", None))
            (input("phone", "Phone", &field("phone"), "id", None))
            (input("by", "By", &field("by"), "id of a credential or an operator", None))
            (input("since", "From (UTC)", &field("since"), "2026-11-01", None))
            (input("until", "Until (UTC)", &field("until"), "2026-11-02", None))
            button type="submit" { "Filter" }
            " " a href=(context.address("/timeline")) { "Clear filters" }
        }
    }
}

fn input(name: &str, label: &str, value: &str, example: &str, list: Option<&str>) -> Markup {
    html! {
        div {
            label for={ "filter-" (name) } { (label) }
            input id={ "filter-" (name) } name=(name) value=(value) placeholder=(example) list=[list] maxlength="100"
                autocomplete="off";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_times_in_utc() {
        for (text, expected) in [
            ("2026-11-01", Some("2026-11-01T00:00:00+00:00")),
            ("2026-11-01T08:30", Some("2026-11-01T08:30:00+00:00")),
            ("2026-11-01T08:30:05", Some("2026-11-01T08:30:05+00:00")),
            ("2026-11-01T08:30:00+02:00", Some("2026-11-01T06:30:00+00:00")),
            ("+262142-01-01T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_time(text).map(|time| time.to_rfc3339()).as_deref(), expected, "{text}");
        }
    }
}
