//! The command line of the postmaster. It has all settings, so that the cluster's own files have none and a new version
//! of this program brings its own.

use std::path::PathBuf;

use super::Durability;
use super::binaries::Binaries;
use super::child::Child;
use super::error::StartError;
use super::home::{Home, Lock};
use super::owner::Owner;

/// Settings of every private Postgres.
const ALWAYS: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "shared_buffers=128MB",
    // JIT compilation pays off for long statements only; these are short.
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "cluster_name=handset",
    // This process reads the log by lines. Statements and values are not logged: they can hold personal data.
    "log_destination=stderr",
    "logging_collector=off",
    "log_line_prefix=%b: ",
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_checkpoints=off",
];

/// Additional settings of [`Durability::Disposable`].
const DISPOSABLE: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// The parameters of starts and restarts.
#[derive(Debug)]
pub(super) struct Spec {
    pub home: Home,
    pub socket_dir: PathBuf,
    pub owner: Owner,
    pub binaries: Binaries,
    pub durability: Durability,
}

/// Spawns the postmaster, without waiting until it is ready.
pub(super) fn spawn(spec: &Spec, lock: &Lock) -> Result<Child, StartError> {
    let (cluster, program) = (spec.home.cluster(), spec.binaries.postgres());
    let mut command = spec.owner.command(&program, &cluster);
    command.arg("-D").arg(&cluster);
    let extra = if spec.durability == Durability::Disposable { DISPOSABLE } else { &[] };
    for setting in ALWAYS.iter().chain(extra) {
        command.args(["-c", setting]);
    }
    command.arg("-c").arg(format!("unix_socket_directories={}", list_of_one(spec)));
    Child::spawn(command, lock).map_err(StartError::io("run", &program))
}

/// Quotes the path, because the setting is a list: a comma or a space would split it.
fn list_of_one(spec: &Spec) -> String {
    format!("\"{}\"", spec.socket_dir.to_string_lossy().replace('"', "\"\""))
}
