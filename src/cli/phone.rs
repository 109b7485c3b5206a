//! Phones: found, deactivated, and allowed to come back.

mod deactivate;
mod export;
mod find;

pub use deactivate::{Consequences, consequences};
pub use find::{PhoneRow, find, phone_json, phones_of};

use super::admin::{AdminContext, Outcome, WorkspaceArgument, known, second};
use super::confirmation::Confirmation;
use super::output::{properties, table};
use crate::deactivation;
use crate::domain::id::DeviceId;
use crate::domain::scope::Scope;
use clap::{Args, Subcommand};
use find::{NoPhone, named, owners, search};
use serde_json::json;

#[derive(Debug, Subcommand)]
pub enum PhoneCommand {
    /// List phones, oldest first, by their name, metadata or id, or by their user
    #[command(after_help = "Example:\n  handset phone list jane --workspace Demo")]
    List(ListCommand),
    /// Show a phone and what is on it
    #[command(after_help = "Example:\n  handset phone get \"Pixel 10\"")]
    Get(GetCommand),
    /// Deactivate a lost phone for good, with the credentials and client sessions on it
    #[command(after_help = "Example:\n  handset phone deactivate \"Pixel 10\" --reason \"left in a taxi\"")]
    Deactivate(DeactivateCommand),
    /// Export all phones, oldest first, as CSV or with --json as JSON lines
    #[command(after_help = "Example:\n  handset phone export --deactivated --output phones.csv")]
    Export(export::ExportCommand),
    /// Allow the installation of a deactivated phone to register again, as a new phone
    #[command(
        visible_alias = "readmit",
        after_help = "Example:\n  handset phone allow 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f --workspace Demo"
    )]
    Allow(AllowCommand),
}

#[derive(Debug, Args)]
pub struct ListCommand {
    /// Part of a phone's name or metadata, of its user's name, e-mail address or key, or the start of an id
    search: Option<String>,
    /// Include deactivated phones
    #[arg(long)]
    deactivated: bool,
    /// Maximum number of phones; `handset phone export` prints all
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct GetCommand {
    /// The phone's id, or a search that finds one phone
    phone: String,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct DeactivateCommand {
    /// The phone's id, or a search that finds one phone
    phone: String,
    /// The reason, for the audit trail
    #[arg(long, value_name = "TEXT", value_parser = super::admin::short)]
    reason: Option<String>,
    #[command(flatten)]
    confirmation: Confirmation,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct AllowCommand {
    /// The deactivated phone's id, or a search that finds one deactivated phone
    phone: String,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

pub async fn phone(context: &AdminContext, command: PhoneCommand) -> Outcome {
    match command {
        PhoneCommand::List(command) => list(context, command).await,
        PhoneCommand::Get(command) => get(context, command).await,
        PhoneCommand::Deactivate(command) => deactivate(context, command).await,
        PhoneCommand::Export(command) => export::export(context, command).await,
        PhoneCommand::Allow(command) => allow(context, command).await,
    }
}

async fn list(context: &AdminContext, command: ListCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let limit = command.limit as usize;
    let mut phones = search(&workspace, command.search.as_deref(), command.deactivated, command.limit).await?;
    let has_more = phones.len() > limit;
    phones.truncate(limit);
    let owners = owners(&workspace, &phones).await?;
    let phones: Vec<PhoneRow> = phones.into_iter().map(|phone| PhoneRow::of(phone, &owners)).collect();
    let value = json!({ "phones": phones.iter().map(phone_json).collect::<Vec<_>>(), "has_more": has_more });
    context.print_list(&value, &phone_table(&phones), phones.len(), has_more, "phone")
}

/// A table of phones.
pub fn phone_table(phones: &[PhoneRow]) -> String {
    let rows = phones.iter().map(|row| {
        let state = match row.phone.deactivated_at {
            Some(at) => format!("deactivated {}", second(at)),
            None => "active".to_owned(),
        };
        let phone = &row.phone;
        let system = format!("{} {}", phone.operating_system.into_str(), phone.os_version);
        let (user, name) = (row.user(), phone.display_name().to_owned());
        [phone.device_id.to_string(), name, user, system, second(phone.created_at), state]
    });
    table(["ID", "NAME", "USER", "SYSTEM", "REGISTERED", "STATE"], rows)
}

async fn get(context: &AdminContext, command: GetCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let row = find(&workspace, &command.phone, false).await?;
    let ends = workspace.preview_deactivation(&[row.phone.device_id]).await?;
    let mut value = phone_json(&row);
    value["credential_count"] = ends.credentials.into();
    value["client_session_count"] = ends.client_sessions.into();
    let counts = [("Credentials", ends.credentials.to_string()), ("Sessions", ends.client_sessions.to_string())];
    context.print(&value, &properties(describe(&row).into_iter().chain(counts)))
}

/// What is shown of a phone.
fn describe(row: &PhoneRow) -> Vec<(&'static str, String)> {
    let phone = &row.phone;
    let metadata: Vec<String> =
        phone.custom_metadata.iter().map(|(key, value)| format!("{key}: {}", json!(value))).collect();
    vec![
        ("ID", phone.device_id.to_string()),
        ("Name", phone.display_name().to_owned()),
        ("User", row.user()),
        ("User ID", phone.user_identity_id.map(|id| id.to_string()).unwrap_or_default()),
        ("Model", format!("{} {}", phone.device_manufacturer, phone.device_model)),
        ("System", format!("{} {}", phone.operating_system.into_str(), phone.os_version)),
        ("Metadata", metadata.join(", ")),
        ("Registered", second(phone.created_at)),
        ("Deactivated", phone.deactivated_at.map(second).unwrap_or_default()),
    ]
}

async fn deactivate(context: &AdminContext, command: DeactivateCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let row = find(&workspace, &command.phone, false).await?;
    let device_id = row.phone.device_id;
    if let Some(at) = row.phone.deactivated_at {
        let text = format!("{} was deactivated {} already.", named(&row.phone), second(at));
        return context.print(&result(device_id, false, &command, None), &text);
    }
    let ends = consequences(&workspace, &[device_id]).await?;
    let what = format!("{}\n{ends}", properties(describe(&row)));
    if command.confirmation.dry_run {
        let text = format!("{what}\n\nNothing was changed.");
        return context.print(&result(device_id, false, &command, Some(&ends)), &text);
    }
    command.confirmation.obtain(&what, &format!("Deactivate {} for good?", named(&row.phone)))?;
    deactivation::of_phone(&workspace, device_id, Scope::Workspace, command.reason.clone(), context.now()).await?;
    let text = format!("Deactivated {}, with {}.", named(&row.phone), ends.ended());
    context.print(&result(device_id, true, &command, Some(&ends)), &text)
}

fn result(
    device_id: DeviceId,
    is_deactivated_now: bool,
    command: &DeactivateCommand,
    ends: Option<&Consequences>,
) -> serde_json::Value {
    json!({
        "device_id": device_id,
        "dry_run": command.confirmation.dry_run,
        "newly_deactivated": is_deactivated_now,
        "credential_count": ends.map_or(0, |ends| ends.preview.credentials),
        "client_session_count": ends.map_or(0, |ends| ends.preview.client_sessions),
        "webhook_count": ends.map_or(0, |ends| ends.webhooks),
    })
}

async fn allow(context: &AdminContext, command: AllowCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let row = find(&workspace, &command.phone, true).await?;
    let phone = row.phone.device_id;
    known(workspace.readmit_phone(phone, context.now()).await, NoPhone(phone.to_string()))?;
    context.print(&json!({ "device_id": phone, "readmitted": true }), "Its installation can register again.")
}
