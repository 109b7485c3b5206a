//! Client sessions by their token. A lookup is batched with concurrent ones, as those of API keys are: the streams of a
//! workspace are authenticated again with each of its events.

use super::batcher::{BatchQuery, MAX_BATCH};
use crate::domain::id::{UserIdentityId, WorkspaceId};
use crate::domain::token::{TokenHash, workspace_of_client_session};
use crate::error::Result;
use crate::store::Store;
use crate::store::workspace::WorkspaceRow;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A token to look up.
#[derive(Debug, Clone)]
pub(in crate::store) struct SessionLookup {
    token_hash: TokenHash,
    /// Where tables may be on several nodes, the workspace that the token names, if it names one: then one node is asked.
    workspace: Option<WorkspaceId>,
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

/// A row of a client session, with the hash of its token.
struct HashRow {
    token_hash: Vec<u8>,
    client_session_id: Uuid,
    user_identity_id: Option<UserIdentityId>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    workspace_id: Uuid,
    account_id: i64,
    is_sandbox: bool,
}

/// Selects client sessions; the literal is the condition.
macro_rules! select_by_hash {
    ($condition:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            HashRow,
            r#"
            select token_hash, client_session_id, user_identity_id as "user_identity_id: UserIdentityId",
                least(expires_at, anonymous_until) as "expires_at!", revoked_at, workspace_id, account_id, is_sandbox
            from client_session join workspace using (workspace_id)
            "# + $condition
            $(, $argument)*
        )
    };
}

impl BatchQuery for SessionLookup {
    type BatchKey = (Option<WorkspaceId>, bool);
    type Answer = Option<SessionRow>;

    const MAX_IN_FLIGHT: usize = 2;

    fn max_batch(_: &(Option<WorkspaceId>, bool)) -> usize {
        MAX_BATCH
    }

    fn batch_key(&self) -> (Option<WorkspaceId>, bool) {
        (self.workspace, self.is_urgent)
    }

    async fn ask(batch: Vec<SessionLookup>, store: Store) -> Result<Vec<Option<SessionRow>>> {
        let hashes: Vec<&[u8]> = batch.iter().map(|lookup| lookup.token_hash.as_bytes()).collect();
        let workspace = batch.first().and_then(|lookup| lookup.workspace);
        let rows = match workspace {
            Some(workspace) => {
                let rows = select_by_hash!(
                    "where client_session.workspace_id = $1 and token_hash = any ($2)",
                    workspace.0,
                    &hashes as _
                );
                store.read_short(rows).await?
            }
            None => store.read_short(select_by_hash!("where token_hash = any ($1)", &hashes as _)).await?,
        };
        let row_of = |lookup: &SessionLookup| {
            let row = rows.iter().find(|row| row.token_hash == lookup.token_hash.as_bytes())?;
            Some(row.session())
        };
        Ok(batch.iter().map(row_of).collect())
    }
}

impl HashRow {
    fn session(&self) -> SessionRow {
        SessionRow {
            client_session_id: self.client_session_id,
            user_identity_id: self.user_identity_id,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            tenant: (self.workspace_id, self.account_id, self.is_sandbox),
        }
    }
}

impl Store {
    /// The client session with this token, if there is one.
    pub(in crate::store) async fn look_up_session(&self, token: &str) -> Result<Option<SessionRow>> {
        let workspace = if self.is_distributed { workspace_of_client_session(token) } else { None };
        let is_urgent = self.pool.is_urgent();
        self.ask(SessionLookup { token_hash: TokenHash::of(token), workspace, is_urgent }).await
    }
}
