//! Administration of workspaces and their credentials. A secret is printed once, here, and stored as a hash.

use super::database::{Database, DatabaseSource};
use super::output::{print, table};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::id::WorkspaceId;
use crate::model::workspace::WorkspaceRecord;
use crate::random::Random;
use crate::store::{NewWorkspace, Store};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Subcommand;
use serde_json::json;
use std::error::Error;

/// The result of a command.
pub type Outcome = Result<(), Box<dyn Error>>;

#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Create a workspace
    #[command(after_help = "Example:\n  handset workspace create Acme --sandbox")]
    Create {
        /// The workspace's name
        name: String,
        /// Create a sandbox workspace, which can simulate phones and be reset
        #[arg(long)]
        sandbox: bool,
    },
    /// List all workspaces
    #[command(after_help = "Example:\n  handset workspace list --json")]
    List,
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create an API key and print it; it is shown only once
    #[command(after_help = "Example:\n  handset key create --workspace Demo --name curl")]
    Create {
        /// The workspace's name or id
        #[arg(long, value_name = "NAME|ID")]
        workspace: String,
        /// Name of the key, such as its purpose
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List API keys without their secrets
    #[command(after_help = "Example:\n  handset key list --workspace Demo")]
    List {
        /// Only keys of this workspace
        #[arg(long, value_name = "NAME|ID")]
        workspace: Option<String>,
    },
    /// Revoke an API key
    #[command(after_help = "Example:\n  handset key revoke 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    Revoke {
        /// The key's id, or the key itself
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a personal access token for one or more workspaces and print it; it is shown only once
    #[command(after_help = "Example:\n  handset token create --workspace Demo --workspace Acme")]
    Create {
        /// A workspace's name or id; repeat it for more
        #[arg(long, required = true, value_name = "NAME|ID")]
        workspace: Vec<String>,
        /// Name of the token, such as its owner
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Revoke a personal access token
    #[command(after_help = "Example:\n  handset token revoke 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    Revoke {
        /// The token's id, or the token itself
        token: String,
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
        #[arg(long, default_value = "")]
        name: String,
        /// Lifetime in hours
        #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=87_600))]
        hours: u32,
    },
    /// Create a new signing key; sessions signed by older keys stay valid unless those are retired
    #[command(after_help = "Example:\n  handset console-session rotate-key --retire-older")]
    RotateKey {
        /// End all sessions signed by older keys
        #[arg(long)]
        retire_older: bool,
    },
}

/// Usage errors of administrative commands.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("there is no workspace called {0:?}; `handset workspace list` shows all")]
    NoWorkspace(String),
    #[error("{1} workspaces are called {0:?}; use the id that `handset workspace list` shows")]
    ManyWorkspaces(String, usize),
    #[error("a workspace's name must not be empty")]
    NoName,
    #[error("there is no such key; `handset key list` shows all")]
    NoKey,
    #[error("there is no such token")]
    NoToken,
}

/// The open database, the time and the random source of a command.
pub struct AdminContext {
    database: Database,
    now: DateTime<Utc>,
    random: Random,
}

impl AdminContext {
    /// Opens the configured database.
    pub async fn open(config: &Config) -> Result<AdminContext, Box<dyn Error>> {
        let database = Database::open(config, DatabaseSource::Administration).await?;
        Ok(AdminContext { database, now: Clock::system().now(), random: Random::system() })
    }

    pub fn store(&self) -> &Store {
        &self.database.store
    }

    pub fn random(&self) -> &Random {
        &self.random
    }

    /// Finds a workspace by name or id.
    pub async fn workspace(&self, name: &str) -> Result<WorkspaceRecord, Box<dyn Error>> {
        let mut found = self.store().workspaces_called(name).await?;
        match (found.len(), found.pop()) {
            (1, Some(workspace)) => Ok(workspace),
            (0, _) => Err(CliError::NoWorkspace(name.to_owned()).into()),
            (count, _) => Err(CliError::ManyWorkspaces(name.to_owned(), count).into()),
        }
    }

