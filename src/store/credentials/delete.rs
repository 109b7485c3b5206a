//! Deletion of credentials. Concurrent ones in a workspace share a statement.

use crate::domain::event::EventType;
use crate::domain::id::CredentialId;
use crate::error::{ResourceKind, Result};
use crate::store::Workspace;
use crate::store::batch::{SharedWrite, column, in_order};
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A credential to delete, as one request asks.
#[derive(Debug, Clone)]
pub(in crate::store) struct CredentialDeletion {
    id: CredentialId,
    /// Author of the change.
    context: Value,
    at: DateTime<Utc>,
}

struct Row {
    /// Index of the request, from one.
    place: i64,
    is_deleted: bool,
}

impl SharedWrite for CredentialDeletion {
    /// False if there is no such credential.
    type Outcome = bool;

    fn exclusive_key(&self) -> Option<Uuid> {
        Some(self.id.0)
    }

    async fn write(workspace: Workspace, requests: Vec<CredentialDeletion>, waits: bool) -> Result<Vec<Option<bool>>> {
        workspace.delete_credentials(&requests, waits).await
    }
}

impl Workspace {
    /// Deletes a credential with its children, and emits `acs_credential.deleted` for each.
    pub async fn delete_credential(&self, id: CredentialId, now: DateTime<Utc>) -> Result<()> {
        let context = self.context(&[EventType::AcsCredentialDeleted]);
        let is_deleted = self.write(CredentialDeletion { id, context, at: now }).await?;
        found(is_deleted.then_some(()), ResourceKind::Credential, id)
    }

    /// Deletes credentials with their children. One that another transaction has locked, or a child of it, is passed over,
    /// unless this `waits`. A child that is named beside its parent is deleted with either of them.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn delete_credentials(&self, requests: &[CredentialDeletion], waits: bool) -> Result<Vec<Option<bool>>> {
        let rows = audited!(
            each,
            emit_events,
            query_as,
            Row,
            r#"
            with requested as materialized (
                select * from unnest($4::uuid[], $5::timestamptz[], $3::jsonb[]) with ordinality
                    as requested (id, at, context, place)
            ), named as materialized (
                select acs_credential_id, place, at, context
                from requested join credential on acs_credential_id = id
                where workspace_id = $1
            ), meant as materialized (
                select distinct on (acs_credential_id) acs_credential_id, place, at, context
                from (
                    select * from named
                    union all
                    select acs_credential_id, place, at, context
                    from requested join credential on parent_acs_credential_id = id
                    where workspace_id = $1
                ) as credential
                order by acs_credential_id, place
            ), free as materialized (
                select acs_credential_id from credential
                where workspace_id = $1 and acs_credential_id = any (array(select acs_credential_id from meant)) and not $6
                for update skip locked
            ), ready as materialized (
                select * from meant
                where $6 or place not in (
                        select place from meant where acs_credential_id not in (select acs_credential_id from free)
                    )
            ), deleted as (
                delete from credential
                using ready
                where credential.workspace_id = $1 and credential.acs_credential_id = ready.acs_credential_id
                returning user_identity_id, credential.acs_credential_id, acs_system_id,
                    redacted(as_document(credential)) as before, place, at, context
            ), changes as (
                select 'credential.deleted' as action, acs_credential_id as subject_id, before, null::jsonb as after, at,
                    context
                from deleted
            ), new_events as (
                select name_uuid(acs_credential_id, $7::text) as event_id, $7::text as event_type, user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details,
                    at, context
                from deleted
            )
            "#,
            r#"select place as "place!", place in (select place from deleted) as "is_deleted!" from named"#,
            self.workspace_id(),
            requests.iter().map(|request| request.at).max(),
            &column(requests, |request| request.context.clone()),
            &column(requests, |request| request.id.0),
            &column(requests, |request| request.at),
            waits,
            EventType::AcsCredentialDeleted.into_str(),
        )
        .fetch_all(self.store.emitter())
        .await?;
        // What was there and is not deleted was locked, or deleted by another transaction.
        let outcomes = rows.into_iter().map(|row| (row.place, row.is_deleted.then_some(true)));
        Ok(in_order(requests.len(), || Some(false), outcomes))
    }
}
