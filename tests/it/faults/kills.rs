//! Postgres, the server, or both are killed while phones are deactivated.

use super::disconnects::clients::DisconnectingClients;
use super::ledger::{Ledger, responses};
use crate::support::citus::on_cluster;
use crate::support::client::Client;
use crate::support::durable_postgres::{SharedPostgres, serve, world_on_durable_postgres};
use crate::support::private_postgres::{TIMEOUT, TestDir, until_async};
use crate::support::program::Server;
use crate::support::webhook_worker::WebhookWorker;
use crate::support::world::World;
use nix::sys::signal::Signal;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Concurrent callers.
const CALLERS: usize = 8;
/// Connections of a server.
const CONNECTIONS: u32 = 6;
/// Clients that disconnect while others wait.
const VANISHING: u64 = 8;

fn voice_of(server: &Server, world: &World) -> Client {
    server.client(world.api_key.reveal())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_under_load_loses_nothing_that_was_acknowledged() {
    // A cluster needs seconds to recover, in which all other requests are refused.
    let rounds = if on_cluster() { [(400, 1); 3].as_slice() } else { &[(400, 3)] };
    for (phones, kills) in rounds {
        kill_postgres_under_load(*phones, *kills).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a soak of some minutes"]
async fn postgres_killed_forty_times_under_load_loses_nothing_that_was_acknowledged() {
    kill_postgres_under_load(2_000, 40).await;
}

async fn kill_postgres_under_load(phones: usize, kills: usize) {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 16).await;
    let worker = WebhookWorker::start(&world);
    let ledger = Ledger::of(&world, phones).await;
    let vanishing = DisconnectingClients::new(&world).await;
    let running = vanishing.start(world.address(), VANISHING);
    // More callers than connections, so that deactivations are always in progress.
    let results = ledger
        .deactivate_all(world.key(), 3 * CALLERS, async |responded| {
            for round in 1..=kills {
                responses(responded, ledger.len() * round / (kills + 1)).await;
                cluster.kill().await;
                // A deactivation that has no connection yet waits for the restart, so that perhaps none is refused.
                assert!(responded.load(Ordering::Relaxed) < ledger.len(), "the kill came too late");
                cluster.restart().await;
                let back = Instant::now();
                until_async("the server has recovered", async || world.key().get("/phones/list").await.status == 200)
                    .await;
                println!("well {:?} after Postgres", back.elapsed());
                assert!(back.elapsed().as_secs() < 1, "{:?}", back.elapsed());
            }
        })
        .await;
    let clients = running.stop().await;
    println!("{} acknowledged, {} refused; {clients}", results.acknowledged.len(), results.refused.len());
    assert!(clients.disconnected() > 0, "{clients}");
    ledger.audit(&world, &results).await;
    ledger.retry_and_await_deliveries(&world, world.key(), &results).await;
    worker.close().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_loses_nothing_that_was_acknowledged() {
    let test_dir = TestDir::new();
    let world = World::with_connections(13).await;
    let ledger = Ledger::of(&world, 60).await;
    let vanishing = DisconnectingClients::new(&world).await;
    let server = serve(&world.database_url, CONNECTIONS, &test_dir).await;
    let running = vanishing.start(server.address(), VANISHING);
    let results = ledger
        .deactivate_all(&voice_of(&server, &world), CALLERS, async |responded| {
            responses(responded, 20).await;
            server.signal(Signal::SIGKILL);
        })
        .await;
    let clients = running.stop().await;
    assert!(clients.disconnected() > 0, "{clients}");
    assert!(results.acknowledged.len() >= 20 && !results.refused.is_empty(), "{results:?}");
    server.ended().await;
    // Statements under way in Postgres finish or roll back before the registry is checked.
    until_async("no session of the killed server is active", async || {
        let busy: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and application_name = 'handset' and state <> 'idle'",
        )
        .fetch_one(&mut world.database().await)
        .await
        .expect("the query succeeds");
        busy == 0
    })
    .await;
    ledger.audit(&world, &results).await;
    let worker = WebhookWorker::start(&world);
    let server = serve(&world.database_url, CONNECTIONS, &test_dir).await;
    ledger.retry_and_await_deliveries(&world, &voice_of(&server, &world), &results).await;
    worker.close().await;
    server.stop().await;
    ledger.close(&world, &mut SharedPostgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_and_postgres_killed_at_once_lose_nothing_that_was_acknowledged() {
    let test_dir = TestDir::new();
    let (world, mut cluster) = world_on_durable_postgres(&test_dir, 4).await;
    let ledger = Ledger::of(&world, 60).await;
    let vanishing = DisconnectingClients::new(&world).await;
    let server = serve(&world.database_url, CONNECTIONS, &test_dir).await;
    let running = vanishing.start(server.address(), VANISHING);
    let results = ledger
        .deactivate_all(&voice_of(&server, &world), CALLERS, async |responded| {
            responses(responded, 20).await;
            server.signal(Signal::SIGKILL);
            cluster.kill().await;
        })
        .await;
    let clients = running.stop().await;
    assert!(clients.disconnected() > 0, "{clients}");
    assert!(results.acknowledged.len() >= 20 && !results.refused.is_empty(), "{results:?}");
    tokio::time::timeout(TIMEOUT, server.ended()).await.expect("the server is dead");
    cluster.restart().await;
    ledger.audit(&world, &results).await;
    let worker = WebhookWorker::start(&world);
    let server = serve(&world.database_url, CONNECTIONS, &test_dir).await;
    ledger.retry_and_await_deliveries(&world, &voice_of(&server, &world), &results).await;
    worker.close().await;
    server.stop().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
}
