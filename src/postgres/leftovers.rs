//! Ends what an earlier run left alive and removes what it left lying. Only the holder of the directory's lock may do
//! that, so every function wants to see the lock.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::child::LADDER;
use super::error::StartError;
use super::home::{Lock, SOCKET};
use super::pidfile;

const POLL: Duration = Duration::from_millis(5);

/// Makes `cluster` free for a new postmaster.
///
/// A postmaster that was killed leaves its pid in two files. Where nobody reaps orphans that pid is a zombie's, for
/// ever, and Postgres takes zombies for the living and refuses to start; elsewhere the pid may be a stranger's by now.
/// So the files are no evidence. What counts is that no process is at work in the cluster.
pub(super) async fn clear(lock: &Lock, cluster: &Path, socket_dir: &Path) -> Result<(), StartError> {
    end(lock, cluster).await?;
    for stale in [pidfile::path(cluster), socket_dir.join(format!("{SOCKET}.lock"))] {
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StartError::io("remove the stale file", &stale)(error));
            }
            Err(_) => {}
            Ok(()) => tracing::info!(file = %stale.display(), "removed what a crash had left"),
        }
    }
    Ok(())
}

/// Ends every process of Postgres that works in `cluster`. Usually there is none, or it is shutting down already.
pub(super) async fn end(_held: &Lock, cluster: &Path) -> Result<(), StartError> {
    let living = || at_work(cluster).map_err(StartError::io("look for processes in", cluster));
    for (signal, patience) in LADDER {
        let deadline = Instant::now() + patience;
        for pid in living()? {
            tracing::warn!(%pid, %signal, "ending a Postgres of an earlier run");
            // It may have ended in the meantime, which is what we want.
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

/// The processes of Postgres, postmaster and orphans alike, whose working directory is `cluster`. A zombie has none.
/// Directories are compared by identity, which also holds through bind mounts.
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
        // Whatever cannot be read has ended, or is another user's and so not our Postgres.
        let Ok(there) = fs::metadata(entry.path().join("cwd")) else {
            continue;
        };
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else {
            continue;
        };
        // Somebody's shell in this directory is none of our business.
        if (there.dev(), there.ino()) == (here.dev(), here.ino()) && name.contains("postgres") {
            found.push(Pid::from_raw(pid));
        }
    }
    Ok(found)
}

/// The postmaster of `cluster`, if the pid in its file still is one: it names the cluster on its command line. There
/// is nothing here that would end Postgres together with us, so this is also how a crash of ours is cleaned up.
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
