//! `pg_dump` and `pg_restore` as child processes. The password is in their environment, which other users do not see, and not
//! in their arguments, which they do.

use crate::store::ClientSettings;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio_util::task::AbortOnDropHandle;

/// The variables that are passed on: paths only. A home directory may have certificates, for a Postgres elsewhere.
const PASSED_ON: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "HOME"];

/// Maximum number of lines in an error message.
const LAST_LINES: usize = 6;

/// A program that could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("cannot run {program}: {source}")]
    NotRun { program: String, source: io::Error },
    #[error("{program} failed ({status}): {said}")]
    Failed { program: String, status: ExitStatus, said: String },
}

/// A running program.
pub struct Program {
    name: String,
    child: Child,
    last_lines: AbortOnDropHandle<String>,
}

impl Program {
    /// Starts a program on a database. It is killed if this is dropped.
    pub fn start(
        path: &Path,
        arguments: impl IntoIterator<Item = String>,
        settings: &ClientSettings,
    ) -> Result<Program, ProgramError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let passed_on = PASSED_ON.iter().filter_map(|&name| Some((name, std::env::var_os(name)?)));
        let mut command = Command::new(path);
        command
            .args(arguments)
            .args(["--no-password", &format!("--dbname={}", connection_string(&settings.database))])
            .env_clear()
            .envs(passed_on.collect::<Vec<_>>())
            .env("LC_ALL", "C")
            .envs(settings.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C on a terminal is for this process, which ends the program.
            .process_group(0)
            .kill_on_drop(true);
        let started = command.spawn();
        let mut child = started.map_err(|source| ProgramError::NotRun { program: name.clone(), source })?;
        let stderr = child.stderr.take().expect("it is piped");
        let last_lines = AbortOnDropHandle::new(tokio::spawn(last_lines(stderr)));
        Ok(Program { name, child, last_lines })
    }

    /// Its standard input, once. It ends when that is dropped.
    pub fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it is piped, and taken once")
    }

    /// Its standard output, once.
    pub fn output(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("it is piped, and taken once")
    }

    /// Waits for its end.
    pub async fn succeeded(mut self) -> Result<(), ProgramError> {
        drop(self.child.stdin.take());
        let ended = self.child.wait().await;
        let status = ended.map_err(|source| ProgramError::NotRun { program: self.name.clone(), source })?;
        if status.success() {
            return Ok(());
        }
        let said = self.last_lines.await.unwrap_or_default();
        Err(ProgramError::Failed { program: self.name, status, said })
    }
}

/// libpq's connection string of a database's name, which by itself could be a connection string.
fn connection_string(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', r"\\").replace('\'', r"\'"))
}

async fn last_lines(stderr: ChildStderr) -> String {
    let (mut reader, mut bytes, mut lines) = (BufReader::new(stderr), Vec::new(), VecDeque::new());
    while reader.read_until(b'\n', &mut bytes).await.is_ok_and(|count| count > 0) {
        if lines.len() == LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        bytes.clear();
    }
    Vec::from(lines).join("; ")
}
