//! The audit trail, for people as a table and for scripts as JSON lines. It is read and printed a little at a time, however
//! long it is.

use super::admin::{AdminContext, Outcome};
use crate::config::Config;
use crate::model::audit::{AuditEntry, AuditFilter};
use crate::model::id::{DeviceId, WorkspaceId};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, Write};
use uuid::Uuid;

pub const HELP: &str = "Example:\n  handset audit --workspace Demo --since 2026-11-01 --json > audit.jsonl\n\n\
    Without --workspace it goes through one workspace after the other. The trail is kept as long as events are\n\
    (serve --keep-events-days), and nobody can change it.";

/// How many entries are read at a time.
const PORTION: i64 = 1_000;

#[derive(Debug, Args)]
pub struct AuditCommand {
    /// Only what was done in this workspace
    #[arg(long, value_name = "NAME|ID")]
    workspace: Option<String>,
    /// Only what was done to this phone, or to the credentials on it
    #[arg(long, value_name = "ID")]
    phone: Option<Uuid>,
    /// Only what was done then or later: 2026-11-01, or 2026-11-01T08:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Only what was done before
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
}

/// A time, or the day that begins with it.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let time = text.parse::<DateTime<Utc>>().ok().or_else(day);
    time.ok_or_else(|| "it is no time. Write a day as 2026-11-01, or a time as 2026-11-01T08:30:00Z".to_owned())
}

pub async fn audit(config: &Config, asked: &AuditCommand, json: bool) -> Outcome {
    let context = AdminContext::open(config).await?;
    let outcome = print_all(&context, asked, json).await;
    context.done(outcome).await
}

async fn print_all(context: &AdminContext, asked: &AuditCommand, json: bool) -> Outcome {
    let workspaces = match &asked.workspace {
        Some(name) => vec![context.workspace(name).await?],
        None => context.store().workspaces().await?,
    };
    let filter = AuditFilter { device_id: asked.phone.map(DeviceId), since: asked.since, until: asked.until };
    if !json && !told(&line(&["TIME", "ACTION", "SUBJECT", "BY", "FROM", "REQUEST", "WHAT"].map(str::to_owned)))? {
        return Ok(());
    }
    for workspace in workspaces {
        if !print_one(context, workspace.workspace_id, &filter, json).await? {
            break;
        }
    }
    Ok(())
}

/// Prints the trail of one workspace; false if nobody listens any more.
async fn print_one(
    context: &AdminContext,
    workspace: WorkspaceId,
    filter: &AuditFilter,
    json: bool,
) -> Result<bool, Box<dyn std::error::Error>> {
    let mut behind = None;
    loop {
        let entries = context.store().audit(workspace, filter, behind, PORTION).await?;
        let Some(last) = entries.last() else { return Ok(true) };
        behind = Some(last.place());
        let mut text = String::new();
        for entry in &entries {
            text += &if json { serde_json::to_string(entry)? + "\n" } else { row(entry) };
        }
        if !told(&text)? {
            return Ok(false);
        }
    }
}

/// Prints; false if nobody listens any more, as when only the first lines are wanted.
fn told(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        said => said.map(|()| true),
    }
}

fn row(entry: &AuditEntry) -> String {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    line(&[
        entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        entry.action.clone(),
        entry.subject_id.to_string(),
        format!("{} {}", entry.credential_kind, id(entry.credential_id)),
        entry.address.clone().unwrap_or_default(),
        id(entry.request_id),
        changes(entry),
    ])
}

/// Cells in columns that are wide enough for nearly all: who reads as it comes cannot wait for the widest.
fn line(cells: &[String; 7]) -> String {
    let [at, action, subject, by, from, request, what] = cells;
    let line = format!("{at:<24}  {action:<24}  {subject:<36}  {by:<51}  {from:<15}  {request:<36}  {what}");
    line.trim_end().to_owned() + "\n"
}

/// What an update changed: `name: before → after`, where there was something before and is something after.
fn changes(entry: &AuditEntry) -> String {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (&entry.before, &entry.after) else {
        return String::new();
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let shown = |value: Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let changed = changed.map(|name| format!("{name}: {} → {}", shown(before.get(name)), shown(after.get(name))));
    changed.collect::<Vec<_>>().join(", ")
}
