//! Administration of phones.

use super::admin::{AdminContext, Outcome, known};
use crate::domain::id::DeviceId;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum PhoneCommand {
    /// Allow the installation of a deactivated phone to register again, as a new phone
    #[command(after_help = "Example:\n  handset phone readmit 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f --workspace Demo")]
    Readmit {
        /// The deactivated phone
        #[arg(value_name = "DEVICE_ID")]
        phone: Uuid,
        /// The workspace's name or id
        #[arg(long, value_name = "NAME|ID")]
        workspace: String,
    },
}

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("there is no phone {0} in this workspace; /phones/list with include_deactivated shows all")]
    NoPhone(DeviceId),
}

pub async fn phone(context: &AdminContext, command: PhoneCommand) -> Outcome {
    match command {
        PhoneCommand::Readmit { phone, workspace } => {
            let (workspace, phone) = (context.workspace(&workspace).await?, DeviceId(phone));
            let readmitted = context.store().readmit_phone(workspace.workspace_id, phone, context.now).await;
            known(readmitted, CliError::NoPhone(phone))?;
            context.print(&json!({ "device_id": phone, "readmitted": true }), "Its installation can register again.")
        }
    }
}
