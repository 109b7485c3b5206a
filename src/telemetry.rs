//! Logs on standard error: text on a terminal, JSON otherwise. Standard output carries only a command's output.

mod non_blocking;
pub mod otlp;

pub use non_blocking::FlushGuard;

use non_blocking::NonBlockingWriter;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the filter of the log cannot be read: {0}. It looks like info, or like warn,handset=debug")]
    Filter(#[from] ParseError),
    #[error("the log cannot be written: {0}")]
    Thread(#[from] io::Error),
}

/// Starts logging, as text or as JSON; `None` is text if standard error is a terminal. Keep the guard until the process
/// ends: dropping it writes the last lines.
pub fn init(filter: &str, is_for_people: Option<bool>) -> Result<FlushGuard, LogError> {
    let is_for_people = is_for_people.unwrap_or_else(|| io::stderr().is_terminal());
    let filter = without_notices(EnvFilter::builder().parse(filter)?, filter);
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

/// The filter without Postgres's notices, such as that a table exists already: they say nothing of this service, and sqlx logs
/// them as INFO. A filter that names sqlx decides for itself.
fn without_notices(filter: EnvFilter, text: &str) -> EnvFilter {
    let has_warnings = filter.max_level_hint().is_none_or(|level| level >= LevelFilter::WARN);
    match has_warnings && !text.contains("sqlx") {
        true => filter.add_directive("sqlx::postgres::notice=warn".parse().expect("it is a directive")),
        false => filter,
    }
}
