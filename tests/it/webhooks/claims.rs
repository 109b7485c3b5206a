//! Searches for due deliveries: which workspaces and webhooks they return, and in which order.

use crate::support::webhook_worker::{Webhook, register_and_deactivate_phone};
use crate::support::world::World;
use handset::domain::id::WebhookId;
use handset::store::ClaimFilter;
use std::collections::HashSet;

#[tokio::test]
async fn workspaces_with_due_deliveries_come_in_random_order_without_busy_ones() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..6 {
        let tenant = world.sandbox(&format!("Tenant {number}")).await;
        Webhook::create_at(&tenant, "https://example.com/hook", &["phone.deactivated"]).await;
        register_and_deactivate_phone(&tenant).await;
        ids.push(tenant.record.workspace_id);
    }
    let due = async |filter: &ClaimFilter, limit| {
        world.store.due_workspaces(filter, limit, world.clock.now()).await.expect("the database answers")
    };
    let mut first = HashSet::new();
    for seed in 0..20 {
        let found = due(&ClaimFilter { seed, ..ClaimFilter::default() }, 100).await;
        assert_eq!(found.iter().collect::<HashSet<_>>(), ids.iter().collect());
        first.insert(found[0]);
    }
    assert!(first.len() > 1, "another seed is another order");
    let (some, others) = ids.split_at(2);
    let raw: Vec<_> = some.iter().map(|id| id.0).collect();
    let busy = due(&ClaimFilter { busy_workspaces: raw.clone(), ..ClaimFilter::default() }, 100).await;
    assert_eq!(busy.iter().collect::<HashSet<_>>(), others.iter().collect());
    let deferred = due(&ClaimFilter { deferred_workspaces: raw, ..ClaimFilter::default() }, 5).await;
    assert_eq!(deferred[..4].iter().collect::<HashSet<_>>(), others.iter().collect(), "they come last");
}

#[tokio::test]
async fn the_longest_overdue_deliveries_of_a_workspace_are_claimed_first() {
    let world = World::new().await;
    let mut webhooks = Vec::new();
    for number in 0..3 {
        let url = format!("https://{number}.example.com/");
        let webhook = Webhook::create_at(&world, &url, &["phone.deactivated"]).await;
        webhooks.push(webhook.id.parse().map(WebhookId).expect("an id"));
    }
    for _ in 0..3 {
        register_and_deactivate_phone(&world).await;
    }
    let mut database = world.database().await;
    for (webhook, seconds) in [(webhooks[2], 2.0), (webhooks[1], 1.0)] {
        let due = "update delivery set next_attempt_at = next_attempt_at - $2 * interval '1 s' where webhook_id = $1";
        sqlx::query(due).bind(webhook.0).bind(seconds).execute(&mut database).await.expect("the update succeeds");
    }
    let (workspace, now) = (world.record.workspace_id, world.clock.now());
    let due = async |filter: &ClaimFilter| -> Vec<WebhookId> {
        let endpoints = world.store.due_endpoints(workspace, filter, now).await.expect("the database answers");
        endpoints.iter().map(|endpoint| endpoint.webhook_id).collect()
    };
    assert_eq!(due(&ClaimFilter::default()).await, [webhooks[2], webhooks[1], webhooks[0]]);
    let busy_webhooks = ClaimFilter { busy_webhooks: vec![webhooks[2].0], ..ClaimFilter::default() };
    assert_eq!(due(&busy_webhooks).await, [webhooks[1], webhooks[0]]);
    let busy_hosts = ClaimFilter { busy_hosts: vec!["1.example.com".to_owned()], ..ClaimFilter::default() };
    assert_eq!(due(&busy_hosts).await, [webhooks[2], webhooks[0]]);

    let claims = world.store.claim_deliveries(workspace, &[(webhooks[2], 2), (webhooks[0], 1)], now, now).await;
    let mut of: Vec<_> = claims.expect("claims").iter().map(|claim| claim.endpoint.webhook_id).collect();
    of.sort();
    assert_eq!(of, [webhooks[0], webhooks[2], webhooks[2]]);
}

#[tokio::test]
async fn the_host_of_a_webhook_is_normalised() {
    let world = World::new().await;
    let urls = [
        ("https://example.com/hook", "example.com"),
        ("https://Example.COM:443", "example.com"),
        ("http://example.com:80?a=https://other.example", "example.com"),
        ("http://user:p%40ss@example.com:8080/a@b", "example.com:8080"),
        ("http://[2606:4700::1111]:8080/", "[2606:4700::1111]:8080"),
    ];
    for (url, host) in urls {
        Webhook::create_at(&world, url, &["phone.deactivated"]).await;
        let stored: String = sqlx::query_scalar("select host from webhook where url = $1")
            .bind(url)
            .fetch_one(&mut world.database().await)
            .await
            .expect("one webhook");
        assert_eq!(stored, host);
    }
}
