//! Webhooks of tenants who look for what is behind the server: none but the demo of a trial reaches the loopback address,
//! and a fault does not tell what a name resolves to, nor how a host that is not public failed.

use crate::support::client::Client;
use crate::support::private_postgres::TestDir;
use crate::support::program::{Server, admin, handset_in};
use crate::support::receiver::Receiver;
use crate::support::tcp_receiver::message;
use crate::support::wait::until;
use crate::support::webhook_worker::{Webhook, WebhookWorker};
use crate::support::world::{World, text};
use chrono::DateTime;
use handset::webhooks::outbound::{Message, Outbound, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Creates a webhook, pings it, and returns the delivery after the first attempt.
async fn pinged(client: &Client, url: &str) -> Value {
    let created = client.post("/webhooks/create", json!({ "url": url, "event_types": ["webhook.ping"] })).await.ok();
    let webhook_id = created["webhook"]["webhook_id"].clone();
    let ping = client.post("/webhooks/ping", json!({ "webhook_id": webhook_id })).await.ok();
    let row = until("the first attempt is recorded", async || {
        let listed = client.post("/webhooks/list_deliveries", json!({ "webhook_id": webhook_id })).await.ok();
        Some(listed["webhook_deliveries"][0].clone()).filter(|row| row["last_attempt_at"].is_string())
    });
    let row = row.await;
    // The worker may be quicker than the answer to the ping, which tells no more than the log.
    let answered = &ping["webhook_delivery"]["fault"];
    assert!(answered.is_null() || *answered == row["fault"], "{ping}");
    row
}

#[tokio::test]
async fn only_the_demo_of_a_server_on_loopback_reaches_the_loopback_address() {
    let (test_dir, receiver) = (TestDir::new(), Receiver::new().await);
    let server = Server::start(&test_dir).await;
    let (demo, key) = (server.client(&server.demo_key()), server.demo_key());
    assert_eq!(pinged(&demo, &receiver.url()).await["status"], "delivered");

    // Any token makes sandbox workspaces, also ones with the demo's name.
    let token = admin(&test_dir, &["token", "create", "--workspace", "Demo"]).await;
    let token = server.client(&text(&token["access_token"]));
    let body = json!({ "name": "Demo", "is_sandbox": true, "connect_partner_name": "Acme" });
    let made = token.post("/workspaces/create", body).await.ok();
    let sandbox = token.in_workspace(&text(&made["workspace"]["workspace_id"]));
    let refused = pinged(&sandbox, &receiver.url()).await;
    assert_eq!((&refused["status"], &refused["response_status"]), (&json!("pending"), &json!(null)), "{refused}");
    assert_eq!(receiver.received().len(), 1);
    let log = server.stop().await;
    assert!(log.contains("127.0.0.1 (loopback)"), "the operator's log has the address: {log}");

    // What other machines reach is no trial any more.
    let open = Server::run(handset_in(&test_dir, &["serve", "--listen", "0.0.0.0:0"]), &test_dir).await;
    assert_eq!(pinged(&open.client(&key), &receiver.url()).await["status"], "pending");
    open.stop().await;
    let allowing = ["serve", "--listen", "0.0.0.0:0", "--webhook-allow", "127.0.0.0/8"];
    let allowing = Server::run(handset_in(&test_dir, &allowing), &test_dir).await;
    assert_eq!(pinged(&allowing.client(&key), &receiver.url()).await["status"], "delivered");
    allowing.stop().await;
}

#[tokio::test]
async fn the_delivery_log_tells_a_refused_address_from_no_other_and_from_no_unknown_name() {
    let world = World::new().await;
    let _worker = WebhookWorker::of_a_trial(&world, true);
    let mut seen = BTreeSet::new();
    // The last one resolves to nothing, since a label has at most 63 characters.
    let unknown = format!("{}.internal", "n".repeat(64));
    let hosts = ["10.0.0.1", "169.254.169.254", "[::1]", "localhost", "127.0.0.1", "0.0.0.0", unknown.as_str()];
    for host in hosts {
        let row = pinged(world.key(), &format!("http://{host}:1/")).await;
        assert_eq!(row["status"], "pending", "{host}: {row}");
        seen.insert((row["fault"].to_string(), row["latency_ms"].to_string(), row["response_status"].to_string()));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    let (fault, latency, _) = seen.pop_first().expect("one");
    assert_eq!(latency, "0");
    for word in hosts.into_iter().chain(["loopback", "private", "metadata", "resolve"]) {
        assert!(!fault.contains(word), "{word}: {fault}");
    }
}

fn permitted(address: SocketAddr, scheme: &str) -> Message {
    Message { may_reach_loopback: false, ..message(&format!("{scheme}://{address}/")) }
}

#[tokio::test]
async fn faults_do_not_tell_apart_why_a_host_that_is_not_public_was_not_reached() {
    let outbound = Outbound::new(vec!["127.0.0.0/8".parse().expect("a network")]).expect("a client");
    let send = async |message: Message| outbound.send(&message, DateTime::UNIX_EPOCH).await;
    let bound = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let closed = bound.local_addr().expect("it is bound");
    drop(bound);
    // Its queue is full, so that it answers no further connection, as a host behind a firewall.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let full = socket.listen(1).expect("it listens");
    let silent = full.local_addr().expect("it is bound");
    let mut held = Vec::new();
    while let Ok(connected) =
        tokio::time::timeout(std::time::Duration::from_millis(200), TcpStream::connect(silent)).await
    {
        held.push(connected.expect("the queue has room"));
    }
    let plain = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let answering = plain.local_addr().expect("it is bound");
    let answers = tokio::spawn(async move {
        while let Ok((stream, _)) = plain.accept().await {
            drop(stream);
        }
    });
    let (refused, timed_out, insecure) = tokio::join!(
        send(permitted(closed, "http")),
        send(permitted(silent, "http")),
        send(permitted(answering, "https")),
    );
    answers.abort();
    let told = |outcome: &Outcome| (outcome.fault.clone(), outcome.latency, outcome.response_status);
    assert_eq!(told(&refused), told(&timed_out));
    assert_eq!(told(&refused), told(&insecure));
    let causes = BTreeSet::from([refused.cause, timed_out.cause, insecure.cause]);
    assert_eq!(causes.len(), 3, "the operator sees each: {causes:?}");
}

#[tokio::test]
async fn the_demo_of_a_previous_version_is_known_by_its_time() {
    let world = World::new().await;
    let twin = world.sandbox("Demo").await;
    let mut database = world.database().await;
    // As a previous version left it: the demo has the very time at which it was claimed.
    let previous = "update deployment set demo_workspace_id = null, demo_made_at = '2025-01-01T00:00:00.123456Z'";
    sqlx::query(previous).execute(&mut database).await.expect("it is ours");
    let demo =
        "update workspace set name = 'Demo', created_at = '2025-01-01T00:00:00.123456Z' where workspace_id = $1::uuid";
    sqlx::query(demo).bind(&world.id).execute(&mut database).await.expect("it is ours");
    let migration = include_str!("../../../migrations/0032_first_start.sql");
    let backfill = migration.split(";\n").find(|part| part.contains("update deployment")).expect("it has one");
    sqlx::query(sqlx::AssertSqlSafe(backfill)).execute(&mut database).await.expect("it is SQL");
    let found: Option<String> = sqlx::query_scalar("select demo_workspace_id::text from deployment")
        .fetch_one(&mut database)
        .await
        .expect("one row");
    assert_eq!(found.as_deref(), Some(world.id.as_str()), "not {}", twin.id);
    let receiver = Receiver::new().await;
    let webhook = Webhook::create_at(&world, &receiver.url(), &["webhook.ping"]).await;
    world.key().post("/webhooks/ping", json!({ "webhook_id": webhook.id })).await.ok();
    let _worker = WebhookWorker::of_a_trial(&world, true);
    receiver.wait_for_messages(1).await;
}
