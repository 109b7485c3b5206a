//! Ends processes and removes stale files of an earlier run. Only the holder of the directory's lock may do that, so every
//! function takes the lock.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::child::LADDER;
use super::error::{StartError, if_exists};
use super::home::{Lock, SOCKET};
use super::pidfile;
use super::postmaster::Spec;

const POLL: Duration = Duration::from_millis(5);

/// Prepares the cluster for a new postmaster.
///
/// A killed postmaster leaves its pid in two files. Without an init that reaps orphans the pid stays a zombie's, which
/// Postgres takes for a running process and refuses to start; otherwise the pid may have been reused. So the files are
/// no evidence: this checks that no process works in the cluster.
pub(super) async fn clear(lock: &Lock, spec: &Spec) -> Result<(), StartError> {
    let cluster = spec.home.cluster();
    end(lock, &cluster).await?;
    for stale in [pidfile::path(&cluster), spec.socket_dir.join(format!("{SOCKET}.lock"))] {
        let removed = if_exists(fs::remove_file(&stale)).map_err(StartError::io("remove the stale file", &stale))?;
        if removed.is_some() {
            tracing::info!(file = %stale.display(), "removed a stale file of an earlier run");
        }
    }
    Ok(())
}

/// Ends every Postgres process in `cluster`. Usually there is none, or it is already shutting down.
pub(super) async fn end(_held: &Lock, cluster: &Path) -> Result<(), StartError> {
    let living = || at_work(cluster).map_err(StartError::io("look for processes in", cluster));
    let postmaster = pidfile::pid(cluster).map_err(StartError::io("read the pid in", cluster))?;
    for (signal, patience) in LADDER {
        let deadline = Instant::now() + patience;
        for pid in living()? {
            // A session takes SIGINT for the end of its statement, and tells its client that it ran for too long.
            let signal = if signal == Signal::SIGINT && Some(pid) != postmaster { Signal::SIGTERM } else { signal };
            tracing::warn!(%pid, %signal, "stopping a Postgres process of an earlier run");
            // An error means that it has exited.
            let _ = kill(pid, signal);
        }
        while Instant::now() < deadline {
            if living()?.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }
    match living()?.first() {
        None => Ok(()),
        Some(pid) => Err(StartError::Occupied { pid: pid.as_raw(), cluster: cluster.to_owned() }),
    }
}

/// The Postgres processes, postmaster and orphans, whose working directory is `cluster`. A zombie has none. Directories
/// are compared by device and inode, which also works through bind mounts.
#[cfg(target_os = "linux")]
fn at_work(cluster: &Path) -> io::Result<Vec<Pid>> {
    use std::os::unix::fs::MetadataExt;

    let here = fs::metadata(cluster)?;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // An unreadable process has exited, or is another user's and not this Postgres.
        let Ok(there) = fs::metadata(entry.path().join("cwd")) else {
            continue;
        };
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else {
            continue;
        };
        // Other programs may have this working directory, as an operator's shell.
        if (there.dev(), there.ino()) == (here.dev(), here.ino()) && name.contains("postgres") {
            found.push(Pid::from_raw(pid));
        }
    }
    Ok(found)
}

/// The postmaster of `cluster`, if the pid in its file is still one: its command line contains the cluster's path. These
/// systems have no parent death signal, so this also ends the Postgres of a crashed service.
#[cfg(not(target_os = "linux"))]
fn at_work(cluster: &Path) -> io::Result<Vec<Pid>> {
    let Some(pid) = pidfile::pid(cluster)? else {
        return Ok(Vec::new());
    };
    let args = ["-ww", "-o", "stat=,command=", "-p", &pid.to_string()];
    let shown = std::process::Command::new("ps").args(args).output()?.stdout;
    let shown = String::from_utf8_lossy(&shown);
    let ours = shown.contains(&*cluster.to_string_lossy()) && !shown.starts_with('Z');
    Ok(if ours { vec![pid] } else { Vec::new() })
}
