//! From signals to an orderly end: the first SIGTERM or SIGINT asks everything to finish, the second one ends the
//! process at once. What finishing means is known to those who hold the token or run as a tracked task.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A signal so soon after the first is its echo: `timeout`, for one, signals the process and then its group.
const ECHO: Duration = Duration::from_millis(300);

/// When to stop, and who is still working.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Cancelled when the process is asked to end, so that whoever sends it work may send that elsewhere.
    pub leaving: CancellationToken,
    /// Cancelled when it shall end: as soon, unless it was given a grace.
    pub stopping: CancellationToken,
    /// The tasks that are waited for before it does.
    pub tasks: TaskTracker,
}

impl Lifecycle {
    /// A life that the signals of this process end, so long after the first of them as `grace` says. From here on they no longer kill it by themselves, so call this
    /// before anything that must be put away.
    pub fn listen(grace: Duration) -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let life = Self::default();
        let (leaving, stopping) = (life.leaving.clone(), life.stopping.clone());
        tokio::spawn(async move {
            let mut first = None;
            loop {
                let kind = tokio::select! {
                    _ = terminate.recv() => SignalKind::terminate(),
                    _ = interrupt.recv() => SignalKind::interrupt(),
                };
                if first.get_or_insert_with(Instant::now).elapsed() > ECHO {
                    abort(kind);
                }
                if !leaving.is_cancelled() {
                    tracing::info!("finishing; a second signal ends this at once");
                    leaving.cancel();
                    let stopping = stopping.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(grace).await;
                        stopping.cancel();
                    });
                }
            }
        });
        Ok(life)
    }

    /// Resolves when it is time to stop.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// Waits until the tracked tasks have finished, at most for `patience`. False if some have not.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

/// Ends the process with the exit code that shells give to a death by this signal. A private Postgres notices the end
/// of its parent and shuts down by itself.
#[expect(clippy::exit, reason = "a second signal asks for the end at once")]
fn abort(kind: SignalKind) -> ! {
    tracing::warn!("ended by a second signal, without finishing");
    std::process::exit(128 + kind.as_raw_value())
}
