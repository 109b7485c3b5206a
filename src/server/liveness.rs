//! Whether the task that accepts connections runs.

use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::Notify;

/// A question to the task that accepts connections, which it answers also while all connections are in use. Clones are of
/// the same task.
#[derive(Debug, Clone, Default)]
pub struct Liveness {
    asked: Arc<Notify>,
    answered: Arc<Notify>,
}

impl Liveness {
    /// Returns when the task has answered, so not while the task or the runtime hangs.
    pub async fn check(&self) {
        let answered = self.answered.notified();
        self.asked.notify_one();
        answered.await;
    }

    /// Answers as long as it is polled.
    pub async fn answer(&self) -> Infallible {
        loop {
            self.asked.notified().await;
            self.answered.notify_waiters();
        }
    }
}
