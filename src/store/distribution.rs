//! Distribution of the tables over several nodes by Citus, for deployments that outgrow one Postgres. The schema, in
//! the migrations, decides what goes where.

use crate::store::Store;
use sqlx::PgExecutor;

/// Failure to distribute the tables.
#[derive(Debug, thiserror::Error)]
pub enum DistributeError {
    #[error(
        "this database has no Citus. Install it on every node, put citus into shared_preload_libraries, and run \
         \"create extension citus\" in this database; on a single Postgres there is nothing to distribute"
    )]
    NoCitus,
    #[error("the tables could not be distributed: {0}")]
    Refused(#[source] sqlx::Error),
}

/// True if this database has the Citus extension.
pub(super) async fn is_possible<'c>(database: impl PgExecutor<'c>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from pg_extension where extname = 'citus') as "is_there!""#)
        .fetch_one(database)
        .await
}

impl Store {
    /// Distributes every other table and returns their names. May take long; idempotent.
    pub async fn distribute(&self) -> Result<Vec<String>, DistributeError> {
        let mut connection = self.hosts.connect().await.map_err(DistributeError::Refused)?;
        if !is_possible(&mut connection).await.map_err(DistributeError::Refused)? {
            return Err(DistributeError::NoCitus);
        }
        let laid_out = sqlx::query_scalar!(r#"select table_name as "table_name!" from distribute() as table_name"#)
            .fetch_all(&mut connection)
            .await;
        laid_out.map_err(DistributeError::Refused)
    }
}
