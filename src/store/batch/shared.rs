//! Writes that share a statement with concurrent ones of their workspace: arrays of requests, each with its own author,
//! time and outcome. A transaction keeps the workspace's clock until it is durable, so that one after the other would
//! wait for the disk one by one. A shared statement waits for no row that another transaction has locked; that request
//! has a statement of its own.

use super::Batched;
use super::batcher::BatchQuery;
use crate::domain::id::WorkspaceId;
use crate::error::Result;
use crate::store::{Store, Workspace};
use uuid::Uuid;

/// A write as one request asks for it.
pub(in crate::store) trait SharedWrite: Clone + Send + 'static {
    type Outcome: Send + 'static;

    /// Maximum number of requests per statement.
    const MAX_BATCH: usize = 64;

    /// Requests with equal keys are not in one statement.
    fn exclusive_key(&self) -> Option<Uuid> {
        None
    }

    /// Makes all writes in one unit of work. Returns their outcomes in the same order; `None` for a request that was passed
    /// over, since another transaction has locked or changed its rows. `waits`: for such transactions.
    fn write(
        workspace: Workspace,
        requests: Vec<Self>,
        waits: bool,
    ) -> impl Future<Output = Result<Vec<Option<Self::Outcome>>>> + Send;
}

/// A write of a workspace that may share a statement.
#[derive(Debug, Clone)]
pub(in crate::store) struct WriteRequest<W> {
    workspace: Workspace,
    request: W,
}

impl<W: SharedWrite> BatchQuery for WriteRequest<W> {
    /// Urgent ones take a reserved connection.
    type BatchKey = (WorkspaceId, bool);
    type Answer = Option<W::Outcome>;

    const MAX_IN_FLIGHT: usize = 1;
    const MAX_WAITING: usize = 1_024;

    fn max_batch(_: &(WorkspaceId, bool)) -> usize {
        W::MAX_BATCH
    }

    fn batch_key(&self) -> (WorkspaceId, bool) {
        (self.workspace.id(), self.workspace.store.pool.is_urgent())
    }

    fn exclusive_key(&self) -> Option<Uuid> {
        self.request.exclusive_key()
    }

    /// With a connection. The statement serves several callers, so it runs within the share of all.
    async fn ready_store(&(workspace, _): &(WorkspaceId, bool), store: &Store) -> Result<Store> {
        let store = store.of_workspace(workspace);
        Ok(Store { pool: store.pool.with_connection().await?, ..store })
    }

    async fn ask(batch: Vec<WriteRequest<W>>, store: Store) -> Result<Vec<Option<W::Outcome>>> {
        let Some(WriteRequest { workspace, .. }) = batch.first() else { return Ok(Vec::new()) };
        let workspace = workspace.with_connections(store.pool);
        W::write(workspace, batch.into_iter().map(|write| write.request).collect(), false).await
    }
}

impl Workspace {
    /// Makes a write together with concurrent ones; alone if it was passed over.
    pub(in crate::store) async fn write<W: SharedWrite>(&self, request: W) -> Result<W::Outcome>
    where
        WriteRequest<W>: Batched<Answer = Option<W::Outcome>>,
    {
        let shared = WriteRequest { workspace: self.clone(), request: request.clone() };
        let mut outcome = self.store.ask(shared).await?;
        loop {
            match outcome {
                Some(outcome) => return Ok(outcome),
                // Of several that change the same rows at once, one succeeds in each round.
                None => outcome = W::write(self.clone(), vec![request.clone()], true).await?.pop().flatten(),
            }
        }
    }
}

/// A parameter of a statement: an array with a value of each request.
pub(in crate::store) fn column<'r, R, T>(requests: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    requests.iter().map(value).collect()
}

/// The outcomes of so many requests, from rows with the index of the request, from one.
pub(in crate::store) fn in_order<T>(
    requests: usize,
    of_missing_row: impl Fn() -> T,
    rows: impl IntoIterator<Item = (i64, T)>,
) -> Vec<T> {
    let mut outcomes: Vec<T> = std::iter::repeat_with(of_missing_row).take(requests).collect();
    for (place, row) in rows {
        if let Some(outcome) = usize::try_from(place - 1).ok().and_then(|index| outcomes.get_mut(index)) {
            *outcome = row;
        }
    }
    outcomes
}

/// The outcomes of all requests, from those of the ready ones; the others were passed over.
pub(in crate::store) fn passing_over<R, T>(
    requests: &[R],
    is_ready: impl Fn(&R) -> bool,
    outcomes: Vec<Option<T>>,
) -> Vec<Option<T>> {
    let mut outcomes = outcomes.into_iter();
    requests.iter().map(|request| is_ready(request).then(|| outcomes.next()).flatten().flatten()).collect()
}

/// An array of UUIDs as Postgres writes it, since arrays of arrays have rows of equal length.
pub(in crate::store) fn array(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}