    async fn workspaces(&self, names: &[String]) -> Result<Vec<WorkspaceId>, Box<dyn Error>> {
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let id = self.workspace(name).await?.workspace_id;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// Closes the database and returns `outcome`.
    pub async fn done(self, outcome: Outcome) -> Outcome {
        self.database.close().await;
        outcome
    }
}

pub async fn migrate(config: &Config, distribute: bool, json: bool) -> Outcome {
    let context = AdminContext::open(config).await?;
    let outcome = match distribute {
        false => print(json, &json!({ "migrated": true }), "The schema is up to date.").map_err(Into::into),
        true => lay_out(&context, json).await,
    };
    context.done(outcome).await
}

async fn lay_out(context: &AdminContext, json: bool) -> Outcome {
    let tables = context.store().distribute().await?;
    let said = match tables.as_slice() {
        [] => "The schema is up to date, and every table is distributed.".to_owned(),
        tables => format!("The schema is up to date. Distributed: {}.", tables.join(", ")),
    };
    Ok(print(json, &json!({ "migrated": true, "distributed": tables }), &said)?)
}

pub async fn workspace(config: &Config, command: WorkspaceCommand, json: bool) -> Outcome {
    let context = AdminContext::open(config).await?;
    let outcome = match command {
        WorkspaceCommand::Create { name, sandbox } => create_workspace(&context, name, sandbox, json).await,
        WorkspaceCommand::List => list_workspaces(&context, json).await,
    };
    context.done(outcome).await
}

async fn create_workspace(context: &AdminContext, name: String, sandbox: bool, json: bool) -> Outcome {
    if name.is_empty() {
        return Err(CliError::NoName.into());
    }
    let new = NewWorkspace::named(name, sandbox, context.now, &context.random);
    context.store().create_workspace(&new, context.now).await?;
    let value = json!({
        "workspace_id": new.workspace_id,
        "name": new.name,
        "is_sandbox": new.is_sandbox,
        "publishable_key": new.publishable_key.reveal(),
    });
    let text = format!(
        "workspace        {}\npublishable key  {}\n\nCreate an API key: handset key create --workspace {}",
        new.workspace_id,
        new.publishable_key.reveal(),
        new.workspace_id,
    );
    Ok(print(json, &value, &text)?)
}

async fn list_workspaces(context: &AdminContext, json: bool) -> Outcome {
    let workspaces = context.store().workspaces().await?;
    let value = json!({ "workspaces": workspaces.iter().map(|workspace| json!({
        "workspace_id": workspace.workspace_id,
        "name": workspace.name,
        "is_sandbox": workspace.is_sandbox,
        "publishable_key": workspace.publishable_key,
        "created_at": workspace.created_at,
    })).collect::<Vec<_>>() });
    let kind = |is_sandbox| if is_sandbox { "sandbox" } else { "production" }.to_owned();
    let rows: Vec<Vec<String>> = workspaces
        .into_iter()
        .map(|row| vec![row.workspace_id.to_string(), kind(row.is_sandbox), minute(row.created_at), row.name])
        .collect();
    Ok(print(json, &value, &table(&["ID", "KIND", "CREATED", "NAME"], &rows))?)
}

pub async fn key(config: &Config, command: KeyCommand, json: bool) -> Outcome {
    let context = AdminContext::open(config).await?;
    let outcome = match command {
        KeyCommand::Create { workspace, name } => create_key(&context, &workspace, &name, json).await,
        KeyCommand::List { workspace } => list_keys(&context, workspace.as_deref(), json).await,
        KeyCommand::Revoke { key } => match context.store().revoke_api_key(&key, context.now).await {
            Ok(id) => Ok(print(json, &json!({ "api_key_id": id, "revoked": true }), "Revoked.")?),
            Err(crate::error::Error::NotFound(..)) => Err(CliError::NoKey.into()),
            Err(error) => Err(error.into()),
        },
    };
    context.done(outcome).await
}

async fn create_key(context: &AdminContext, workspace: &str, name: &str, json: bool) -> Outcome {
    let workspace = context.workspace(workspace).await?;
    let (id, key) = context.store().create_api_key(&workspace, name, context.now, &context.random).await?;
    let value = json!({ "api_key": key.reveal(), "api_key_id": id, "workspace_id": workspace.workspace_id });
    Ok(print(json, &value, key.reveal())?)
}

async fn list_keys(context: &AdminContext, workspace: Option<&str>, json: bool) -> Outcome {
    let workspace = match workspace {
        Some(name) => Some(context.workspace(name).await?.workspace_id),
        None => None,
    };
    let keys = context.store().api_keys(workspace).await?;
    let value = json!({ "api_keys": keys.iter().map(|key| json!({
        "api_key_id": key.api_key_id,
        "workspace_id": key.workspace_id,
        "name": key.name,
        "hint": key.hint,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    })).collect::<Vec<_>>() });
    let state = |revoked_at: Option<_>| revoked_at.map_or("in use".to_owned(), |at| format!("revoked {}", minute(at)));
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .map(|key| {
            let hint = format!("{}_…", key.hint);
            vec![key.api_key_id.to_string(), hint, key.workspace_name, state(key.revoked_at), key.name]
        })
        .collect();
    Ok(print(json, &value, &table(&["ID", "KEY", "WORKSPACE", "STATE", "NAME"], &rows))?)
}

pub async fn token(config: &Config, command: TokenCommand, json: bool) -> Outcome {
    let context = AdminContext::open(config).await?;
    let outcome = match command {
        TokenCommand::Create { workspace, name } => create_token(&context, &workspace, &name, json).await,
        TokenCommand::Revoke { token } => match context.store().revoke_access_token(&token, context.now).await {
            Ok(id) => Ok(print(json, &json!({ "access_token_id": id, "revoked": true }), "Revoked.")?),
            Err(crate::error::Error::NotFound(..)) => Err(CliError::NoToken.into()),
            Err(error) => Err(error.into()),
        },
    };
    context.done(outcome).await
}

async fn create_token(context: &AdminContext, workspaces: &[String], name: &str, json: bool) -> Outcome {
    let workspaces = context.workspaces(workspaces).await?;
    let (id, token) = context.store().create_access_token(name, &workspaces, context.now, &context.random).await?;
    let value = json!({ "access_token": token.reveal(), "access_token_id": id, "workspace_ids": workspaces });
    Ok(print(json, &value, token.reveal())?)
}

pub async fn console(config: &Config, command: ConsoleCommand, json: bool) -> Outcome {
    let context = AdminContext::open(config).await?;
    let outcome = match command {
        ConsoleCommand::Create { workspace, name, hours } => {
            let expires_at = context.now + TimeDelta::hours(i64::from(hours));
            create_console_session(&context, &workspace, &name, expires_at, json).await
        }
        ConsoleCommand::RotateKey { retire_older } => {
            let (id, _) = context.store().rotate_console_key(retire_older, context.now, &context.random).await?;
            Ok(print(json, &json!({ "console_key_id": id }), &format!("New signing key: {id}"))?)
        }
    };
    context.done(outcome).await
}

async fn create_console_session(
    context: &AdminContext,
    workspaces: &[String],
    name: &str,
    expires_at: DateTime<Utc>,
    json: bool,
) -> Outcome {
    let workspaces = context.workspaces(workspaces).await?;
    let (id, jwt) =
        context.store().create_console_session(name, &workspaces, context.now, expires_at, &context.random).await?;
    let value = json!({
        "console_session_token": jwt.reveal(),
        "console_session_id": id,
        "workspace_ids": workspaces,
        "expires_at": expires_at,
    });
    Ok(print(json, &value, jwt.reveal())?)
}

fn minute(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
