//! The command line: what there is to run, and running it. Administration works on the same database as the server,
//! beside it or without it.

mod admin;
mod audit;
mod database;
mod demo;
mod output;
mod seal_key;
mod serve;
mod user;

use crate::config::{Config, LogFormat, ServeConfig};
use crate::lifecycle::Lifecycle;
use crate::postgres::{self, Durability};
use crate::server::document;
use crate::telemetry;
use admin::{ConsoleCommand, KeyCommand, TokenCommand, WorkspaceCommand};
use audit::AuditCommand;
use clap::{CommandFactory, Parser, Subcommand};
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Duration;
use user::UserCommand;

/// A phones service that you run yourself: one registry of phones in Postgres, speaking the protocols that existing
/// clients know. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "handset", version, after_help = "Example:\n  handset serve --listen 127.0.0.1:8080")]
pub struct CommandLine {
    #[command(flatten)]
    config: Config,

    /// Print JSON, for scripts
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (what happens without a command, too)
    #[command(after_help = "Example:\n  handset serve --listen 0.0.0.0:8080 --database-url postgres://user@host/db")]
    Serve(Box<ServeConfig>),
    /// Bring the database's schema up to date and end
    #[command(after_help = "Example:\n  handset migrate --database-url postgres://user@host/db")]
    Migrate {
        /// Lay the tables out over the nodes of a Citus cluster, which the database must be the coordinator of
        #[arg(long)]
        distribute: bool,
    },
    /// Make and list workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Mint, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Mint and revoke personal access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Open console sessions, and change the key that signs them
    #[command(subcommand)]
    ConsoleSession(ConsoleCommand),
    /// Set what only operators set for a person: a password, and whether they may use voice
    #[command(subcommand)]
    User(UserCommand),
    /// Print who did what to which phone, credential, number or slot, oldest first
    #[command(after_help = audit::HELP)]
    Audit(AuditCommand),
    /// Print the OpenAPI document
    #[command(after_help = "Example:\n  handset openapi > openapi.json")]
    Openapi,
    /// Run the private Postgres alone, for psql and pg_dump: prints its DATABASE_URL and waits
    #[command(after_help = "Example:\n  handset dev-db --data-dir /tmp/handset-dev")]
    DevDb,
}

impl CommandLine {
    /// Reads the arguments of this process; without a command they are those of `serve`. Ends the process with the help,
    /// or with what is wrong.
    pub fn read() -> CommandLine {
        let mut arguments: Vec<OsString> = std::env::args_os().collect();
        let grammar = CommandLine::command();
        let names_a_command = |argument: &OsString| {
            let known = grammar.get_subcommands().any(|command| argument == command.get_name());
            known || ["help", "-h", "--help", "-V", "--version"].iter().any(|asking| argument == asking)
        };
        if !arguments.iter().skip(1).any(names_a_command) {
            arguments.insert(1.min(arguments.len()), "serve".into());
        }
        CommandLine::parse_from(arguments)
    }

    /// Runs the command.
    pub async fn run(self) -> Result<(), Box<dyn Error>> {
        let command = self.command;
        let quiet = if matches!(command, Command::Serve(_) | Command::DevDb) { "info" } else { "warn" };
        let is_for_people = match self.config.log_format {
            LogFormat::Auto => None,
            LogFormat::Pretty => Some(true),
            LogFormat::Json => Some(false),
        };
        let _last_lines = telemetry::init(self.config.log.as_deref().unwrap_or(quiet), is_for_people)?;
        match command {
            Command::Serve(serve) => serve::run(&self.config, &serve).await,
            Command::Openapi => Ok(writeln!(io::stdout(), "{:#}", document::whole())?),
            Command::DevDb => dev_db(&self.config).await,
            Command::Migrate { distribute } => admin::migrate(&self.config, distribute, self.json).await,
            Command::Workspace(command) => admin::workspace(&self.config, command, self.json).await,
            Command::Key(command) => admin::key(&self.config, command, self.json).await,
            Command::Token(command) => admin::token(&self.config, command, self.json).await,
            Command::ConsoleSession(command) => admin::console(&self.config, command, self.json).await,
            Command::Audit(asked) => audit::audit(&self.config, &asked, self.json).await,
            Command::User(command) => user::user(&self.config, command, self.json).await,
        }
    }
}

async fn dev_db(config: &Config) -> Result<(), Box<dyn Error>> {
    let life = Lifecycle::listen(Duration::ZERO)?;
    let settings = postgres::Settings { data_dir: config.data_dir(), durability: Durability::Durable };
    let cluster = tokio::select! {
        () = life.stopped() => return Ok(()),
        started = postgres::start(settings) => started?,
    };
    writeln!(io::stdout(), "DATABASE_URL={}", cluster.url())?;
    Ok(cluster.keep(life.stopped()).await?)
}
