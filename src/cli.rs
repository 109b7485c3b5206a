//! The command line. Administrative commands use the same database as the server, whether a server is running or not.

mod admin;
mod audit;
mod database;
mod demo;
mod members;
mod operator;
mod output;
mod phone;
mod seal_key;
mod serve;
mod user;
mod workspace;

use crate::config::{Config, LogFormat, ServeConfig};
use crate::lifecycle::Lifecycle;
use crate::postgres::{self, Durability};
use crate::server::openapi;
use crate::telemetry;
use admin::{AdminContext, KeyCommand};
use audit::AuditCommand;
use clap::builder::Resettable;
use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};
use members::{ConsoleCommand, TokenCommand};
use operator::{OperatorCommand, SignInLink};
use phone::PhoneCommand;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Duration;
use user::UserCommand;
use workspace::WorkspaceCommand;

/// A self-hosted phones service: one registry of phones in Postgres, served in the protocols of existing clients. Without
/// a command it runs the server.
#[derive(Debug, Parser)]
#[command(name = "handset", version, after_help = "Example:\n  handset serve --listen 127.0.0.1:8080")]
pub struct CommandLine {
    #[command(flatten)]
    config: Config,

    /// Print JSON
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default command)
    #[command(after_help = "Example:\n  handset serve --listen 0.0.0.0:8080 --database-url postgres://user@host/db")]
    Serve(Box<ServeConfig>),
    /// Migrate the database schema
    #[command(after_help = "Example:\n  handset migrate --database-url postgres://user@host/db")]
    Migrate {
        /// Distribute the tables over the nodes of a Citus cluster; the database must be its coordinator
        #[arg(long)]
        distribute: bool,
    },
    /// Create, list and update workspaces, and set what their publishable keys may do
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Create, list and revoke personal access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Create, list and revoke console sessions, and rotate their signing key
    #[command(subcommand)]
    ConsoleSession(ConsoleCommand),
    /// Print a link that signs in to the console, in a browser, once
    #[command(after_help = operator::CONSOLE_HELP)]
    Console(SignInLink),
    /// Add, list and remove operators, the people who use the console, and set their roles
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Set a user identity's password and voice permission
    #[command(subcommand)]
    User(UserCommand),
    /// Let the installations of deactivated phones in again
    #[command(subcommand)]
    Phone(PhoneCommand),
    /// Print the audit trail of phones, credentials, numbers, slots and passwords, oldest entry first
    #[command(after_help = audit::HELP)]
    Audit(AuditCommand),
    /// Print the OpenAPI document
    #[command(after_help = "Example:\n  handset openapi > openapi.json")]
    Openapi,
    /// Run only the private Postgres, for psql and pg_dump, and print its DATABASE_URL
    #[command(after_help = "Example:\n  handset dev-db --data-dir /tmp/handset-dev")]
    DevDb,
}

impl CommandLine {
    /// Parses the arguments of this process; the default command is `serve`. Exits with the help or a usage error.
    pub fn read() -> CommandLine {
        let mut arguments: Vec<OsString> = std::env::args_os().collect();
        let grammar = without_empty_variables(CommandLine::command());
        let names_a_command = |argument: &OsString| {
            let known = grammar.get_subcommands().any(|command| argument == command.get_name());
            known || ["help", "-h", "--help", "-V", "--version"].iter().any(|asking| argument == asking)
        };
        if !arguments.iter().skip(1).any(names_a_command) {
            arguments.insert(1.min(arguments.len()), "serve".into());
        }
        let matches = grammar.get_matches_from(arguments);
        CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs the command.
    pub async fn run(self) -> Result<(), Box<dyn Error>> {
        let CommandLine { config, json, command } = self;
        let quiet = if matches!(command, Command::Serve(_) | Command::DevDb) { "info" } else { "warn" };
        let is_for_people = match config.log_format {
            LogFormat::Auto => None,
            LogFormat::Pretty => Some(true),
            LogFormat::Json => Some(false),
        };
        let _last_lines = telemetry::init(config.log.as_deref().unwrap_or(quiet), is_for_people)?;
        let config = &config;
        match command {
            Command::Serve(serve) => serve::run(config, &serve).await,
            Command::Openapi => Ok(writeln!(io::stdout(), "{:#}", openapi::whole())?),
            Command::DevDb => dev_db(config).await,
            Command::Migrate { distribute } => AdminContext::run(config, json, admin::migrate, distribute).await,
            Command::Workspace(command) => AdminContext::run(config, json, workspace::workspace, command).await,
            Command::Key(command) => AdminContext::run(config, json, admin::key, command).await,
            Command::Token(command) => AdminContext::run(config, json, members::token, command).await,
            Command::ConsoleSession(command) => AdminContext::run(config, json, members::console, command).await,
            Command::Console(link) => AdminContext::run(config, json, operator::console, link).await,
            Command::Operator(command) => AdminContext::run(config, json, operator::operator, command).await,
            Command::Phone(command) => AdminContext::run(config, json, phone::phone, command).await,
            Command::Audit(command) => AdminContext::run(config, json, audit::audit, command).await,
            Command::User(command) => user::user(config, json, command).await,
        }
    }
}

/// The grammar in which an empty environment variable is an unset one.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_empty_variables)
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
