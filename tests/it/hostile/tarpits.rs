//! Webhook receivers that never respond (tarpits): whatever their number, and however many workspaces own them, the
//! deliveries of others are sent at once, and endpoints that hang are tried ever less often.

use crate::support::receiver::{Behaviour, Receiver};
use crate::support::tcp_receiver;
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker, register_and_deactivate_phone};
use crate::support::world::{Tenant, World};
use chrono::TimeDelta;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Far below the timeout of an attempt, which is how long a tarpit holds one; far above what a delivery takes here.
const PROMPTLY: Duration = Duration::from_secs(5);

async fn ping(tenant: &Tenant, webhook: &Webhook) {
    tenant.key().post("/webhooks/ping", json!({ "webhook_id": webhook.id })).await.ok();
}

/// Deactivates a phone of the tenant, which its receiver hears promptly.
async fn hears_promptly(tenant: &Tenant, receiver: &Receiver) {
    let received = receiver.received().len();
    register_and_deactivate_phone(tenant).await;
    let heard = timeout(PROMPTLY, receiver.wait_for_messages(received + 1)).await;
    let messages = heard.expect("the delivery does not wait for the tarpits");
    assert_eq!(messages[received].event()["event_type"], "phone.deactivated");
}

#[tokio::test]
async fn twenty_tarpits_of_one_workspace_delay_no_delivery_of_another() {
    let world = World::new().await;
    let neighbour = world.sandbox("Neighbour").await;
    let (tarpit, receiver) = (Receiver::with_behaviour(Behaviour::NoResponse).await, Receiver::new().await);
    Webhook::create_at(&neighbour, &receiver.url(), &["phone.deactivated"]).await;
    let mut webhooks = Vec::new();
    for _ in 0..20 {
        webhooks.push(Webhook::create(&world, &tarpit).await);
    }
    for _ in 0..5 {
        register_and_deactivate_phone(&world).await;
    }
    for webhook in &webhooks[..12] {
        ping(&world, webhook).await;
    }
    let _worker = WebhookWorker::start(&world);
    tarpit.wait_for_messages(8).await;
    hears_promptly(&neighbour, &receiver).await;
    hears_promptly(&neighbour, &receiver).await;
}

#[tokio::test]
async fn twenty_tarpits_delay_no_delivery_to_a_healthy_webhook_of_the_same_workspace() {
    let world = World::new().await;
    let mut tarpits = Vec::new();
    for _ in 0..20 {
        let tarpit = Receiver::with_behaviour(Behaviour::NoResponse).await;
        Webhook::create(&world, &tarpit).await;
        tarpits.push(tarpit);
    }
    for _ in 0..5 {
        register_and_deactivate_phone(&world).await;
    }
    let _worker = WebhookWorker::start(&world);
    until("each tarpit has an attempt under way", async || {
        tarpits.iter().all(|tarpit| !tarpit.received().is_empty()).then_some(())
    })
    .await;
    let receiver = Receiver::new().await;
    Webhook::create(&world, &receiver).await;
    hears_promptly(&world, &receiver).await;
    hears_promptly(&world, &receiver).await;
}

#[tokio::test]
async fn tarpits_of_many_workspaces_delay_no_delivery_of_another() {
    let world = World::new().await;
    let receiver = Receiver::new().await;
    Webhook::create(&world, &receiver).await;
    let mut tarpits = Vec::new();
    for number in 0..70 {
        let tenant = world.sandbox(&format!("Tarpit {number}")).await;
        let tarpit = Receiver::with_behaviour(Behaviour::NoResponse).await;
        let webhook = Webhook::create_at(&tenant, &tarpit.url(), &["phone.deactivated"]).await;
        ping(&tenant, &webhook).await;
        ping(&tenant, &webhook).await;
        tarpits.push(tarpit);
    }
    let _worker = WebhookWorker::start(&world);
    hears_promptly(&world, &receiver).await;
    until("each workspace has an attempt under way", async || {
        tarpits.iter().all(|tarpit| !tarpit.received().is_empty()).then_some(())
    })
    .await;
    hears_promptly(&world, &receiver).await;
}

/// A host that many workspaces use: requests to `/tarpit` are never answered, others with 200.
struct SharedHost {
    url: String,
    /// The request lines.
    received: Arc<Mutex<Vec<String>>>,
    _until_dropped: DropGuard,
}

