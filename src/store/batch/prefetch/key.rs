//! An API key without rows, where tables may be on several nodes: each node has a copy of the keys.

use crate::error::Result;
use crate::store::Store;
use crate::store::batch::batcher::MAX_BATCH;
use crate::store::batch::keys::{ApiKey, KeyRow, KeyedQuery};

/// No rows beside the key.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct KeyOnly;

impl KeyedQuery for KeyOnly {
    type Row = ();

    const MAX_BATCH: usize = MAX_BATCH;

    async fn load(hashes: &[&[u8]], _: &[KeyOnly], store: &Store) -> Result<Vec<KeyRow<()>>> {
        let rows = sqlx::query!(
            r#"
            select place as "place!", api_key_id as "api_key_id!", revoked_at, workspace_id as "workspace_id!",
                account_id as "account_id!", is_sandbox as "is_sandbox!"
            from find_api_keys($1)
            "#,
            hashes as _,
        );
        let rows = store.read_short(rows).await?.into_iter().map(|row| KeyRow {
            place: row.place,
            key: ApiKey::new(row.api_key_id, row.revoked_at, (row.workspace_id, row.account_id, row.is_sandbox)),
            row: None,
        });
        Ok(rows.collect())
    }
}
