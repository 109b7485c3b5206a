//! Name lookups in progress. The system's lookup cannot be cancelled: it holds a thread until it ends, which may be long
//! after the attempt that began it. The worker waits for it before it gives the attempt's place to another.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The lookups in progress, by name.
#[derive(Debug, Clone, Default)]
pub struct Lookups(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    counts: Mutex<HashMap<String, usize>>,
    ended: Notify,
}

/// A lookup in progress.
struct Lookup {
    shared: Arc<Shared>,
    name: String,
}

impl Lookups {
    /// The addresses of a name according to the system.
    pub async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let text = name.to_owned();
        self.run(name, move || Ok((text.as_str(), 0).to_socket_addrs()?.map(|socket| socket.ip()).collect())).await
    }

    /// Waits until no lookup of this name is in progress.
    pub async fn ended(&self, name: &str) {
        loop {
            let ended = self.0.ended.notified();
            if !self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name) {
                return;
            }
            ended.await;
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        name: &str,
        look: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let lookup = Lookup::begin(&self.0, name);
        let looking = tokio::task::spawn_blocking(move || {
            let _until_ended = lookup;
            look()
        });
        looking.await.unwrap_or_else(|fault| Err(io::Error::other(fault)))
    }
}

impl Lookup {
    fn begin(shared: &Arc<Shared>, name: &str) -> Lookup {
        let mut counts = shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name.to_owned()).or_default() += 1;
        Lookup { shared: Arc::clone(shared), name: name.to_owned() }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        let mut counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.name);
            }
        }
        drop(counts);
        self.shared.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_lookup_goes_on_after_its_caller_has_gone_and_its_end_can_be_awaited() {
        let lookups = Lookups::default();
        let (end, until) = mpsc::channel();
        let looking = lookups.run("slow.example", move || until.recv().map_err(io::Error::other));
        assert!(timeout(Duration::from_millis(1), looking).await.is_err(), "the caller has gone");
        lookups.ended("other.example").await;
        let ended = lookups.ended("slow.example");
        tokio::pin!(ended);
        assert!(timeout(Duration::from_millis(1), &mut ended).await.is_err(), "the lookup goes on");
        end.send(()).expect("it waits for this");
        ended.await;
        assert!(lookups.0.counts.lock().expect("whole").is_empty());
    }
}
