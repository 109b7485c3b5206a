//! Messages to the service manager, such as systemd, in the protocol of sd_notify. Without a `NOTIFY_SOCKET` they are dropped.

use sd_notify::NotifyState;
use std::time::Duration;

/// The time that a start asks for while it goes on, and how often it asks: migrations and a recovery of Postgres can take
/// longer than the service manager waits for a start.
const EXTENSION: Duration = Duration::from_secs(60);
const EXTENSION_INTERVAL: Duration = Duration::from_secs(15);

/// Says what the service does, for `systemctl status`.
pub fn status(text: &str) {
    notify(&[NotifyState::Status(text)]);
}

/// The service serves.
pub fn ready(text: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(text)]);
}

/// The service is about to end, which takes this long at most.
pub fn stopping(longest: Duration) {
    notify(&[NotifyState::Stopping, NotifyState::Status("Shutting down"), extension(longest)]);
}

/// Asks for more time as long as the start goes on.
pub async fn while_starting<T>(start: impl Future<Output = T>) -> T {
    let extend = async {
        loop {
            notify(&[extension(EXTENSION)]);
            tokio::time::sleep(EXTENSION_INTERVAL).await;
        }
    };
    tokio::select! {
        started = start => started,
        () = extend => unreachable!("it has no end"),
    }
}

/// The time between two messages that the service works, half of the watchdog's; None if there is no watchdog.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|period| period / 2)
}

/// The service works.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

fn extension(time: Duration) -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(fault) = sd_notify::notify(states) {
        tracing::warn!(%fault, "could not notify the service manager");
    }
}
