//! Changes of credentials, and the locks that these have in common.

use super::{CredentialRow, select_credentials};
use crate::domain::credential::{AccessMethod, Credential, CredentialChange};
use crate::domain::id::{CredentialId, DeviceId, UserIdentityId};
use crate::error::{Error, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use crate::store::sql::found;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Updates the end or the code of a credential. The children of a multi-phone sync credential follow it.
    pub async fn update_credential(
        &self,
        id: CredentialId,
        change: CredentialChange,
        now: DateTime<Utc>,
    ) -> Result<Credential> {
        loop {
            let (workspace, change) = (self.clone(), change.clone());
            let updated = self.store.writer().transact(move |connection| {
                Box::pin(async move {
                    let Some(credential) = workspace.lock_credential(connection, id).await? else { return Ok(None) };
                    credential.judge_change(&change, now)?;
                    workspace.change_credential(connection, id, &change, now).await?;
                    workspace.credential_on(connection, id).await.map(Some)
                })
            });
            if let Some(credential) = updated.await? {
                return Ok(credential);
            }
        }
    }

    /// Changes a credential with its children.
    async fn change_credential(
        &self,
        connection: &mut UnitConnection<'_>,
        id: CredentialId,
        change: &CredentialChange,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            query_scalar,
            r#"
            with held as materialized (
                select acs_credential_id, to_jsonb(credential) as before from credential
                where workspace_id = $1 and (acs_credential_id = $4 or parent_acs_credential_id = $4)
            ), changed as (
                update credential
                set ends_at = coalesce($5, ends_at), code_sealed = coalesce($6, code_sealed)
                from held
                where credential.workspace_id = $1 and credential.acs_credential_id = held.acs_credential_id
                returning credential.acs_credential_id, before, as_document(credential) as after
            ), changes as (
                select 'credential.updated' as action, acs_credential_id as subject_id, before,
                    case when $6::bytea is null then after else after || '{"code": "replaced"}' end as after
                from changed
            )
            "#,
            r#"select count(*) as "count!" from changed"#,
            self.workspace_id(),
            now,
            self.context(&[]),
            id.0,
            change.ends_at,
            change.code.as_ref().map(|code| self.store.seal.close(code, id.0)),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }

    /// Locks a credential, the user identity to which it belongs and its children until the transaction ends. None if it
    /// changed hands or was deleted before it was locked. The user identity is first, as everywhere; its phones that are registered
    /// meanwhile have their children of what is locked.
    pub(super) async fn lock_credential(
        &self,
        connection: &mut UnitConnection<'_>,
        id: CredentialId,
    ) -> Result<Option<Credential>> {
        let person = self.credential_on(connection, id).await?.user_identity_id;
        if let Some(person) = person {
            match self.lock_user_identity(connection, person).await {
                // The credential is gone with the user identity, or was moved by a merge.
                Err(Error::NotFound(..)) => return Ok(None),
                locked => locked?,
            }
        }
        // In the order of a deletion.
        let family = select_credentials!(
            "where workspace_id = $1 and (acs_credential_id = $2 or parent_acs_credential_id = $2)
            order by acs_credential_id
            for no key update",
            self.workspace_id(),
            id.0,
        )
        .fetch_all(connection)
        .await?;
        let locked = family.into_iter().find(|row| row.acs_credential_id == id);
        let credential = self.store.credential_of(found(locked, ResourceKind::Credential, id)?)?;
        Ok((credential.user_identity_id == person).then_some(credential))
    }

    /// Locks a credential that may belong to no user until the transaction ends.
    pub(super) async fn lock_credential_alone(
        &self,
        connection: &mut UnitConnection<'_>,
        id: CredentialId,
    ) -> Result<Credential> {
        let row = select_credentials!(
            "where workspace_id = $1 and acs_credential_id = $2 for no key update",
            self.workspace_id(),
            id.0,
        )
        .fetch_optional(connection)
        .await?;
        self.store.credential_of(found(row, ResourceKind::Credential, id)?)
    }

    pub(super) async fn credential_on(
        &self,
        connection: &mut UnitConnection<'_>,
        id: CredentialId,
    ) -> Result<Credential> {
        let row = select_credentials!("where workspace_id = $1 and acs_credential_id = $2", self.workspace_id(), id.0)
            .fetch_optional(connection)
            .await?;
        self.store.credential_of(found(row, ResourceKind::Credential, id)?)
    }
}
