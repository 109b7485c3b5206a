//! pgbouncer between the server and Postgres, in transaction mode: each transaction may meet another connection.

use super::ledger::{Ledger, answers};
use super::pair::{Postgres, free_port, owned, owner};
use super::stage::migrate;
use crate::post_office::PostOffice;
use crate::postgres::stage::{Place, until_async};
use crate::world::World;
use sqlx::{Connection, PgConnection};
use std::fs;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// The least version that knows prepared statements in transaction mode.
const LEAST: (u32, u32) = (1, 21);

/// What pgbouncer must be told for us.
const SETTINGS: &str = "[databases]\n* = host=127.0.0.1 port=POSTGRES\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
    listen_port = PORT\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n\
    max_prepared_statements = 200\nignore_startup_parameters = extra_float_digits,options\n";

/// A pgbouncer that runs until it is dropped.
struct Bouncer {
    url: String,
    _process: Child,
}

impl Bouncer {
    /// None where there is none that is new enough.
    async fn before(postgres: &Postgres, place: &Place) -> Option<Bouncer> {
        let said = Command::new("pgbouncer").arg("--version").output().await.ok()?.stdout;
        let said = String::from_utf8(said).ok()?;
        let mut numbers = said.split_whitespace().nth(1)?.split('.').map_while(|number| number.parse().ok());
        if (numbers.next()?, numbers.next()?) < LEAST {
            return None;
        }
        let (home, port) = (owned(&place.path().join("bouncer")), free_port());
        let settings = SETTINGS.replace("POSTGRES", &postgres.port.to_string()).replace("PORT", &port.to_string());
        // As any = whoever comes is the one user that is named here.
        let settings = settings.replace("* = host", "postgres = user=handset host");
        let file = place.path().join("pgbouncer.ini");
        fs::write(&file, settings).expect("a file");
        let mut command = Command::new("pgbouncer");
        if let Some(user) = owner() {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let process = command.arg(&file).current_dir(home).stdout(Stdio::null()).stderr(Stdio::null());
        let process = process.kill_on_drop(true).spawn().expect("it runs");
        let url = format!("postgres://handset@127.0.0.1:{port}/postgres");
        until_async("pgbouncer is ready", async || PgConnection::connect(&url).await.is_ok()).await;
        Some(Bouncer { url, _process: process })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pgbouncer_in_transaction_mode_is_no_obstacle() {
    let place = Place::new();
    let postgres = Postgres::primary(&place).await;
    let Some(bouncer) = Bouncer::before(&postgres, &place).await else {
        println!("not tried: there is no pgbouncer of version {}.{} or later here", LEAST.0, LEAST.1);
        return;
    };
    // Again and again, so that a lock that was left behind would be met.
    for _ in 0..5 {
        migrate(&bouncer.url).await;
    }
    let world = World::at(&bouncer.url, 8).await;
    let office = PostOffice::open(&world);
    let ledger = Ledger::of(&world, 60).await;
    let told = ledger.press(world.key(), 8, async |answered| answers(answered, ledger.len()).await).await;
    assert!(told.refused.is_empty(), "{told:?}");
    ledger.audit(&world, &told).await;
    ledger.settle(&world, world.key(), &told).await;
    office.close().await;
    world.store.close().await;
}
