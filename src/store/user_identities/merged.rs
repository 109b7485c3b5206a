//! Former ids of user identities that were merged into another one.

use crate::domain::credential::Holder;
use crate::domain::id::UserIdentityId;
use crate::error::{Error, Reason, ResourceKind, Result};
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
        let is_missing = |error: &Error| matches!(error, Error::NotFound(ResourceKind::UserIdentity, _));
        self.following_merges(id, is_missing, work).await.map_err(|error| match error {
            Error::NotFound(ResourceKind::UserIdentity, _) => {
                Error::NotFound(ResourceKind::UserIdentity, id.to_string())
            }
            error => error,
        })
    }

    /// The same with a user identity, or with none.
    pub async fn for_optional_user_identity<T, W>(
        &self,
        id: Option<UserIdentityId>,
        work: impl Fn(Option<UserIdentityId>) -> W,
    ) -> Result<T>
    where
        W: Future<Output = Result<T>>,
    {
        match id {
            Some(id) => self.for_user_identity(id, |id| work(Some(id))).await,
            None => work(None).await,
        }
    }

    /// Does `work` with the user that has a credential: the user identity, or the one that it was merged into and that has
    /// its credentials since.
    pub async fn for_holder<T, W>(&self, holder: Holder, work: impl Fn(Holder) -> W) -> Result<T>
    where
        W: Future<Output = Result<T>>,
    {
        let is_of_another = |error: &Error| matches!(error, Error::Conflict(Reason::CredentialNotAssigned));
        match holder {
            Holder::UserIdentity(id) => {
                self.following_merges(id, is_of_another, |id| work(Holder::UserIdentity(id))).await
            }
            Holder::AcsUser(_) => work(holder).await,
        }
    }

    /// Does `work` with a user identity. If it fails because that one was merged meanwhile, or before, it is done again with
    /// the one that it was merged into.
    async fn following_merges<T, W>(
        &self,
        id: UserIdentityId,
        may_be_merged: impl Fn(&Error) -> bool,
        work: impl Fn(UserIdentityId) -> W,
    ) -> Result<T>
    where
        W: Future<Output = Result<T>>,
    {
        let mut person = id;
        for _ in 0..MAX_FOLLOWED {
            match work(person).await {
                Err(error) if may_be_merged(&error) => {
                    person = self.merged_into(id).await?.filter(|primary| *primary != person).ok_or(error)?;
                }
                done => return done,
            }
        }
        Err(Error::Unavailable("the user identity is merged again and again".to_owned()))
    }
}
