//! The end of a person's access, and its return. A suspended person keeps contacts and the telephone numbers of its own.

use crate::domain::event::EventType;
use crate::domain::id::UserIdentityId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Suspends a person whose user identity is locked `for update`: deactivates the phones, deletes the credentials, the
    /// client sessions and the applications, and takes back an assigned number; emits an event for each. The lock waits for
    /// registrations, credentials and client sessions in progress, whose rows this then sees.
    pub(super) async fn suspend_user_identity(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.lock_phones_of(connection, &[id]).await?;
        end_access!(
            self,
            id,
            "deactivated by the directory",
            now,
            "",
            r#"
            , suspended as (
                update user_identity set suspended_at = $2
                where workspace_id = $1 and user_identity_id = $4 and suspended_at is null
                returning user_identity_id, suspended_at
            ), ended_applications as (
                delete from application where workspace_id = $1 and user_identity_id = $4
            ), taken_back as (
                update number_register set user_identity_id = null
                where workspace_id = $1 and user_identity_id = $4
                returning register_id, as_document(number_register) as after
            )
            "#,
            r#"
                union all
                select 'user_identity.suspended', user_identity_id, '{}'::jsonb,
                    jsonb_build_object('suspended_at', suspended_at)
                from suspended
                union all
                select 'number.taken_back', register_id, after || jsonb_build_object('user_identity_id', $4::uuid), after
                from taken_back
            "#,
            "select user_identity_id from suspended",
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Lets a suspended person in again. What it has lost stays lost.
    pub(super) async fn resume_user_identity(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as materialized (
                select user_identity_id, suspended_at from user_identity
                where workspace_id = $1 and user_identity_id = $4
            ), resumed as (
                update user_identity set suspended_at = null
                where workspace_id = $1 and user_identity_id = $4 and suspended_at is not null
                returning user_identity_id
            ), changes as (
                select 'user_identity.resumed' as action, user_identity_id as subject_id,
                    jsonb_build_object('suspended_at', suspended_at) as before, '{}'::jsonb as after
                from resumed join held using (user_identity_id)
            )
            "#,
            "select user_identity_id from resumed",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        Ok(())
    }

    /// Locks a user identity until the transaction ends. The lock waits for what refers to it in transactions in progress, also
    /// by a foreign key.
    pub(in crate::store) async fn lock_user_identity_for_update(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
    ) -> Result<Option<UserIdentityId>> {
        Ok(sqlx::query_scalar!(
            r#"
            select user_identity_id as "user_identity_id: UserIdentityId" from user_identity
            where workspace_id = $1 and user_identity_id = $2
            for update
            "#,
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(connection)
        .await?)
    }
}
