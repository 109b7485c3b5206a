//! Logs on standard error: for people on a terminal, JSON objects otherwise. Standard output is left to what a command
//! answers.

mod non_blocking;
pub mod otlp;

pub use non_blocking::FlushGuard;

use non_blocking::NonBlockingWriter;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the filter of the log cannot be read: {0}. It looks like info, or like warn,handset=debug")]
    Filter(#[from] ParseError),
    #[error("the log cannot be written: {0}")]
    Thread(#[from] io::Error),
}

/// Starts logging, for people or for machines; without a word on that, for people if they look on. What is given back is
/// to be kept until the end: it sees to it that the last lines are written.
pub fn init(filter: &str, is_for_people: Option<bool>) -> Result<FlushGuard, LogError> {
    let is_for_people = is_for_people.unwrap_or_else(|| io::stderr().is_terminal());
    let filter = EnvFilter::builder().parse(filter)?;
    let (non_blocking, last_lines) = NonBlockingWriter::to(io::stderr())?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(non_blocking)
        .with_ansi(io::stderr().is_terminal());
    if is_for_people {
        logs.with_target(false).compact().init();
    } else {
        logs.json().flatten_event(true).init();
    }
    Ok(last_lines)
}
