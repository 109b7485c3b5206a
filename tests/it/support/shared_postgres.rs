//! The Postgres of all worlds of this process, and their databases. It is a private Postgres in the build directory,
//! which stays there for a warm start; each of several test processes takes its own directory. It stops with the
//! process. A database is a copy of a template that was migrated once.

use super::citus::{ClusterDatabase, on_cluster};
use super::world::seal;
use handset::postgres::{self, Cluster, Durability, Settings, StartError};
use handset::store::Store;
use sha2::{Digest, Sha256};
use sqlx::migrate::Migration;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc::UnboundedSender, mpsc::unbounded_channel};

/// Connections of all pools together; Postgres allows 100, and tests open direct ones, too.
const MAX_CONNECTIONS: usize = 70;

/// Prefix of the names of test databases.
const PREFIX: &str = "world_";

/// A database that is dropped at the end of its test.
pub struct Database {
    pub url: String,
    name: String,
    _permits: OwnedSemaphorePermit,
    /// If it is there.
    cluster: Option<ClusterDatabase>,
}

impl Database {
    /// A migrated database for a server with this many connections.
    pub async fn new(connections: u32) -> Database {
        Database::created(connections, true).await
    }

    /// An empty database.
    pub async fn empty(connections: u32) -> Database {
        Database::created(connections, false).await
    }

    async fn created(connections: u32, is_migrated: bool) -> Database {
        let postgres_server = shared_postgres();
        let permits = Arc::clone(&postgres_server.permits).acquire_many_owned(connections).await.expect("never closed");
        if is_migrated && on_cluster() {
            let cluster = ClusterDatabase::copied(&template_name()).await;
            return Database {
                url: cluster.plain_url(),
                name: String::new(),
                _permits: permits,
                cluster: Some(cluster),
            };
        }
        let name = format!("{PREFIX}{}", uuid::Uuid::now_v7().simple());
        let template = if is_migrated { &postgres_server.template } else { "template0" };
        execute(&postgres_server.url, &format!("create database {name} template {template} strategy file_copy")).await;
        Database { url: of_database(&postgres_server.url, &name), name, _permits: permits, cluster: None }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The thread of the shared Postgres drops it while the next test runs. What remains is dropped at the next start.
        if self.cluster.is_none() {
            let _ = shared_postgres().dropped.send(self.name.clone());
        }
    }
}

struct SharedPostgres {
    url: String,
    template: String,
    permits: Arc<Semaphore>,
    dropped: UnboundedSender<String>,
}

fn shared_postgres() -> &'static SharedPostgres {
    static SHARED: OnceLock<SharedPostgres> = OnceLock::new();
    SHARED.get_or_init(|| {
        let (ready, postgres_server) = mpsc::channel();
        // A separate thread, because a test's runtime ends with the test.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(run(ready));
        });
        postgres_server.recv().expect("Postgres starts; its output is above")
    })
}

async fn run(ready: mpsc::Sender<SharedPostgres>) {
    let cluster = start().await;
    let url = cluster.url();
    drop_leftovers(&url).await;
    let template = template(&url).await;
    let (dropped, mut to_drop) = unbounded_channel();
    let postgres_server =
        SharedPostgres { url: url.clone(), template, permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)), dropped };
    ready.send(postgres_server).unwrap_or_else(|_| panic!("the test that asked has ended"));
    while let Some(name) = to_drop.recv().await {
        execute(&url, &format!("drop database if exists {name} with (force)")).await;
    }
}

/// Starts Postgres in the first directory that no other process uses.
async fn start() -> Cluster {
    let mut data_dirs = data_dirs(PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).chain(data_dirs(std::env::temp_dir()));
    loop {
        let data_dir = data_dirs.next().expect("some directory is free and can be entered");
        match postgres::start(Settings { data_dir, durability: Durability::Disposable }).await {
            // The Postgres user may not be able to enter the build directory; the temporary directory comes last.
            Err(StartError::InUse { .. } | StartError::Barred { .. }) => {}
            started => return started.expect("Postgres starts"),
        }
    }
}

fn data_dirs(base: PathBuf) -> impl Iterator<Item = PathBuf> {
    (0..64).map(move |number| base.join(format!("handset-world-{number}")))
}

/// Drops databases that earlier runs left.
async fn drop_leftovers(url: &str) {
    let mut connection = connect(url).await;
    let left: Vec<String> = sqlx::query_scalar("select datname from pg_database where starts_with(datname, $1)")
        .bind(PREFIX)
        .fetch_all(&mut connection)
        .await
        .expect("Postgres lists its databases");
    for name in left {
        execute(url, &format!("drop database {name} with (force)")).await;
    }
}

/// A migrated database. It is renamed to its name when it is complete.
async fn template(url: &str) -> String {
    let name = template_name();
    let mut connection = connect(url).await;
    let known: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .expect("Postgres lists its databases");
    if !known {
        let draft = format!("{PREFIX}draft");
        execute(url, &format!("create database {draft}")).await;
        let store = Store::open(&of_database(url, &draft), 1, seal()).await.expect("the draft opens");
        store.migrate().await.expect("the migrations are right");
        store.close().await;
        execute(url, &format!("alter database {draft} rename to {name}")).await;
    }
    name
}

/// The name of a template, by a hash of the migrations.
pub fn template_name() -> String {
    let migrator = sqlx::migrate!();
    let digest =
        |hash: Sha256, step: &Migration| hash.chain_update(step.version.to_be_bytes()).chain_update(&step.checksum);
    let hash = migrator.iter().fold(Sha256::new(), digest).finalize();
    format!("template_{:x}", u64::from_be_bytes(*hash.first_chunk().expect("it has 32 bytes")))
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("Postgres accepts connections")
}

async fn execute(url: &str, sql: &str) {
    let mut connection = connect(url).await;
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    connection.close().await.expect("the connection still stands");
}

/// URL of another database of the same Postgres.
fn of_database(url: &str, name: &str) -> String {
    let (address, settings) = url.split_once("/postgres?").expect("the URL of the private Postgres");
    format!("{address}/{name}?{settings}")
}
