//! Something limited that clients share, as connections or bytes: there is a total, and each client network may have no more
//! than a part of it, so that one client cannot use it up.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const SHARDS: usize = 16;

/// The limits, and what is in use.
#[derive(Debug)]
pub struct Shares {
    total: usize,
    /// Maximum of one client network.
    each: usize,
    used: AtomicUsize,
    hasher: RandomState,
    /// What each client network uses; only those that use something.
    clients: [Mutex<HashMap<IpAddr, usize>>; SHARDS],
}

/// A client's share, returned when dropped.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    client: Option<IpAddr>,
    amount: usize,
}

impl Shares {
    pub fn new(total: usize, each: usize) -> Arc<Shares> {
        let clients = std::array::from_fn(|_| Mutex::default());
        Arc::new(Shares { total, each, used: AtomicUsize::new(0), hasher: RandomState::new(), clients })
    }

    /// Takes an amount for a client network, or for one that only the total limits; `None` if too little is left.
    pub fn take(self: &Arc<Self>, client: Option<IpAddr>, amount: usize) -> Option<Share> {
        let mut share = Share { shares: Arc::clone(self), client, amount: 0 };
        share.grow(amount).then_some(share)
    }

    /// Adds to what a client uses, if that stays within its part.
    fn add(&self, client: IpAddr, amount: usize) -> bool {
        let mut clients = self.shard(client);
        let used = clients.get(&client).copied().unwrap_or_default();
        let is_within = amount <= self.each.saturating_sub(used);
        if is_within {
            clients.insert(client, used + amount);
        }
        is_within
    }

    fn subtract(&self, client: IpAddr, amount: usize) {
        let mut clients = self.shard(client);
        let left = clients.get(&client).map_or(0, |used| used.saturating_sub(amount));
        if left == 0 {
            clients.remove(&client);
        } else {
            clients.insert(client, left);
        }
    }

    fn shard(&self, client: IpAddr) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        let index = usize::try_from(self.hasher.hash_one(client) % SHARDS as u64).unwrap_or_default();
        self.clients[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes more; false, and nothing is taken, if too little is left.
    pub fn grow(&mut self, amount: usize) -> bool {
        let Shares { total, used, .. } = &*self.shares;
        let within_total = |used: usize| used.checked_add(amount).filter(|sum| sum <= total);
        if used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within_total).is_err() {
            return false;
        }
        if self.client.is_some_and(|client| !self.shares.add(client, amount)) {
            used.fetch_sub(amount, Ordering::Relaxed);
            return false;
        }
        self.amount += amount;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount > 0 {
            self.shares.used.fetch_sub(self.amount, Ordering::Relaxed);
            if let Some(client) = self.client {
                self.shares.subtract(client, self.amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(number: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(198, 51, 100, number).into())
    }

    #[test]
    fn a_client_has_a_part_of_the_total_and_returns_it() {
        let shares = Shares::new(10, 4);
        let mut first = shares.take(client(1), 3).expect("within its part");
        assert!(!first.grow(2), "over its part");
        assert!(first.grow(1));
        assert!(shares.take(client(1), 1).is_none());
        let second = shares.take(client(2), 4).expect("another client has its own part");
        let third = shares.take(None, 2).expect("only the total limits it");
        assert!(shares.take(client(3), 1).is_none(), "over the total");
        drop(first);
        assert!(shares.take(client(1), 4).is_some());
        drop((second, third));
        assert_eq!(shares.used.load(Ordering::Relaxed), 0);
        assert!(shares.clients.iter().all(|clients| clients.lock().expect("whole").is_empty()));
    }
}
