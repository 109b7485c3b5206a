//! pgbouncer between the server and Postgres: in transaction mode, where each transaction may get another connection, and in
//! session mode.

use super::disconnects::clients::DisconnectingClients;
use super::ledger::{Ledger, responses};
use super::standby::{Postgres, free_port, owned, owner};
use crate::support::durable_postgres::migrate;
use crate::support::private_postgres::{TestDir, until_async};
use crate::support::webhook_worker::WebhookWorker;
use crate::support::world::World;
use sqlx::{Connection, PgConnection};
use std::fs;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// A pooling mode: its name, the number of connections to Postgres, and the lowest version that supports prepared statements
/// in it.
struct PoolMode {
    name: &'static str,
    size: u32,
    least: (u32, u32),
}

const TRANSACTION: PoolMode = PoolMode { name: "transaction", size: 3, least: (1, 21) };
const SESSION: PoolMode = PoolMode { name: "session", size: 20, least: (1, 0) };

/// The settings of pgbouncer. Every client is the user that is named here.
const SETTINGS: &str = "[databases]\npostgres = user=handset host=127.0.0.1 port=POSTGRES\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
    listen_port = PORT\nunix_socket_dir =\nauth_type = any\npool_mode = MODE\ndefault_pool_size = SIZE\n\
    ignore_startup_parameters = extra_float_digits,options\n";

/// A pgbouncer that runs until it is dropped.
struct PgBouncer {
    url: String,
    _process: Child,
}

impl PgBouncer {
    /// None without a pgbouncer that is new enough.
    async fn before(postgres: &Postgres, test_dir: &TestDir, mode: &PoolMode) -> Option<PgBouncer> {
        let actual = Command::new("pgbouncer").arg("--version").output().await.ok()?.stdout;
        let actual = String::from_utf8(actual).ok()?;
        let mut numbers = actual.split_whitespace().nth(1)?.split('.').map_while(|number| number.parse().ok());
        let version: (u32, u32) = (numbers.next()?, numbers.next()?);
        if version < mode.least {
            return None;
        }
        let (home, port) = (owned(&test_dir.path().join("bouncer")), free_port());
        let settings = SETTINGS.replace("POSTGRES", &postgres.port.to_string()).replace("PORT", &port.to_string());
        let mut settings = settings.replace("MODE", mode.name).replace("SIZE", &mode.size.to_string());
        if version >= TRANSACTION.least {
            settings.push_str("max_prepared_statements = 200\n");
        }
        let file = test_dir.path().join("pgbouncer.ini");
        fs::write(&file, settings).expect("a file");
        let mut command = Command::new("pgbouncer");
        if let Some(user) = owner() {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let process = command.arg(&file).current_dir(home).stdout(Stdio::null()).stderr(Stdio::null());
        let process = process.kill_on_drop(true).spawn().expect("it runs");
        let url = format!("postgres://handset@127.0.0.1:{port}/postgres");
        until_async("pgbouncer is ready", async || PgConnection::connect(&url).await.is_ok()).await;
        Some(PgBouncer { url, _process: process })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deactivations_through_pgbouncer_in_transaction_mode_lose_nothing() {
    deactivate_through(&TRANSACTION).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deactivations_through_pgbouncer_in_session_mode_lose_nothing() {
    deactivate_through(&SESSION).await;
}

async fn deactivate_through(mode: &PoolMode) {
    let test_dir = TestDir::new();
    let mut postgres = Postgres::primary(&test_dir).await;
    let Some(bouncer) = PgBouncer::before(&postgres, &test_dir, mode).await else {
        println!("not tried: there is no pgbouncer of version {}.{} or later here", mode.least.0, mode.least.1);
        return;
    };
    // Repeated, so that a lock left behind would block the next one.
    for _ in 0..5 {
        migrate(&bouncer.url).await;
    }
    let mut world = World::at(&bouncer.url, 8).await;
    let worker = WebhookWorker::start(&world);
    let ledger = Ledger::of(&world, 60).await;
    let vanishing = DisconnectingClients::new(&world).await;
    let running = vanishing.start(world.address(), 8);
    let results =
        ledger.deactivate_all(world.key(), 8, async |responded| responses(responded, ledger.len()).await).await;
    let clients = running.stop().await;
    println!("{} pooling: {clients}", mode.name);
    assert!(clients.disconnected() > 0, "{clients}");
    assert!(results.refused.is_empty(), "{results:?}");
    ledger.audit(&world, &results).await;
    ledger.retry_and_await_deliveries(&world, world.key(), &results).await;
    worker.close().await;
    // Connections from before the restart are gone, and pgbouncer waits before it makes others.
    world.database_url = postgres.admin();
    ledger.close(&world, &mut postgres).await;
}
