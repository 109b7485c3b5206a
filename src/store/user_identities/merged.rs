//! Former ids of user identities that were merged into another one.

use crate::domain::id::UserIdentityId;
use crate::error::{Error, ResourceKind, Result};
use crate::store::Workspace;

/// Maximum number of merges that a request follows while they happen.
const MAX_FOLLOWED: usize = 30;

impl Workspace {
    /// The user identity that the one with this id was merged into, if it was.
    pub(in crate::store) async fn merged_into(&self, id: UserIdentityId) -> Result<Option<UserIdentityId>> {
        Ok(sqlx::query_scalar!(
            r#"
            select user_identity_id as "user_identity_id: UserIdentityId" from merged_user_identity
            where workspace_id = $1 and merged_user_identity_id = $2
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(&self.store.pool)
        .await?)
    }

    /// The user identity that the one with this id was merged into, or the same id.
    pub async fn primary_of(&self, id: UserIdentityId) -> Result<UserIdentityId> {
        Ok(self.merged_into(id).await?.unwrap_or(id))
    }

    /// Does `work` with a user identity, or with the one that it was merged into. The look-up of that one costs a statement,
    /// and is made only if `work` finds no user identity.
    pub async fn for_user_identity<T, W>(&self, id: UserIdentityId, work: impl Fn(UserIdentityId) -> W) -> Result<T>
    where
        W: Future<Output = Result<T>>,
    {
        let unknown = || Error::NotFound(ResourceKind::UserIdentity, id.to_string());
        let mut person = id;
        for _ in 0..MAX_FOLLOWED {
            match work(person).await {
                Err(Error::NotFound(ResourceKind::UserIdentity, _)) => {
                    person = self.merged_into(id).await?.filter(|primary| *primary != person).ok_or_else(unknown)?;
                }
                done => return done,
            }
        }
        Err(Error::Unavailable("the user identity is merged again and again".to_owned()))
    }
}
