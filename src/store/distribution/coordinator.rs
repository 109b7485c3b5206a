//! What a node of a cluster is. Only the coordinator may change the schema.

use crate::store::pool::hosts::Hosts;
use sqlx::{Connection, PgConnection};

/// What the node of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Node {
    /// False without Citus, too.
    pub is_worker: bool,
    /// Whether the tables are distributed.
    pub is_distributed: bool,
}

/// What the node of this connection is. Asked before there is a schema, and of databases without Citus, so the tables of
/// Citus are named in a block that is parsed when it runs.
pub(in crate::store) async fn node(connection: &mut PgConnection) -> sqlx::Result<Node> {
    let mut transaction = connection.begin().await?;
    sqlx::query!(
        r#"
        do $$
        begin
            if to_regclass('pg_catalog.pg_dist_local_group') is not null then
                perform
                    set_config('handset.is_worker', (groupid <> 0)::text, true),
                    set_config('handset.is_distributed', exists (
                        select from pg_catalog.pg_dist_partition
                        where logicalrelid = to_regclass('workspace') and repmodel = 't')::text, true)
                from pg_catalog.pg_dist_local_group;
            end if;
        end
        $$
        "#
    )
    .execute(&mut *transaction)
    .await?;
    let node = sqlx::query_as!(
        Node,
        r#"
        select coalesce(current_setting('handset.is_worker', true), '') = 'true' as "is_worker!",
            coalesce(current_setting('handset.is_distributed', true), '') = 'true' as "is_distributed!"
        "#
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(node)
}

/// A connection to the host that is the coordinator, if one of the hosts is.
pub(in crate::store) async fn coordinator(hosts: &Hosts) -> sqlx::Result<Option<PgConnection>> {
    for host in hosts.each() {
        let Ok(mut connection) = host.connect().await else { continue };
        if !node(&mut connection).await?.is_worker {
            return Ok(Some(connection));
        }
    }
    Ok(None)
}
