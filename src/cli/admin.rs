//! What administrative commands share, and API keys. A secret is printed once, here, and stored as a hash.

use super::database::{Database, DatabaseSource};
use super::output::{escaped, escaped_lines, note, print, table};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::id::WorkspaceId;
use crate::domain::limits::MAX_TEXT;
use crate::domain::workspace::WorkspaceRecord;
use crate::error;
use crate::random::Random;
use crate::store::{EndedSessions, Store, Workspace};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::error::Error;
use uuid::Uuid;

/// The result of a command.
pub type Outcome = Result<(), Box<dyn Error>>;

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
    /// Revoke an API key and end the client sessions that it created or extended
    #[command(after_help = "Example:\n  handset key revoke 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    Revoke {
        /// The key's id, or the key itself
        key: String,
        #[command(flatten)]
        sessions: SessionsToEnd,
    },
}

/// Which client sessions end with a revoked credential.
#[derive(Debug, Args)]
pub struct SessionsToEnd {
    /// Keep the client sessions, as for a credential that was replaced and did not leak
    #[arg(long)]
    keep_client_sessions: bool,
    /// End all client sessions of its workspaces: it could read the tokens of each. Can be repeated later
    #[arg(long, conflicts_with = "keep_client_sessions")]
    end_all_client_sessions: bool,
}

/// The workspace of a command.
#[derive(Debug, Args)]
pub struct WorkspaceArgument {
    /// The workspace's name or id [default: the only one]
    #[arg(long, value_name = "NAME|ID")]
    workspace: Option<String>,
}

/// Parses a name, which may have as many characters as one given to the API.
pub fn short(name: &str) -> Result<String, String> {
    match name.chars().count() {
        0..=MAX_TEXT => Ok(name.to_owned()),
        count => Err(format!("it has {count} characters; at most {MAX_TEXT} are allowed")),
    }
}

/// Usage errors of administrative commands.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("there is no workspace called {0:?}; `handset workspace list` shows all")]
    NoWorkspace(String),
    #[error("{1} workspaces are called {0:?}; use the id that `handset workspace list` shows")]
    ManyWorkspaces(String, usize),
    #[error("there are {0} workspaces; say which with --workspace. `handset workspace list` shows all")]
    WhichWorkspace(usize),
    #[error("a workspace's name must not be empty")]
    NoName,
    #[error("there is no such key; `handset key list` shows all")]
    NoKey,
    #[error("there is no such token; `handset token list` shows all")]
    NoToken,
    #[error("there is no such token; `handset scim-token list` shows all")]
    NoScimToken,
    #[error("there is no operator {0}; `handset operator list` shows all")]
    NoOperator(String),
    #[error("there is an operator {0} already; `handset operator set-role` changes what it may do")]
    OperatorExists(String),
    #[error("there is no such console session; `handset console-session list` shows all")]
    NoConsoleSession,
}

