//! Reads `postmaster.pid`: the postmaster's pid, its socket directory and whether it accepts connections.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::error::if_exists;
use super::home::SOCKET;

/// Poll interval; short, since reading the file costs microseconds.
const POLL: Duration = Duration::from_millis(2);
/// Interval of log lines while waiting.
const LONG: Duration = Duration::from_secs(5);

/// The path of the pid file of a cluster.
pub(super) fn path(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// Resolves when the postmaster `pid` accepts connections. Crash recovery can take minutes, so there is no timeout; the
/// caller watches for the exit of the process.
pub(super) async fn ready(cluster: &Path, pid: Pid) {
    let mut report = Instant::now() + LONG;
    loop {
        if let Ok(Some(told)) = read(cluster)
            && told.pid == pid.as_raw()
            && told.ready
        {
            return;
        }
        if Instant::now() > report {
            tracing::info!("waiting for Postgres, which is probably in crash recovery");
            report += LONG;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The socket directory of the Postgres that accepts connections for `cluster`, if any.
pub(super) fn listening(cluster: &Path) -> io::Result<Option<PathBuf>> {
    let Some(told) = read(cluster)? else {
        return Ok(None);
    };
    // The file outlives a killed postmaster; a connectable socket does not.
    let answers = told.ready && UnixStream::connect(told.socket_dir.join(SOCKET)).is_ok();
    Ok(answers.then_some(told.socket_dir))
}

/// The pid in the file, if it exists.
pub(super) fn pid(cluster: &Path) -> io::Result<Option<Pid>> {
    Ok(read(cluster)?.map(|told| Pid::from_raw(told.pid)))
}

struct Told {
    pid: i32,
    socket_dir: PathBuf,
    ready: bool,
}

/// Parses the file; `None` if it is absent or incomplete.
fn read(cluster: &Path) -> io::Result<Option<Told>> {
    let Some(text) = if_exists(fs::read_to_string(path(cluster)))? else {
        return Ok(None);
    };
    // Lines: pid, data directory, start time, port, socket directory, address, shared memory, status.
    let lines: Vec<&str> = text.lines().collect();
    let [pid, _, _, _, socket_dir, ..] = lines[..] else {
        return Ok(None);
    };
    let Ok(pid) = pid.parse() else {
        return Ok(None);
    };
    let ready = lines.get(7).is_some_and(|status| status.trim() == "ready");
    Ok(Some(Told { pid, socket_dir: socket_dir.into(), ready }))
}
