//! Graceful shutdown: the first SIGTERM or SIGINT cancels the tokens, the second one exits at once. Holders of the tokens
//! and tracked tasks finish their own work.

pub mod service_manager;

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A second signal within this time counts as the first: `timeout`, for one, signals the process and then its group.
const ECHO: Duration = Duration::from_millis(300);

/// Maximum time of a shutdown after the grace period.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(60);

/// The shutdown tokens and the tasks to wait for.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Cancelled by the first signal: the readiness probe fails, so that balancers send requests elsewhere.
    pub leaving: CancellationToken,
    /// Cancelled after the grace period: stop now.
    pub stopping: CancellationToken,
    /// Tasks that finish before the process exits.
    pub tasks: TaskTracker,
}

impl Lifecycle {
    /// Handles the signals of this process; `stopping` is cancelled `grace` after the first. The signals no longer kill the
    /// process from here on, so call this before anything that needs cleanup.
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
                    tracing::info!("shutting down; a second signal ends this at once");
                    service_manager::stopping(grace + SHUTDOWN_TIMEOUT);
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

    /// Resolves when `stopping` is cancelled.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// Waits for the tracked tasks, at most for `patience`. Returns false on timeout.
    pub async fn drain(&self, patience: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

/// Exits with the code that shells report for a death by this signal. A private Postgres is signalled when its parent dies
/// and shuts down.
#[expect(clippy::exit, reason = "a second signal asks for the end at once")]
fn abort(kind: SignalKind) -> ! {
    tracing::warn!("aborted by a second signal");
    std::process::exit(128 + kind.as_raw_value())
}
