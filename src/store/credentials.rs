//! Credentials: created with a child for each phone of their user identity, read, listed and deleted.

use crate::domain::credential::*;
use crate::domain::event::EventType;
use crate::domain::id::{CredentialId, DeviceId, UserIdentityId};
use crate::domain::page::{Page, Position};
use crate::domain::scope::Scope;
use crate::error::{ResourceKind, Result};
use crate::store::{Workspace, sql::found};
use chrono::{DateTime, Utc};

/// Selects credentials; the literal is the rest of the statement.
macro_rules! select_credentials {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Credential,
            r#"
            select workspace_id, acs_credential_id as "acs_credential_id: CredentialId",
                parent_acs_credential_id as "parent_acs_credential_id: CredentialId",
                user_identity_id as "user_identity_id: UserIdentityId", acs_user_id,
                device_id as "device_id: DeviceId", acs_system_id, access_method as "access_method: AccessMethod",
                is_multi_phone_sync_credential, allowed_acs_entrance_ids, starts_at, ends_at, issued_at, created_at
            from credential
            "# + $rest
            $(, $argument)*
        )
    };
}

impl Workspace {
    /// Creates a credential. A multi-phone sync credential gets a child on each active phone of its user identity; any
    /// other mobile key goes to the newest phone, or waits for one. An unknown user identity is `NotFound`.
    pub async fn create_credential(&self, new: NewCredential, now: DateTime<Utc>) -> Result<Credential> {
        // Under the user identity's lock, so that a phone registered concurrently gets its child once.
        let workspace = self.clone();
        let created = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                if let Some(person) = new.user_identity_id {
                    workspace.lock_user_identity(connection, person).await?;
                }
                workspace.insert_credential(connection, &new, now).await?;
                // Read before the commit, after which it may be deleted with its phone.
                workspace.credential_on(connection, new.acs_credential_id).await
            })
        });
        created.await
    }

    #[expect(clippy::too_many_lines, reason = "one statement with its events and its row of the audit trail")]
    async fn insert_credential(
        &self,
        connection: &mut sqlx::PgConnection,
        new: &NewCredential,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let is_mobile_key = new.access_method == AccessMethod::MobileKey;
        let is_issued_at_once = new.is_multi_phone_sync_credential
            || matches!(new.access_method, AccessMethod::Code | AccessMethod::CloudKey);
        audited!(
            emit_events,
            query_scalar,
            r#"
            with chosen as (
                select device_id from phone
                where $7 and workspace_id = $1 and user_identity_id = $5 and deactivated_at is null
                order by created_at desc, device_id desc
                limit case when $8 then null else 1 end
            ), holding as (
                update phone set credentials_version = credentials_version + 1
                from chosen
                where phone.workspace_id = $1 and phone.device_id = chosen.device_id and deactivated_at is null
                returning phone.device_id
            ), created as (
                insert into credential (workspace_id, created_at, acs_credential_id, user_identity_id, acs_user_id,
                    device_id, is_multi_phone_sync_credential, acs_system_id, access_method, allowed_acs_entrance_ids,
                    starts_at, ends_at, issued_at)
                select $1, $2, $4, $5, $6, (select device_id from holding where not $8), $8, $9, $10, $11, $12, $13,
                    case when $14 or exists (select from holding) then $2::timestamptz end
                returning acs_credential_id, acs_system_id, issued_at, to_jsonb(credential) as after
            ), children as (
                insert into credential (workspace_id, created_at, acs_credential_id, parent_acs_credential_id,
                    user_identity_id, device_id, is_multi_phone_sync_credential, acs_system_id, access_method,
                    allowed_acs_entrance_ids, starts_at, ends_at, issued_at)
                select $1, $2, name_uuid($4, device_id::text), $4, $5, device_id, false, $9, $10, $11, $12, $13, $2
                from holding
                where $8
                returning acs_credential_id, acs_system_id, issued_at, to_jsonb(credential) as after
            ), changes as (
                select 'credential.created' as action, acs_credential_id as subject_id,
                    null::jsonb as before, after
                from (select * from created union all select * from children) as created
            ), new_events as (
                select name_uuid(acs_credential_id, $15::text) as event_id, $15::text as event_type,
                    $5::uuid as user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details
                from (select * from created union all select * from children) as issued
                where issued_at is not null
            )
            "#,
            "select acs_credential_id from created",
            self.workspace_id(),
            now,
            self.context(&[EventType::AcsCredentialIssued]),
            new.acs_credential_id.0,
            new.user_identity_id.map(|id| id.0),
            new.acs_user_id,
            is_mobile_key,
            new.is_multi_phone_sync_credential,
            new.acs_system_id,
            new.access_method.into_str(),
            &new.allowed_acs_entrance_ids,
            new.starts_at,
            new.ends_at,
            is_issued_at_once,
            EventType::AcsCredentialIssued.into_str(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// The credential with this id.
    pub async fn credential(&self, id: CredentialId) -> Result<Credential> {
        self.credential_on(&self.store.pool, id).await
    }

    async fn credential_on(&self, executor: impl sqlx::PgExecutor<'_>, id: CredentialId) -> Result<Credential> {
        let row = select_credentials!("where workspace_id = $1 and acs_credential_id = $2", self.workspace_id(), id.0)
            .fetch_optional(executor)
            .await?;
        found(row, ResourceKind::Credential, id)
    }

    /// The credentials on one phone.
    pub async fn credentials_on(&self, device_id: DeviceId) -> Result<Vec<Credential>> {
        Ok(select_credentials!(
            "where workspace_id = $1 and device_id = $2 order by created_at, acs_credential_id",
            self.workspace_id(),
            device_id.0,
        )
        .fetch_all(&self.store.pool)
        .await?)
    }

    /// Credentials that match a filter, in order of creation.
    pub async fn credentials(&self, filter: &CredentialFilter, scope: Scope) -> Result<Page<Credential>> {
        let rows = select_credentials!(
            "where workspace_id = $1
                and ($2::uuid is null or user_identity_id = $2)
                and ($3::uuid is null or user_identity_id = $3)
                and ($4::uuid is null or acs_user_id = $4)
                and ($5::uuid is null or acs_system_id = $5)
                and ($6::boolean is null or is_multi_phone_sync_credential = $6)
                and ($7::text is null
                    or strpos(replace(access_method, '_', ' '), (select caseless($7))) > 0
                    or starts_with(acs_credential_id::text, (select caseless($7))))
                and ($8::timestamptz is null or created_at < $8)
                and ($9::timestamptz is null or (created_at, acs_credential_id) >= ($9, $10))
            order by created_at, acs_credential_id
            limit $11",
            self.workspace_id(),
            scope.owner(),
            filter.user_identity_id.map(|id| id.0),
            filter.acs_user_id,
            filter.acs_system_id,
            filter.is_multi_phone_sync_credential,
            filter.search,
            filter.created_before,
            filter.paging.from.map(|place| place.created_at),
            filter.paging.from.map(|place| place.id),
            filter.paging.fetch(),
        )
        .fetch_all(&self.store.pool)
        .await?;
        Ok(filter.paging.cut(rows, |key| Position { created_at: key.created_at, id: key.acs_credential_id.0 }))
    }

    /// Deletes a credential with its children, and emits `acs_credential.deleted` for each.
    pub async fn delete_credential(&self, id: CredentialId, now: DateTime<Utc>) -> Result<()> {
        let deleted = audited!(
            emit_events,
            query_scalar,
            r#"
            with deleted as (
                delete from credential
                where workspace_id = $1 and (acs_credential_id = $4 or parent_acs_credential_id = $4)
                returning user_identity_id, acs_credential_id, acs_system_id, to_jsonb(credential) as before
            ), changes as (
                select 'credential.deleted' as action, acs_credential_id as subject_id, before,
                    null::jsonb as after
                from deleted
            ), new_events as (
                select name_uuid(acs_credential_id, $5::text) as event_id, $5::text as event_type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details
                from deleted
            )
            "#,
            r#"select count(*) as "count!" from deleted"#,
            self.workspace_id(),
            now,
            self.context(&[EventType::AcsCredentialDeleted]),
            id.0,
            EventType::AcsCredentialDeleted.into_str(),
        )
        .fetch_one(self.store.emitter())
        .await?;
        found((deleted > 0).then_some(()), ResourceKind::Credential, id)
    }
}