/// The open database, the clock, the random source and the output of an administrative command.
pub struct AdminContext {
    database: Database,
    clock: Clock,
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
        let context = AdminContext { database, clock: Clock::system(), random: Random::system(), json };
        let outcome = function(&context, command).await;
        context.database.close().await;
        outcome
    }

    pub fn store(&self) -> &Store {
        &self.database.store
    }

    /// Whether a server, or another command, runs the private Postgres.
    pub fn is_beside_server(&self) -> bool {
        self.database.cluster.is_none()
    }

    /// The time now; a command may have waited for an answer.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Prints `value` as JSON, or `text`.
    pub fn print(&self, value: &Value, text: &str) -> Outcome {
        let text = if self.json { escaped(&value.to_string()) } else { escaped_lines(text) };
        print(&(text + "\n"))?;
        Ok(())
    }

    /// Prints a list as JSON or as a table. To people it says if the list is empty, or is not all.
    pub fn print_list(&self, value: &Value, table: &str, shown: usize, has_more: bool, noun: &str) -> Outcome {
        self.print(value, table)?;
        if !self.json && shown == 0 {
            note(&format!("There is no such {noun}."));
        } else if !self.json && has_more {
            note(&format!("There are more than these {shown}. Search for less, or raise --limit."));
        }
        Ok(())
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

    /// The handle of the workspace that is named, or of the only one.
    pub async fn handle(&self, argument: &WorkspaceArgument) -> Result<Workspace, Box<dyn Error>> {
        let id = match &argument.workspace {
            Some(name) => self.workspace(name).await?.workspace_id,
            None => match self.store().workspaces().await?.as_slice() {
                [only] => only.workspace_id,
                several => return Err(CliError::WhichWorkspace(several.len()).into()),
            },
        };
        Ok(self.store().workspace_of_operator(id).await?)
    }

    /// The id of a workspace, if one is named.
    pub async fn workspace_id(&self, name: Option<&str>) -> Result<Option<WorkspaceId>, Box<dyn Error>> {
        Ok(match name {
            Some(name) => Some(self.workspace(name).await?.workspace_id),
            None => None,
        })
    }

    /// The ids of workspaces, each once.
    pub async fn workspaces(&self, names: &[String]) -> Result<Vec<WorkspaceId>, Box<dyn Error>> {
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

pub async fn key(context: &AdminContext, command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::Create { workspace, name } => {
            let workspace = context.workspace(&workspace).await?;
            let (id, key) = context.store().create_api_key(&workspace, &name, context.now(), &context.random).await?;
            let value = json!({ "api_key": key.reveal(), "api_key_id": id, "workspace_id": workspace.workspace_id });
            context.print(&value, key.reveal())
        }
        KeyCommand::List { workspace } => list_keys(context, workspace.as_deref()).await,
        KeyCommand::Revoke { key, sessions } => {
            let id = known(context.store().revoke_api_key(&key, context.now()).await, CliError::NoKey)?;
            let text = ended(context, id.0, &sessions).await?;
            context.print(&json!({ "api_key_id": id, "revoked": true }), &text)
        }
    }
}

async fn list_keys(context: &AdminContext, workspace: Option<&str>) -> Outcome {
    let keys = context.store().api_keys(context.workspace_id(workspace).await?).await?;
    let value = json!({ "api_keys": keys.iter().map(|key| json!({
        "api_key_id": key.api_key_id,
        "workspace_id": key.workspace_id,
        "name": key.name,
        "hint": key.hint,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    })).collect::<Vec<_>>() });
    let state = |revoked_at: Option<_>| revoked_at.map_or("in use".to_owned(), |at| format!("revoked {}", second(at)));
    let rows = keys.into_iter().map(|key| {
        let hint = format!("{}_…", key.hint);
        let (state, last_used) = (state(key.revoked_at), last_used(key.last_used_at));
        [key.api_key_id.to_string(), hint, key.workspace_name, state, last_used, key.name]
    });
    context.print(&value, &table(["ID", "KEY", "WORKSPACE", "STATE", "LAST USED", "NAME"], rows))
}

/// Ends the client sessions of a revoked key unless they are to be kept, and returns the text to print.
pub async fn ended(context: &AdminContext, issuer: Uuid, sessions: &SessionsToEnd) -> Result<String, Box<dyn Error>> {
    if sessions.keep_client_sessions {
        return Ok("Revoked. Its client sessions stay.".to_owned());
    }
    let sessions = if sessions.end_all_client_sessions { EndedSessions::All } else { EndedSessions::Issued };
    let count = context.store().end_client_sessions_of(issuer, sessions, context.now()).await?;
    Ok(format!("Revoked. Client sessions ended: {count}."))
}

/// The time of the last use, which is up to a minute late.
pub fn last_used(at: Option<DateTime<Utc>>) -> String {
    at.map_or("-".to_owned(), second)
}

pub fn second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
