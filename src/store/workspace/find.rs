//! Search by an id, for all kinds of resources at once.

use crate::domain::event::EventFilter;
use crate::domain::id::{
    ActionAttemptId, ClientSessionId, CredentialId, DeviceId, EventId, InstantKeyId, UserIdentityId,
};
use crate::domain::scope::Scope;
use crate::domain::workspace::Found;
use crate::error::{Error, Result};
use crate::store::Workspace;
use uuid::Uuid;

impl Workspace {
    /// What has this id: one statement finds the kinds, and one more reads each, as a rule one. Deactivated phones and revoked
    /// client sessions are not found.
    pub async fn find_anything(&self, id: Uuid) -> Result<Found> {
        let mut found = Found::default();
        for kind in self.kinds_with(id).await? {
            match kind.as_str() {
                "phone" => found.phone = known(self.phone(DeviceId(id), Scope::Workspace).await)?,
                "event" => found.event = self.events(&EventFilter::of_id(EventId(id))).await?.pop(),
                "user_identity" => {
                    let read = |id| self.user_identity(id, Scope::Workspace);
                    found.user_identity = known(self.for_user_identity(UserIdentityId(id), read).await)?;
                }
                "client_session" => found.client_session = known(self.client_session(ClientSessionId(id)).await)?,
                "credential" => found.credential = known(self.credential(CredentialId(id)).await)?,
                "instant_key" => found.instant_key = known(self.instant_key(InstantKeyId(id)).await)?,
                "action_attempt" => found.action_attempt = known(self.action_attempt(ActionAttemptId(id)).await)?,
                "workspace" => found.workspace = known(self.record().await)?,
                other => return Err(Error::Internal(format!("a search found a {other:?}").into())),
            }
        }
        Ok(found)
    }

    /// The kinds of the resources with an id.
    async fn kinds_with(&self, id: Uuid) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"
            select 'phone' as "kind!" from phone where workspace_id = $1 and device_id = $2 and deactivated_at is null
            union all
            select 'event' from event where workspace_id = $1 and event_id = $2
            union all
            select 'user_identity' from user_identity where workspace_id = $1 and user_identity_id = $2
            union all
            select 'user_identity' from merged_user_identity where workspace_id = $1 and merged_user_identity_id = $2
            union all
            select 'client_session' from client_session
            where workspace_id = $1 and client_session_id = $2 and revoked_at is null
            union all
            select 'credential' from credential where workspace_id = $1 and acs_credential_id = $2
            union all
            select 'instant_key' from instant_key where workspace_id = $1 and instant_key_id = $2
            union all
            select 'action_attempt' from action_attempt where workspace_id = $1 and action_attempt_id = $2
            union all
            select 'workspace' from workspace where workspace_id = $1 and workspace_id = $2
            "#,
            self.workspace_id(),
            id,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }
}

/// None for what was deleted meanwhile.
fn known<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound(..)) => Ok(None),
        Err(error) => Err(error),
    }
}
