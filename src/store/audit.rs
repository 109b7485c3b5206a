//! Reads and pruning of the audit trail, for the operator and the sweeper of a deployment. Rows are written by
//! [`crate::store::sql::audited`].

use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::domain::id::WorkspaceId;
use crate::error::Result;
use crate::store::Store;
use chrono::{DateTime, Utc};
use uuid::Uuid;

impl Store {
    /// Entries of a workspace's audit trail, oldest first: at most `count`, after a place or from the beginning.
    pub async fn audit(
        &self,
        workspace: WorkspaceId,
        filter: &AuditFilter,
        behind: Option<(DateTime<Utc>, Uuid)>,
        count: i64,
    ) -> Result<Vec<AuditEntry>> {
        Ok(sqlx::query_as!(
            AuditEntry,
            r#"
            select workspace_id, audit_id, at, request_id, credential_kind, credential_id, host(address) as address,
                action, subject_kind, subject_id, before, after
            from audit
            where workspace_id = $1
                and ($2::uuid is null or device_id = $2)
                and ($3::timestamptz is null or at >= $3)
                and ($4::timestamptz is null or at < $4)
                and ($5::timestamptz is null or (at, audit_id) > ($5, $6))
            order by at, audit_id
            limit $7
            "#,
            workspace.0,
            filter.device_id.map(|id| id.0),
            filter.since,
            filter.until,
            behind.map(|(at, _)| at),
            behind.map(|(_, id)| id),
            count,
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Deletes at most `count` entries from before a time. Returns their number.
    pub async fn prune_audit(&self, before: DateTime<Utc>, count: i64) -> Result<u64> {
        let pruned = sqlx::query_scalar!(r#"select forget_audit($1, $2) as "count!""#, before, count)
            .fetch_one(self.writer())
            .await?;
        Ok(pruned.unsigned_abs())
    }
}
