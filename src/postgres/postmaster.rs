//! The command line of the postmaster. All settings are on it, so that the cluster's own files carry none of ours and
//! a new version of this program brings its settings along. Watching the process is the child's part.

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
    // Compiling pays for long reports; every statement here is short.
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "cluster_name=handset",
    // The log comes to us line by line. Statements and values stay out of it: they can be personal.
    "log_destination=stderr",
    "logging_collector=off",
    "log_line_prefix=%b: ",
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_checkpoints=off",
];

/// Settings of a Postgres whose data may be lost.
const DISPOSABLE: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// What it takes to start the postmaster, the first time and again.
#[derive(Debug)]
pub(super) struct Spec {
    pub home: Home,
    pub socket_dir: PathBuf,
    pub owner: Owner,
    pub binaries: Binaries,
    pub durability: Durability,
}

/// Starts the postmaster. It is not ready yet.
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

/// The setting is a list: a comma or a blank in the one name must not make it two.
fn list_of_one(spec: &Spec) -> String {
    format!("\"{}\"", spec.socket_dir.to_string_lossy().replace('"', "\"\""))
}
