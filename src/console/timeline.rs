//! What happened: events and the audit trail as one list, with filters in its address.

mod authors;
mod difference;
mod filter;
mod rows;
mod stream;

pub use authors::Authors;

use super::action::Action;
use super::context::PageContext;
use super::cursor;
use super::elements::{empty, pager};
use super::layout::page;
use super::live::{fragment, fragment_address, is_fragment};
use crate::domain::timeline::{TimelineFilter, TimelinePage, TimelinePosition, TimelineSubject};
use crate::error::Result;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

/// Entries on a page.
const COUNT: usize = 50;

/// Entries on the page of a phone or a person.
const RECENT: usize = 20;

pub fn actions() -> Vec<Action> {
    vec![
        Action::get("/console/w/{workspace_id}/timeline", show),
        Action::get("/console/w/{workspace_id}/timeline/stream", stream::stream),
    ]
}

async fn show(context: PageContext) -> Result<Response> {
    let before = context.query.filled("after").and_then(cursor::parse);
    let before = before.map(|(at, audit_id)| TimelinePosition { at, audit_id });
    let (filter, faults) = match filter::parse(&context.query) {
        Ok(filter) => (Some(filter), Vec::new()),
        Err(faults) => (None, faults),
    };
    let found = match &filter {
        Some(filter) => context.workspace().timeline(filter, before, COUNT).await?,
        None => TimelinePage { entries: Vec::new(), next: None },
    };
    let table = table(&context, &found).await?;
    if is_fragment(&context) {
        return Ok(fragment(&table));
    }
    let next = found.next.map(|position| cursor::write(position.at, position.audit_id));
    let stream = context.address("/timeline/stream");
    let is_live = before.is_none() && faults.is_empty();
    let body = html! {
        h1 { "What happened" }
        (filter::form(&context, &faults))
        section aria-label="Entries" data-stream=[is_live.then_some(stream)] data-fragment=(fragment_address(&context)) {
            (table)
        }
        (pager(&context, next.as_deref()))
    };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page(&context, "What happened", body).status(status).into_response())
}

async fn table(context: &PageContext, found: &TimelinePage) -> Result<Markup> {
    if !found.entries.is_empty() {
        return rows::table(context, &found.entries).await;
    }
    Ok(match found.next {
        // A search that ends after some entries says how far it came.
        Some(_) => empty(html! { "Nothing matches so far. The next page continues with older entries." }),
        None => empty(html! { "Nothing matches. Events and changes appear here as they happen." }),
    })
}

/// The newest entries about a phone or a person; `query` is the filter of the link to all of them.
pub async fn recent(context: &PageContext, subject: TimelineSubject, query: &str) -> Result<Markup> {
    let filter = TimelineFilter { subject, ..TimelineFilter::default() };
    let found = context.workspace().timeline(&filter, None, RECENT).await?;
    Ok(html! {
        h2 { "What happened" }
        (table(context, &found).await?)
        p { a href=(context.address(&format!("/timeline?{query}"))) { "All events and changes" } }
    })
}
