//! Prints the audit trail as a table or as JSON lines, in batches.

use super::admin::{AdminContext, Outcome};
use super::output::{escaped, print};
use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::domain::id::{DeviceId, WorkspaceId};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

pub const HELP: &str = "Example:\n  handset audit --workspace Demo --since 2026-11-01 --json > audit.jsonl\n\n\
    Without --workspace it prints one workspace after the other. Entries are kept as long as events \
    (serve --keep-events-days) and cannot be changed.";

/// Number of entries per batch.
const PORTION: i64 = 1_000;

#[derive(Debug, Args)]
pub struct AuditCommand {
    /// Only entries of this workspace
    #[arg(long, value_name = "NAME|ID")]
    workspace: Option<String>,
    /// Only entries of this phone or its credentials
    #[arg(long, value_name = "ID")]
    phone: Option<Uuid>,
    /// Only entries at or after this time: 2026-11-01, or 2026-11-01T08:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Only entries before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
}

/// Parses a time, or a day as its first instant in UTC.
pub fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let time = text.parse::<DateTime<Utc>>().ok().or_else(day);
    time.ok_or_else(|| "write a day as 2026-11-01, or a time as 2026-11-01T08:30:00Z".to_owned())
}

pub async fn audit(context: &AdminContext, asked: AuditCommand) -> Outcome {
    let workspaces = match &asked.workspace {
        Some(name) => vec![context.workspace(name).await?],
        None => context.store().workspaces().await?,
    };
    let filter = AuditFilter { device_id: asked.phone.map(DeviceId), since: asked.since, until: asked.until };
    let headings = ["TIME", "ACTION", "SUBJECT", "BY", "FROM", "REQUEST", "CHANGES"].map(str::to_owned);
    if !context.json && !print(&line(&headings))? {
        return Ok(());
    }
    for workspace in workspaces {
        if !print_one(context, workspace.workspace_id, &filter).await? {
            break;
        }
    }
    Ok(())
}

/// Prints the trail of one workspace; false if standard output is closed.
async fn print_one(
    context: &AdminContext,
    workspace: WorkspaceId,
    filter: &AuditFilter,
) -> Result<bool, Box<dyn std::error::Error>> {
    let mut behind = None;
    loop {
        let entries = context.store().audit(workspace, filter, behind, PORTION).await?;
        let Some(last) = entries.last() else { return Ok(true) };
        behind = Some(last.place());
        let mut text = String::new();
        for entry in &entries {
            text += &if context.json { escaped(&serde_json::to_string(entry)?) + "\n" } else { row(entry) };
        }
        if !print(&text)? {
            return Ok(false);
        }
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

/// Formats cells in columns of fixed width: batches are printed before the widest cell is known.
fn line(cells: &[String; 7]) -> String {
    let [at, action, subject, by, from, request, what] = cells.each_ref().map(|cell| escaped(cell));
    let line = format!("{at:<24}  {action:<24}  {subject:<36}  {by:<51}  {from:<15}  {request:<36}  {what}");
    line.trim_end().to_owned() + "\n"
}

/// The changes of an update as `name: before → after`; empty for entries without both values.
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
