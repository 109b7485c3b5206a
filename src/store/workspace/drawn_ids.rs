//! Ids that are counted, on a cluster.

use crate::error::Result;
use crate::store::Workspace;

impl Workspace {
    /// Ids of new rows on a cluster, where the tables of a shard have no defaults that count: drawn by the node that the
    /// server is connected to. None on one Postgres, where the statement that inserts draws them.
    pub(in crate::store) async fn draw_ids(&self, sequence: &'static str, count: usize) -> Result<Vec<i64>> {
        if !self.store.is_distributed {
            return Ok(Vec::new());
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let drawn = sqlx::query_scalar!(
            r#"select nextval($1::text::regclass) as "id!" from generate_series(1, $2::bigint)"#,
            sequence,
            count,
        );
        Ok(drawn.fetch_all(self.store.writer()).await?)
    }
}
