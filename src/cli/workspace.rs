//! Workspaces: created, listed and updated.

use super::admin::{AdminContext, CliError, Outcome, second, short};
use super::output::table;
use crate::domain::workspace::PublishableKeySessions;
use crate::store::NewWorkspace;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Create a workspace
    #[command(after_help = "Example:\n  handset workspace create Acme --sandbox")]
    Create {
        /// The workspace's name
        #[arg(value_parser = short)]
        name: String,
        /// Create a sandbox workspace, which can simulate phones and be reset
        #[arg(long)]
        sandbox: bool,
        /// The client sessions that the publishable key may open [default: anonymous for a sandbox, else off]
        #[arg(long, value_enum)]
        publishable_key: Option<KeySessions>,
    },
    /// List all workspaces
    #[command(after_help = "Example:\n  handset workspace list --json")]
    List,
    /// Set what the publishable key of a workspace may do
    #[command(after_help = "Example:\n  handset workspace update Acme --publishable-key off")]
    Update {
        /// The workspace's name or id
        #[arg(value_name = "NAME|ID")]
        workspace: String,
        /// The client sessions that the publishable key may open
        #[arg(long, value_enum, required = true)]
        publishable_key: KeySessions,
    },
    /// Replace the publishable key of a workspace, at once on all servers, and print the new one
    #[command(after_help = "Example:\n  handset workspace rotate-publishable-key Acme")]
    RotatePublishableKey {
        /// The workspace's name or id
        #[arg(value_name = "NAME|ID")]
        workspace: String,
    },
}

/// The setting, as arguments name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeySessions {
    /// None: the key is refused
    Off,
    /// New ones, and existing ones to which no API key has given access
    Anonymous,
    /// Those of users, too: anyone with the key, which is public, who knows or guesses a user's user_identifier_key gets
    /// that user's session, and can deactivate the user's phones
    AnyUser,
}

impl From<KeySessions> for PublishableKeySessions {
    fn from(argument: KeySessions) -> PublishableKeySessions {
        match argument {
            KeySessions::Off => PublishableKeySessions::Off,
            KeySessions::Anonymous => PublishableKeySessions::Anonymous,
            KeySessions::AnyUser => PublishableKeySessions::AnyUser,
        }
    }
}

pub async fn workspace(context: &AdminContext, command: WorkspaceCommand) -> Outcome {
    match command {
        WorkspaceCommand::Create { name, sandbox, publishable_key } => {
            let setting = publishable_key.map(PublishableKeySessions::from);
            create_workspace(context, name, sandbox, setting).await
        }
        WorkspaceCommand::List => list_workspaces(context).await,
        WorkspaceCommand::Update { workspace, publishable_key } => update(context, &workspace, publishable_key).await,
        WorkspaceCommand::RotatePublishableKey { workspace } => rotate_publishable_key(context, &workspace).await,
    }
}

async fn create_workspace(
    context: &AdminContext,
    name: String,
    sandbox: bool,
    setting: Option<PublishableKeySessions>,
) -> Outcome {
    if name.is_empty() {
        return Err(CliError::NoName.into());
    }
    let mut new = NewWorkspace::named(name, sandbox, context.now(), &context.random);
    new.publishable_key_sessions = setting.unwrap_or(new.publishable_key_sessions);
    context.store().create_workspace(&new, context.now()).await?;
    let (id, publishable_key) = (new.workspace_id, new.publishable_key.reveal());
    let setting = new.publishable_key_sessions.into_str();
    let value = json!({
        "workspace_id": id,
        "name": new.name,
        "is_sandbox": new.is_sandbox,
        "publishable_key": publishable_key,
        "publishable_key_sessions": setting,
    });
    let text = format!(
        "workspace        {id}\npublishable key  {publishable_key} ({setting})\n\n\
         Create an API key: handset key create --workspace {id}"
    );
    context.print(&value, &text)
}

async fn list_workspaces(context: &AdminContext) -> Outcome {
    let workspaces = context.store().workspaces().await?;
    let value = json!({ "workspaces": workspaces.iter().map(|workspace| json!({
        "workspace_id": workspace.workspace_id,
        "name": workspace.name,
        "is_sandbox": workspace.is_sandbox,
        "publishable_key": workspace.publishable_key,
        "publishable_key_sessions": workspace.publishable_key_sessions.into_str(),
        "created_at": workspace.created_at,
    })).collect::<Vec<_>>() });
    let kind = |is_sandbox| if is_sandbox { "sandbox" } else { "production" }.to_owned();
    let rows = workspaces.into_iter().map(|row| {
        let setting = row.publishable_key_sessions.into_str().to_owned();
        [row.workspace_id.to_string(), kind(row.is_sandbox), setting, second(row.created_at), row.name]
    });
    context.print(&value, &table(["ID", "KIND", "PUBLISHABLE KEY", "CREATED", "NAME"], rows))
}

async fn update(context: &AdminContext, workspace: &str, argument: KeySessions) -> Outcome {
    let workspace = context.workspace(workspace).await?;
    let setting = PublishableKeySessions::from(argument);
    context.store().set_publishable_key_sessions(workspace.workspace_id, setting).await?;
    let name = setting.into_str();
    let value = json!({ "workspace_id": workspace.workspace_id, "publishable_key_sessions": name });
    let text = match setting {
        PublishableKeySessions::Off => "The publishable key is refused.",
        PublishableKeySessions::Anonymous => "The publishable key opens client sessions without access only.",
        PublishableKeySessions::AnyUser => {
            "Anyone with the publishable key who knows a user_identifier_key gets that user's session."
        }
    };
    context.print(&value, text)
}

async fn rotate_publishable_key(context: &AdminContext, workspace: &str) -> Outcome {
    let workspace = context.workspace(workspace).await?;
    let key = context.store().rotate_publishable_key(workspace.workspace_id, &context.random).await?;
    let value = json!({ "workspace_id": workspace.workspace_id, "publishable_key": key.reveal() });
    context.print(&value, key.reveal())
}
