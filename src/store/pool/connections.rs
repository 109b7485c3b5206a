//! The connections as one caller may use them: within the share of its workspace, and for deactivation the reserved ones.

use super::hosts::Hosts;
use super::hot::{Checkout, HotConnections, Part};
use super::rows::{self, Unshared};
use super::share::{Crowded, PoolKind, Share, SharePermit};
use super::{Pools, SHORT_DEADLINE, health};
use crate::domain::id::WorkspaceId;
use crate::store::principal::Principal;
use futures_util::{Stream, TryFutureExt, stream};
use sqlx::postgres::{PgArguments, PgRow, PgTypeInfo};
use sqlx::{Execute, Executor, Postgres, SqlStr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

/// Time for which a deactivation waits for a reserved connection only.
const RESERVED_FIRST: Duration = Duration::from_millis(50);

pub(in crate::store) type Answers<'e, T> = Pin<Box<dyn Stream<Item = sqlx::Result<T>> + Send + 'e>>;
pub(in crate::store) type Answer<'e, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'e>>;

/// The pools, with the share of a workspace or of one of its callers. As an executor it serves reads; changes of data are
/// units of work, see [`crate::store::writer`]. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::store) struct Connections {
    pub(super) pools: Arc<Pools>,
    /// None: statements of the server itself, and those that find out who calls.
    share: Option<Arc<Share>>,
    is_urgent: bool,
    /// For the next statement or unit of work.
    checked_out: Option<Arc<CheckedOut>>,
}

/// A connection for the statement that comes first.
struct CheckedOut(Mutex<Option<Checkout>>);

impl std::fmt::Debug for CheckedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CheckedOut")
    }
}

/// An executor of one statement.
#[derive(Debug)]
pub(in crate::store) struct Statement<'c> {
    connections: &'c Connections,
    kind: PoolKind,
    /// Acquired before, or none.
    permit: Option<SharePermit>,
}

impl Connections {
    /// Opens the pools, with at most `count` connections together.
    pub async fn open(hosts: &Hosts, count: u32) -> sqlx::Result<Connections> {
        Ok(Connections::of_server(Arc::new(Pools::open(hosts, count).await?)))
    }

    /// For statements of the server itself.
    pub(super) fn of_server(pools: Arc<Pools>) -> Connections {
        Connections { pools, share: None, is_urgent: false, checked_out: None }
    }

    /// Awaits a statement, but no longer than the node answers on which it runs.
    pub(super) async fn while_node_answers<T>(
        &self,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        let Some(node) = self.share.as_ref().and_then(|share| share.node()) else { return statement.await };
        tokio::select! {
            biased;
            outcome = statement => outcome,
            () = node.away() => Err(Crowded::NodeAway.into()),
        }
    }

    /// True if the database has Citus, so that tables may be on several nodes.
    pub fn is_distributed(&self) -> bool {
        self.pools.shards.is_some()
    }

    /// With the reserved connections; with the general ones while those are in use.
    pub fn urgent(&self) -> Connections {
        Connections { is_urgent: true, ..self.clone() }
    }

    pub fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    /// Within the share of a caller.
    pub fn of_caller(&self, workspace: WorkspaceId, principal: Principal) -> Connections {
        Connections { share: Some(self.pools.shares.of_caller(workspace.0, principal)), ..self.clone() }
    }

    /// Within the share of a workspace.
    pub fn of_workspace(&self, workspace: WorkspaceId) -> Connections {
        Connections { share: Some(self.pools.shares.of_workspace(workspace.0)), ..self.clone() }
    }

    /// Within the share of the webhook worker, and with at most one of the reserved connections: who must hear of a
    /// deactivation does not wait for the lists of others.
    pub fn of_worker(&self) -> Connections {
        Connections { share: Some(self.pools.shares.of_worker()), ..self.urgent() }
    }

    /// Within the share of a workspace's deliveries in that of the webhook worker.
    pub fn of_deliveries(&self, workspace: WorkspaceId) -> Connections {
        Connections { share: Some(self.pools.shares.of_deliveries(workspace.0)), ..self.urgent() }
    }

