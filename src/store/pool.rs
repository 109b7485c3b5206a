//! The connection pools: one for most statements, one for short ones, and one that is reserved for deactivation. A
//! recently used connection is handed out unchecked. One that has been idle, or was idle when another one failed, is
//! checked for accepting writes; so a restart of Postgres, or a standby in its place, costs the statements in progress
//! and no later one. No statement waits forever for a host that is gone.

mod connections;
mod health;
pub(super) mod hosts;
mod hot;
mod nodes;
pub(super) mod rows;
mod shard;
mod share;
mod unit;

use super::distribution::is_possible;
use health::HealthSignal;
use hosts::{ACQUIRE_TIMEOUT, Hosts};
use hot::HotConnections;
use rows::LargeLists;
use shard::ShardStatements;
use share::{PoolSizes, Shares};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{PgConnection, SqlStr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

pub(super) use connections::{Answer, Answers, Connections, Statement};
pub(super) use hot::Part;
pub(super) use share::{Crowded, PoolKind};
pub(super) use unit::{UnitConnection, Work};

/// Idle time after which a connection is checked before use. Postgres takes longer to start.
const REUSE_WITHOUT_CHECK: Duration = Duration::from_millis(50);

/// Timeout of a short statement, including the wait for a connection.
const SHORT_DEADLINE: Duration = Duration::from_secs(4);

/// Maximum size of the pool for short statements. Batched lookups gain from a second connection, not from a third;
/// short lists use this pool, too.
const SHORT_CONNECTIONS: u32 = 4;

/// Connections in total per connection of the short pool.
const CONNECTIONS_PER_SHORT: u32 = 4;

/// Connections in total from which on two are reserved for deactivation, so that two workspaces have one each, and from
/// which on twice as many.
const RESERVES_TWO: u32 = 8;
const RESERVES_FOUR: u32 = 16;

/// The pools of one database.
#[derive(Debug)]
pub(super) struct Pools {
    general: Arc<HotConnections>,
    /// None if there are few connections; then the general pool serves short statements, too.
    short: Option<Arc<HotConnections>>,
    /// None if there is a single connection.
    reserved: Option<Arc<HotConnections>>,
    /// Maximum number of connections of all.
    max: u32,
    shares: Arc<Shares>,
    large_lists: LargeLists,
    health: HealthSignal,
    /// Units of work in progress.
    units: TaskTracker,
    /// If the database has Citus.
    shards: Option<ShardStatements>,
}

/// How `connections` are divided.
fn sizes(connections: u32) -> PoolSizes {
    let short = SHORT_CONNECTIONS.min(connections / CONNECTIONS_PER_SHORT);
    let reserved = match connections {
        ..=1 => 0,
        2..RESERVES_TWO => 1,
        RESERVES_TWO..RESERVES_FOUR => 2,
        RESERVES_FOUR.. => 4,
    };
    [connections - short - reserved, short, reserved]
}

impl Pools {
    /// Opens the first connection of each, to fail early, and all reserved ones.
    async fn open(hosts: &Hosts, connections: u32) -> sqlx::Result<Pools> {
        let (health, large_lists) = (HealthSignal::new(), LargeLists::new());
        let sizes @ [general, short, reserved] = sizes(connections);
        let general = open_pool(hosts.clone(), general, 0, &health, &large_lists).await?;
        let is_distributed = is_possible(&mut hosts.connect().await?).await?;
        // Citus plans most statements for the values of their parameters only, and refuses a generic plan.
        let short_hosts = if is_distributed { hosts.clone() } else { hosts.planning_once() };
        let short = match short {
            0 => None,
            count => Some(open_pool(short_hosts.clone(), count, 0, &health, &large_lists).await?),
        };
        let reserved = match reserved {
            0 => None,
            count => Some(open_pool(short_hosts, count, count, &health, &large_lists).await?),
        };
        let (shares, units) = (Shares::new(sizes), TaskTracker::new());
        let max = connections;
        let shards = is_distributed.then(ShardStatements::default);
        Ok(Pools { general, short, reserved, max, shares, large_lists, health, units, shards })
    }

    /// What to send for a statement of a unit of work.
    async fn sent(&self, connection: &mut PgConnection, sql: SqlStr) -> sqlx::Result<SqlStr> {
        match &self.shards {
            Some(shards) => self.health.with_timeout(shards.sent(connection, sql)).await,
            None => Ok(sql),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<HotConnections>> {
        [Some(&self.general), self.short.as_ref(), self.reserved.as_ref()].into_iter().flatten()
    }

    /// Numbers of idle connections and of connections in use.
    fn idle_and_used(&self) -> (u32, u32) {
        self.all().map(|pool| pool.idle_and_used()).fold((0, 0), |sum, pool| (sum.0 + pool.0, sum.1 + pool.1))
    }

    fn is_closed(&self) -> bool {
        self.units.is_closed()
    }

    /// Waits for the units of work and the statements in progress, then closes every connection.
    async fn close(&self) {
        if !self.units.is_empty() {
            tracing::info!(units = self.units.len(), "waiting for units of work in progress");
        }
        self.units.close();
        self.units.wait().await;
        for pool in self.all() {
            pool.close().await;
        }
    }
}

/// Opens a pool of at most `most` and at least `least` connections. A connection fault in one pool puts all in doubt.
async fn open_pool(
    hosts: Hosts,
    most: u32,
    least: u32,
    health: &HealthSignal,
    large_lists: &LargeLists,
) -> sqlx::Result<Arc<HotConnections>> {
    let (before, after) = (health.clone(), health.clone());
    let options = PgPoolOptions::new()
        .max_connections(most)
        .min_connections(least)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(move |connection, life| {
            let health = before.clone();
            Box::pin(async move { health.may_use(connection, life.idle_for).await })
        })
        .after_release(move |connection, _| {
            let health = after.clone();
            Box::pin(async move { health.may_reuse(connection).await })
        });
    let pool = options.connect_with(hosts.writable().await?).await?;
    if hosts.are_several() {
        tokio::spawn(follow(hosts, pool.clone(), health.subscribe()));
    }
    Ok(Arc::new(HotConnections::new(pool, most, health.clone(), large_lists.clone())))
}

/// Points the pool to the host that accepts writes, after each fault.
async fn follow(hosts: Hosts, pool: PgPool, mut faults: watch::Receiver<Option<Instant>>) {
    let closed = pool.close_event();
    let watching = async {
        while faults.changed().await.is_ok() {
            loop {
                match hosts.writable().await {
                    Ok(options) => break pool.set_connect_options(options),
                    Err(fault) => tracing::warn!(%fault, "no database host accepts writes; retrying"),
                }
            }
        }
    };
    tokio::select! {
        () = closed => {}
        () = watching => {}
    }
}

#[cfg(test)]
mod tests {
    use super::sizes;

    #[test]
    fn connections_are_divided_among_the_pools() {
        for (connections, divided) in
            [(1, [1, 0, 0]), (2, [1, 0, 1]), (4, [2, 1, 1]), (8, [4, 2, 2]), (16, [8, 4, 4]), (100, [92, 4, 4])]
        {
            assert_eq!(sizes(connections), divided, "{connections}");
        }
    }
}
