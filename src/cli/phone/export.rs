//! All phones of a workspace, a page at a time.

use super::find::{PhoneRow, owners, phone_json};
use crate::cli::admin::{AdminContext, Outcome, WorkspaceArgument, second};
use crate::cli::output::escaped;
use crate::cli::transfer::{Output, csv_line};
use crate::domain::page::Paging;
use crate::domain::phone::PhoneFilter;
use crate::domain::scope::Scope;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Number of phones per page.
const PAGE: u32 = 1_000;

const COLUMNS: [&str; 13] = [
    "device_id",
    "workspace_id",
    "name",
    "user_identity_id",
    "user_identity_key",
    "user_name",
    "operating_system",
    "os_version",
    "device_manufacturer",
    "device_model",
    "created_at",
    "deactivated_at",
    "custom_metadata",
];

#[derive(Debug, Args)]
pub struct ExportCommand {
    /// Include deactivated phones
    #[arg(long)]
    deactivated: bool,
    /// The file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

pub async fn export(context: &AdminContext, command: ExportCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let mut output = Output::open(command.output)?;
    let mut is_open = context.json || output.write(&csv_line(COLUMNS.map(str::to_owned))?, 0)?;
    let mut paging = Paging { limit: Some(PAGE), from: None };
    while is_open {
        let filter = PhoneFilter { include_deactivated: command.deactivated, paging, ..PhoneFilter::default() };
        let page = workspace.phones(&filter, Scope::Workspace).await?;
        let owners = owners(&workspace, &page.items).await?;
        let (mut bytes, count) = (Vec::new(), page.items.len() as u64);
        for phone in page.items {
            let row = PhoneRow::of(phone, &owners);
            match context.json {
                true => bytes.extend((escaped(&phone_json(&row).to_string()) + "\n").into_bytes()),
                false => bytes.extend(csv_line(cells(&row))?),
            }
        }
        is_open = output.write(&bytes, count)? && page.next.is_some();
        paging.from = page.next;
    }
    let (count, file) = output.finish()?;
    match file {
        Some(file) => context.print(&json!({ "exported": count, "file": file }), &format!("Exported: {count}.")),
        None => Ok(()),
    }
}

fn cells(row: &PhoneRow) -> [String; COLUMNS.len()] {
    let value = phone_json(row);
    COLUMNS.map(|name| match (name, &value[name]) {
        ("created_at", _) => second(row.phone.created_at),
        ("deactivated_at", _) => row.phone.deactivated_at.map(second).unwrap_or_default(),
        ("custom_metadata", metadata) if metadata.as_object().is_some_and(|pairs| pairs.is_empty()) => String::new(),
        (_, serde_json::Value::Null) => String::new(),
        (_, serde_json::Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    })
}
