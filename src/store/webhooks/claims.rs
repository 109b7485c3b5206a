//! Claims of due deliveries: the workspaces that have any, their endpoints, then deliveries of one workspace. For the
//! worker of the server itself; no caller reaches them.
//!
//! A claim postpones the delivery's next attempt to the time at which the worker is presumed dead, and counts the
//! attempt. No lock is held while a message is sent.

use super::due::Lookup;
use crate::domain::event::Event;
use crate::domain::id::*;
use crate::domain::token::Token;
use crate::domain::webhook::{Claim, Endpoint};
use crate::error::Result;
use crate::store::Store;
use crate::store::sql::types::Document;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::time::Instant;
use uuid::Uuid;

/// What a search for due deliveries skips, and what it returns last.
#[derive(Debug, Default)]
pub struct ClaimFilter {
    /// Workspaces to skip.
    pub busy_workspaces: Vec<Uuid>,
    /// Webhooks to skip.
    pub busy_webhooks: Vec<Uuid>,
    /// Hosts to skip.
    pub busy_hosts: Vec<String>,
    /// Workspaces to return after all others.
    pub deferred_workspaces: Vec<Uuid>,
    /// Seed of the order of workspaces.
    pub seed: i64,
}

/// A row of a claim, with its secrets sealed.
struct Row {
    workspace_id: Uuid,
    webhook_id: Uuid,
    delivery_id: Uuid,
    attempt: i32,
    failures: i32,
    url: String,
    host: String,
    is_failing: bool,
    secret_sealed: Vec<u8>,
    former_secret_sealed: Option<Vec<u8>>,
    is_demo: bool,
    event_id: Uuid,
    event_type: String,
    created_at: DateTime<Utc>,
    occurred_at: DateTime<Utc>,
    details: Document<Map<String, Value>>,
}

