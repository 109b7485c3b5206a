//! Persons who sign in with a name and a password. A hash is made and tried beside the requests, few at a time, because
//! each takes 19 MiB and tens of milliseconds.

use super::{Authenticated, Origin, Principal, Store, Workspace};
use crate::clock::Random;
use crate::error::{AuthFailure, Error, Rejection, ResourceKind, Result};
use crate::model::id::UserIdentityId;
use crate::model::password::{Password, PasswordHash};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// How many hashes are made at once.
static PERMITS: Semaphore = Semaphore::const_new(4);

/// Tried where there is no such person, so that an answer takes as long as where there is one.
static NOBODYS: LazyLock<PasswordHash> = LazyLock::new(|| Password::given("").hash(&Random::system()));

impl Store {
    /// Whoever is called `name` and has this password: an e-mail address in any case, or a key. A name that fits several
    /// persons who have a password fits nobody.
    pub(super) async fn by_password(&self, name: &str, password: &Password, origin: Origin) -> Result<Authenticated> {
        let mut rows = sqlx::query!(
            r#"
            select workspace_id, account_id, is_sandbox, user_identity_id, password_hash as "password_hash!"
            from user_identity join workspace using (workspace_id)
            where password_hash is not null and (lower(email_address) = lower($1) or user_identity_key = $1)
            limit 2
            "#,
            name,
        )
        .fetch_all(&self.pool)
        .await?;
        let only = if rows.len() == 1 { rows.pop() } else { None };
        let (hash, password) = (only.as_ref().map(|row| row.password_hash.clone()), password.clone());
        let fits = apart(move || hash.map_or_else(|| NOBODYS.clone(), PasswordHash::from).fits(&password)).await?;
        match only {
            Some(row) if fits => {
                let credential = Principal::Password(UserIdentityId(row.user_identity_id));
                Ok(self.caller((row.workspace_id, row.account_id, row.is_sandbox), credential, origin))
            }
            _ => Err(Error::Unauthenticated(Rejection { scheme: None, failure: AuthFailure::Unknown })),
        }
    }

    /// Gives a person of whichever workspace a password, in place of the one before.
    pub async fn set_password_anywhere(
        &self,
        person: UserIdentityId,
        password: Password,
        random: &Random,
    ) -> Result<()> {
        let random = random.clone();
        let hash = apart(move || password.hash(&random)).await?;
        let set = sqlx::query!(
            "update user_identity set password_hash = $2 where user_identity_id = $1",
            person.0,
            hash.as_str(),
        )
        .execute(self.writer())
        .await?;
        super::found((set.rows_affected() > 0).then_some(()), ResourceKind::UserIdentity, person)
    }
}

impl Workspace {
    /// Gives a person a password, in place of the one before.
    pub async fn set_password(&self, person: UserIdentityId, password: Password, random: &Random) -> Result<()> {
        let random = random.clone();
        let hash = apart(move || password.hash(&random)).await?;
        let set = sqlx::query!(
            "update user_identity set password_hash = $3 where workspace_id = $1 and user_identity_id = $2",
            self.workspace_id(),
            person.0,
            hash.as_str(),
        )
        .execute(self.store.writer())
        .await?;
        super::found((set.rows_affected() > 0).then_some(()), ResourceKind::UserIdentity, person)
    }
}

/// Does work that takes long on a thread of its own, once there is a permit for it. The permit goes along: a dropped
/// request does not stop the thread, which would else go on without one.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let permit = PERMITS.acquire().await.expect("the semaphore is never closed");
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|fault| Error::Internal(Box::new(fault)))
}
