//! Administration of workspaces and their credentials. A secret is printed once, here, and stored as a hash.

use super::database::{Database, DatabaseSource};
use super::output::table;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::id::WorkspaceId;
use crate::domain::limits::MAX_TEXT;
use crate::domain::workspace::WorkspaceRecord;
use crate::error;
use crate::random::Random;
use crate::store::{NewWorkspace, Store};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Subcommand;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, Write};

/// The result of a command.
pub type Outcome = Result<(), Box<dyn Error>>;

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
        #[arg(long, default_value = "", value_parser = short)]
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
        #[arg(long, default_value = "", value_parser = short)]
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
        #[arg(long, default_value = "", value_parser = short)]
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

/// Parses a name, which may have as many characters as one given to the API.
fn short(name: &str) -> Result<String, String> {
    match name.chars().count() {
        0..=MAX_TEXT => Ok(name.to_owned()),
        count => Err(format!("it has {count} characters; at most {MAX_TEXT} are allowed")),
    }
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

/// The open database, the time, the random source and the output of an administrative command.
pub struct AdminContext {
    database: Database,
    pub now: DateTime<Utc>,
    pub random: Random,
    pub json: bool,
}

impl AdminContext {
    /// Runs a function on the configured database, then closes it.
    pub async fn run<C>(
        config: &Config,
        json: bool,
        function: impl AsyncFnOnce(&AdminContext, C) -> Outcome,
        command: C,
    ) -> Outcome {
        let database = Database::open(config, DatabaseSource::Administration).await?;
        let context = AdminContext { database, now: Clock::system().now(), random: Random::system(), json };
        let outcome = function(&context, command).await;
        context.database.close().await;
        outcome
    }

    pub fn store(&self) -> &Store {
        &self.database.store
    }

    /// Prints `value` as JSON, or `text`.
    pub fn print(&self, value: &Value, text: &str) -> Outcome {
        let mut out = io::stdout();
        Ok(if self.json { writeln!(out, "{value}") } else { writeln!(out, "{text}") }?)
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
}

/// Replaces `NotFound` by an error in the words of the command line.
pub fn known<T>(found: error::Result<T>, missing: impl Error + 'static) -> Result<T, Box<dyn Error>> {
    match found {
        Err(error::Error::NotFound(..)) => Err(missing.into()),
        found => Ok(found?),
    }
}

pub async fn migrate(context: &AdminContext, distribute: bool) -> Outcome {
    if !distribute {
        return context.print(&json!({ "migrated": true }), "The schema is up to date.");
    }
    let tables = context.store().distribute().await?;
    let text = match tables.as_slice() {
        [] => "The schema is up to date, and every table is distributed.".to_owned(),
        tables => format!("The schema is up to date. Distributed: {}.", tables.join(", ")),
    };
    context.print(&json!({ "migrated": true, "distributed": tables }), &text)
}

pub async fn workspace(context: &AdminContext, command: WorkspaceCommand) -> Outcome {
    match command {
        WorkspaceCommand::Create { name, sandbox } => create_workspace(context, name, sandbox).await,
        WorkspaceCommand::List => list_workspaces(context).await,
    }
}

async fn create_workspace(context: &AdminContext, name: String, sandbox: bool) -> Outcome {
    if name.is_empty() {
        return Err(CliError::NoName.into());
    }
    let new = NewWorkspace::named(name, sandbox, context.now, &context.random);
    context.store().create_workspace(&new, context.now).await?;
    let (id, publishable_key) = (new.workspace_id, new.publishable_key.reveal());
    let value = json!({
        "workspace_id": id,
        "name": new.name,
        "is_sandbox": new.is_sandbox,
        "publishable_key": publishable_key,
    });
    let text = format!(
        "workspace        {id}\npublishable key  {publishable_key}\n\n\
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
        "created_at": workspace.created_at,
    })).collect::<Vec<_>>() });
    let kind = |is_sandbox| if is_sandbox { "sandbox" } else { "production" }.to_owned();
    let rows = workspaces
        .into_iter()
        .map(|row| [row.workspace_id.to_string(), kind(row.is_sandbox), second(row.created_at), row.name]);
    context.print(&value, &table(["ID", "KIND", "CREATED", "NAME"], rows))
}

pub async fn key(context: &AdminContext, command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::Create { workspace, name } => {
            let workspace = context.workspace(&workspace).await?;
            let (id, key) = context.store().create_api_key(&workspace, &name, context.now, &context.random).await?;
            let value = json!({ "api_key": key.reveal(), "api_key_id": id, "workspace_id": workspace.workspace_id });
            context.print(&value, key.reveal())
        }
        KeyCommand::List { workspace } => list_keys(context, workspace.as_deref()).await,
        KeyCommand::Revoke { key } => {
            let id = known(context.store().revoke_api_key(&key, context.now).await, CliError::NoKey)?;
            context.print(&json!({ "api_key_id": id, "revoked": true }), "Revoked.")
        }
    }
}

async fn list_keys(context: &AdminContext, workspace: Option<&str>) -> Outcome {
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
    let state = |revoked_at: Option<_>| revoked_at.map_or("in use".to_owned(), |at| format!("revoked {}", second(at)));
    let rows = keys.into_iter().map(|key| {
        let hint = format!("{}_…", key.hint);
        [key.api_key_id.to_string(), hint, key.workspace_name, state(key.revoked_at), key.name]
    });
    context.print(&value, &table(["ID", "KEY", "WORKSPACE", "STATE", "NAME"], rows))
}

pub async fn token(context: &AdminContext, command: TokenCommand) -> Outcome {
    match command {
        TokenCommand::Create { workspace, name } => {
            let workspaces = context.workspaces(&workspace).await?;
            let created = context.store().create_access_token(&name, &workspaces, context.now, &context.random);
            let (id, token) = created.await?;
            let value = json!({ "access_token": token.reveal(), "access_token_id": id, "workspace_ids": workspaces });
            context.print(&value, token.reveal())
        }
        TokenCommand::Revoke { token } => {
            let id = known(context.store().revoke_access_token(&token, context.now).await, CliError::NoToken)?;
            context.print(&json!({ "access_token_id": id, "revoked": true }), "Revoked.")
        }
    }
}

pub async fn console(context: &AdminContext, command: ConsoleCommand) -> Outcome {
    let AdminContext { now, random, .. } = context;
    match command {
        ConsoleCommand::Create { workspace, name, hours } => {
            let workspaces = context.workspaces(&workspace).await?;
            let expires_at = *now + TimeDelta::hours(i64::from(hours));
            let created = context.store().create_console_session(&name, &workspaces, *now, expires_at, random);
            let (id, jwt) = created.await?;
            let value = json!({
                "console_session_token": jwt.reveal(),
                "console_session_id": id,
                "workspace_ids": workspaces,
                "expires_at": expires_at,
            });
            context.print(&value, jwt.reveal())
        }
        ConsoleCommand::RotateKey { retire_older } => {
            let (id, _) = context.store().rotate_console_key(retire_older, *now, random).await?;
            context.print(&json!({ "console_key_id": id }), &format!("New signing key: {id}"))
        }
    }
}

fn second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
