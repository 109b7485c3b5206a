//! Reads `postmaster.pid`, in which a postmaster tells who it is, where its socket is and whether it accepts
//! connections. Nothing is written or removed here.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::home::SOCKET;

/// Reading a small file costs microseconds, so this may be short.
const POLL: Duration = Duration::from_millis(2);
/// After this long, tell people that something takes long.
const LONG: Duration = Duration::from_secs(5);

/// The file of the postmaster in a cluster.
pub(super) fn path(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// Resolves when the postmaster `pid` accepts connections. Recovery after a crash can take minutes, so there is no
/// limit here; that the process ends instead is for the caller to see.
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
            tracing::info!("still waiting for Postgres, which is probably recovering from a crash");
            report += LONG;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The directory of the socket on which a Postgres accepts connections for `cluster` now.
pub(super) fn listening(cluster: &Path) -> io::Result<Option<PathBuf>> {
    let Some(told) = read(cluster)? else {
        return Ok(None);
    };
    // The file outlives a killed postmaster. A socket that answers does not.
    let answers = told.ready && UnixStream::connect(told.socket_dir.join(SOCKET)).is_ok();
    Ok(answers.then_some(told.socket_dir))
}

/// The process id in the file, if there is one.
#[cfg(not(target_os = "linux"))]
pub(super) fn pid(cluster: &Path) -> io::Result<Option<Pid>> {
    Ok(read(cluster)?.map(|told| Pid::from_raw(told.pid)))
}

struct Told {
    pid: i32,
    socket_dir: PathBuf,
    ready: bool,
}

/// What the file says, or `None` if it is absent or not yet whole.
fn read(cluster: &Path) -> io::Result<Option<Told>> {
    let text = match fs::read_to_string(path(cluster)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
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
