//! Removal of credentials from their users.

use crate::domain::credential::{Credential, Holder};
use crate::domain::event::EventType;
use crate::domain::id::CredentialId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Workspace {
    /// Takes a credential from a user and from the phones of that user: the children of a multi-phone sync credential are
    /// deleted. Idempotent. One that belongs to another user is refused. `removal` is a new id, of which the id of the event
    /// is made.
    pub async fn unassign_credential(
        &self,
        id: CredentialId,
        holder: Holder,
        removal: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Credential> {
        loop {
            let workspace = self.clone();
            let unassigned = self.store.emitter().transact(move |connection| {
                Box::pin(async move {
                    let Some(credential) = workspace.lock_credential(connection, id).await? else { return Ok(None) };
                    if credential.judge_removal(holder)? {
                        workspace.unassign_under_lock(connection, id, removal, now).await?;
                    }
                    workspace.credential_on(connection, id).await.map(Some)
                })
            });
            if let Some(credential) = unassigned.await? {
                return Ok(credential);
            }
        }
    }

    async fn unassign_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        id: CredentialId,
        removal: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with held as materialized (
                select acs_credential_id, user_identity_id, issued_at, to_jsonb(credential) as before from credential
                where workspace_id = $1 and acs_credential_id = $4
            ), revoked as (
                delete from credential
                where workspace_id = $1 and parent_acs_credential_id = $4
                returning acs_credential_id, acs_system_id, user_identity_id, as_document(credential) as before
            ), unassigned as (
                update credential set user_identity_id = null, acs_user_id = null, device_id = null, issued_at = null
                where workspace_id = $1 and acs_credential_id = $4
                returning acs_credential_id, acs_system_id, as_document(credential) as after
            ), changes as (
                select 'credential.unassigned' as action, acs_credential_id as subject_id, before, after
                from unassigned join held using (acs_credential_id)
                union all
                select 'credential.deleted', acs_credential_id, before, null from revoked
            ), new_events as (
                select name_uuid($5, $6::text) as event_id, $6::text as event_type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details
                from unassigned join held using (acs_credential_id)
                where issued_at is not null
                union all
                select name_uuid(acs_credential_id, type), type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id)
                from revoked cross join (values ($6::text), ($7::text)) as both_events (type)
            )
            "#,
            r#"select count(*) as "count!" from unassigned"#,
            self.workspace_id(),
            now,
            self.context(&[EventType::AcsCredentialInvalidated, EventType::AcsCredentialDeleted]),
            id.0,
            removal,
            EventType::AcsCredentialInvalidated.into_str(),
            EventType::AcsCredentialDeleted.into_str(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}
