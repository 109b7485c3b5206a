//! Distribution of the tables over several nodes by Citus, for deployments that outgrow one Postgres. The schema, in
//! the migrations, decides what goes where.

mod coordinator;

pub(super) use coordinator::{Node, coordinator, node};

use super::pool::hosts::Hosts;
use super::{OpenError, SchemaName, Store, fault_of_connection, schema};
use sqlx::{Connection, PgConnection, PgExecutor};
use std::time::{Duration, Instant};

/// Failure to distribute the tables.
#[derive(Debug, thiserror::Error)]
pub enum DistributeError {
    #[error(
        "this database has no Citus. Install it on every node, put citus into shared_preload_libraries, and run \
         \"create extension citus\" in this database; on a single Postgres there is nothing to distribute"
    )]
    NoCitus,
    #[error(
        "this database is a worker of the Citus cluster. Name the coordinator in DATABASE_URL; nothing was changed"
    )]
    Worker,
    #[error(
        "the tables are in the schema \"{0}\", and the nodes of a cluster look for functions in public only. Move the \
         registry to a database of its own; nothing was changed"
    )]
    Schema(SchemaName),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the tables could not be distributed, and nothing was changed: {0}")]
    Refused(#[from] sqlx::Error),
}

/// A table that is not on the nodes yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndistributedTable {
    pub name: String,
    /// The column by which it is divided; None if it is copied to each node.
    pub distribution_column: Option<String>,
    /// None if Postgres has not counted them yet.
    pub estimated_rows: Option<i64>,
    /// With its indexes.
    pub bytes: i64,
}

/// How far the distribution is, after a table.
#[derive(Debug)]
pub struct DistributionProgress<'t> {
    pub table: &'t UndistributedTable,
    /// The table's place among all of them, from 1.
    pub number: usize,
    pub count: usize,
    pub took: Duration,
    /// Estimate by the sizes of the tables.
    pub left: Duration,
}

/// True if this database has the Citus extension.
pub(super) async fn is_possible<'c>(database: impl PgExecutor<'c>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from pg_extension where extname = 'citus') as "is_there!""#)
        .fetch_one(database)
        .await
}

/// What [`Store::distribute`] would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionPlan {
    /// Number of migrations that would be applied first. Before, it is not known what would be distributed.
    pub pending_migrations: usize,
    /// In the order in which they would be distributed.
    pub tables: Vec<UndistributedTable>,
    /// Host and port of the nodes that would get copies of the tables that each node has.
    pub new_nodes: Vec<String>,
}

impl Store {
    /// What [`Store::distribute`] would do with the database at `url`. Changes nothing.
    pub async fn plan_distribution(
        url: &str,
        schema: Option<&SchemaName>,
    ) -> Result<DistributionPlan, DistributeError> {
        let hosts = Hosts::parse(url).map_err(OpenError::Url)?.in_schema(schema);
        let (hosts, connection) = hosts.connect_as_preferred().await.map_err(fault_of_connection)?;
        let mut connection = at_coordinator(connection, &hosts, schema).await?;
        let pending_migrations = schema::pending(&mut connection, schema).await?;
        let mut plan = DistributionPlan { pending_migrations, tables: Vec::new(), new_nodes: Vec::new() };
        if pending_migrations == 0 {
            plan.tables = undistributed(&mut connection).await?;
            plan.new_nodes = new_nodes(&mut connection).await?;
        }
        connection.close().await?;
        Ok(plan)
    }

    /// Distributes every table that is not distributed yet, in one transaction, and returns their names. All of them
    /// are locked meanwhile. May take long; idempotent.
    pub async fn distribute(
        &self,
        mut progress: impl FnMut(&DistributionProgress<'_>),
    ) -> Result<Vec<String>, DistributeError> {
        let connection = self.hosts.connect().await?;
        let mut connection = at_coordinator(connection, &self.hosts, self.schema.as_ref()).await?;
        copy_to_new_nodes(&mut connection).await?;
        let mut transaction = connection.begin().await?;
        let names = distribute_all(&mut transaction, &mut progress).await?;
        transaction.commit().await?;
        Ok(names)
    }
}

/// The connection if it is at the coordinator, else one to the coordinator.
async fn at_coordinator(
    mut connection: PgConnection,
    hosts: &Hosts,
    schema: Option<&SchemaName>,
) -> Result<PgConnection, DistributeError> {
    if !is_possible(&mut connection).await? {
        return Err(DistributeError::NoCitus);
    }
    if let Some(schema) = schema.filter(|schema| schema.as_str() != "public") {
        return Err(DistributeError::Schema(schema.clone()));
    }
    if !node(&mut connection).await?.is_worker {
        return Ok(connection);
    }
    coordinator(hosts).await?.ok_or(DistributeError::Worker)
}

/// The nodes without the tables that each node has, once these are distributed.
async fn new_nodes(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        select host || ':' || port as "node!" from cluster_nodes()
        where not has_copies and exists (select from distributed_tables())
        "#
    )
    .fetch_all(connection)
    .await
}

/// The tables that are not distributed, in the order in which they can be.
pub(super) async fn undistributed(connection: &mut PgConnection) -> sqlx::Result<Vec<UndistributedTable>> {
    sqlx::query_as!(
        UndistributedTable,
        r#"
        select name as "name!", distribution_column, estimated_rows, bytes as "bytes!"
        from undistributed_tables()
        "#
    )
    .fetch_all(connection)
    .await
}

/// Copies the tables that each node has to nodes that were added.
async fn copy_to_new_nodes(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select copy_to_new_nodes()").execute(connection).await?;
    Ok(())
}

/// Distributes the tables as part of a transaction.
pub(super) async fn distribute_all(
    connection: &mut PgConnection,
    progress: &mut impl FnMut(&DistributionProgress<'_>),
) -> sqlx::Result<Vec<String>> {
    let tables = undistributed(connection).await?;
    sqlx::query!("select begin_distribution()").execute(&mut *connection).await?;
    let (began, count) = (Instant::now(), tables.len());
    let (mut done, all) = (0, tables.iter().map(weight).sum::<u64>());
    for (index, table) in tables.iter().enumerate() {
        let table_began = Instant::now();
        sqlx::query!("select distribute_table($1)", table.name).execute(&mut *connection).await?;
        done += weight(table);
        let left = began.elapsed().mul_f64((all - done) as f64 / done as f64);
        let took = table_began.elapsed();
        progress(&DistributionProgress { table, number: index + 1, count, took, left });
    }
    sqlx::query!("select finish_distribution()").execute(connection).await?;
    Ok(tables.into_iter().map(|table| table.name).collect())
}

/// What a table adds to the estimate: its size, and the cost of 32 shards even if they are empty.
fn weight(table: &UndistributedTable) -> u64 {
    const COST_OF_A_TABLE: u64 = 8 << 20;
    COST_OF_A_TABLE + table.bytes.unsigned_abs()
}
