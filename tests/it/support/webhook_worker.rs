//! Webhook workers in this process, webhooks, and their deliveries.

use super::receiver::Receiver;
use super::wait::until;
use super::world::{Tenant, World, list, seal, text};
use chrono::{DateTime, Utc};
use handset::domain::webhook::Claim;
use handset::store::{ClaimFilter, Store};
use handset::webhooks::Worker;
use handset::webhooks::outbound::Outbound;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A worker that delivers until it is closed or dropped.
pub struct WebhookWorker {
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

impl WebhookWorker {
    /// A worker on the world's store. The operator allows the loopback address, which the receivers have.
    pub fn start(world: &World) -> WebhookWorker {
        WebhookWorker::of(world, world.store.clone(), outbound(), false)
    }

    /// A worker of an operator who allows no network; of a trial, which lets the demo reach the loopback address.
    pub fn of_a_trial(world: &World, is_trial: bool) -> WebhookWorker {
        WebhookWorker::of(world, world.store.clone(), Outbound::new(Vec::new()).expect("a client"), is_trial)
    }

    /// A worker with this timeout of an attempt.
    pub fn with_timeout(world: &World, waiting: Duration) -> WebhookWorker {
        WebhookWorker::of(world, world.store.clone(), outbound().with_patience(waiting), false)
    }

    /// A worker with its own connections, as on another server.
    pub async fn with_second_store(world: &World) -> WebhookWorker {
        WebhookWorker::of(world, second_store(world).await, outbound(), false)
    }

    fn of(world: &World, store: Store, outbound: Outbound, demo_reaches_loopback: bool) -> WebhookWorker {
        let worker = Worker {
            store,
            clock: world.clock.clone(),
            random: world.random.clone(),
            outbound: Arc::new(outbound),
            demo_reaches_loopback,
            metrics: world.metrics.clone(),
            tick: Duration::from_millis(10),
        };
        let stop = CancellationToken::new();
        WebhookWorker { handle: tokio::spawn(worker.run(stop.clone())), stop }
    }

    /// Stops the worker after the attempts in progress.
    pub async fn close(mut self) {
        self.stop.cancel();
        (&mut self.handle).await.expect("a worker does not panic");
    }
}

impl Drop for WebhookWorker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn outbound() -> Outbound {
    Outbound::new(vec!["127.0.0.0/8".parse().expect("a network")]).expect("a client")
}

/// A store on the same database with its own connections.
pub async fn second_store(world: &World) -> Store {
    Store::open(&world.database_url, 3, seal()).await.expect("the database opens")
}

/// Claims all due deliveries of all workspaces until a time, as a worker without limits.
pub async fn claim_deliveries(world: &World, store: &Store, given_up_at: DateTime<Utc>) -> Vec<Claim> {
    let now = world.clock.now();
    let filter = ClaimFilter::default();
    let mut claims = Vec::new();
    for workspace in store.due_workspaces(&filter, 100, now).await.expect("the database answers") {
        let due = store.due_endpoints(workspace, &filter, now).await.expect("the database answers");
        let webhooks: Vec<_> = due.iter().map(|endpoint| (endpoint.webhook_id, 100)).collect();
        let claimed = store.claim_deliveries(workspace, &webhooks, now, given_up_at).await;
        claims.extend(claimed.expect("the database answers"));
    }
    claims
}

/// A webhook.
pub struct Webhook {
    pub id: String,
    pub secret: String,
}

impl Webhook {
    /// A webhook of the first workspace for `phone.deactivated`.
    pub async fn create(world: &World, receiver: &Receiver) -> Webhook {
        Webhook::create_at(world, &receiver.url(), &["phone.deactivated"]).await
    }

    pub async fn create_at(tenant: &Tenant, url: &str, event_types: &[&str]) -> Webhook {
        let body = json!({ "url": url, "event_types": event_types });
        let created = tenant.key().post("/webhooks/create", body).await.ok();
        Webhook { id: text(&created["webhook"]["webhook_id"]), secret: text(&created["webhook"]["secret"]) }
    }

    /// Reads the webhook.
    pub async fn get(&self, tenant: &Tenant) -> Value {
        tenant.key().post("/webhooks/get", json!({ "webhook_id": self.id })).await.ok()["webhook"].clone()
    }

    /// All deliveries of the webhook, newest first.
    pub async fn deliveries(&self, tenant: &Tenant) -> Vec<Value> {
        let (mut deliveries, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let request = json!({ "webhook_id": self.id, "limit": 1_000, "page_cursor": cursor });
            let page = tenant.key().post("/webhooks/list_deliveries", request).await.ok();
            deliveries.extend(list(&page["webhook_deliveries"]));
            cursor = page["pagination"]["next_page_cursor"].clone();
            if cursor.is_null() {
                return deliveries;
            }
        }
    }

    /// The deliveries, once all of them satisfy a condition.
    pub async fn wait_for_deliveries(&self, tenant: &Tenant, what: &str, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
        until(what, async || {
            let deliveries = self.deliveries(tenant).await;
            (!deliveries.is_empty() && deliveries.iter().all(&is_so)).then_some(deliveries)
        })
        .await
    }

    /// The deliveries, once each has had this many attempts, the last one now, and none is in progress.
    pub async fn wait_for_attempts(&self, world: &World, attempts: i64) -> Vec<Value> {
        let now = world.clock.now();
        let what = format!("each is tried {attempts} times, the last time now");
        self.wait_for_deliveries(world, &what, |row| {
            row["attempt_count"] == attempts && timestamp(row, "last_attempt_at") == Some(now)
        })
        .await
    }

    /// The deliveries, once all of them are delivered.
    pub async fn wait_until_delivered(&self, tenant: &Tenant) -> Vec<Value> {
        self.wait_for_deliveries(tenant, "all are delivered", |row| row["status"] == "delivered").await
    }
}

/// A timestamp of a delivery.
pub fn timestamp(delivery: &Value, name: &str) -> Option<DateTime<Utc>> {
    delivery[name].as_str().map(|time| time.parse().expect("a time"))
}

/// Registers and deactivates a phone of a new user identity, which is one event. Returns the device id.
pub async fn register_and_deactivate_phone(tenant: &Tenant) -> String {
    let person = tenant.key().post("/user_identities/create", json!({})).await.ok();
    let phone = tenant.phone(&text(&person["user_identity"]["user_identity_id"])).await;
    tenant.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    phone
}
