//! User identities: listed, shown, and all of their phones deactivated.

use super::find::{find, search, user_json};
use crate::cli::admin::{AdminContext, Outcome, WorkspaceArgument, second, short};
use crate::cli::confirmation::Confirmation;
use crate::cli::output::{count, properties, table};
use crate::cli::phone::{PhoneRow, consequences, phone_json, phone_table, phones_of};
use crate::deactivation;
use crate::domain::id::DeviceId;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct ListCommand {
    /// Part of a name, e-mail address, phone number or key, or the start of an id
    search: Option<String>,
    /// Maximum number of user identities
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct GetCommand {
    /// The user's id or key, or a search that finds one user
    user: String,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

#[derive(Debug, Args)]
pub struct DeactivatePhonesCommand {
    /// The user's id or key, or a search that finds one user
    user: String,
    /// The reason, for the audit trail
    #[arg(long, value_name = "TEXT", value_parser = short)]
    reason: Option<String>,
    #[command(flatten)]
    confirmation: Confirmation,
    #[command(flatten)]
    workspace: WorkspaceArgument,
}

pub async fn list(context: &AdminContext, command: ListCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let limit = command.limit as usize;
    let mut users = search(&workspace, command.search.as_deref(), command.limit).await?;
    let has_more = users.len() > limit;
    users.truncate(limit);
    let value = json!({ "user_identities": users.iter().map(user_json).collect::<Vec<_>>(), "has_more": has_more });
    let shown = users.len();
    let rows = users.into_iter().map(|user| {
        let texts = [user.full_name, user.email_address, user.phone_number, user.user_identity_key];
        let [name, email, number, key] = texts.map(Option::unwrap_or_default);
        [user.user_identity_id.to_string(), name, email, number, key, second(user.created_at)]
    });
    let table = table(["ID", "NAME", "E-MAIL ADDRESS", "PHONE NUMBER", "KEY", "CREATED"], rows);
    context.print_list(&value, &table, shown, has_more, "user identity")
}

pub async fn get(context: &AdminContext, command: GetCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let user = find(&workspace, &command.user).await?;
    let extension = workspace.extension_of(user.user_identity_id).await?.extension_id;
    let phones = phones_of(&workspace, &user, true).await?;
    let mut value = user_json(&user);
    value["extension_id"] = json!(extension);
    value["phones"] = phones.iter().map(phone_json).collect();
    let texts = [user.full_name, user.email_address, user.phone_number, user.user_identity_key];
    let [name, email, number, key] = texts.map(Option::unwrap_or_default);
    let mut text = properties([
        ("ID", user.user_identity_id.to_string()),
        ("Name", name),
        ("E-mail address", email),
        ("Phone number", number),
        ("Key", key),
        ("Extension", extension.to_string()),
        ("Created", second(user.created_at)),
    ]);
    if !phones.is_empty() {
        text = format!("{text}\n\n{}", phone_table(&phones));
    }
    context.print(&value, &text)
}

pub async fn deactivate_phones(context: &AdminContext, command: DeactivatePhonesCommand) -> Outcome {
    let workspace = context.handle(&command.workspace).await?;
    let user = find(&workspace, &command.user).await?;
    let phones = phones_of(&workspace, &user, false).await?;
    let name = format!("{:?} ({})", user.display_name(), user.user_identity_id);
    let result = |device_ids: Vec<DeviceId>, dry_run: bool| json!({ "user_identity_id": user.user_identity_id, "device_ids": device_ids, "dry_run": dry_run });
    let device_ids: Vec<DeviceId> = phones.iter().map(|row: &PhoneRow| row.phone.device_id).collect();
    let confirmation = &command.confirmation;
    if phones.is_empty() {
        return context.print(&result(Vec::new(), confirmation.dry_run), &format!("{name} has no active phone."));
    }
    let ends = consequences(&workspace, &device_ids).await?;
    let what = format!("{}\n\n{ends}", phone_table(&phones));
    if confirmation.dry_run {
        return context.print(&result(device_ids, true), &format!("{what}\n\nNothing was changed."));
    }
    let those = count(phones.len(), "phone");
    confirmation.obtain(&what, &format!("Deactivate {those} of {name} for good?"))?;
    let done = deactivation::of_person(&workspace, user.user_identity_id, command.reason, context.now()).await?;
    let text = format!("Deactivated {} of {name}, with {}.", count(done.len(), "phone"), ends.ended());
    context.print(&result(done, false), &text)
}
