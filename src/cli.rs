//! The command line. Administrative commands use the same database as the server, whether a server is running or not.

mod admin;
mod archive;
mod audit;
mod backup;
mod confirmation;
mod contact;
mod database;
mod demo;
mod doctor;
mod event;
mod grammar;
mod health;
mod manual;
mod members;
mod migrate;
mod number;
mod operator;
mod output;
mod phone;
mod restore;
mod scim_token;
mod seal_key;
mod serve;
mod transfer;
mod user;
mod webhook;
mod workspace;

use crate::build_info;
use crate::config::{Config, LogFormat, ServeConfig};
use crate::lifecycle::Lifecycle;
use crate::postgres::{self, Durability};
use crate::server::openapi;
use crate::telemetry;
use admin::{AdminContext, KeyCommand};
use audit::AuditCommand;
use backup::BackupCommand;
use clap::{FromArgMatches, Parser, Subcommand};
use contact::ContactCommand;
use doctor::DoctorCommand;
use event::EventCommand;
use health::HealthCommand;
use manual::{CompletionsCommand, ManCommand};
use members::{ConsoleCommand, TokenCommand};
use migrate::MigrateCommand;
use number::NumberCommand;
use operator::{OperatorCommand, SignInLink};
use output::print;
use phone::PhoneCommand;
use restore::RestoreCommand;
use scim_token::ScimTokenCommand;
use std::error::Error;
use std::time::Duration;
use user::UserCommand;
use webhook::WebhookCommand;
use workspace::WorkspaceCommand;

/// A self-hosted phones service: one registry of phones in Postgres, served in the protocols of existing clients. Without
/// a command it runs the server.
///
/// `handset serve --help` describes the settings of the server.
#[derive(Debug, Parser)]
#[command(name = "handset", version = build_info::SUMMARY, after_help = "Example:\n  handset serve --listen 127.0.0.1:8080")]
pub struct CommandLine {
    #[command(flatten)]
    config: Config,

    /// Print JSON
    #[arg(long, global = true, help_heading = Config::HEADING)]
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
    Migrate(MigrateCommand),
    /// Create, list and update workspaces, and set what their publishable keys may do
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Create, list and revoke personal access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Create, list and revoke tokens of company directories, which create and deactivate users by SCIM
    #[command(subcommand)]
    ScimToken(ScimTokenCommand),
    /// Create, list and revoke console sessions, and rotate their signing key
    #[command(subcommand)]
    ConsoleSession(ConsoleCommand),
    /// Print a link that signs in to the console, in a browser, once
    #[command(after_help = operator::CONSOLE_HELP)]
    Console(SignInLink),
    /// Add, list and remove operators, the people who use the console, and set their roles
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// List user identities, deactivate all phones of one, set its password and voice permission
    #[command(subcommand)]
    User(UserCommand),
    /// List phones, deactivate a lost one, allow its installation to register again
    #[command(subcommand)]
    Phone(PhoneCommand),
    /// Import and export the contacts of a user
    #[command(subcommand)]
    Contact(ContactCommand),
    /// List phone numbers
    #[command(subcommand)]
    Number(NumberCommand),
    /// List events, or follow them as they happen
    #[command(subcommand)]
    Event(EventCommand),
    /// List webhooks and their deliveries, and send deliveries again
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Print the audit trail of phones, credentials, numbers, slots, passwords and a directory's users, oldest entry first
    #[command(after_help = audit::HELP)]
    Audit(AuditCommand),
    /// Check database, cluster, seal key, certificate and machine, and end with 1 if one fails
    #[command(after_help = "Example:\n  handset doctor --public-url https://phones.example.com")]
    Doctor(DoctorCommand),
    /// Ask a running server whether it and its database work, for the probe of a container
    #[command(after_help = health::HELP)]
    Health(HealthCommand),
    /// Write the whole database, and on request the seal key, to a file
    #[command(after_help = backup::HELP)]
    Backup(BackupCommand),
    /// Restore a backup into an empty database, or into a data directory without one
    #[command(after_help = restore::HELP)]
    Restore(RestoreCommand),
    /// Print the OpenAPI document
    #[command(after_help = "Example:\n  handset openapi > openapi.json")]
    Openapi,
    /// Print completions for a shell
    #[command(after_help = "Example:\n  handset completions bash > ~/.local/share/bash-completion/completions/handset")]
    Completions(CompletionsCommand),
    /// Print the manual page, or write one for each command
    #[command(after_help = "Example:\n  handset man | man -l -\n  handset man --dir /usr/local/share/man/man1")]
    Man(ManCommand),
    /// Run only the private Postgres, for psql and pg_dump, and print its DATABASE_URL
    #[command(after_help = "Example:\n  handset dev-db --data-dir /tmp/handset-dev")]
    DevDb,
}

impl CommandLine {
    /// Parses the arguments of this process; the default command is `serve`. Exits with the help or a usage error.
    pub fn read() -> CommandLine {
        let matches = grammar::parse(std::env::args_os().collect());
        CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Whether the database, if the command uses one, is the private Postgres.
    pub fn uses_private_postgres(&self) -> bool {
        self.config.database_url.is_none() || matches!(self.command, Command::DevDb)
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
            Command::Serve(serve) => serve::run(config, json, &serve).await,
            Command::Openapi => Ok(print(&format!("{:#}\n", openapi::whole())).map(drop)?),
            Command::Completions(command) => manual::completions(&command),
            Command::Man(command) => manual::man(&command),
            Command::Doctor(command) => doctor::doctor(config, json, command).await,
            Command::Health(command) => health::health(json, command).await,
            Command::Backup(command) => backup::backup(config, json, command).await,
            Command::Restore(command) => restore::restore(config, json, command).await,
            Command::DevDb => dev_db(config).await,
            Command::Migrate(command) => migrate::run(config, json, command).await,
            Command::Workspace(command) => AdminContext::run(config, json, workspace::workspace, command).await,
            Command::Key(command) => AdminContext::run(config, json, admin::key, command).await,
            Command::Token(command) => AdminContext::run(config, json, members::token, command).await,
            Command::ScimToken(command) => AdminContext::run(config, json, scim_token::scim_token, command).await,
            Command::ConsoleSession(command) => AdminContext::run(config, json, members::console, command).await,
            Command::Console(link) => AdminContext::run(config, json, operator::console, link).await,
            Command::Operator(command) => AdminContext::run(config, json, operator::operator, command).await,
            Command::Phone(command) => AdminContext::run(config, json, phone::phone, command).await,
            Command::Contact(command) => AdminContext::run(config, json, contact::contact, command).await,
            Command::Number(command) => AdminContext::run(config, json, number::number, command).await,
            Command::Event(command) => AdminContext::run(config, json, event::event, command).await,
            Command::Webhook(command) => AdminContext::run(config, json, webhook::webhook, command).await,
            Command::Audit(command) => AdminContext::run(config, json, audit::audit, command).await,
            Command::User(command) => user::user(config, json, command).await,
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
    print(&format!("DATABASE_URL={}\n", cluster.url()))?;
    Ok(cluster.keep(life.stopped()).await?)
}
