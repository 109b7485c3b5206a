//! What the operator asks of a database when something is wrong. Nothing is changed, and nothing is migrated.

use crate::error::Result;
use crate::store::distribution::{self, DistributeError, UndistributedTable};
use crate::store::pool::hosts::Hosts;
use crate::store::schema::{self, SchemaState};
use crate::store::{OpenError, SchemaName, Store, fault_of_connection};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
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

/// A Citus cluster.
#[derive(Debug, Clone)]
pub struct ClusterStatus {
    /// Version of the extension.
    pub citus: String,
    /// Those that are not distributed; None at a worker, which does not know.
    pub undistributed: Option<Vec<UndistributedTable>>,
    pub nodes: Vec<ClusterNode>,
    /// Of the nodes that answer, each once.
    pub time_zones: Vec<String>,
    pub wal_levels: Vec<String>,
}

/// A node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNode {
    /// Zero is the coordinator.
    pub group_id: i32,
    pub host: String,
    pub port: i32,
    pub may_have_shards: bool,
    /// Number of parts of the tables that are divided by workspace.
    pub shards: i64,
    /// Whether it has the tables that are copied to each node.
    pub has_copies: bool,
    pub answers: bool,
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
        let (_, mut connection) = hosts.connect_as_preferred().await.map_err(fault_of_connection)?;
        let is_sealed = schema::is_sealed(&mut connection, schema).await?;
        connection.close().await.map_err(OpenError::Connect)?;
        Ok(is_sealed)
    }

    /// The cluster of this database; none without Citus.
    pub async fn cluster_status(&self) -> std::result::Result<Option<ClusterStatus>, DistributeError> {
        let mut connection = self.hosts.connect().await?;
        if !distribution::is_possible(&mut connection).await? {
            return Ok(None);
        }
        let nodes = sqlx::query!(
            r#"
            select group_id as "group_id!", host as "host!", port as "port!", may_have_shards as "may_have_shards!",
                shards as "shards!", has_copies as "has_copies!"
            from cluster_nodes()
            "#
        )
        .fetch_all(&mut connection)
        .await?;
        let nodes = join_all(nodes.into_iter().map(async |node| ClusterNode {
            group_id: node.group_id,
            answers: self.hosts.reaches_node(node.group_id).await.unwrap_or(false),
            host: node.host,
            port: node.port,
            may_have_shards: node.may_have_shards,
            shards: node.shards,
            has_copies: node.has_copies,
        }))
        .await;
        let undistributed = match distribution::node(&mut connection).await?.is_worker {
            true => None,
            false => Some(distribution::undistributed(&mut connection).await?),
        };
        let mut status = ClusterStatus {
            citus: String::new(),
            undistributed,
            nodes,
            time_zones: Vec::new(),
            wal_levels: Vec::new(),
        };
        // A node that hangs would have it hang.
        if status.nodes.iter().all(|node| node.answers) {
            let settings = sqlx::query!(
                r#"
                select citus as "citus!", time_zones as "time_zones!", wal_levels as "wal_levels!"
                from cluster_settings()
                "#
            )
            .fetch_one(&mut connection)
            .await?;
            (status.citus, status.time_zones) = (settings.citus, settings.time_zones);
            status.wal_levels = settings.wal_levels;
        }
        Ok(Some(status))
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
            union all
            (select instant_key_id, code_sealed from instant_key limit 1)
            union all
            (select acs_credential_id, code_sealed from credential where code_sealed is not null limit 1)
            union all
            (select register_id, sip_config_sealed from number_register where sip_config_sealed is not null limit 1)
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
