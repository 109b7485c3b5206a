//! What the status page tells of the database.

use crate::error::Result;
use crate::store::Store;

/// The database and those that are connected to it.
#[derive(Debug, Clone)]
pub struct DatabaseStatus {
    pub version: String,
    pub database: String,
    /// Standbys that stream from this Postgres.
    pub standbys: i64,
    /// Connections of all Handset servers and commands.
    pub connections: i64,
    /// The addresses from which they come; one that uses a socket counts as one.
    pub clients: i64,
    pub max_connections: String,
}

impl Store {
    /// The hosts of the database, with their ports.
    pub fn database_hosts(&self) -> Vec<String> {
        self.hosts.names()
    }

    /// Asks the database about itself.
    pub async fn database_status(&self) -> Result<DatabaseStatus> {
        Ok(sqlx::query_as!(
            DatabaseStatus,
            r#"
            select current_setting('server_version') as "version!", current_database()::text as "database!",
                (select count(*) from pg_stat_replication) as "standbys!", count(*) as "connections!",
                count(distinct coalesce(host(client_addr), 'socket')) as "clients!",
                current_setting('max_connections') as "max_connections!"
            from pg_stat_activity
            where datname = current_database() and application_name = 'handset'
            "#,
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
