//! Client sessions as an operator sees them, without their tokens.

use crate::domain::client_session::ClientSessionOverview;
use crate::domain::id::UserIdentityId;
use crate::domain::page::{Page, Paging, Position};
use crate::error::Result;
use crate::store::Workspace;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Client sessions that are neither revoked nor expired, newest first: those of one user identity, or all.
    pub async fn active_client_sessions(
        &self,
        person: Option<UserIdentityId>,
        paging: &Paging,
        now: DateTime<Utc>,
    ) -> Result<Page<ClientSessionOverview>> {
        let sessions = extension_name!(query_as(
            ClientSessionOverview,
            r#"
            select client_session_id,
                client_session.user_identity_id as "user_identity_id: UserIdentityId", case
                    when user_identity.user_identity_id is not null then "#,
            r#" end as user_name, user_identifier_key, client_session.created_at,
                least(expires_at, anonymous_until) as "expires_at!", anonymous_until is not null as "is_anonymous!"
            from client_session left join user_identity using (workspace_id, user_identity_id)
            where client_session.workspace_id = $1 and revoked_at is null and least(expires_at, anonymous_until) > $2
                and ($3::uuid is null or client_session.user_identity_id = $3)
                and ($4::timestamptz is null or (client_session.created_at, client_session_id) <= ($4, $5))
            order by client_session.created_at desc, client_session_id desc
            limit $6
            "#,
            self.workspace_id(),
            now,
            person.map(|id| id.0),
            paging.from.map(|place| place.created_at),
            paging.from.map(|place| place.id),
            paging.fetch(),
        ))
        .fetch_all(&self.store.pool)
        .await?;
        Ok(paging.cut(sessions, |session| Position { created_at: session.created_at, id: session.client_session_id.0 }))
    }
}
