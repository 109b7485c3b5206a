//! Client sessions as operators see them, without their tokens.

use crate::domain::client_session::ClientSessionSummary;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::error::Result;
use crate::store::Workspace;

/// Selects unrevoked sessions; the literal is the condition.
macro_rules! select_summaries {
    ($condition:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ClientSessionSummary,
            r#"
            select client_session_id, user_identifier_key, created_at, least(expires_at, anonymous_until) as "expires_at!"
            from client_session
            where workspace_id = $1 and revoked_at is null and
            "# + $condition + " order by created_at desc, client_session_id limit $3"
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// The newest unrevoked sessions of a user identity, at most `limit`.
    pub async fn client_sessions_of(&self, person: UserIdentityId, limit: i64) -> Result<Vec<ClientSessionSummary>> {
        let rows = select_summaries!("user_identity_id = $2", self.workspace_id(), person.0, limit);
        Ok(rows.fetch_all(&self.store.pool).await?)
    }

    /// The newest unrevoked sessions that spoke for a phone, at most `limit`. They end with it.
    pub async fn client_sessions_on(&self, device_id: DeviceId, limit: i64) -> Result<Vec<ClientSessionSummary>> {
        let rows = select_summaries!(
            "client_session_id in (select client_session_id from phone_client_session
                where workspace_id = $1 and device_id = $2)",
            self.workspace_id(),
            device_id.0,
            limit,
        );
        Ok(rows.fetch_all(&self.store.pool).await?)
    }
}
