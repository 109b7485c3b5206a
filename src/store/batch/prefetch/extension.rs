//! An extension with the API key that asks for it.

use crate::error::Result;
use crate::model::extension::Extension;
use crate::model::id::{ExtensionId, UserIdentityId};
use crate::store::Store;
use crate::store::batch::batcher::{Batcher, MAX_BATCH};
use crate::store::batch::keys::{ApiKey, KeyBatchers, KeyLookup, KeyRow, KeyedQuery, select_keys};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An extension by its number.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct OneExtension(pub ExtensionId);

/// A key, with an extension if there is one.
struct Row {
    place: i64,
    api_key_id: Uuid,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
    extension_id: Option<ExtensionId>,
    user_identity_id: Option<UserIdentityId>,
    user_identity_key: Option<String>,
    name: Option<String>,
}

impl KeyedQuery for OneExtension {
    type Row = Extension;

    const MAX_BATCH: usize = MAX_BATCH;

    async fn load(hashes: &[&[u8]], queries: &[OneExtension], store: &Store) -> Result<Vec<KeyRow<Extension>>> {
        let extensions: Vec<i64> = queries.iter().map(|query| query.0.0).collect();
        let pool = store.short();
        let rows = extension_name!(select_keys(
            Row,
            r#"person.extension_id as "extension_id?: ExtensionId",
                user_identity_id as "user_identity_id?: UserIdentityId", user_identity_key, "#,
            r#" as "name""#,
            "$1::bytea[], $2::bigint[]) with ordinality as asked (token_hash, extension_id, place)",
            "user_identity as person using (workspace_id, extension_id)",
            hashes as _,
            &extensions,
        ));
        Ok(pool.with_deadline(rows.fetch_all(pool)).await?.into_iter().map(KeyRow::from).collect())
    }

    fn batcher(batchers: &KeyBatchers) -> &Batcher<KeyLookup<OneExtension>> {
        &batchers.one_extension
    }
}

impl From<Row> for KeyRow<Extension> {
    fn from(row: Row) -> KeyRow<Extension> {
        let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
        let key = ApiKey::new(row.api_key_id, row.revoked_at, tenant);
        KeyRow { place: row.place, key, row: row.extension() }
    }
}

impl Row {
    fn extension(self) -> Option<Extension> {
        Some(Extension {
            extension_id: self.extension_id?,
            name: self.name?,
            user_identity_id: self.user_identity_id?,
            user_identity_key: self.user_identity_key,
        })
    }
}
