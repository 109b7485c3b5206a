//! The status of the server: version, database, webhooks, sweeper, and the requests of the last hour. It is for operators with
//! a role in all workspaces, since its figures are of all.

mod chart;

use super::action::Action;
use super::context::PageContext;
use super::elements::{code, empty, time};
use super::layout::{Page, page};
use crate::build_info;
use crate::error::Result;
use crate::metrics::Sample;
use crate::store::{DatabaseStatus, PendingDeliveries};
use chart::{Line, chart};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use std::time::Duration;

/// How long the page waits for the figures of the database.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn actions() -> Vec<Action> {
    vec![Action::get("/console/status", show)]
}

async fn show(context: PageContext) -> Result<Page> {
    let store = &context.app.store;
    let figures = async { tokio::try_join!(store.database_status(), store.pending_deliveries()) };
    let figures = tokio::time::timeout(PATIENCE, figures).await.ok().and_then(Result::ok);
    let samples = context.app.metrics.activity().samples();
    let body = html! {
        h1 { "Status" }
        (server(&context))
        (database(&context, figures.as_ref().map(|(database, _)| database)))
        (deliveries(&context, figures.as_ref().map(|(_, pending)| pending)))
        h2 { "Requests" }
        @if samples.len() < 2 {
            (empty(html! { "There are no figures yet. They are taken every ten seconds, for the last hour." }))
        } @else {
            (charts(&samples))
        }
    };
    Ok(page(&context, "Status", body))
}

fn server(context: &PageContext) -> Markup {
    let swept_at = context.app.metrics.activity().swept_at();
    html! {
        h2 { "Server" }
        dl {
            dt { "Version" } dd { (build_info::VERSION) }
            @match build_info::COMMIT {
                Some(commit) => {
                    dt { "Commit" } dd { (code(commit)) @if let Some(date) = build_info::DATE { " of " (date) } }
                }
                None => { dt { "Commit" } dd { (build_info::ORIGIN) } }
            }
            dt { "Time" } dd { (time(context.now)) }
            dt { "Sweeper" }
            dd {
                @match swept_at {
                    Some(at) => { "finished a round " (ago(context.now, at)) " ago, " (time(at)) }
                    None => "has not finished a round yet",
                }
            }
        }
    }
}

fn database(context: &PageContext, status: Option<&DatabaseStatus>) -> Markup {
    let (idle, used) = context.app.store.connections();
    html! {
        h2 { "Database" }
        @if status.is_none() {
            p.alert role="alert" { "The database does not answer. The server goes on trying; its log says what it sees." }
        }
        dl {
            dt { "Hosts" } dd { @for host in context.app.store.database_hosts() { code { (host) } " " } }
            @if let Some(status) = status {
                dt { "Postgres" } dd { (status.version) ", database " code { (status.database) } }
                dt { "Standbys" } dd { (status.standbys) }
                dt { "All Handset servers" }
                dd { (status.connections) " of " (status.max_connections) " connections, from " (status.clients) (if status.clients == 1 { " address" } else { " addresses" }) }
            }
            dt { "This server" } dd { (used) " connections in use, " (idle) " idle" }
        }
    }
}

fn deliveries(context: &PageContext, pending: Option<&PendingDeliveries>) -> Markup {
    html! {
        h2 { "Webhooks" }
        dl {
            dt { "Pending deliveries" }
            dd { @match pending { Some(pending) => (pending.count), None => "unknown" } }
            dt { "Oldest event" }
            dd {
                @match pending.map(|pending| pending.oldest) {
                    Some(Some(oldest)) => { (ago(context.now, oldest)) ", " (time(oldest)) }
                    Some(None) => "none is waiting",
                    None => "unknown",
                }
            }
        }
    }
}

fn charts(samples: &[Sample]) -> Markup {
    let millis = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1e3);
    let rates = Line::new("all", samples.iter().map(|sample| Some(sample.rate)));
    let failures = Line::new("failed", samples.iter().map(|sample| Some(sample.failure_rate)));
    let medians = Line::new("half of them", samples.iter().map(|sample| millis(sample.median)));
    let slowest = Line::new("99 of 100", samples.iter().map(|sample| millis(sample.slowest_percent)));
    html! {
        div.charts {
            (chart("Requests each second", "/s", [rates, failures]))
            (chart("Latency", "ms", [medians, slowest]))
        }
    }
}

/// The time since then, in words.
fn ago(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