    /// Within the share of the same workspace, whichever caller this was for.
    pub fn whole_share(&self) -> Connections {
        Connections { share: self.share.as_ref().map(Share::whole), ..self.clone() }
    }

    /// The workspace whose share this is.
    pub fn workspace(&self) -> Option<WorkspaceId> {
        self.share.as_ref().and_then(|share| share.workspace()).map(WorkspaceId)
    }

    /// An executor of a statement on a pool of this kind.
    pub fn on(&self, kind: PoolKind) -> Statement<'_> {
        Statement { connections: self, kind, permit: None }
    }

    /// Awaits a short statement. After a timeout the database counts as unavailable, and the callers behind this one do
    /// not wait for as long as a long statement may take. The wait for the share is not part of it.
    pub async fn short_statement<'c, T, F>(&'c self, run: impl FnOnce(Statement<'c>) -> F) -> sqlx::Result<T>
    where
        F: Future<Output = sqlx::Result<T>>,
    {
        let kind = PoolKind::Short;
        let permit = if self.is_urgent { None } else { self.share_permit(kind).await? };
        let statement = run(Statement { connections: self, kind, permit });
        let outcome = timeout(SHORT_DEADLINE, statement).await;
        self.pools.health.observe(outcome.unwrap_or_else(|_| Err(health::silence())))
    }

    /// Waits for a connection, which the next statement or unit of work will use.
    pub async fn with_connection(&self) -> sqlx::Result<Connections> {
        let checkout = self.while_node_answers(self.checkout()).await?;
        let checked_out = Some(Arc::new(CheckedOut(Mutex::new(Some(checkout)))));
        Ok(Connections { checked_out, ..self.clone() })
    }

    /// The connection that was waited for.
    fn take_checked_out(&self) -> Option<Checkout> {
        let CheckedOut(checkout) = self.checked_out.as_deref()?;
        checkout.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Checks out a connection for a unit of work.
    pub(super) async fn checkout(&self) -> sqlx::Result<Checkout> {
        if let Some(checkout) = self.take_checked_out() {
            return Ok(checkout);
        }
        let of_units = match &self.share {
            Some(share) if self.is_urgent => Some(share.urgent_unit().await?),
            _ => None,
        };
        Ok(self.on(PoolKind::General).checkout().await?.with(of_units))
    }

    /// Numbers of idle connections and of connections in use.
    pub fn idle_and_used(&self) -> (u32, u32) {
        self.pools.idle_and_used()
    }

    /// Maximum number of connections.
    pub fn max(&self) -> u32 {
        self.pools.max
    }

    /// Number of statements that got no connection in time.
    pub fn acquire_timeouts(&self) -> u64 {
        self.pools.health.acquire_timeouts()
    }

    /// Number of connections closed because they were returned in a transaction.
    pub fn closed_in_transaction(&self) -> u64 {
        self.pools.health.closed_in_transaction()
    }

    /// Waits for the units of work and the statements in progress, then closes every connection.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    /// The kind that serves for `kind`.
    fn served_by(&self, kind: PoolKind) -> (PoolKind, &Arc<HotConnections>) {
        let general = (PoolKind::General, &self.pools.general);
        match kind {
            PoolKind::General => general,
            PoolKind::Short => self.pools.short.as_ref().map_or(general, |short| (kind, short)),
            PoolKind::Reserved => self.pools.reserved.as_ref().map_or(general, |reserved| (kind, reserved)),
        }
    }

    async fn share_permit(&self, kind: PoolKind) -> sqlx::Result<Option<SharePermit>> {
        match &self.share {
            Some(share) => Ok(Some(share.acquire(self.served_by(kind).0).await?)),
            None => Ok(None),
        }
    }

    /// Permits for a connection of this kind.
    async fn permits(&self, kind: PoolKind, permit: Option<SharePermit>) -> sqlx::Result<Permits<'_>> {
        let of_share = match permit {
            Some(permit) => Some(permit),
            None => self.share_permit(kind).await?,
        };
        let (_, pool) = self.served_by(kind);
        Ok(Permits { pool, of_pool: pool.acquire_permit().await?, of_share })
    }

    /// Permits for a reserved connection, or for a general one if that is free first, after a short wait: Postgres takes
    /// several times as long for the first deactivation on a connection. A workspace that waits for a lock with its reserved
    /// one does not delay its own next deactivation for longer, nor another's.
    async fn urgent_permits(&self) -> sqlx::Result<Permits<'_>> {
        tokio::select! {
            biased;
            permits = self.permits(PoolKind::Reserved, None) => permits,
            Ok(permits) = async {
                sleep(RESERVED_FIRST).await;
                self.permits(PoolKind::General, None).await
            } => Ok(permits),
        }
    }
}

