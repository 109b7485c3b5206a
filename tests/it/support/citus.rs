//! Databases on a real Citus cluster, which `HANDSET_TEST_CLUSTER` names: the URL of a database on its coordinator that has
//! Citus and the workers. A test has a database of its own beside it, on each node. With `HANDSET_TEST_WORLDS_ON_CLUSTER` all
//! tests have theirs there that need no Postgres of their own.

use super::world::seal;
use handset::store::Store;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::thread;
use tokio::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use url::Url;

/// Keeps Citus from creating a database on every node, or reading its metadata, while a test does the former itself.
const BY_HAND: &str = "set client_min_messages = error; set citus.enable_create_database_propagation = off;
    set citus.enable_metadata_sync = off";

/// A database on each node of the cluster, dropped at the end of its test.
pub struct ClusterDatabase {
    /// The URL at the coordinator, with the default of `sslmode`.
    pub url: String,
    /// The URLs at the workers.
    pub workers: Vec<String>,
    name: String,
    nodes: Vec<Url>,
    _turn: Turn,
}

/// Tests that signal a node's processes have the cluster for themselves.
static CLUSTER: RwLock<()> = RwLock::const_new(());

#[expect(dead_code, reason = "the guards are held")]
enum Turn {
    Alone(RwLockWriteGuard<'static, ()>),
    Beside(RwLockReadGuard<'static, ()>),
    None,
}

impl ClusterDatabase {
    /// An empty database with Citus, and with all nodes of the cluster.
    pub async fn empty() -> ClusterDatabase {
        let database = ClusterDatabase::without_citus().await;
        database.add_citus(database.workers.len()).await;
        database
    }

    /// A migrated database whose tables are distributed.
    pub async fn distributed() -> ClusterDatabase {
        let database = ClusterDatabase::empty().await;
        database.migrate_and_distribute().await;
        database
    }

    /// Like [`ClusterDatabase::distributed`], in few shards: a copy of the template of this name, made sooner. The template
    /// stays on the cluster.
    pub async fn copied(template: &str) -> ClusterDatabase {
        ClusterDatabase::copy(template, Turn::Beside(CLUSTER.read().await)).await
    }

    /// Like [`ClusterDatabase::copied`], while no other test uses the cluster.
    pub async fn copied_alone(template: &str) -> ClusterDatabase {
        ClusterDatabase::copy(template, Turn::Alone(CLUSTER.write().await)).await
    }

    async fn copy(template: &str, turn: Turn) -> ClusterDatabase {
        static TEMPLATE: Mutex<bool> = Mutex::const_new(false);
        let mut is_made = TEMPLATE.lock().await;
        if !*is_made {
            ClusterDatabase::make_template(template).await;
            *is_made = true;
        }
        // One at a time, since Postgres refuses to copy a template that is in use, by a copy as well.
        ClusterDatabase::created(turn, Some(template)).await
    }

    /// Makes the template unless each node has it. It is renamed to its name when it is complete.
    async fn make_template(template: &str) {
        let known = format!("select exists (select from pg_database where datname = '{template}')");
        let mut nodes_without = 0;
        for node in nodes().await {
            let row = connect(node.as_str()).await.fetch_one(AssertSqlSafe(known.as_str())).await;
            nodes_without += usize::from(!row.expect("Postgres lists its databases").get::<bool, _>(0));
        }
        if nodes_without == 0 {
            return;
        }
        // The turn is that of the copy.
        let mut draft = ClusterDatabase::created(Turn::None, None).await;
        draft.add_citus(draft.workers.len()).await;
        execute(&draft.url, &[&format!("alter database {} set citus.shard_count = 4", draft.name)]).await;
        draft.migrate_and_distribute().await;
        for node in &draft.nodes {
            let name = &draft.name;
            let alone = format!("alter database {name} allow_connections false");
            let end = format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'");
            let drop_old = format!("drop database if exists {template} with (force)");
            let rename = format!("alter database {name} rename to {template}");
            execute(node.as_str(), &[BY_HAND, &drop_old, &alone, &end, &rename]).await;
        }
        draft.nodes.clear();
    }

    /// Like [`ClusterDatabase::distributed`], while no other test uses the cluster.
    pub async fn distributed_alone() -> ClusterDatabase {
        let alone = Turn::Alone(CLUSTER.write().await);
        let database = ClusterDatabase::created(alone, None).await;
        database.add_citus(database.workers.len()).await;
        database.migrate_and_distribute().await;
        database
    }

    pub async fn migrate_and_distribute(&self) {
        let store = Store::open(&self.url, 2, seal()).await.expect("the coordinator accepts");
        store.migrate().await.expect("the migrations succeed");
        store.distribute(|_| {}).await.expect("the tables are distributed");
        store.close().await;
    }

    /// An empty database on each node, which do not know of each other.
    pub async fn without_citus() -> ClusterDatabase {
        ClusterDatabase::created(Turn::Beside(CLUSTER.read().await), None).await
    }

    async fn created(turn: Turn, template: Option<&str>) -> ClusterDatabase {
        let nodes = nodes().await;
        let name = format!("handset_test_{}", uuid::Uuid::now_v7().simple());
        for node in &nodes {
            let Some(template) = template else {
                execute(node.as_str(), &[BY_HAND, &format!("create database {name}")]).await;
                continue;
            };
            // Copies have no settings.
            let create = format!("create database {name} template {template} strategy file_copy");
            let time_zone = format!("alter database {name} set timezone to 'UTC'");
            execute(node.as_str(), &[BY_HAND, &create, &time_zone]).await;
        }
        let at = |node: &Url| of_database(node, &name);
        let (url, workers) = (at(&nodes[0]), nodes[1..].iter().map(at).collect());
        ClusterDatabase { url, workers, name, nodes, _turn: turn }
    }

    /// Creates the extension on each node, and adds this many workers.
    pub async fn add_citus(&self, workers: usize) {
        for url in self.urls() {
            execute(url, &[BY_HAND, "create extension citus"]).await;
        }
        let coordinator = &self.nodes[0];
        let itself = format!("select citus_set_coordinator_host({})", address(coordinator));
        execute(&self.url, &[&itself]).await;
        for worker in 0..workers {
            self.add_worker(worker).await;
        }
    }

    /// Adds a worker; nothing is moved to it.
    pub async fn add_worker(&self, index: usize) {
        let worker = format!("select citus_add_node({})", self.address_of_worker(index));
        // On a busy machine Citus may give up a connection of its own.
        let mut coordinator = self.coordinator().await;
        for attempt in 1.. {
            match coordinator.execute(AssertSqlSafe(worker.as_str())).await {
                Ok(_) => return,
                Err(fault) => assert!(attempt < 3, "{worker}: {fault}"),
            }
        }
    }

    pub fn worker_port(&self, index: usize) -> u16 {
        self.nodes[1 + index].port().unwrap_or(5432)
    }

    /// Host and port of a worker, as SQL.
    pub fn address_of_worker(&self, index: usize) -> String {
        address(&self.nodes[1 + index])
    }

    /// The URLs at all nodes, that of the coordinator first.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.url).chain(&self.workers).map(String::as_str)
    }

    /// The URL at the coordinator, without TLS.
    pub fn plain_url(&self) -> String {
        format!("{}?sslmode=disable", self.url)
    }

    /// A direct connection to the coordinator.
    pub async fn coordinator(&self) -> PgConnection {
        connect(&self.url).await
    }
}

/// Whether the databases of all tests are on the cluster.
pub fn on_cluster() -> bool {
    std::env::var_os("HANDSET_TEST_WORLDS_ON_CLUSTER").is_some()
}

/// Whether the databases are on the cluster, for a test that cannot be true there; it says why.
pub fn is_left_out(reason: &str) -> bool {
    if on_cluster() {
        println!("not tried on a cluster: {reason}");
    }
    on_cluster()
}

/// Number of statements of this database that wait for a lock, on all nodes.
pub async fn waiting_statements(session: &mut PgConnection) -> i64 {
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    if !on_cluster() {
        return sqlx::query_scalar(waiting).fetch_one(session).await.expect("the catalogue answers");
    }
    let all = "select sum(result::bigint)::bigint from run_command_on_all_nodes($1)";
    sqlx::query_scalar(all).bind(waiting).fetch_one(session).await.expect("each node answers")
}

/// Gives the session copies of all tables that hide the distributed ones, for what Citus does not compute.
pub async fn copy_tables(session: &mut PgConnection) {
    let copy = "do $$ declare name text; begin
        for name in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') loop
            execute format('create temp table %I as table public.%I', name, name);
        end loop;
    end $$";
    session.execute(copy).await.expect("all tables are copied");
}

/// The URLs of the database that `HANDSET_TEST_CLUSTER` names, at all nodes, that of the coordinator first.
async fn nodes() -> Vec<Url> {
    let cluster = std::env::var("HANDSET_TEST_CLUSTER").expect(
        "HANDSET_TEST_CLUSTER is not set: it is the URL of a database on the coordinator of a Citus cluster, which \
         has the extension and its workers",
    );
    let coordinator: Url = cluster.parse().expect("HANDSET_TEST_CLUSTER is a URL");
    let mut connection = connect(coordinator.as_str()).await;
    let rows = connection
        .fetch_all("select node_name, node_port::int from citus_get_active_worker_nodes() order by node_port")
        .await
        .expect("the cluster lists its workers");
    let mut nodes = vec![coordinator.clone()];
    for row in rows {
        let mut worker = coordinator.clone();
        worker.set_host(Some(row.get("node_name"))).expect("a host");
        let port: i32 = row.get("node_port");
        worker.set_port(Some(port.try_into().expect("a port"))).expect("a port");
        nodes.push(worker);
    }
    nodes
}

impl Drop for ClusterDatabase {
    fn drop(&mut self) {
        let (name, nodes) = (self.name.clone(), self.nodes.clone());
        // A thread, since the runtime of the test ends with it.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                for node in nodes {
                    end_prepared_transactions(&of_database(&node, &name)).await;
                    execute(node.as_str(), &[BY_HAND, &format!("drop database {name} with (force)")]).await;
                }
            });
        });
        // A failed test may leave a node that does not answer.
        if !thread::panicking() {
            dropping.join().expect("the database is dropped");
        }
    }
}

