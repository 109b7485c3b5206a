//! API keys, the credential of nearly every request. A lookup is batched with concurrent ones, and the same statement
//! prefetches the rows of the request: one round trip authenticates the caller and reads the data. Nothing is cached,
//! so every server rejects a revoked key or a deactivated phone at once.

use super::Batched;
use super::batcher::BatchQuery;
use crate::domain::id::ApiKeyId;
use crate::domain::token::TokenHash;
use crate::error::Result;
use crate::store::Store;
use crate::store::workspace::WorkspaceRow;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Selects keys as rows of a type, or as records; the literals are further columns, the arrays of the lookups, and the
/// rows to join.
macro_rules! select_keys {
    (record, $($rest:tt)*) => { select_keys!(@ query [] $($rest)*) };
    ($row:ident, $($rest:tt)*) => { select_keys!(@ query_as [$row,] $($rest)*) };
    (@ $query:ident [$($row:tt)*] $columns:tt $(+ $more_columns:tt)*, $arrays:tt, $join:tt $(+ $more:tt)*
        $(, $argument:expr)* $(,)?
    ) => {
        sqlx::$query!(
            $($row)*
            r#"select place as "place!", api_key_id, revoked_at, workspace_id, account_id, is_sandbox, "#
                + $columns $(+ $more_columns)* + " from unnest(" + $arrays
                + " join api_key using (token_hash) join workspace using (workspace_id) left join "
                + $join $(+ $more)*
            $(, $argument)*
        )
    };
}
pub(super) use select_keys;

/// Rows that are read with a key.
pub(in crate::store) trait KeyedQuery: Copy + Send + Sync + 'static {
    type Row: Send + 'static;

    const MAX_BATCH: usize;

    /// Reads the rows of all lookups in one statement, each with its key.
    fn load(
        hashes: &[&[u8]],
        queries: &[Self],
        store: &Store,
    ) -> impl Future<Output = Result<Vec<KeyRow<Self::Row>>>> + Send;

    /// Only queries of the same shape share a statement.
    fn shape(&self) -> u8 {
        0
    }
}

/// A key to look up, with rows.
#[derive(Debug, Clone)]
pub(in crate::store) struct KeyLookup<Q> {
    token_hash: TokenHash,
    query: Q,
    /// Whether it takes a reserved connection. Then it is batched only with others that do.
    is_urgent: bool,
}

/// A known key.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct ApiKey {
    pub api_key_id: ApiKeyId,
    pub is_revoked: bool,
    pub tenant: WorkspaceRow,
}

/// A known key, with a row if there is one.
pub(in crate::store) struct KeyRow<T> {
    /// Index of the lookup, from one.
    pub place: i64,
    pub key: ApiKey,
    pub row: Option<T>,
}

impl ApiKey {
    pub fn new(api_key_id: Uuid, revoked_at: Option<DateTime<Utc>>, tenant: WorkspaceRow) -> ApiKey {
        ApiKey { api_key_id: ApiKeyId(api_key_id), is_revoked: revoked_at.is_some(), tenant }
    }
}

impl<Q: KeyedQuery> BatchQuery for KeyLookup<Q> {
    type BatchKey = (u8, bool);
    /// None if the key is unknown.
    type Answer = Option<(ApiKey, Vec<Q::Row>)>;

    const MAX_IN_FLIGHT: usize = 2;

    fn max_batch(_: &(u8, bool)) -> usize {
        Q::MAX_BATCH
    }

    fn batch_key(&self) -> (u8, bool) {
        (self.query.shape(), self.is_urgent)
    }

    async fn ask(batch: Vec<KeyLookup<Q>>, store: Store) -> Result<Vec<Self::Answer>> {
        let hashes: Vec<&[u8]> = batch.iter().map(|lookup| lookup.token_hash.as_bytes()).collect();
        let queries: Vec<Q> = batch.iter().map(|lookup| lookup.query).collect();
        let mut answers: Vec<Self::Answer> = std::iter::repeat_with(|| None).take(batch.len()).collect();
        for KeyRow { place, key, row } in Q::load(&hashes, &queries, &store).await? {
            if let Some(answer) = usize::try_from(place - 1).ok().and_then(|index| answers.get_mut(index)) {
                answer.get_or_insert_with(|| (key, Vec::new())).1.extend(row);
            }
        }
        Ok(answers)
    }
}

impl Store {
    /// The API key, if it is known, with rows.
    pub(super) async fn look_up_key<Q: KeyedQuery>(&self, key: &str, query: Q) -> Result<Option<(ApiKey, Vec<Q::Row>)>>
    where
        KeyLookup<Q>: Batched<Answer = Option<(ApiKey, Vec<Q::Row>)>>,
    {
        self.ask(KeyLookup { token_hash: TokenHash::of(key), query, is_urgent: self.pool.is_urgent() }).await
    }
}
