//! Small parts of pages: forms, stored texts, times, ids, and links to the next page of a list.

use super::action::CSRF_FIELD;
use super::context::PageContext;
use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};
use std::fmt::Display;

/// A form that is sent to an address, with the CSRF token of the session.
pub fn form(context: &PageContext, address: &str, fields: Markup) -> Markup {
    html! {
        form method="post" action=(address) {
            input type="hidden" name=(CSRF_FIELD) value=(context.csrf_token());
            (fields)
        }
    }
}

/// A stored text, in its own direction of writing.
pub fn text(stored: &str) -> Markup {
    html! { bdi dir="auto" { (stored) } }
}

/// Most characters of a stored text in a list; its own page shows all of it.
const BRIEF: usize = 120;

/// The start of a stored text, for lists.
pub fn brief(stored: &str) -> Markup {
    text(&cut(stored, BRIEF))
}

/// A text, with an ellipsis in place of what is beyond so many characters.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A time in UTC. The script adds the viewer's time zone.
pub fn time(at: DateTime<Utc>) -> Markup {
    let machine = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    html! { time datetime=(machine) { (at.format("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// An id or another text that people copy.
pub fn code(value: impl Display) -> Markup {
    html! { code.copy data-copy { (value.to_string()) } }
}

/// A block of text that people copy, such as a command.
pub fn snippet(label: &str, lines: &str) -> Markup {
    html! {
        figure.snippet {
            figcaption { (label) }
            pre data-copy tabindex="0" { (lines) }
        }
    }
}

/// What a list shows that has no entries: what that means, and what to do next.
pub fn empty(says: Markup) -> Markup {
    html! { p.empty { (says) } }
}

/// The link to the entries after this cursor, and to the first ones.
pub fn pager(context: &PageContext, next: Option<&str>) -> Markup {
    let is_first = context.query.filled("after").is_none();
    html! {
        @if next.is_some() || !is_first {
            nav.pager aria-label="More entries" {
                @if !is_first { a href=(context.link(&[("after", "")])) { "First page" } }
                @if let Some(next) = next { a rel="next" href=(context.link(&[("after", next)])) { "Next page" } }
            }
        }
    }
}
