//! Counts of the registry for the metrics, over all workspaces. They run on a connection of their own, so that no request
//! waits for one, with a statement timeout, and on one server of a database at a time.

use crate::error::Result;
use crate::metrics::{Counts, NumberCounts, PerEnvironment, WebhookCounts};
use crate::store::Store;
use crate::store::webhooks::{PendingDeliveries, pending};
use chrono::TimeDelta;
use sqlx::{Connection, PgConnection, Postgres, Transaction};

/// Statement timeout. Index-only counts of ten million rows take less; a million phones with their user identities take about 0.5 s.
const TIMEOUT: &str = "10s";

/// Advisory lock of the server that counts: an arbitrary number, here "counting" in ASCII. Schemas of one database share it. It
/// saves work and guards nothing, so servers that are connected to other nodes may count at the same time.
const COUNTING: i64 = 0x63_6f_75_6e_74_69_6e_67;

impl Store {
    /// Counts the registry; `None` while another server does. `keep_events` is the retention of the audit trail, unless the
    /// database guards it for longer.
    pub async fn counts(&self, keep_events: TimeDelta) -> Result<Option<Counts>> {
        let mut connection = self.hosts.connect().await?;
        let mut counting = begin(&mut connection).await?;
        let is_first = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "is_first!""#, COUNTING)
            .fetch_one(&mut *counting)
            .await?;
        if !is_first {
            return Ok(None);
        }
        let [active_phones, deactivated_phones] = phones(&mut counting).await?;
        let (oldest_audit_entry, guarded_days) = audit(&mut counting).await?;
        let counts = Counts {
            workspaces: workspaces(&mut counting).await?,
            user_identities: user_identities(&mut counting).await?,
            active_phones,
            deactivated_phones,
            barred_installations: barred_installations(&mut counting).await?,
            numbers: numbers(&mut counting).await?,
            webhooks: webhooks(&mut counting).await?,
            oldest_audit_entry,
            audit_retention: keep_events.max(TimeDelta::days(guarded_days.into())),
        };
        counting.commit().await?;
        connection.close().await?;
        Ok(Some(counts))
    }

    /// Like [`Store::pending_deliveries`], on a connection of its own.
    pub async fn count_pending_deliveries(&self) -> Result<PendingDeliveries> {
        let mut connection = self.hosts.connect().await?;
        let mut counting = begin(&mut connection).await?;
        let counted = pending(&mut *counting).await?;
        counting.commit().await?;
        connection.close().await?;
        Ok(counted)
    }
}

/// Begins a transaction whose statements are bounded in time and use one process of Postgres each.
async fn begin(connection: &mut PgConnection) -> sqlx::Result<Transaction<'_, Postgres>> {
    let mut counting = connection.begin().await?;
    sqlx::query!(
        r#"
        select set_config('statement_timeout', $1, true) as statement_timeout,
            set_config('max_parallel_workers_per_gather', '0', true) as workers
        "#,
        TIMEOUT,
    )
    .fetch_one(&mut *counting)
    .await?;
    Ok(counting)
}

/// Active and deactivated phones. Two statements, since each has an index of its own to count.
async fn phones(database: &mut PgConnection) -> sqlx::Result<[PerEnvironment; 2]> {
    let active = sqlx::query_as!(
        PerEnvironment,
        r#"
        select coalesce(sum(phones) filter (where is_sandbox), 0)::bigint as "sandbox!",
            coalesce(sum(phones) filter (where not is_sandbox), 0)::bigint as "production!"
        from (select workspace_id, count(*) as phones from phone where deactivated_at is null group by workspace_id) as phone
        join workspace using (workspace_id)
        "#,
    );
    let active = active.fetch_one(&mut *database).await?;
    let deactivated = sqlx::query_as!(
        PerEnvironment,
        r#"
        select coalesce(sum(phones) filter (where is_sandbox), 0)::bigint as "sandbox!",
            coalesce(sum(phones) filter (where not is_sandbox), 0)::bigint as "production!"
        from (
            select workspace_id, count(*) as phones from phone where deactivated_at is not null group by workspace_id
        ) as phone
        join workspace using (workspace_id)
        "#,
    );
    Ok([active, deactivated.fetch_one(database).await?])
}

async fn barred_installations(database: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from phone
        where deactivated_at is not null and readmitted_at is null and custom_sdk_installation_id is not null
        "#,
    )
    .fetch_one(database)
    .await
}

async fn user_identities(database: &mut PgConnection) -> sqlx::Result<PerEnvironment> {
    sqlx::query_as!(
        PerEnvironment,
        r#"
        select coalesce(sum(user_identities) filter (where is_sandbox), 0)::bigint as "sandbox!",
            coalesce(sum(user_identities) filter (where not is_sandbox), 0)::bigint as "production!"
        from (select workspace_id, count(*) as user_identities from user_identity group by workspace_id) as user_identity
        join workspace using (workspace_id)
        "#,
    )
    .fetch_one(database)
    .await
}

async fn workspaces(database: &mut PgConnection) -> sqlx::Result<PerEnvironment> {
    sqlx::query_as!(
        PerEnvironment,
        r#"
        select count(*) filter (where is_sandbox) as "sandbox!", count(*) filter (where not is_sandbox) as "production!"
        from workspace
        "#,
    )
    .fetch_one(database)
    .await
}

async fn numbers(database: &mut PgConnection) -> sqlx::Result<NumberCounts> {
    sqlx::query_as!(
        NumberCounts,
        r#"
        select count(*) filter (where status = 'reserved') as "reserved!",
            count(*) filter (where status = 'assigned') as "assigned!",
            count(*) filter (where status = 'released') as "released!",
            count(*) filter (where status = 'finished') as "finished!"
        from number_register
        "#,
    )
    .fetch_one(database)
    .await
}

async fn webhooks(database: &mut PgConnection) -> sqlx::Result<WebhookCounts> {
    sqlx::query_as!(
        WebhookCounts,
        r#"
        select count(*) filter (where disabled_at is null and failing_since is null) as "enabled!",
            count(*) filter (where disabled_at is null and failing_since is not null) as "failing!",
            count(*) filter (where disabled_at is not null) as "disabled!"
        from webhook
        "#,
    )
    .fetch_one(database)
    .await
}

/// Time of the oldest entry of the audit trail, and the days for which the database guards entries.
async fn audit(database: &mut PgConnection) -> sqlx::Result<(Option<chrono::DateTime<chrono::Utc>>, i32)> {
    let row = sqlx::query!("select (select min(at) from audit) as oldest, audit_least_days from deployment");
    let row = row.fetch_one(database).await?;
    Ok((row.oldest, row.audit_least_days))
}
