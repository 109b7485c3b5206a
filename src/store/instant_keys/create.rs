//! Creation of instant keys.

use crate::domain::id::UserIdentityId;
use crate::domain::instant_key::*;
use crate::error::{Error, Reason, Result};
use crate::store::Workspace;
use crate::store::client_sessions::{revoked_issuer, with_issuer};
use crate::store::pool::UnitConnection;
use chrono::{DateTime, Utc};

impl Workspace {
    /// Creates an instant key with the client session of its first use. The caller's key vouches for both, and ends both.
    pub async fn create_instant_key(&self, new: NewInstantKey, now: DateTime<Utc>) -> Result<InstantKey> {
        let workspace = self.clone();
        // Under the lock of the user identity, so that its instant keys are counted, and none is created while it is suspended.
        let created = self.store.writer().transact(move |connection| {
            Box::pin(async move {
                workspace.lock_active_user_identities(connection, &[new.user_identity_id], true).await?;
                let count = workspace.count_usable_instant_keys(connection, new.user_identity_id, now).await?;
                if count >= MAX_OF_USER_IDENTITY {
                    return Err(Error::Conflict(Reason::TooManyInstantKeys(MAX_OF_USER_IDENTITY)));
                }
                workspace.prune_finished_instant_keys(connection, now).await?;
                workspace.prune_ended_instant_keys(connection, &new.code.hash()).await?;
                workspace.insert_instant_key(connection, &new, now).await?;
                workspace.instant_key_on(connection, new.instant_key_id).await
            })
        });
        created.await
    }

    /// Number of the usable instant keys of a user identity, under the lock of the key that is to vouch for another one.
    async fn count_usable_instant_keys(
        &self,
        connection: &mut UnitConnection<'_>,
        person: UserIdentityId,
        now: DateTime<Utc>,
    ) -> Result<i64> {
        let row = with_issuer!(
            r#"
            select exists (select from issuer) as "has_issuer!", (
                    select count(*)
                    from client_session as session join instant_key using (workspace_id, client_session_id)
                    where session.workspace_id = $1 and user_identity_id = $3 and session.revoked_at is null
                        and use_count < max_use_count and instant_key.expires_at > $4
                        and cardinality(further_client_session_ids) = (
                            select count(*) from client_session as further
                            where further.workspace_id = $1 and further.revoked_at is null
                                and further.client_session_id = any (further_client_session_ids)
                        )
                ) as "count!"
            "#,
            self.workspace_id(),
            self.issuer_id(),
            person.0,
            now,
        )
        .fetch_one(connection)
        .await?;
        if row.has_issuer { Ok(row.count) } else { Err(revoked_issuer()) }
    }

    async fn insert_instant_key(
        &self,
        connection: &mut UnitConnection<'_>,
        new: &NewInstantKey,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (code_hash, token_hash, issuer) = (new.code.hash(), new.token.hash(), self.issuer_id());
        audited!(
            query_scalar,
            r#"
            with session as (
                insert into client_session (workspace_id, client_session_id, token_hash, token_sealed, user_identity_id,
                    connected_account_ids, connect_webview_ids, created_at, expires_at, issuer_ids)
                values ($1, $5, $6, $7, $8, '{}', '{}', $2, $9, $10)
                returning client_session_id
            ), created as (
                insert into instant_key (workspace_id, instant_key_id, code_hash, code_sealed, client_session_id,
                    further_client_session_ids, max_use_count, use_count, created_at, expires_at)
                values ($1, $4, $11, $12, $5, '{}', $13, 0, $2, $9)
                returning instant_key_id
            ), changes as (
                select 'instant_key.created' as action, instant_key_id as subject_id, null::jsonb as before,
                    jsonb_build_object('user_identity_id', $8::uuid, 'client_session_id', $5::uuid,
                        'max_use_count', $13::bigint, 'use_count', 0, 'expires_at', $9::timestamptz) as after
                from created
            )
            "#,
            "select client_session_id from session",
            self.workspace_id(),
            now,
            self.context(&[]),
            new.instant_key_id.0,
            new.client_session_id.0,
            token_hash.as_bytes(),
            self.store.seal.close(&new.token, new.client_session_id.0),
            new.user_identity_id.0,
            new.expires_at,
            issuer.as_slice(),
            code_hash.as_bytes(),
            self.store.seal.close(&new.code, new.instant_key_id.0),
            new.max_use_count,
        )
        .fetch_one(connection)
        .await?;
        Ok(())
    }
}
