//! Errors of starting the private Postgres. Each message contains the remedy.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why the private Postgres could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process of the service holds the directory.
    #[error(
        "{} is already in use by {}: stop that one first, or give this one another data directory",
        data_dir.display(),
        pid.map_or("another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse { data_dir: PathBuf, pid: Option<u32> },
    /// This machine has no Postgres server programs.
    #[error(
        "no PostgreSQL server was found on this machine: {advice}, or set DATABASE_URL to use one that runs elsewhere"
    )]
    NotInstalled { advice: String },
    /// All server programs are older than the oldest supported version.
    #[error(
        "PostgreSQL {newest} is the newest on this machine and {oldest} is the oldest that works: {advice}, or set \
         DATABASE_URL to use one that runs elsewhere"
    )]
    TooOld { newest: u32, oldest: u32, advice: String },
    /// The major version that created the cluster is not installed.
    #[error("the database was made by PostgreSQL {wanted} and this machine has only {found}: {advice}")]
    MajorMissing { wanted: u32, found: String, advice: String },
    /// Running as root, with no account to switch to.
    #[error(
        "Postgres refuses to run as root and this machine has neither a user `postgres` nor `nobody`: create one with \
         `useradd --system postgres`, or start this as an ordinary user"
    )]
    NoAccount,
    /// Another user owns the cluster, and only root can switch users.
    #[error(
        "{} belongs to {owner} and this runs as {user}: start it as {owner}, or as root, or choose another data \
         directory",
        cluster.display()
    )]
    Foreign { cluster: PathBuf, owner: String, user: String },
    /// Root owns the cluster, and Postgres refuses to run as root.
    #[error(
        "{} belongs to root and Postgres refuses to run as root: run `chown -R {user} {}`",
        cluster.display(), cluster.display()
    )]
    RootOwned { cluster: PathBuf, user: String },
    /// Running as root, and the account of Postgres cannot enter the data directory.
    #[error(
        "Postgres would run as user {user}, who cannot enter {}: run `chmod o+x {}`, or choose another data directory",
        dir.display(), dir.display()
    )]
    Barred { user: String, dir: PathBuf },
    /// A process of an earlier run does not exit.
    #[error(
        "process {pid}, left from an earlier run, still works in {} and does not end: end it with `kill -KILL {pid}` \
         and start again",
        cluster.display()
    )]
    Occupied { pid: i32, cluster: PathBuf },
    /// A Postgres program failed.
    #[error("{program} failed ({status}): {remedy}, then start again. It said:\n{said}")]
    Failed { program: &'static str, status: ExitStatus, remedy: String, said: String },
    /// A system call failed.
    #[error("could not {task} {}: {source}; put that right and start again", path.display())]
    Io { task: &'static str, path: PathBuf, source: io::Error },
}

/// Why the search for a running Postgres failed.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not look for a running Postgres in {}: {source}; run this as the user that runs the service",
    data_dir.display()
)]
pub struct JoinError {
    /// The directory of the search.
    pub data_dir: PathBuf,
    /// The error of the operating system.
    pub source: io::Error,
}

/// `None` instead of the error that there is no such file.
pub(super) fn if_exists<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

impl StartError {
    pub(super) fn io(task: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { task, path, source }
    }

    pub(super) fn failed(program: &'static str, status: ExitStatus, data_dir: PathBuf, said: String) -> Self {
        let remedy = if said.contains("No space left on device") {
            format!("free some space on the disk of {}", data_dir.display())
        } else {
            "put right what it complains of".to_owned()
        };
        let said = if said.is_empty() { "nothing".to_owned() } else { said };
        Self::Failed { program, status, remedy, said }
    }
}
