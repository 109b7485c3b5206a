//! An extension with the API key that asks for it.

use crate::domain::extension::Extension;
use crate::domain::id::{ExtensionId, UserIdentityId};
use crate::error::Result;
use crate::store::Store;
use crate::store::batch::batcher::MAX_BATCH;
use crate::store::batch::keys::{ApiKey, KeyRow, KeyedQuery, select_keys};

/// An extension by its number.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OneExtension(pub ExtensionId);

impl KeyedQuery for OneExtension {
    type Row = Extension;

    const MAX_BATCH: usize = MAX_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[OneExtension], store: &Store) -> Result<Vec<KeyRow<Extension>>> {
        let extensions: Vec<i64> = queries.iter().map(|query| query.0.0).collect();
        let rows = extension_name!(select_keys(
            record,
            r#"person.extension_id as "extension_id?: ExtensionId",
                user_identity_id as "user_identity_id?: UserIdentityId", user_identity_key, "#,
            r#" as "name""#,
            "$1::bytea[], $2::bigint[]) with ordinality as requested (token_hash, extension_id, place)",
            "user_identity as person using (workspace_id, extension_id)",
            hashes as _,
            &extensions,
        ));
        let rows = store.read_short(rows).await?.into_iter().map(|row| KeyRow {
            place: row.place,
            key: ApiKey::new(row.api_key_id, row.revoked_at, (row.workspace_id, row.account_id, row.is_sandbox)),
            row: row.extension_id.zip(row.user_identity_id).zip(row.name).map(|((extension_id, person), name)| {
                Extension { extension_id, name, user_identity_id: person, user_identity_key: row.user_identity_key }
            }),
        });
        Ok(rows.collect())
    }
}
