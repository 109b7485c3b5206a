//! What tests of webhooks stand on: workers in this process, webhooks, and what is known of deliveries.

use crate::receiver::Receiver;
use crate::waiting::until;
use crate::world::{Tenant, World, list, seal, text};
use chrono::{DateTime, Utc};
use handset::store::Store;
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
    working: JoinHandle<()>,
}

impl WebhookWorker {
    /// A worker on the world's own store.
    pub fn open(world: &World) -> WebhookWorker {
        WebhookWorker::of(world, world.store.clone(), outbound(), true)
    }

    /// A worker as it is where the Postgres is not the private one: nobody's messages may stay on this machine.
    pub fn public(world: &World) -> WebhookWorker {
        WebhookWorker::of(world, world.store.clone(), outbound(), false)
    }

    /// A worker that gives up on an answer so soon.
    pub fn impatient(world: &World, waiting: Duration) -> WebhookWorker {
        WebhookWorker::of(world, world.store.clone(), outbound().with_patience(waiting), true)
    }

    /// A worker with connections of its own, as on another server.
    pub async fn elsewhere(world: &World) -> WebhookWorker {
        WebhookWorker::of(world, another_store(world).await, outbound(), true)
    }

    fn of(world: &World, store: Store, outbound: Outbound, sandboxes_reach_loopback: bool) -> WebhookWorker {
        let worker = Worker {
            store,
            clock: world.clock.clone(),
            random: world.random.clone(),
            outbound: Arc::new(outbound),
            sandboxes_reach_loopback,
            metrics: world.metrics.clone(),
            tick: Duration::from_millis(10),
        };
        let stop = CancellationToken::new();
        WebhookWorker { working: tokio::spawn(worker.run(stop.clone())), stop }
    }

    /// Waits until it has finished what is under way.
    pub async fn close(mut self) {
        self.stop.cancel();
        (&mut self.working).await.expect("a worker does not panic");
    }
}

impl Drop for WebhookWorker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn outbound() -> Outbound {
    Outbound::new(Vec::new()).expect("a client")
}

/// The same database through other connections.
pub async fn another_store(world: &World) -> Store {
    Store::open(&world.database_url, 3, seal()).await.expect("the database opens")
}

/// A webhook.
pub struct Hook {
    pub id: String,
    pub secret: String,
}

impl Hook {
    /// A webhook of the first workspace, for what becomes of phones.
    pub async fn to(world: &World, receiver: &Receiver) -> Hook {
        Hook::at(world, &receiver.url(), &["phone.deactivated"]).await
    }

    pub async fn at(tenant: &Tenant, url: &str, event_types: &[&str]) -> Hook {
        let body = json!({ "url": url, "event_types": event_types });
        let made = tenant.key().post("/webhooks/create", body).await.ok();
        Hook { id: text(&made["webhook"]["webhook_id"]), secret: text(&made["webhook"]["secret"]) }
    }

    /// As it is now.
    pub async fn shown(&self, tenant: &Tenant) -> Value {
        tenant.key().post("/webhooks/get", json!({ "webhook_id": self.id })).await.ok()["webhook"].clone()
    }

    /// What came of what it is owed, newest first.
    pub async fn deliveries(&self, tenant: &Tenant) -> Vec<Value> {
        let (mut deliveries, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let asked = json!({ "webhook_id": self.id, "limit": 1_000, "page_cursor": cursor });
            let page = tenant.key().post("/webhooks/list_deliveries", asked).await.ok();
            deliveries.extend(list(&page["webhook_deliveries"]));
            cursor = page["pagination"]["next_page_cursor"].clone();
            if cursor.is_null() {
                return deliveries;
            }
        }
    }

    /// The deliveries, as soon as all of them satisfy.
    pub async fn settled(&self, tenant: &Tenant, what: &str, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
        until(what, async || {
            let deliveries = self.deliveries(tenant).await;
            (!deliveries.is_empty() && deliveries.iter().all(&is_so)).then_some(deliveries)
        })
        .await
    }

    /// The deliveries, as soon as each has had so many attempts, of which nothing is under way.
    pub async fn tried(&self, world: &World, attempts: i64) -> Vec<Value> {
        let now = world.clock.now();
        let what = format!("each is tried {attempts} times, the last time now");
        self.settled(world, &what, |row| row["attempt_count"] == attempts && at(row, "last_attempt_at") == Some(now))
            .await
    }

    /// The deliveries, as soon as all of them are delivered.
    pub async fn delivered(&self, tenant: &Tenant) -> Vec<Value> {
        self.settled(tenant, "all are delivered", |row| row["status"] == "delivered").await
    }
}

/// A time in a delivery.
pub fn at(delivery: &Value, name: &str) -> Option<DateTime<Utc>> {
    delivery[name].as_str().map(|time| time.parse().expect("a time"))
}

/// A phone of a new person comes and goes, which is one event; gives the phone.
pub async fn lose_a_phone(tenant: &Tenant) -> String {
    let person = tenant.key().post("/user_identities/create", json!({})).await.ok();
    let phone = tenant.phone(&text(&person["user_identity"]["user_identity_id"])).await;
    tenant.key().post("/phones/deactivate", json!({ "device_id": phone })).await.ok();
    phone
}
