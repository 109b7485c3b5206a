//! Tokens of company directories, which create and deactivate users by SCIM: created, listed and revoked.

use super::admin::{AdminContext, CliError, Outcome, known, last_used, second, short};
use super::output::table;
use clap::Subcommand;
use serde_json::json;

#[derive(Debug, Subcommand)]
pub enum ScimTokenCommand {
    /// Create a token for a company's directory and print it; it is shown only once
    #[command(after_help = "Example:\n  handset scim-token create --workspace Demo --name \"Entra ID\"")]
    Create {
        /// The workspace's name or id
        #[arg(long, value_name = "NAME|ID")]
        workspace: String,
        /// Name of the token, such as the directory
        #[arg(long, default_value = "", value_parser = short)]
        name: String,
    },
    /// List tokens of directories without their secrets
    #[command(after_help = "Example:\n  handset scim-token list --workspace Demo")]
    List {
        /// Only tokens of this workspace
        #[arg(long, value_name = "NAME|ID")]
        workspace: Option<String>,
    },
    /// Revoke the token of a directory; its users and groups stay as they are
    #[command(after_help = "Example:\n  handset scim-token revoke 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    Revoke {
        /// The token's id, or the token itself
        token: String,
    },
}

pub async fn scim_token(context: &AdminContext, command: ScimTokenCommand) -> Outcome {
    match command {
        ScimTokenCommand::Create { workspace, name } => {
            let workspace = context.workspace(&workspace).await?;
            let created = context.store().create_scim_token(&workspace, &name, context.now(), &context.random);
            let (id, token) = created.await?;
            let value = json!({
                "scim_token": token.reveal(), "scim_token_id": id, "workspace_id": workspace.workspace_id,
            });
            context.print(&value, token.reveal())
        }
        ScimTokenCommand::List { workspace } => list(context, workspace.as_deref()).await,
        ScimTokenCommand::Revoke { token } => {
            let revoked = context.store().revoke_scim_token(&token, context.now()).await;
            let id = known(revoked, CliError::NoScimToken)?;
            context.print(&json!({ "scim_token_id": id, "revoked": true }), "Revoked. Its users and groups stay.")
        }
    }
}

async fn list(context: &AdminContext, workspace: Option<&str>) -> Outcome {
    let tokens = context.store().scim_tokens(context.workspace_id(workspace).await?).await?;
    let value = json!({ "scim_tokens": tokens.iter().map(|token| json!({
        "scim_token_id": token.scim_token_id,
        "workspace_id": token.workspace_id,
        "name": token.name,
        "hint": token.hint,
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    })).collect::<Vec<_>>() });
    let rows = tokens.into_iter().map(|token| {
        let state = token.revoked_at.map_or("in use".to_owned(), |at| format!("revoked {}", second(at)));
        let (hint, last_used) = (format!("{}_…", token.hint), last_used(token.last_used_at));
        [token.scim_token_id.to_string(), hint, token.workspace_name, state, last_used, token.name]
    });
    context.print(&value, &table(["ID", "TOKEN", "WORKSPACE", "STATE", "LAST USED", "NAME"], rows))
}
