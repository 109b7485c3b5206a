//! Personal access tokens and console sessions: created, listed and revoked.

use super::admin::{AdminContext, CliError, Outcome, SessionsToEnd, ended, known, last_used, second, short};
use super::output::table;
use crate::domain::id::ConsoleSessionId;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a personal access token for one or more workspaces and print it; it is shown only once
    #[command(after_help = "Example:\n  handset token create --workspace Demo --workspace Acme")]
    Create {
        /// A workspace's name or id; repeat it for more
        #[arg(long, required = true, value_name = "NAME|ID")]
        workspace: Vec<String>,
        /// Name of the token, such as its owner
        #[arg(long, default_value = "", value_parser = short)]
        name: String,
    },
    /// List personal access tokens without their secrets
    #[command(after_help = "Example:\n  handset token list --workspace Demo")]
    List {
        /// Only tokens of this workspace
        #[arg(long, value_name = "NAME|ID")]
        workspace: Option<String>,
    },
    /// Revoke a personal access token and end the client sessions that it created or extended
    #[command(after_help = "Example:\n  handset token revoke 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    Revoke {
        /// The token's id, or the token itself
        token: String,
        #[command(flatten)]
        sessions: SessionsToEnd,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConsoleCommand {
    /// Create a console session for one or more workspaces and print its JWT; it is shown only once
    #[command(after_help = "Example:\n  handset console-session create --workspace Demo --hours 8")]
    Create {
        /// A workspace's name or id; repeat it for more
        #[arg(long, required = true, value_name = "NAME|ID")]
        workspace: Vec<String>,
        /// Name of the session, such as its owner
        #[arg(long, default_value = "", value_parser = short)]
        name: String,
        /// Lifetime in hours
        #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=87_600))]
        hours: u32,
    },
    /// List console sessions without their JWTs
    #[command(after_help = "Example:\n  handset console-session list --workspace Demo")]
    List {
        /// Only sessions of this workspace
        #[arg(long, value_name = "NAME|ID")]
        workspace: Option<String>,
    },
    /// Revoke a console session and end the client sessions that it created or extended
    #[command(after_help = "Example:\n  handset console-session revoke 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    Revoke {
        /// The session's id
        #[arg(value_name = "CONSOLE_SESSION_ID")]
        session: Uuid,
        #[command(flatten)]
        sessions: SessionsToEnd,
    },
    /// Create a new signing key; sessions signed by older keys stay valid unless those are retired
    #[command(after_help = "Example:\n  handset console-session rotate-key --retire-older")]
    RotateKey {
        /// End all sessions signed by older keys
        #[arg(long)]
        retire_older: bool,
    },
}

pub async fn token(context: &AdminContext, command: TokenCommand) -> Outcome {
    match command {
        TokenCommand::Create { workspace, name } => {
            let workspaces = context.workspaces(&workspace).await?;
            let created = context.store().create_access_token(&name, &workspaces, context.now(), &context.random);
            let (id, token) = created.await?;
            let value = json!({ "access_token": token.reveal(), "access_token_id": id, "workspace_ids": workspaces });
            context.print(&value, token.reveal())
        }
        TokenCommand::List { workspace } => list_tokens(context, workspace.as_deref()).await,
        TokenCommand::Revoke { token, sessions } => {
            let id = known(context.store().revoke_access_token(&token, context.now()).await, CliError::NoToken)?;
            let text = ended(context, id.0, &sessions).await?;
            context.print(&json!({ "access_token_id": id, "revoked": true }), &text)
        }
    }
}

async fn list_tokens(context: &AdminContext, workspace: Option<&str>) -> Outcome {
    let tokens = context.store().access_tokens(context.workspace_id(workspace).await?).await?;
    let value = json!({ "access_tokens": tokens.iter().map(|token| json!({
        "access_token_id": token.access_token_id,
        "workspace_ids": token.workspace_ids,
        "name": token.name,
        "hint": token.hint,
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    })).collect::<Vec<_>>() });
    let state = |revoked_at: Option<_>| revoked_at.map_or("in use".to_owned(), |at| format!("revoked {}", second(at)));
    let rows = tokens.into_iter().map(|token| {
        let (hint, workspaces) = (format!("{}_…", token.hint), token.workspace_names.join(", "));
        let (state, last_used) = (state(token.revoked_at), last_used(token.last_used_at));
        [token.access_token_id.to_string(), hint, workspaces, state, last_used, token.name]
    });
    context.print(&value, &table(["ID", "TOKEN", "WORKSPACES", "STATE", "LAST USED", "NAME"], rows))
}

pub async fn console(context: &AdminContext, command: ConsoleCommand) -> Outcome {
    let (now, random) = (context.now(), &context.random);
    match command {
        ConsoleCommand::Create { workspace, name, hours } => {
            let workspaces = context.workspaces(&workspace).await?;
            let expires_at = now + TimeDelta::hours(i64::from(hours));
            let created = context.store().create_console_session(&name, &workspaces, now, expires_at, random);
            let (id, jwt) = created.await?;
            let value = json!({
                "console_session_token": jwt.reveal(),
                "console_session_id": id,
                "workspace_ids": workspaces,
                "expires_at": expires_at,
            });
            context.print(&value, jwt.reveal())
        }
        ConsoleCommand::List { workspace } => list_console_sessions(context, workspace.as_deref()).await,
        ConsoleCommand::Revoke { session, sessions } => {
            let id = ConsoleSessionId(session);
            known(context.store().revoke_console_session(id, now).await, CliError::NoConsoleSession)?;
            let text = ended(context, session, &sessions).await?;
            context.print(&json!({ "console_session_id": id, "revoked": true }), &text)
        }
        ConsoleCommand::RotateKey { retire_older } => {
            let (id, _) = context.store().rotate_console_key(retire_older, now, random).await?;
            context.print(&json!({ "console_key_id": id }), &format!("New signing key: {id}"))
        }
    }
}

async fn list_console_sessions(context: &AdminContext, workspace: Option<&str>) -> Outcome {
    let sessions = context.store().console_sessions(context.workspace_id(workspace).await?).await?;
    let value = json!({ "console_sessions": sessions.iter().map(|session| json!({
        "console_session_id": session.console_session_id,
        "workspace_ids": session.workspace_ids,
        "name": session.name,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "revoked_at": session.revoked_at,
    })).collect::<Vec<_>>() });
    let state = |revoked_at: Option<DateTime<Utc>>, expires_at: DateTime<Utc>| match revoked_at {
        Some(at) => format!("revoked {}", second(at)),
        None if expires_at <= context.now() => format!("expired {}", second(expires_at)),
        None => format!("until {}", second(expires_at)),
    };
    let rows = sessions.into_iter().map(|session| {
        let (workspaces, state) = (session.workspace_names.join(", "), state(session.revoked_at, session.expires_at));
        [session.console_session_id.to_string(), workspaces, state, session.name]
    });
    context.print(&value, &table(["ID", "WORKSPACES", "STATE", "NAME"], rows))
}