impl SharedHost {
    async fn new() -> SharedHost {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (log, stop) = (Arc::clone(&received), CancellationToken::new());
        let connections = async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let log = Arc::clone(&log);
                tokio::spawn(async move {
                    let Some(request) = tcp_receiver::read(&mut stream).await else { return };
                    log.lock().expect("no test panics in here").push(request.line.clone());
                    if request.line.contains("/tarpit") {
                        std::future::pending::<()>().await;
                    }
                    let response = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    // The sender may close the connection first.
                    let _ = stream.write_all(response.as_bytes()).await;
                });
            }
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(connections));
        SharedHost { url, received, _until_dropped: stop.drop_guard() }
    }

    /// Waits until this many requests to the path are received.
    async fn wait_for_requests(&self, path: &str, count: usize) {
        until(&format!("{count} requests to {path} are received"), async || {
            let received = self.received.lock().expect("no test panics in here");
            (received.iter().filter(|line| line.contains(path)).count() >= count).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn tarpits_of_many_workspaces_on_a_shared_host_delay_no_other_workspace_on_it() {
    let world = World::new().await;
    let host = SharedHost::new().await;
    Webhook::create_at(&world, &format!("{}/healthy", host.url), &["phone.deactivated"]).await;
    for number in 0..24 {
        let tenant = world.sandbox(&format!("Tarpit {number}")).await;
        let webhook = Webhook::create_at(&tenant, &format!("{}/tarpit", host.url), &["phone.deactivated"]).await;
        for _ in 0..4 {
            ping(&tenant, &webhook).await;
        }
    }
    let _worker = WebhookWorker::start(&world);
    host.wait_for_requests("/tarpit", 24).await;
    register_and_deactivate_phone(&world).await;
    let heard = timeout(PROMPTLY, host.wait_for_requests("/healthy", 1)).await;
    heard.expect("the delivery does not wait for the tarpits");
}

#[tokio::test]
async fn a_hanging_endpoint_is_tried_once_at_a_time_with_growing_pauses_until_it_responds() {
    let world = World::new().await;
    let receiver = Receiver::with_behaviour(Behaviour::NoResponse).await;
    let webhook = Webhook::create(&world, &receiver).await;
    for _ in 0..12 {
        register_and_deactivate_phone(&world).await;
    }
    let _worker = WebhookWorker::with_timeout(&world, Duration::from_secs(1));
    let attempted = async |count: usize| {
        until(&format!("{count} attempts are recorded"), async || {
            let rows = webhook.deliveries(&world).await;
            (rows.iter().filter(|row| row["fault"].is_string()).count() == count).then_some(())
        })
        .await;
        assert_eq!(receiver.received().len(), count, "the others wait");
    };
    attempted(8).await;
    for (pause, count) in [(1, 9), (2, 10)] {
        world.advance(TimeDelta::seconds(pause));
        attempted(count).await;
    }
    receiver.set_behaviour(Behaviour::Status(200));
    // The pause is over, and the retries of the first attempts are due.
    world.advance(TimeDelta::seconds(6));
    webhook.wait_until_delivered(&world).await;
    assert_eq!(receiver.tally().len(), 12);
}

#[tokio::test]
async fn pings_are_limited_per_workspace() {
    let world = World::new().await;
    let neighbour = world.sandbox("Neighbour").await;
    let webhook = Webhook::create_at(&world, "https://example.com/hook", &["phone.deactivated"]).await;
    let theirs = Webhook::create_at(&neighbour, "https://example.com/hook", &["phone.deactivated"]).await;
    for _ in 0..60 {
        ping(&world, &webhook).await;
    }
    let another = Webhook::create_at(&world, "https://example.com/other", &["phone.deactivated"]).await;
    let refused = world.key().post("/webhooks/ping", json!({ "webhook_id": another.id })).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.refused(429, "rate_limit_exceeded");
    ping(&neighbour, &theirs).await;
    world.advance(TimeDelta::seconds(1));
    ping(&world, &another).await;
}

#[tokio::test]
async fn webhooks_are_limited_per_workspace() {
    let world = World::new().await;
    let neighbour = world.sandbox("Neighbour").await;
    let mut last = None;
    for number in 0..100 {
        last = Some(Webhook::create_at(&world, &format!("https://example.com/{number}"), &["*"]).await);
    }
    let create = async |tenant: &Tenant| {
        tenant.key().post("/webhooks/create", json!({ "url": "https://example.com/more" })).await
    };
    create(&world).await.refused(400, "too_many_webhooks");
    create(&neighbour).await.ok();
    let last = last.expect("there are webhooks");
    world.key().post("/webhooks/delete", json!({ "webhook_id": last.id })).await.ok();
    create(&world).await.ok();
}