/// Permission to use a connection of a pool.
struct Permits<'c> {
    pool: &'c Arc<HotConnections>,
    of_pool: OwnedSemaphorePermit,
    of_share: Option<SharePermit>,
}

impl Statement<'_> {
    /// All parts of the result. One that needs a share of the rows and finds it taken starts again with it.
    async fn fetch(mut self, sql: SqlStr, arguments: Option<PgArguments>) -> sqlx::Result<Vec<Part>> {
        let Statement { connections, kind, .. } = self;
        let caller = connections.share.as_ref();
        let Some(unshared) = Unshared::of(&connections.pools.large_lists, caller, sql.as_str()) else {
            return self.fetch_once(sql, arguments).await;
        };
        if !unshared.expects_large_list() {
            let parts = self.fetch_once(sql.clone(), arguments.clone()).await;
            if !rows::is_busy(&parts) {
                unshared.end();
                return parts;
            }
            self = connections.on(kind);
        }
        self.permit = None;
        unshared.wait().await?;
        let parts = self.fetch_once(sql, arguments).await;
        unshared.end();
        parts
    }

    async fn fetch_once(self, sql: SqlStr, arguments: Option<PgArguments>) -> sqlx::Result<Vec<Part>> {
        let connections = self.connections;
        let statement = async {
            let mut checkout = self.checkout().await?;
            let parts = checkout.fetch((sql, arguments)).await;
            checkout.checkin(&parts);
            parts
        };
        connections.while_node_answers(statement).await
    }

    async fn checkout(self) -> sqlx::Result<Checkout> {
        let Statement { connections, kind, permit } = self;
        if let Some(checkout) = connections.take_checked_out() {
            return Ok(checkout);
        }
        let permits = match connections.is_urgent {
            true => connections.urgent_permits().await?,
            false => connections.permits(kind, permit).await?,
        };
        permits.pool.checkout(permits.of_pool, permits.of_share).await
    }
}

impl From<Crowded> for sqlx::Error {
    /// No connection is in doubt.
    fn from(crowded: Crowded) -> sqlx::Error {
        sqlx::Error::Configuration(Box::new(crowded))
    }
}

impl<'c> Executor<'c> for Statement<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, mut query: E) -> Answers<'e, Part>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode);
        let sql = query.sql();
        let parts = async {
            let parts = self.fetch(sql, arguments?).await?;
            Ok(stream::iter(parts.into_iter().map(Ok)))
        };
        Box::pin(parts.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let connections = self.connections;
        Box::pin(connections.while_node_answers(async {
            let mut checkout = self.checkout().await?;
            let row = checkout.fetch_optional(query).await;
            checkout.checkin(&row);
            row
        }))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> Answer<'e, <Postgres as sqlx::Database>::Statement>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let health = &self.connections.pools.health;
            let mut checkout = self.checkout().await?;
            let prepared = health.with_timeout(checkout.connection().prepare_with(sql, parameters)).await;
            checkout.checkin(&prepared);
            prepared
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let health = &self.connections.pools.health;
            let mut checkout = self.checkout().await?;
            let described = health.with_timeout(checkout.connection().describe(sql)).await;
            checkout.checkin(&described);
            described
        })
    }
}

/// Runs on the general pool.
impl<'c> Executor<'c> for &'c Connections {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Answers<'e, Part>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.on(PoolKind::General).fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.on(PoolKind::General).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> Answer<'e, <Postgres as sqlx::Database>::Statement>
    where
        'c: 'e,
    {
        self.on(PoolKind::General).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, sqlx::Describe<Postgres>>
    where
        'c: 'e,
    {
        self.on(PoolKind::General).describe(sql)
    }
}