/// Ends what killed nodes left prepared, which Citus would do within a minute.
async fn end_prepared_transactions(url: &str) {
    let prepared = "select gid from pg_prepared_xacts where database = current_database()";
    let left = connect(url).await.fetch_all(prepared).await.expect("the catalogue answers");
    for transaction in left {
        execute(url, &[&format!("rollback prepared '{}'", transaction.get::<String, _>("gid"))]).await;
    }
}

/// A connection without TLS, whose certificate on a new cluster sqlx cannot read.
pub async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a URL of Postgres");
    PgConnection::connect_with(&options.ssl_mode(PgSslMode::Disable)).await.expect("the node accepts connections")
}

async fn execute(url: &str, statements: &[&str]) {
    let mut connection = connect(url).await;
    for statement in statements.iter().flat_map(|statement| statement.split(';')) {
        let outcome = connection.execute(AssertSqlSafe(statement)).await;
        outcome.unwrap_or_else(|fault| panic!("{statement}: {fault}"));
    }
    connection.close().await.expect("the connection still stands");
}

fn of_database(node: &Url, name: &str) -> String {
    let mut url = node.clone();
    url.set_path(name);
    url.into()
}

/// Host and port as SQL.
fn address(node: &Url) -> String {
    format!("'{}', {}", node.host_str().expect("a host"), node.port().unwrap_or(5432))
}
