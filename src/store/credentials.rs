//! Credentials: created with a child for each phone of their user identity, read, listed, changed and deleted.

mod assign;
mod create;
mod delete;
mod holders;
mod row;
mod unassign;
mod update;

pub(in crate::store) use create::CredentialCreation;
pub(in crate::store) use delete::CredentialDeletion;
pub(in crate::store) use row::CredentialRow;

use crate::domain::credential::*;
use crate::domain::id::{CredentialId, DeviceId, UserIdentityId};
use crate::domain::page::{Page, Position};
use crate::domain::scope::Scope;
use crate::error::{ResourceKind, Result};
use crate::store::{Workspace, sql::found};

/// Selects credentials; the literal is the rest of the statement.
macro_rules! select_credentials {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            CredentialRow,
            r#"
            select workspace_id, acs_credential_id as "acs_credential_id: CredentialId",
                parent_acs_credential_id as "parent_acs_credential_id: CredentialId",
                user_identity_id as "user_identity_id: UserIdentityId", acs_user_id,
                device_id as "device_id: DeviceId", acs_system_id, access_method as "access_method: AccessMethod",
                is_multi_phone_sync_credential, allowed_acs_entrance_ids, starts_at, ends_at, code_sealed, issued_at,
                created_at
            from credential
            "# + $rest
            $(, $argument)*
        )
    };
}
pub(in crate::store) use select_credentials;

impl Workspace {
    /// The credential with this id.
    pub async fn credential(&self, id: CredentialId) -> Result<Credential> {
        let row = select_credentials!("where workspace_id = $1 and acs_credential_id = $2", self.workspace_id(), id.0)
            .fetch_optional(&self.store.pool)
            .await?;
        self.store.credential_of(found(row, ResourceKind::Credential, id)?)
    }

    /// The credentials on one phone.
    pub async fn credentials_on(&self, device_id: DeviceId) -> Result<Vec<Credential>> {
        let rows = select_credentials!(
            "where workspace_id = $1 and device_id = $2 order by created_at, acs_credential_id",
            self.workspace_id(),
            device_id.0,
        )
        .fetch_all(&self.store.pool)
        .await?;
        self.store.credentials_of(rows)
    }

    /// Credentials that match a filter, in order of creation.
    pub async fn credentials(&self, filter: &CredentialFilter, scope: Scope) -> Result<Page<Credential>> {
        let rows = select_credentials!(
            "where workspace_id = $1
                and ($2::uuid is null or user_identity_id = $2)
                and ($3::uuid is null or user_identity_id = any (array(
                    select $3
                    union all
                    select user_identity_id from merged_user_identity
                    where workspace_id = $1 and merged_user_identity_id = $3)))
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
        let credentials = self.store.credentials_of(rows)?;
        Ok(filter.paging.cut(credentials, |key| Position { created_at: key.created_at, id: key.acs_credential_id.0 }))
    }
}
