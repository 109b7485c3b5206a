//! Sign-in of user identities by name and password. Hashes run outside the async workers, few at a time, because each
//! takes 19 MiB and tens of milliseconds.

use crate::domain::id::{UserIdentityId, WorkspaceId};
use crate::domain::password::{Password, PasswordHash};
use crate::error::{Error, ResourceKind, Result};
use crate::random::Random;
use crate::store::sql::audited::Actor;
use crate::store::sql::found;
use crate::store::{Origin, Principal, Store, Workspace};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Maximum number of concurrent hashes.
static PERMITS: Semaphore = Semaphore::const_new(4);

/// Hash to verify if the user identity is unknown, so that both cases take equally long.
static DUMMY_HASH: LazyLock<PasswordHash> = LazyLock::new(|| Password::given("").hash(&Random::system()));

impl Store {
    /// Authenticates a user identity by `name` (an e-mail address in any case, or a key) and password; `None` if either
    /// is wrong. A name of several user identities with passwords matches none.
    pub async fn authenticate_by_password(
        &self,
        name: &str,
        password: &str,
        origin: Origin,
    ) -> Result<Option<(Workspace, UserIdentityId)>> {
        // Postgres cannot store U+0000, so no name contains it.
        if name.contains('\0') {
            return Ok(None);
        }
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
        let (hash, password) = (only.as_ref().map(|row| row.password_hash.clone()), Password::given(password));
        let is_match =
            on_blocking_thread(move || hash.map_or_else(|| DUMMY_HASH.clone(), PasswordHash).fits(&password)).await?;
        Ok(only.filter(|_| is_match).map(|row| {
            let person = UserIdentityId(row.user_identity_id);
            let tenant = (row.workspace_id, row.account_id, row.is_sandbox);
            let principal = Principal::Password(person);
            let store = self.of_caller(WorkspaceId(row.workspace_id), principal);
            (Workspace::new(store, tenant, Actor::new(principal, origin)), person)
        }))
    }

    /// Sets the password of a user identity in any workspace.
    pub async fn set_password_anywhere(
        &self,
        person: UserIdentityId,
        password: Password,
        random: &Random,
    ) -> Result<()> {
        let random = random.clone();
        let hash = on_blocking_thread(move || password.hash(&random)).await?;
        let set =
            sqlx::query!("update user_identity set password_hash = $2 where user_identity_id = $1", person.0, hash.0,)
                .execute(self.writer())
                .await?;
        found((set.rows_affected() > 0).then_some(()), ResourceKind::UserIdentity, person)
    }
}

impl Workspace {
    /// Sets the password of a user identity.
    pub async fn set_password(&self, person: UserIdentityId, password: Password, random: &Random) -> Result<()> {
        let random = random.clone();
        let hash = on_blocking_thread(move || password.hash(&random)).await?;
        let set = sqlx::query!(
            "update user_identity set password_hash = $3 where workspace_id = $1 and user_identity_id = $2",
            self.workspace_id(),
            person.0,
            hash.0,
        )
        .execute(self.store.writer())
        .await?;
        found((set.rows_affected() > 0).then_some(()), ResourceKind::UserIdentity, person)
    }
}

/// Runs long work on a blocking thread, once there is a permit. The thread holds the permit, since it continues after
/// its request is dropped.
async fn on_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let permit = PERMITS.acquire().await.expect("the semaphore is never closed");
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|fault| Error::Internal(Box::new(fault)))
}
