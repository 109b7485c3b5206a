//! Logs on standard error: for people on a terminal, JSON objects otherwise. Standard output is left to what a command
//! answers.

pub mod otlp;

use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Starts logging, for people or for machines; without a word on that, for people if they look on. A filter that is none
/// is an error that says so.
pub fn init(filter: &str, is_for_people: Option<bool>) -> Result<(), ParseError> {
    let is_for_people = is_for_people.unwrap_or_else(|| io::stderr().is_terminal());
    let logs = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse(filter)?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    if is_for_people {
        logs.with_target(false).compact().init();
    } else {
        logs.json().flatten_event(true).init();
    }
    Ok(())
}
