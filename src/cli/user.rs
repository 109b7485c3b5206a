//! User identities. The password and the voice permission are set in any workspace.

mod directory;
mod find;
mod import;

pub use find::find;

use super::admin::{AdminContext, Outcome, known};
use crate::config::Config;
use crate::domain::id::UserIdentityId;
use crate::domain::password::{Password, Unfit};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use std::io::{self, BufRead, IsTerminal};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List user identities, oldest first, by their name, e-mail address, phone number, key or id
    #[command(after_help = "Example:\n  handset user list jane --workspace Demo")]
    List(directory::ListCommand),
    /// Show a user identity and its phones
    #[command(after_help = "Example:\n  handset user get jane@example.com")]
    Get(directory::GetCommand),
    /// Deactivate all phones of a user identity for good
    #[command(after_help = "Example:\n  handset user deactivate-phones jane@example.com --dry-run")]
    DeactivatePhones(directory::DeactivatePhonesCommand),
    /// Import user identities from CSV
    #[command(after_help = import::HELP)]
    Import(import::ImportCommand),
    /// Set a user identity's password, read from standard input, and end the client sessions got with the old one
    #[command(after_help = "Example:\n  handset user set-password 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f")]
    SetPassword {
        /// The user identity
        #[arg(value_name = "USER_IDENTITY_ID")]
        person: Uuid,
        /// Read the password from the first line of standard input without a prompt, even on a terminal
        #[arg(long)]
        password_stdin: bool,
    },
    /// Enable or disable voice for a user identity, which has no phone numbers without it
    #[command(after_help = "Example:\n  handset user set-voice 0199a5c6-7d5e-7a00-8000-3f1c2b4d5e6f off")]
    SetVoice {
        /// The user identity
        #[arg(value_name = "USER_IDENTITY_ID")]
        person: Uuid,
        /// Enable or disable voice
        voice: Switch,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("there is no user identity {0}; /user_identities/list shows those of a workspace")]
    NoPerson(UserIdentityId),
    #[error("the two passwords differ. Nothing was changed")]
    Differ,
    #[error("{0}. Nothing was changed")]
    Unfit(#[from] Unfit),
}

pub async fn user(config: &Config, json: bool, command: UserCommand) -> Outcome {
    match command {
        UserCommand::List(command) => AdminContext::run(config, json, directory::list, command).await,
        UserCommand::Get(command) => AdminContext::run(config, json, directory::get, command).await,
        UserCommand::DeactivatePhones(command) => {
            AdminContext::run(config, json, directory::deactivate_phones, command).await
        }
        UserCommand::Import(command) => AdminContext::run(config, json, import::import, command).await,
        UserCommand::SetPassword { person, password_stdin } => {
            // Before the database is opened, which may take seconds.
            let password = read_password(password_stdin)?;
            AdminContext::run(config, json, set_password, (UserIdentityId(person), password)).await
        }
        UserCommand::SetVoice { person, voice } => {
            AdminContext::run(config, json, set_voice, (UserIdentityId(person), voice == Switch::On)).await
        }
    }
}

async fn set_password(context: &AdminContext, (person, password): (UserIdentityId, Password)) -> Outcome {
    let set = context.store().set_password_anywhere(person, password, &context.random, context.now()).await;
    known(set, CliError::NoPerson(person))?;
    context.print(&json!({ "user_identity_id": person, "password_set": true }), "The password is set.")
}

async fn set_voice(context: &AdminContext, (person, is_on): (UserIdentityId, bool)) -> Outcome {
    known(context.store().set_enterprise_voice(person, is_on).await, CliError::NoPerson(person))?;
    let value = json!({ "user_identity_id": person, "enterprise_voice_enabled": is_on });
    context.print(&value, if is_on { "Voice is on." } else { "Voice is off." })
}

/// Reads the password: prompts twice on a terminal, else reads the first line of standard input.
fn read_password(from_stdin: bool) -> Result<Password, Box<dyn std::error::Error>> {
    let text = if io::stdin().is_terminal() && !from_stdin {
        let text = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Repeat the password: ")? != text {
            return Err(CliError::Differ.into());
        }
        text
    } else {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    Ok(Password::chosen(&text).map_err(CliError::Unfit)?)
}
