//! Access of user identities to phones of others: granted, revoked, read. That to a deactivated phone is not read.

use super::select_phones;
use crate::domain::id::{DeviceId, UserIdentityId};
use crate::domain::metadata::Metadata;
use crate::domain::page::{Paging, Position};
use crate::domain::phone::{AssaAbloyMetadata, MAX_DEVICE_ACCESS, OperatingSystem, Phone};
use crate::domain::scope::Scope;
use crate::error::{Error, Reason, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use crate::store::sql::found;
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Grants a user identity access to an active phone. Idempotent. A suspended one is refused.
    pub async fn grant_device_access(
        &self,
        person: UserIdentityId,
        device_id: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let workspace = self.clone();
        let granted = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_active_user_identities(connection, &[person], true).await?;
                workspace.insert_device_access(connection, person, device_id, now).await
            })
        });
        granted.await
    }

    async fn insert_device_access(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        device_id: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        struct Row {
            is_active: bool,
            is_known: bool,
            is_full: bool,
        }
        let row = audited!(
            query_as,
            Row,
            r#"
            with held as materialized (
                select device_id, device_id in (
                        select device_id from phone
                        where workspace_id = $1 and device_id = any (array(
                                select device_id from device_access
                                where workspace_id = $1 and user_identity_id = $4))
                            and deactivated_at is null
                    ) as is_active
                from device_access
                where workspace_id = $1 and user_identity_id = $4
            ), device as materialized (
                select device_id from phone
                where workspace_id = $1 and device_id = $5 and deactivated_at is null
                for key share
            ), outdated as (
                delete from device_access
                where workspace_id = $1 and user_identity_id = $4
                    and device_id = any (array(select device_id from held where not is_active))
            ), granted as (
                insert into device_access (workspace_id, user_identity_id, device_id, granted_at)
                select $1, $4, device_id, $2 from device
                where (select count(*) from held where is_active) < $6 and device_id not in (select device_id from held)
                returning user_identity_id, device_id
            ), changes as (
                select 'device_access.granted' as action, device_id as subject_id, null::jsonb as before,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id) as after
                from granted
            )
            "#,
            r#"
            select exists (select from device) as "is_active!", exists (select from held where device_id = $5) as "is_known!",
                (select count(*) from held where is_active) >= $6 as "is_full!"
            "#,
            self.workspace_id(),
            now,
            self.context(&[]),
            person.0,
            device_id.0,
            MAX_DEVICE_ACCESS,
        )
        .fetch_one(connection)
        .await?;
        match row {
            Row { is_active: false, .. } => Err(Error::NotFound(ResourceKind::Phone, device_id.to_string())),
            Row { is_known: false, is_full: true, .. } => {
                Err(Error::Conflict(Reason::TooManyAccessibleDevices(MAX_DEVICE_ACCESS)))
            }
            _ => Ok(()),
        }
    }

    /// Revokes the access of a user identity to a phone. Idempotent.
    pub async fn revoke_device_access(
        &self,
        person: UserIdentityId,
        device_id: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        struct Row {
            has_person: bool,
            has_phone: bool,
        }
        let row = audited!(
            query_as,
            Row,
            r#"
            with person as materialized (
                -- Waits for a merge, which takes the access to the primary.
                select user_identity_id from user_identity
                where workspace_id = $1 and user_identity_id = $4
                for key share
            ), device as materialized (
                select device_id from phone where workspace_id = $1 and device_id = $5
            ), revoked as (
                delete from device_access
                where workspace_id = $1 and user_identity_id in (select user_identity_id from person) and device_id = $5
                returning user_identity_id, device_id
            ), changes as (
                select 'device_access.revoked' as action, device_id as subject_id,
                    jsonb_build_object('device_id', device_id, 'user_identity_id', user_identity_id) as before,
                    null::jsonb as after
                from revoked
            )
            "#,
            r#"select exists (select from person) as "has_person!", exists (select from device) as "has_phone!""#,
            self.workspace_id(),
            now,
            self.context(&[]),
            person.0,
            device_id.0,
        )
        .fetch_one(self.store.writer())
        .await?;
        found(row.has_person.then_some(()), ResourceKind::UserIdentity, person)?;
        found(row.has_phone.then_some(()), ResourceKind::Phone, device_id)
    }

    /// The active phones to which a user identity was granted access, in order of registration. An unknown one is `NotFound`.
    pub async fn accessible_phones(&self, person: UserIdentityId) -> Result<Vec<Phone>> {
        let phones = select_phones!(
            "where workspace_id = $1 and device_id = any (array(
                    select device_id from device_access where workspace_id = $1 and user_identity_id = $2))
                and deactivated_at is null
            order by created_at, device_id",
            self.workspace_id(),
            person.0,
        )
        .fetch_all(&self.store.pool)
        .await?;
        if phones.is_empty() {
            self.user_identity(person, Scope::Workspace).await?;
        }
        Ok(phones)
    }

    /// The active phone with this id, also one to which the user identity of the scope was granted access. That costs a
    /// statement more.
    pub async fn reachable_phone(&self, device_id: DeviceId, scope: Scope) -> Result<Phone> {
        match (self.phone(device_id, scope).await, scope) {
            (Err(Error::NotFound(..)), Scope::Person(person)) => self.granted_phone(device_id, person).await,
            (phone, _) => phone,
        }
    }

    async fn granted_phone(&self, device_id: DeviceId, person: UserIdentityId) -> Result<Phone> {
        let phone = select_phones!(
            "where workspace_id = $1 and device_id = (
                    select device_id from device_access
                    where workspace_id = $1 and user_identity_id = $3 and device_id = $2)
                and deactivated_at is null",
            self.workspace_id(),
            device_id.0,
            person.0,
        )
        .fetch_optional(&self.store.pool)
        .await?;
        found(phone, ResourceKind::Phone, device_id)
    }

    /// The phones of a user identity, and those to which it was granted access.
    pub(super) async fn reachable_phones(&self, person: UserIdentityId, paging: &Paging) -> Result<Vec<Phone>> {
        let from = paging.from.unwrap_or(Position::FIRST);
        let phones = select_phones!(
            "where workspace_id = $1 and device_id = any (array(
                    select device_id from phone
                    where workspace_id = $1 and user_identity_id = $2 and deactivated_at is null
                    union all
                    select device_id from device_access where workspace_id = $1 and user_identity_id = $2))
                and deactivated_at is null and (created_at, device_id) >= ($3, $4)
            order by created_at, device_id
            limit $5",
            self.workspace_id(),
            person.0,
            from.created_at,
            from.id,
            paging.fetch(),
        );
        Ok(phones.fetch_all(self.store.short_for(paging.fetch())).await?)
    }
}
