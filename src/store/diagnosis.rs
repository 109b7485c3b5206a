//! What the operator asks of a database when something is wrong. Nothing is changed, and nothing is migrated.

use crate::error::Result;
use crate::store::pool::hosts::Hosts;
use crate::store::schema::{self, SchemaState};
use crate::store::{OpenError, SchemaName, Store};
use chrono::{DateTime, Utc};
use sqlx::Connection;

/// Whether this server's seal key is that of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealCheck {
    /// It opened so many stored secrets.
    Opens(usize),
    /// The database was sealed with another key.
    OtherKey,
    /// It is the right key, and a stored secret does not open.
    DamagedSecret,
}

/// Where a webhook sends to.
#[derive(Debug, Clone)]
pub struct WebhookTarget {
    pub url: String,
    pub is_demo: bool,
}

impl Store {
    /// The version of Postgres as a number, as text, and its time.
    pub async fn postgres_version(&self) -> Result<(i32, String, DateTime<Utc>)> {
        let row = sqlx::query!(
            r#"
            select current_setting('server_version_num')::int as "number!", current_setting('server_version') as "version!",
                clock_timestamp() as "now!"
            "#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((row.number, row.version, row.now))
    }

    /// Whether each migration of this version is applied. Tables of another program are an error.
    pub async fn is_migrated(&self) -> std::result::Result<bool, OpenError> {
        let mut connection = self.hosts.connect().await.map_err(OpenError::Connect)?;
        Ok(schema::check(&mut connection, self.schema.as_ref()).await? == SchemaState::Current)
    }

    /// Whether secrets are sealed in a database already, so that a new seal key would not open them.
    pub async fn is_sealed(url: &str, schema: Option<&SchemaName>) -> std::result::Result<bool, OpenError> {
        let hosts = Hosts::parse(url).map_err(OpenError::Url)?.in_schema(schema);
        let mut connection = hosts.connect().await.map_err(OpenError::Connect)?;
        let is_sealed = schema::is_sealed(&mut connection, schema).await?;
        connection.close().await.map_err(OpenError::Connect)?;
        Ok(is_sealed)
    }

    /// Compares the seal key with that of the database, and opens a stored secret of each kind.
    pub async fn check_seal(&self) -> Result<SealCheck> {
        let known = sqlx::query_scalar!("select seal_fingerprint from deployment").fetch_one(&self.pool).await?;
        if known.is_some_and(|known| known != self.seal.fingerprint()) {
            return Ok(SealCheck::OtherKey);
        }
        let secrets = sqlx::query!(
            r#"
            (select webhook_id as "owner!", secret_sealed as "sealed!" from webhook limit 1)
            union all
            (select console_key_id, secret_sealed from console_key limit 1)
            union all
            (select client_session_id, token_sealed from client_session limit 1)
            "#
        )
        .fetch_all(&self.pool)
        .await?;
        match secrets.iter().all(|secret| self.seal.open(&secret.sealed, secret.owner).is_ok()) {
            true => Ok(SealCheck::Opens(secrets.len())),
            false => Ok(SealCheck::DamagedSecret),
        }
    }

    /// Where enabled webhooks of all workspaces send to: at most `count`.
    pub async fn webhook_targets(&self, count: i64) -> Result<Vec<WebhookTarget>> {
        Ok(sqlx::query_as!(
            WebhookTarget,
            r#"
            select url, exists (select from deployment where demo_workspace_id = workspace_id) as "is_demo!"
            from webhook
            where disabled_at is null
            limit $1
            "#,
            count,
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
