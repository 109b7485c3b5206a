//! The connection between the server and Postgres is cut, falls silent or is closed on one side, during statements.

use super::ledger::{Ledger, responses};
use super::tcp_proxy::{LinkState, TcpProxy};
use crate::support::citus::is_left_out;
use crate::support::durable_postgres::DurablePostgres;
use crate::support::private_postgres::{TestDir, query, until_async};
use crate::support::webhook_worker::WebhookWorker;
use crate::support::world::World;
use serde_json::json;
use sqlx::Connection;
use std::time::{Duration, Instant};

/// A world behind a line to its own Postgres.
async fn world_behind_a_line(test_dir: &TestDir, connections: u32) -> (World, TcpProxy, DurablePostgres) {
    let cluster = DurablePostgres::start(test_dir).await;
    let proxy = TcpProxy::to(&cluster.url()).await;
    let world = World::at(&proxy.url(&cluster.url()), connections).await;
    (world, proxy, cluster)
}

/// Deactivates phones while the proxy has these states in turn, and checks the registry against the responses.
async fn deactivate_during(fault: &[LinkState], long: Duration) {
    let test_dir = TestDir::new();
    let (world, proxy, mut cluster) = world_behind_a_line(&test_dir, 8).await;
    let worker = WebhookWorker::start(&world);
    let ledger = Ledger::of(&world, 120).await;
    let results = ledger
        .deactivate_all(world.key(), 8, async |responded| {
            for (round, state) in fault.iter().enumerate() {
                responses(responded, ledger.len() * (round + 1) / (fault.len() + 1)).await;
                proxy.set_behaviour(*state);
                // A fixed time: there is no event to wait for.
                tokio::time::sleep(long).await;
                proxy.set_behaviour(LinkState::Open);
            }
        })
        .await;
    println!("{fault:?}: {} acknowledged, {} refused", results.acknowledged.len(), results.refused.len());
    let began = Instant::now();
    world.key().get("/phones/list").await.ok();
    assert!(began.elapsed() < Duration::from_secs(1), "recovered only after {:?}", began.elapsed());
    ledger.audit(&world, &results).await;
    ledger.retry_and_await_deliveries(&world, world.key(), &results).await;
    worker.close().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_during_statements_lose_nothing_that_was_acknowledged() {
    deactivate_during(&[LinkState::Cut; 5], Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deactivations_whose_response_from_postgres_is_lost_have_one_event_each() {
    deactivate_during(&[LinkState::Deaf; 5], Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_closed_on_the_servers_side_alone_lose_nothing_that_was_acknowledged() {
    deactivate_during(&[LinkState::HalfClosed; 5], Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fall_silent_for_a_while_lose_nothing_that_was_acknowledged() {
    deactivate_during(&[LinkState::Silent, LinkState::Silent], Duration::from_secs(4)).await;
}

/// Like a power failure of the database's machine: no packet comes back, not even a reset.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_lost_machine_time_out_and_the_pool_recovers() {
    /// General connections, of which one workspace holds two, and one that is reserved for deactivation.
    const GENERAL: usize = 3;
    const POOL: usize = GENERAL + 1;
    if is_left_out("there a node's share of the connections is half, so which requests wait depends on their nodes") {
        return;
    }
    let test_dir = TestDir::new();
    // One more connection is for batched lookups, such as authentication.
    let (world, proxy, cluster) = world_behind_a_line(&test_dir, 5).await;
    let neighbour = world.sandbox("Neighbour").await;
    let phone = world.phone(&world.person("jane").await).await;
    let other = neighbour.phone(&neighbour.person("jane").await).await;
    // When the machine is lost, each of these connections has a statement that waits for a lock.
    let mut lock_holder = sqlx::PgConnection::connect(&cluster.url()).await.expect("it accepts");
    let mut lock = lock_holder.begin().await.expect("it begins");
    sqlx::query("select from phone for update").execute(&mut *lock).await.expect("it locks");
    let began = Instant::now();
    let mut stuck = Vec::new();
    for (tenant, phone) in [(&*world, &phone), (&*world, &phone), (&*world, &phone), (&neighbour, &other)] {
        let key = tenant.key().clone();
        let request = key.request("POST", "/phones/deactivate").json(&json!({ "device_id": phone }));
        stuck.push(tokio::spawn(async move { (key.send(request).await, Instant::now()) }));
        until_async("it waits", async || waiting(&cluster.url()).await == stuck.len().to_string()).await;
    }
    assert_eq!(stuck.len(), POOL);
    proxy.set_behaviour(LinkState::Lost);
    // The pool has no free connection, and reports it soon.
    world.key().get("/phones/list").await.refused(503, "service_unavailable");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    for call in stuck {
        let (response, at) = call.await.expect("the task does not panic");
        response.refused(503, "service_unavailable");
        assert_eq!(response.header("retry-after"), Some("1"));
        assert!(at - began < Duration::from_secs(32), "timed out after {:?}", at - began);
    }
    until_async("the server has recovered", async || world.key().get("/phones/list").await.status == 200).await;
    assert!(began.elapsed() < Duration::from_secs(35), "{:?}", began.elapsed());
    // The pool runs as many statements at once as before.
    lock.rollback().await.expect("the lock is released");
    let mut lock = lock_holder.begin().await.expect("it begins");
    sqlx::query("lock table user_identity").execute(&mut *lock).await.expect("it locks");
    let calls: Vec<_> = [&*world, &*world, &neighbour]
        .map(|tenant| {
            let key = tenant.key().clone();
            tokio::spawn(async move { key.get("/user_identities/list").await })
        })
        .into();
    until_async("all of them wait", async || waiting(&cluster.url()).await == GENERAL.to_string()).await;
    lock.rollback().await.expect("the lock is released");
    for call in calls {
        call.await.expect("the task does not panic").ok();
    }
    world.store.close().await;
    drop(lock_holder);
    cluster.stop().await;
}

/// Number of sessions that wait for a lock.
async fn waiting(url: &str) -> String {
    query(url, "select count(*)::text from pg_stat_activity where wait_event_type = 'Lock'").await
}
