//! Instant keys: created with the client session of their first use, read, used and ended. An instant key has ended if one of its
//! client sessions is gone or revoked: the deactivation of a phone, the deletion or suspension of a person, and the revocation of
//! the key that has created it each end client sessions, and know nothing of instant keys.

mod create;
mod end;
mod uses;

use crate::domain::id::{ClientSessionId, InstantKeyId, UserIdentityId};
use crate::domain::instant_key::*;
use crate::domain::token::TokenHash;
use crate::error::{Error, ResourceKind, Result};
use crate::store::Workspace;
use crate::store::sql::found;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// A row of an instant key, with its short code sealed.
struct Row {
    instant_key_id: InstantKeyId,
    code_sealed: Vec<u8>,
    client_session_id: ClientSessionId,
    user_identity_id: UserIdentityId,
    max_use_count: i64,
    use_count: i64,
    used_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Row {
    fn uses(&self) -> InstantKeyUses {
        InstantKeyUses {
            max_use_count: self.max_use_count,
            use_count: self.use_count,
            used_at: self.used_at,
            expires_at: self.expires_at,
        }
    }
}

/// Selects instant keys that have not ended; the literal is a further condition and the order. **`$1` is the workspace.**
macro_rules! select_instant_keys {
    ($rest:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            select instant_key_id as "instant_key_id: InstantKeyId", code_sealed,
                client_session_id as "client_session_id: ClientSessionId",
                user_identity_id as "user_identity_id!: UserIdentityId", max_use_count, use_count, used_at,
                instant_key.created_at, instant_key.expires_at
            from instant_key join client_session using (workspace_id, client_session_id)
            where instant_key.workspace_id = $1 and client_session.revoked_at is null and user_identity_id is not null
                and cardinality(further_client_session_ids) = (
                    select count(*) from client_session as further
                    where further.workspace_id = $1 and further.revoked_at is null
                        and further.client_session_id = any (further_client_session_ids)
                )
            "# + $rest
            $(, $argument)*
        )
    };
}

/// The error of an instant key that has ended or never was: of a link, nothing says which.
fn no_instant_key() -> Error {
    Error::NotFound(ResourceKind::InstantKey, String::new())
}

impl Workspace {
    /// The instant key with this id.
    pub async fn instant_key(&self, id: InstantKeyId) -> Result<InstantKey> {
        self.instant_key_on(&self.store.pool, id).await
    }

    async fn instant_key_on(&self, executor: impl PgExecutor<'_>, id: InstantKeyId) -> Result<InstantKey> {
        let row = select_instant_keys!("and instant_key_id = $2", self.workspace_id(), id.0);
        self.opened_instant_key(found(row.fetch_optional(executor).await?, ResourceKind::InstantKey, id)?)
    }

    /// The instant key with this short code.
    pub async fn instant_key_by_code(&self, code: &str) -> Result<InstantKey> {
        let hash = TokenHash::of(code);
        let row = select_instant_keys!("and code_hash = $2", self.workspace_id(), hash.as_bytes());
        self.opened_instant_key(row.fetch_optional(&self.store.pool).await?.ok_or_else(no_instant_key)?)
    }

    /// Instant keys in order of creation: those of a user identity, or all.
    pub async fn instant_keys(&self, person: Option<UserIdentityId>) -> Result<Vec<InstantKey>> {
        let rows = select_instant_keys!(
            "and ($2::uuid is null or user_identity_id = any (array(
                    select $2
                    union all
                    select user_identity_id from merged_user_identity
                    where workspace_id = $1 and merged_user_identity_id = $2)))
            order by instant_key.created_at, instant_key_id",
            self.workspace_id(),
            person.map(|id| id.0),
        );
        let rows = rows.fetch_all(&self.store.pool).await?;
        rows.into_iter().map(|row| self.opened_instant_key(row)).collect()
    }

    /// The newest instant keys of a user identity that can be used, at most `limit`.
    pub async fn usable_instant_keys_of(
        &self,
        person: UserIdentityId,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<InstantKeySummary>> {
        let rows = select_instant_keys!(
            "and user_identity_id = $2 and use_count < max_use_count and instant_key.expires_at > $3
            order by instant_key.created_at desc, instant_key_id limit $4",
            self.workspace_id(),
            person.0,
            now,
            limit,
        );
        let rows = rows.fetch_all(&self.store.pool).await?;
        Ok(rows
            .into_iter()
            .map(|row| InstantKeySummary {
                instant_key_id: row.instant_key_id,
                uses: row.uses(),
                created_at: row.created_at,
            })
            .collect())
    }

    /// What its link tells of an instant key.
    pub async fn instant_key_preview(&self, id: InstantKeyId) -> Result<InstantKeyPreview> {
        struct Preview {
            workspace_name: String,
            display_name: String,
            email_address: Option<String>,
        }
        let key = self.instant_key(id).await.map_err(|error| match error {
            Error::NotFound(..) => no_instant_key(),
            other => other,
        })?;
        let preview = extension_name!(query_as(
            Preview,
            "select workspace.name as workspace_name, ",
            r#" as "display_name!", email_address
            from user_identity join workspace using (workspace_id)
            where user_identity.workspace_id = $1 and user_identity_id = $2"#,
            self.workspace_id(),
            key.user_identity_id.0,
        ));
        let preview = preview.fetch_optional(&self.store.pool).await?.ok_or_else(no_instant_key)?;
        Ok(InstantKeyPreview {
            workspace_name: preview.workspace_name,
            display_name: preview.display_name,
            email_address: preview.email_address,
            uses: key.uses,
            created_at: key.created_at,
        })
    }

    fn opened_instant_key(&self, row: Row) -> Result<InstantKey> {
        Ok(InstantKey {
            workspace_id: self.id(),
            code: self.store.seal.open(&row.code_sealed, row.instant_key_id.0)?,
            instant_key_id: row.instant_key_id,
            client_session_id: row.client_session_id,
            user_identity_id: row.user_identity_id,
            uses: row.uses(),
            created_at: row.created_at,
        })
    }
}
