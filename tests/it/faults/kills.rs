//! Postgres, the server, or both are killed while phones are deactivated.

use super::disconnects::clients::VanishingClients;
use super::ledger::{Ledger, answers};
use crate::support::client::Client;
use crate::support::durable_postgres::{SharedPostgres, kill_postgres, mortal_world, serve};
use crate::support::private_postgres::{Place, TIMEOUT, until_async};
use crate::support::program::Server;
use crate::support::webhook_worker::WebhookWorker;
use crate::support::world::World;
use nix::sys::signal::Signal;
use std::time::Instant;

/// Concurrent callers.
const CALLERS: usize = 8;
/// Connections of a server.
const CONNECTIONS: u32 = 6;
/// Clients that vanish beside the callers.
const VANISHING: u64 = 8;

fn voice_of(server: &Server, world: &World) -> Client {
    server.client(world.api_key.reveal())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_under_load_loses_nothing_that_was_acknowledged() {
    kill_postgres_under_load(120, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a soak of some minutes"]
async fn postgres_killed_forty_times_under_load_loses_nothing_that_was_acknowledged() {
    kill_postgres_under_load(2_000, 40).await;
}

async fn kill_postgres_under_load(phones: usize, kills: usize) {
    let place = Place::new();
    let (world, mut cluster) = mortal_world(&place, 16).await;
    let worker = WebhookWorker::open(&world);
    let ledger = Ledger::of(&world, phones).await;
    let vanishing = VanishingClients::new(&world).await;
    let running = vanishing.start(world.address(), VANISHING);
    // More callers than connections, so that deactivations are always in progress.
    let told = ledger
        .press(world.key(), 3 * CALLERS, async |answered| {
            for round in 1..=kills {
                answers(answered, ledger.len() * round / (kills + 1)).await;
                kill_postgres(&cluster).await;
                cluster.restart().await.expect("Postgres starts again");
                let back = Instant::now();
                until_async("the server has recovered", async || world.key().get("/phones/list").await.status == 200)
                    .await;
                println!("well {:?} after Postgres", back.elapsed());
                assert!(back.elapsed().as_secs() < 1, "{:?}", back.elapsed());
            }
        })
        .await;
    let clients = running.stop().await;
    println!("{} acknowledged, {} refused; {clients}", told.acknowledged.len(), told.refused.len());
    assert!(clients.vanished() > 0, "{clients}");
    assert!(!told.refused.is_empty(), "the kills came too late");
    ledger.audit(&world, &told).await;
    ledger.settle(&world, world.key(), &told).await;
    worker.close().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let world = World::with_connections(13).await;
    let ledger = Ledger::of(&world, 60).await;
    let vanishing = VanishingClients::new(&world).await;
    let server = serve(&world.database_url, CONNECTIONS, &place).await;
    let running = vanishing.start(server.address(), VANISHING);
    let told = ledger
        .press(&voice_of(&server, &world), CALLERS, async |answered| {
            answers(answered, 20).await;
            server.signal(Signal::SIGKILL);
        })
        .await;
    let clients = running.stop().await;
    assert!(clients.vanished() > 0, "{clients}");
    assert!(told.acknowledged.len() >= 20 && !told.refused.is_empty(), "{told:?}");
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
    ledger.audit(&world, &told).await;
    let worker = WebhookWorker::open(&world);
    let server = serve(&world.database_url, CONNECTIONS, &place).await;
    ledger.settle(&world, &voice_of(&server, &world), &told).await;
    worker.close().await;
    server.stop().await;
    ledger.close(&world, &mut SharedPostgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_and_postgres_killed_at_once_lose_nothing_that_was_acknowledged() {
    let place = Place::new();
    let (world, mut cluster) = mortal_world(&place, 4).await;
    let ledger = Ledger::of(&world, 60).await;
    let vanishing = VanishingClients::new(&world).await;
    let server = serve(&world.database_url, CONNECTIONS, &place).await;
    let running = vanishing.start(server.address(), VANISHING);
    let told = ledger
        .press(&voice_of(&server, &world), CALLERS, async |answered| {
            answers(answered, 20).await;
            server.signal(Signal::SIGKILL);
            kill_postgres(&cluster).await;
        })
        .await;
    let clients = running.stop().await;
    assert!(clients.vanished() > 0, "{clients}");
    assert!(told.acknowledged.len() >= 20 && !told.refused.is_empty(), "{told:?}");
    tokio::time::timeout(TIMEOUT, server.ended()).await.expect("the server is dead");
    cluster.restart().await.expect("Postgres starts again");
    ledger.audit(&world, &told).await;
    let worker = WebhookWorker::open(&world);
    let server = serve(&world.database_url, CONNECTIONS, &place).await;
    ledger.settle(&world, &voice_of(&server, &world), &told).await;
    worker.close().await;
    server.stop().await;
    ledger.close(&world, &mut cluster).await;
    cluster.stop().await;
}
