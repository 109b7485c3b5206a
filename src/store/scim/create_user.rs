//! Creation of users by a directory. One that the directory has deleted is taken up again, and so is a user identity that no
//! directory knows yet, by its e-mail address: a person has its contacts back.

use crate::domain::id::UserIdentityId;
use crate::domain::scim::*;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

/// A user identity that a new user could be.
struct Candidate {
    user_identity_id: UserIdentityId,
    /// Whether a directory knows it by the name.
    has_name: bool,
}

impl Workspace {
    /// Creates a user, or takes up the user identity that a directory has deleted, by name, external id or e-mail address,
    /// or does not know yet, by e-mail address. A name or e-mail address of another user is a conflict.
    pub async fn create_scim_user(
        &self,
        new_id: UserIdentityId,
        change: ScimUserChange,
        now: DateTime<Utc>,
    ) -> Result<ScimUser> {
        let workspace = self.clone();
        let created = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                let id = match workspace.lock_candidate(connection, &change).await? {
                    Some(id) => id,
                    None => {
                        workspace.insert_scim_person(connection, new_id, &change, now).await?;
                        new_id
                    }
                };
                let user = workspace.described(connection, id, now).await?;
                workspace.write_scim_user(connection, &user, &change, now).await?;
                workspace.scim_user_on(connection, id, now).await
            })
        });
        created.await
    }

    /// Locks the user identity that a new user is, if there is one.
    async fn lock_candidate(
        &self,
        connection: &mut UnitConnection<'_>,
        change: &ScimUserChange,
    ) -> Result<Option<UserIdentityId>> {
        let Some(first) = self.candidate(connection, change).await? else { return Ok(None) };
        self.lock_user_identity_for_update(connection, first.user_identity_id).await?;
        // Another request may have taken it up meanwhile.
        match self.candidate(connection, change).await? {
            Some(Candidate { has_name: true, .. }) => Err(Error::Conflict(Reason::UserIdentityExists("userName"))),
            Some(second) if second.user_identity_id == first.user_identity_id => Ok(Some(second.user_identity_id)),
            _ => Err(Error::Unavailable("the user was changed by another request".to_owned())),
        }
    }

    /// The user that has the name, or else the user identity that a new user of this name, external id or e-mail address is.
    async fn candidate(
        &self,
        connection: &mut UnitConnection<'_>,
        change: &ScimUserChange,
    ) -> Result<Option<Candidate>> {
        Ok(sqlx::query_as!(
            Candidate,
            r#"
            with own as materialized (
                select user_identity_id, 0 as rank, true as has_name from scim_user
                where workspace_id = $1 and user_name_folded = (select folded(text) from normalize($2::text, nfc) as text)
                    and deleted_at is null
                union all
                select user_identity_id, 0, true
                from user_identity left join scim_user using (workspace_id, user_identity_id)
                where user_identity.workspace_id = $1 and normalize(user_identity_key, nfc) = normalize($2, nfc)
                    and user_name is null
                union all
                select user_identity_id, 0, true
                from user_identity left join scim_user using (workspace_id, user_identity_id)
                where user_identity.workspace_id = $1
                    and email_address_folded = (select folded(text) from normalize($2, nfc) as text) and user_name is null
                    and coalesce(user_identity_key, '') = ''
                union all
                select user_identity_id, 1, false from scim_user
                where workspace_id = $1 and user_name_folded = (select folded(text) from normalize($2, nfc) as text)
                    and deleted_at is not null
                union all
                select user_identity_id, 2, false from scim_user
                where workspace_id = $1 and external_id = $3 and deleted_at is not null
                union all
                select user_identity_id, 3, false
                from user_identity left join scim_user using (workspace_id, user_identity_id)
                where user_identity.workspace_id = $1
                    and email_address_folded = (select folded(text) from normalize($4, nfc) as text)
                    and (user_name is null or deleted_at is not null)
            )
            select user_identity_id as "user_identity_id!: UserIdentityId", has_name as "has_name!" from own
            order by rank, user_identity_id
            limit 1
            "#,
            self.workspace_id(),
            change.user_name,
            change.external_id,
            change.email_address,
        )
        .fetch_optional(connection)
        .await?)
    }

    /// A user identity as a user, also one that the directory has deleted, without what the directory said.
    async fn described(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<ScimUser> {
        sqlx::query_scalar!(
            r#"
            delete from scim_user
            where workspace_id = $1 and user_identity_id = $2 and deleted_at is not null
            returning user_identity_id
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(&mut *connection)
        .await?;
        self.scim_user_on(connection, id, now).await
    }
}