impl Store {
    /// At most `limit` workspaces with due deliveries, in random order, by one index lookup per workspace.
    pub async fn due_workspaces(
        &self,
        filter: &ClaimFilter,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<WorkspaceId>> {
        if self.is_distributed {
            let at_most = usize::try_from(limit).unwrap_or(usize::MAX);
            return match self.due_workspaces.take(filter, at_most, now, Instant::now()) {
                Lookup::In(workspaces) => Ok(workspaces),
                Lookup::Everywhere => self.due_workspaces_of_each_node(filter, limit, now).await,
            };
        }
        let rows = sqlx::query_scalar!(
            r#"
            select workspace_id
            from (
                select workspace_id, (
                    select min(next_attempt_at) from delivery
                    where delivery.workspace_id = workspace.workspace_id and status = 'pending'
                ) as due_at
                from workspace
                where workspace_id <> all ($2)
            ) as due
            where due_at <= $1
            group by workspace_id
            order by workspace_id = any ($3), uuid_hash_extended(workspace_id, $4)
            limit $5
            "#,
            now,
            &filter.busy_workspaces,
            &filter.deferred_workspaces,
            filter.seed,
            limit,
        )
        .fetch_all(&self.of_worker().pool)
        .await?;
        Ok(rows.into_iter().map(WorkspaceId).collect())
    }

    /// As [`Store::due_workspaces`], where deliveries are on several nodes: each looks for its own.
    async fn due_workspaces_of_each_node(
        &self,
        filter: &ClaimFilter,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<WorkspaceId>> {
        let rows = sqlx::query_scalar!(
            r#"
            select workspace_id from delivery
            where status = 'pending' and next_attempt_at <= $1 and workspace_id <> all ($2)
            group by workspace_id
            order by workspace_id = any ($3), uuid_hash_extended(workspace_id, $4)
            limit $5
            "#,
            now,
            &filter.busy_workspaces,
            &filter.deferred_workspaces,
            filter.seed,
            limit,
        )
        .fetch_all(&self.of_worker().pool)
        .await?;
        Ok(rows.into_iter().map(WorkspaceId).collect())
    }

    /// Endpoints of a workspace with due deliveries, longest due first, by one index lookup per webhook.
    pub async fn due_endpoints(
        &self,
        workspace: WorkspaceId,
        filter: &ClaimFilter,
        now: DateTime<Utc>,
    ) -> Result<Vec<Endpoint>> {
        let rows = sqlx::query!(
            r#"
            select webhook_id, host as "host!", is_failing as "is_failing!"
            from (
                select webhook_id, host, failing_since is not null as is_failing, (
                    select min(next_attempt_at) from delivery
                    where delivery.workspace_id = $1 and delivery.webhook_id = webhook.webhook_id
                        and status = 'pending'
                ) as due_at
                from webhook
                where workspace_id = $1 and disabled_at is null and webhook_id <> all ($3) and host <> all ($4)
            ) as endpoint
            where due_at <= $2
            order by due_at, webhook_id
            "#,
            workspace.0,
            now,
            &filter.busy_webhooks,
            &filter.busy_hosts,
        )
        .fetch_all(&self.of_deliveries(workspace).pool)
        .await?;
        // Others may be hidden by the filter.
        let is_filtered = !filter.busy_webhooks.is_empty() || !filter.busy_hosts.is_empty();
        if self.is_distributed && (is_filtered || !rows.is_empty()) {
            self.due_workspaces.remember(workspace, now);
        }
        let endpoints = rows.into_iter().map(|row| Endpoint {
            workspace_id: workspace,
            webhook_id: WebhookId(row.webhook_id),
            host: row.host,
            is_failing: row.is_failing,
        });
        Ok(endpoints.collect())
    }

    /// Claims due attempts of a workspace until `given_up_at`: of each webhook at most its number, longest due first.
    pub async fn claim_deliveries(
        &self,
        workspace: WorkspaceId,
        webhooks: &[(WebhookId, i64)],
        now: DateTime<Utc>,
        given_up_at: DateTime<Utc>,
    ) -> Result<Vec<Claim>> {
        let (ids, counts): (Vec<Uuid>, Vec<i64>) = webhooks.iter().map(|(id, count)| (id.0, *count)).unzip();
        let rows = sqlx::query_as!(
            Row,
            r#"
            with due as materialized (
                select granted.webhook_id, event_id
                from unnest($4::uuid[], $5::bigint[]) as granted (webhook_id, count)
                join webhook using (webhook_id)
                cross join lateral (
                    select event_id from delivery
                    where delivery.workspace_id = $1 and delivery.webhook_id = granted.webhook_id
                        and status = 'pending' and next_attempt_at <= $2
                    order by next_attempt_at
                    limit granted.count
                    for update skip locked
                ) as first
                where webhook.workspace_id = $1 and disabled_at is null
            ), claimed as (
                update delivery set attempt = attempt + 1, next_attempt_at = $3
                from due
                where delivery.workspace_id = $1 and delivery.webhook_id = due.webhook_id
                    and delivery.event_id = due.event_id
                returning delivery.workspace_id, delivery.webhook_id, delivery.event_id, delivery_id, attempt, failures
            )
            select workspace_id, webhook_id, delivery_id as "delivery_id!", attempt, failures, url, host as "host!",
                failing_since is not null as "is_failing!", secret_sealed,
                case when former_secret_until > $2 then former_secret_sealed end as former_secret_sealed,
                exists (select from deployment where demo_workspace_id = $1) as "is_demo!", event_id, event_type, event.created_at, occurred_at,
                details as "details: Document<Map<String, Value>>"
            from claimed
            join event using (workspace_id, event_id)
            join webhook using (workspace_id, webhook_id)
            where event.workspace_id = $1 and webhook.workspace_id = $1
            "#,
            workspace.0,
            now,
            given_up_at,
            &ids,
            &counts,
        )
        .fetch_all(self.of_deliveries(workspace).writer())
        .await?;
        Ok(rows.into_iter().map(|row| self.opened_claim(row)).collect())
    }

    fn opened_claim(&self, row: Row) -> Claim {
        let (workspace_id, webhook_id) = (WorkspaceId(row.workspace_id), WebhookId(row.webhook_id));
        Claim {
            secrets: self.secrets(webhook_id, [Some(row.secret_sealed), row.former_secret_sealed]),
            endpoint: Endpoint { workspace_id, webhook_id, host: row.host, is_failing: row.is_failing },
            delivery_id: row.delivery_id,
            attempt: row.attempt,
            failures: row.failures,
            url: row.url,
            is_demo: row.is_demo,
            event: Event {
                workspace_id,
                event_id: EventId(row.event_id),
                event_type: row.event_type,
                created_at: row.created_at,
                occurred_at: row.occurred_at,
                details: row.details.into(),
            },
        }
    }

    /// Secrets of a webhook. Nothing is sent unsigned: if a secret does not open, that webhook's attempts fail, while
    /// those of the others, claimed by the same statement, are sent.
    fn secrets(&self, webhook: WebhookId, sealed: [Option<Vec<u8>>; 2]) -> Vec<Token> {
        let open = |sealed: &Vec<u8>| match self.seal.open(sealed, webhook.0) {
            Ok(secret) => Some(secret),
            Err(error) => {
                tracing::error!(webhook = %webhook.0, %error, "webhook secret cannot be opened");
                None
            }
        };
        sealed.iter().flatten().filter_map(open).collect()
    }
}
