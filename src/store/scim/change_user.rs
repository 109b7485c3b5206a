//! Changes and deletion of users by a directory: each is one unit of work, with the suspension that it causes.

use crate::domain::id::UserIdentityId;
use crate::domain::scim::*;
use crate::domain::slot::{SlotChange, SlotType};
use crate::error::{Error, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use crate::store::slots::SlotWrite;
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Workspace {
    /// Changes a user under its lock, as a function of what it is; `None` leaves it. A user that becomes inactive is
    /// suspended. Returns the user after it. A name or e-mail address of another user is a conflict.
    pub async fn change_scim_user(
        &self,
        id: UserIdentityId,
        change: impl FnOnce(&ScimUser) -> Result<Option<ScimUserChange>> + Send + 'static,
        now: DateTime<Utc>,
    ) -> Result<ScimUser> {
        let workspace = self.clone();
        let changed = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                found(workspace.lock_user_identity_for_update(connection, id).await?, ResourceKind::UserIdentity, id)?;
                let user = workspace.scim_user_on(&mut *connection, id, now).await?;
                match change(&user)? {
                    None => Ok(user),
                    Some(change) => {
                        workspace.write_scim_user(connection, &user, &change, now).await?;
                        workspace.scim_user_on(connection, id, now).await
                    }
                }
            })
        });
        changed.await
    }

    /// Suspends a user, and has the directory forget it, under its lock and if a condition holds. The user identity stays.
    pub async fn delete_scim_user(
        &self,
        id: UserIdentityId,
        condition: impl FnOnce(&ScimUser) -> Result<()> + Send + 'static,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let workspace = self.clone();
        let deleted = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                found(workspace.lock_user_identity_for_update(connection, id).await?, ResourceKind::UserIdentity, id)?;
                let user = workspace.scim_user_on(&mut *connection, id, now).await?;
                condition(&user)?;
                workspace.suspend_user_identity(&mut *connection, id, now).await?;
                workspace.forget_scim_user(connection, &user, now).await
            })
        });
        deleted.await
    }

    /// Writes what a directory says of a user whose user identity is locked.
    pub(super) async fn write_scim_user(
        &self,
        connection: &mut UnitConnection<'_>,
        user: &ScimUser,
        change: &ScimUserChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = user.person.user_identity_id;
        if (&user.person.email_address, &user.person.full_name) != (&change.email_address, &change.full_name) {
            self.write_names(connection, id, change).await?;
        }
        match (user.is_active(), change.is_active) {
            (true, false) => self.suspend_user_identity(&mut *connection, id, now).await?,
            (false, true) => self.resume_user_identity(&mut *connection, id, now).await?,
            _ => {}
        }
        for (slot_type, number) in &change.numbers {
            let is_managed = *slot_type == SlotType::Work
                && user.managed_number.as_ref().is_some_and(|managed| change.is_active || managed == number);
            if user.number(*slot_type) != number && !is_managed {
                self.write_number(connection, id, *slot_type, number, now).await?;
            }
        }
        self.write_record(connection, id, change, now).await
    }

    async fn write_names(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        change: &ScimUserChange,
    ) -> Result<()> {
        sqlx::query!(
            r#"
            update user_identity
            set email_address = $3, full_name = $4,
                duplicate_email_address = case when email_address is not distinct from $3 then duplicate_email_address end
            where workspace_id = $1 and user_identity_id = $2
            "#,
            self.workspace_id(),
            id.0,
            change.email_address,
            change.full_name,
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn write_number(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        slot_type: SlotType,
        number: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let change = SlotChange { number: Some(number.to_owned()), include_in_contact_card: None };
        let context = self.context(&[]);
        let write = SlotWrite { person, slot_type, action: "slot.changed", change, context, at: now };
        match self.write_slots(connection, &[write], true).await?.pop().flatten() {
            Some(_) => Ok(()),
            None => Err(Error::Internal("a slot changed under the lock of its user identity".into())),
        }
    }

    async fn write_record(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        change: &ScimUserChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as materialized (
                select attributes || jsonb_build_object('user_name', user_name, 'external_id', external_id) as before
                from scim_user
                where workspace_id = $1 and user_identity_id = $4 and deleted_at is null
            ), written as (
                insert into scim_user (workspace_id, user_identity_id, user_name, external_id, emails, attributes,
                    created_at, updated_at)
                select $1, $4, $5::text, $6::text, array(
                        select folded(text) from unnest($7::text[]) as address, normalize(address, nfc) as text
                    ), $8::jsonb, $2, $2
                on conflict (workspace_id, user_identity_id) do update
                set user_name = excluded.user_name, external_id = excluded.external_id, emails = excluded.emails,
                    attributes = excluded.attributes, updated_at = excluded.updated_at, deleted_at = null
                returning user_identity_id, attributes, user_name, external_id
            ), changes as (
                select case when before is null then 'scim_user.created' else 'scim_user.updated' end as action,
                    user_identity_id as subject_id, before,
                    attributes || jsonb_build_object('user_name', user_name, 'external_id', external_id) as after
                from written left join held on true
            )
            "#,
            "select user_identity_id from written",
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            change.user_name,
            change.external_id,
            &change.emails,
            serde_json::Value::from(change.attributes.clone()),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    async fn forget_scim_user(
        &self,
        connection: &mut UnitConnection<'_>,
        user: &ScimUser,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with forgotten as (
                insert into scim_user (workspace_id, user_identity_id, user_name, emails, attributes, created_at,
                    updated_at, deleted_at)
                values ($1, $4, $5, '{}', '{}', $2, $2, $2)
                on conflict (workspace_id, user_identity_id) do update
                set updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
                returning user_identity_id, attributes, user_name, external_id
            ), parted as (
                delete from scim_group_member where workspace_id = $1 and user_identity_id = $4
            ), changes as (
                select 'scim_user.deleted' as action, user_identity_id as subject_id,
                    attributes || jsonb_build_object('user_name', user_name, 'external_id', external_id) as before,
                    null::jsonb as after
                from forgotten
            )
            "#,
            "select user_identity_id from forgotten",
            self.workspace_id(),
            now,
            self.context(&[]),
            user.person.user_identity_id.0,
            user.user_name(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Inserts a user identity that a directory describes.
    pub(super) async fn insert_scim_person(
        &self,
        connection: &mut UnitConnection<'_>,
        id: UserIdentityId,
        change: &ScimUserChange,
        now: DateTime<Utc>,
    ) -> Result<Uuid> {
        Ok(sqlx::query_scalar!(
            r#"
            insert into user_identity (workspace_id, user_identity_id, email_address, full_name, created_at)
            values ($1, $2, $3, $4, $5)
            returning user_identity_id
            "#,
            self.workspace_id(),
            id.0,
            change.email_address,
            change.full_name,
            now,
        )
        .fetch_one(connection)
        .await?)
    }
}
