//! Confirmation of commands that end something for good.

use super::output::{escaped, escaped_lines};
use clap::Args;
use std::io::{self, IsTerminal, Write};

/// How a command that ends something is confirmed.
#[derive(Debug, Args)]
pub struct Confirmation {
    /// Print what would happen, and change nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do it without asking, as scripts need
    #[arg(long, short)]
    yes: bool,
}

/// Why a command was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmationError {
    #[error(
        "there is no terminal to confirm this on. Nothing was changed. --yes does it without asking, --dry-run shows what \
         would happen"
    )]
    NoTerminal,
    #[error("not confirmed. Nothing was changed")]
    Declined,
    #[error("the answer cannot be read: {0}. Nothing was changed")]
    Unreadable(#[from] io::Error),
}

impl Confirmation {
    /// Returns if the command is to go on: shows on the terminal what will happen, and asks.
    pub fn obtain(&self, consequences: &str, question: &str) -> Result<(), ConfirmationError> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(ConfirmationError::NoTerminal);
        }
        // Standard output is for the result.
        write!(io::stderr(), "{}\n{} [y/N] ", escaped_lines(consequences), escaped(question))?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(ConfirmationError::Declined),
        }
    }
}
