//! The event log: its newest events, and each one as it happens.

use super::admin::{AdminContext, Outcome, WorkspaceArgument};
use super::audit::time;
use super::output::{escaped, note, print};
use super::{phone, user};
use crate::domain::event::{Event, EventFilter};
use crate::domain::scope::Scope;
use crate::error;
use crate::store::Workspace;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde_json::json;
use std::error::Error;
use std::pin::pin;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Interval between two looks at the log.
const TICK: Duration = Duration::from_millis(500);

/// Maximum number of events per read.
const PORTION: i64 = 1_000;

#[derive(Debug, Subcommand)]
pub enum EventCommand {
    /// List the newest events, oldest first
    #[command(after_help = "Example:\n  handset event list --type phone.deactivated --since 2026-11-01")]
    List(ListCommand),
    /// Print events as they happen, until Ctrl-C; with --json as JSON lines
    #[command(after_help = "Example:\n  handset event tail --workspace Demo --json")]
    Tail(TailCommand),
}

#[derive(Debug, Args)]
pub struct Filter {
    /// Only events of this type; repeat it for more
    #[arg(long, value_name = "TYPE")]
    r#type: Vec<String>,
    /// Only events of this phone: its id, or a search that finds one phone
    #[arg(long, value_name = "PHONE")]
    phone: Option<String>,
    /// Only events of this user: its id or key, or a search that finds one user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only events after this time: 2026-11-01, or 2026-11-01T08:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct ListCommand {
    #[command(flatten)]
    filter: Filter,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
    /// Maximum number of events
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct TailCommand {
    #[command(flatten)]
    filter: Filter,
}

/// The private Postgres runs only for this command, so nothing can happen in it.
#[derive(Debug, thiserror::Error)]
#[error("no server runs on this data directory, so nothing happens. `handset event list` shows what has happened")]
struct NoServer;

pub async fn event(context: &AdminContext, command: EventCommand) -> Outcome {
    match command {
        EventCommand::List(command) => list(context, command).await,
        EventCommand::Tail(TailCommand { filter }) => tail(context, filter).await,
    }
}

impl Filter {
    async fn resolve(self, workspace: &Workspace) -> Result<EventFilter, Box<dyn Error>> {
        let device_ids = match &self.phone {
            Some(text) => Some(vec![phone::find(workspace, text, false).await?.phone.device_id]),
            None => None,
        };
        let user_identity_id = match &self.user {
            Some(text) => Some(user::find(workspace, text).await?.user_identity_id),
            None => None,
        };
        Ok(EventFilter {
            scope: Scope::Workspace,
            after: self.since,
            event_types: Some(self.r#type).filter(|types| !types.is_empty()),
            include_opt_in: true,
            device_ids,
            user_identity_id,
            ..EventFilter::default()
        })
    }
}

async fn list(context: &AdminContext, command: ListCommand) -> Outcome {
    let workspace = context.handle(&command.filter.workspace).await?;
    let filter = command.filter.resolve(&workspace).await?;
    let filter = EventFilter { before: command.until, limit: Some(i64::from(command.limit) + 1), ..filter };
    let mut events = workspace.newest_events(&filter).await?;
    let has_more = events.len() > command.limit as usize;
    events.drain(..usize::from(has_more));
    let mut text = heading();
    text.extend(events.iter().map(line));
    context.print_list(
        &json!({ "events": events, "has_more": has_more }),
        text.trim_end(),
        events.len(),
        has_more,
        "event",
    )
}

/// Prints events until a signal. A database that does not answer is waited for, and no event is lost or repeated: the
/// order of the log is the order of commits.
async fn tail(context: &AdminContext, filter: Filter) -> Outcome {
    if !context.is_beside_server() {
        return Err(NoServer.into());
    }
    let workspace = context.handle(&filter.workspace).await?;
    let mut filter = filter.resolve(&workspace).await?;
    filter.after = Some(match filter.after {
        Some(after) => after,
        None => workspace.last_event_at().await?.unwrap_or(DateTime::UNIX_EPOCH),
    });
    filter.limit = Some(PORTION);
    if !context.json && !print(&heading())? {
        return Ok(());
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut following = pin!(follow(context, &workspace, filter));
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        ended = &mut following => ended,
    }
}

/// Prints events until standard output is closed.
async fn follow(context: &AdminContext, workspace: &Workspace, mut filter: EventFilter) -> Outcome {
    let mut is_waiting = false;
    loop {
        let events = match workspace.events(&filter).await {
            Ok(events) => events,
            Err(error::Error::Unavailable(_) | error::Error::StatementTimeout) => {
                if !std::mem::replace(&mut is_waiting, true) {
                    note("The database does not answer; waiting for it.");
                }
                tokio::time::sleep(TICK).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if std::mem::take(&mut is_waiting) {
            note("The database answers again.");
        }
        let Some(last) = events.last() else {
            tokio::time::sleep(TICK).await;
            continue;
        };
        filter.after = Some(last.created_at);
        let text: String = match context.json {
            true => events.iter().map(|event| escaped(&json!(event).to_string()) + "\n").collect(),
            false => events.iter().map(line).collect(),
        };
        if !print(&text)? {
            return Ok(());
        }
    }
}

fn heading() -> String {
    format!("{:<24}  {:<34}  DETAILS\n", "TIME", "TYPE")
}

/// An event in columns of fixed width: further ones are not known yet.
fn line(event: &Event) -> String {
    let at = event.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let details = event.details.iter().filter(|(_, value)| !is_empty(value));
    let details: Vec<String> = details.map(|(name, value)| format!("{name}: {value}")).collect();
    escaped(&format!("{at:<24}  {:<34}  {}", event.event_type, details.join(", "))) + "\n"
}

fn is_empty(value: &serde_json::Value) -> bool {
    value.is_null() || value.as_object().is_some_and(|object| object.is_empty())
}
