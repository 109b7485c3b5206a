//! Assignment of credentials that belong to no user.

use crate::domain::credential::{AccessMethod, Credential, Holder};
use crate::domain::event::EventType;
use crate::domain::id::CredentialId;
use crate::error::Result;
use crate::store::Workspace;
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Workspace {
    /// Gives a credential to a user, whose phones get it as if it were new; see [`Workspace::create_credential`]. Idempotent.
    /// One that belongs to another user is refused. `assignment` is a new id, of which the ids of events and children are
    /// made, since a credential may be assigned again.
    pub async fn assign_credential(
        &self,
        id: CredentialId,
        holder: Holder,
        assignment: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Credential> {
        let workspace = self.clone();
        let assigned = self.store.emitter().transact(move |connection| {
            Box::pin(async move {
                if let Some(person) = holder.user_identity_id() {
                    workspace.lock_active_user_identities(connection, &[person], true).await?;
                    workspace.lock_phones_of(connection, &[person]).await?;
                }
                let credential = workspace.lock_credential_alone(connection, id).await?;
                if !credential.judge_assignment(holder)? {
                    return Ok(credential);
                }
                workspace.assign_under_lock(connection, &credential, holder, assignment, now).await?;
                workspace.credential_on(connection, id).await
            })
        });
        assigned.await
    }

    /// Gives the credential to the locked phones before it takes the clock, in the order of a deactivation.
    #[expect(clippy::too_many_lines, reason = "one statement with its events and its rows of the audit trail")]
    async fn assign_under_lock(
        &self,
        connection: &mut UnitConnection<'_>,
        credential: &Credential,
        holder: Holder,
        assignment: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        audited!(
            emit_events,
            query_scalar,
            r#"
            with chosen as materialized (
                select device_id from phone
                where $7 and workspace_id = $1 and user_identity_id = $5 and deactivated_at is null
                order by created_at desc, device_id desc
                limit case when $8 then null else 1 end
            ), held as materialized (
                select acs_credential_id, to_jsonb(credential) as before from credential
                where workspace_id = $1 and acs_credential_id = $4
            ), holding as (
                update phone set credentials_version = credentials_version + 1
                from chosen
                where phone.workspace_id = $1 and phone.device_id = chosen.device_id and deactivated_at is null
                returning phone.device_id
            ), assigned as (
                update credential
                set user_identity_id = $5, acs_user_id = $6, device_id = (select device_id from holding where not $8),
                    issued_at = case when $9 or exists (select from holding) then $2::timestamptz end
                where workspace_id = $1 and acs_credential_id = $4
                returning acs_credential_id, acs_system_id, access_method, allowed_acs_entrance_ids, starts_at, ends_at,
                    issued_at, as_document(credential) as after
            ), children as (
                insert into credential as credential (workspace_id, created_at, acs_credential_id, parent_acs_credential_id,
                    user_identity_id, device_id, is_multi_phone_sync_credential, acs_system_id, access_method,
                    allowed_acs_entrance_ids, starts_at, ends_at, issued_at)
                select $1, $2::timestamptz, name_uuid($10, device_id::text), acs_credential_id, $5, device_id, false,
                    acs_system_id, access_method, allowed_acs_entrance_ids, starts_at, ends_at, $2::timestamptz
                from holding cross join assigned
                where $8
                returning acs_credential_id, acs_system_id, as_document(credential) as after
            ), changes as (
                select 'credential.assigned' as action, acs_credential_id as subject_id, before, after
                from assigned join held using (acs_credential_id)
                union all
                select 'credential.created', acs_credential_id, null::jsonb, after from children
            ), new_events as (
                select name_uuid($10, acs_credential_id::text) as event_id, $11::text as event_type,
                    $5::uuid as user_identity_id,
                    jsonb_build_object('acs_credential_id', acs_credential_id, 'acs_system_id', acs_system_id) as details
                from (
                    select acs_credential_id, acs_system_id from assigned where issued_at is not null
                    union all
                    select acs_credential_id, acs_system_id from children
                ) as issued
            )
            "#,
            r#"select count(*) as "count!" from assigned"#,
            self.workspace_id(),
            now,
            self.context(&[EventType::AcsCredentialIssued]),
            credential.acs_credential_id.0,
            holder.user_identity_id().map(|id| id.0),
            holder.acs_user_id(),
            credential.access_method == AccessMethod::MobileKey,
            credential.is_multi_phone_sync_credential,
            credential.is_issued_at_once(),
            assignment,
            EventType::AcsCredentialIssued.into_str(),
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}
