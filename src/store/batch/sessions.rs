//! Client sessions by their token. A lookup is batched with concurrent ones, as those of API keys are: the streams of a
//! workspace are authenticated again with each of its events.

use super::batcher::{BatchQuery, MAX_BATCH};
use crate::domain::id::UserIdentityId;
use crate::domain::token::TokenHash;
use crate::error::Result;
use crate::store::Store;
use crate::store::workspace::WorkspaceRow;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A token to look up.
#[derive(Debug, Clone)]
pub(in crate::store) struct SessionLookup {
    token_hash: TokenHash,
    /// Whether it takes a reserved connection. Then it is batched only with others that do.
    is_urgent: bool,
}

/// A known client session.
#[derive(Debug, Clone)]
pub(in crate::store) struct SessionRow {
    pub client_session_id: Uuid,
    pub user_identity_id: Option<UserIdentityId>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub tenant: WorkspaceRow,
}

impl BatchQuery for SessionLookup {
    type BatchKey = bool;
    type Answer = Option<SessionRow>;

    const MAX_IN_FLIGHT: usize = 2;

    fn max_batch(_: &bool) -> usize {
        MAX_BATCH
    }

    fn batch_key(&self) -> bool {
        self.is_urgent
    }

    async fn ask(batch: Vec<SessionLookup>, store: Store) -> Result<Vec<Option<SessionRow>>> {
        let hashes: Vec<&[u8]> = batch.iter().map(|lookup| lookup.token_hash.as_bytes()).collect();
        let rows = sqlx::query!(
            r#"
            select token_hash, client_session_id, user_identity_id as "user_identity_id: UserIdentityId",
                least(expires_at, anonymous_until) as "expires_at!", revoked_at, workspace_id, account_id, is_sandbox
            from client_session join workspace using (workspace_id)
            where token_hash = any ($1)
            "#,
            &hashes as _,
        );
        let rows = store.read_short(rows).await?;
        let row_of = |lookup: &SessionLookup| {
            let row = rows.iter().find(|row| row.token_hash == lookup.token_hash.as_bytes())?;
            Some(SessionRow {
                client_session_id: row.client_session_id,
                user_identity_id: row.user_identity_id,
                expires_at: row.expires_at,
                revoked_at: row.revoked_at,
                tenant: (row.workspace_id, row.account_id, row.is_sandbox),
            })
        };
        Ok(batch.iter().map(row_of).collect())
    }
}

impl Store {
    /// The client session with this token, if there is one.
    pub(in crate::store) async fn look_up_session(&self, token: &str) -> Result<Option<SessionRow>> {
        self.ask(SessionLookup { token_hash: TokenHash::of(token), is_urgent: self.pool.is_urgent() }).await
    }
}
