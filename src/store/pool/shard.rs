//! Statements of several parts on a cluster. Citus would run their parts one after the other, and send what a part returns to
//! each node that may need it. So they are passed to the function `run_on_shard`, which Citus calls on the node with the rows
//! of the workspace, where Postgres runs them as a whole on the tables of the shard.

mod template;

use sqlx::postgres::PgStatement;
use sqlx::{AssertSqlSafe, Column, Either, Executor, PgConnection, SqlSafeStr, SqlStr, Statement, TypeInfo};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use template::Template;

/// Number of statements to remember, more than there are.
const MAX_STATEMENTS: usize = 1_024;

/// The tables and where they are.
pub(super) type Tables = HashMap<String, Placement>;

/// Where a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// The rows of a workspace are in one shard with those of other tables.
    Workspace,
    /// On each node.
    Copied,
    /// On a node that is not the workspace's.
    Elsewhere,
}

/// How statements are sent to a cluster.
#[derive(Debug, Default)]
pub(super) struct ShardStatements {
    /// Empty until the tables are distributed.
    tables: RwLock<Tables>,
    /// By text; None for what Citus runs itself.
    known: Mutex<HashMap<String, Option<SqlStr>>>,
}

impl ShardStatements {
    /// What to send for a statement.
    pub async fn sent(&self, connection: &mut PgConnection, sql: SqlStr) -> sqlx::Result<SqlStr> {
        Ok(self.call(connection, &sql).await?.unwrap_or(sql))
    }

    /// The call of `run_on_shard` that takes the place of a statement, with the same parameters and columns. None if Citus
    /// runs it itself: one that has a single part, that is not of one workspace, or that changes rows outside of the shard.
    async fn call(&self, connection: &mut PgConnection, sql: &SqlStr) -> sqlx::Result<Option<SqlStr>> {
        if !template::has_parts(sql.as_str()) {
            return Ok(None);
        }
        if let Some(known) = self.known().get(sql.as_str()) {
            return Ok(known.clone());
        }
        if self.has_no_tables() {
            let tables = distributed_tables(connection).await?;
            *self.tables.write().unwrap_or_else(PoisonError::into_inner) = tables;
            if self.has_no_tables() {
                return Ok(None);
            }
        }
        let template = Template::of(sql.as_str(), &self.tables.read().unwrap_or_else(PoisonError::into_inner));
        let call = match template {
            None => None,
            Some(template) => call_of(&template, &connection.prepare(sql.clone()).await?),
        };
        let mut known = self.known();
        if known.len() < MAX_STATEMENTS {
            known.insert(sql.as_str().to_owned(), call.clone());
        }
        Ok(call)
    }

    fn has_no_tables(&self) -> bool {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Option<SqlStr>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None if the first parameter is not a workspace.
fn call_of(template: &Template, statement: &PgStatement) -> Option<SqlStr> {
    let Some(Either::Left(parameters)) = statement.parameters() else { return None };
    let parameters: Vec<&str> = parameters.iter().map(TypeInfo::name).collect();
    let columns: Vec<&str> = statement.columns().iter().map(|column| column.type_info().name()).collect();
    (parameters.first() == Some(&"UUID")).then(|| AssertSqlSafe(template.call(&parameters, &columns)).into_sql_str())
}

/// The tables, once they are distributed.
async fn distributed_tables(connection: &mut PgConnection) -> sqlx::Result<Tables> {
    let rows = sqlx::query!(r#"select name as "name!", distribution_column from distributed_tables()"#);
    let placement = |column: Option<String>| match column.as_deref() {
        Some("workspace_id") => Placement::Workspace,
        Some(_) => Placement::Elsewhere,
        None => Placement::Copied,
    };
    let rows = rows.fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.name, placement(row.distribution_column))).collect())
}
