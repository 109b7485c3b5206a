//! A durable Postgres of the test's own, whose commits survive a kill.

use super::citus::{ClusterDatabase, on_cluster};
use super::citus_node::Node;
use super::private_postgres::TestDir;
use super::program::{Server, handset_in};
use super::shared_postgres::template_name;
use super::world::{SEAL_KEY, World, seal};
use handset::postgres::{self, Cluster};
use handset::store::Store;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Migrates a database.
pub async fn migrate(url: &str) {
    let store = Store::open(url, 1, seal()).await.expect("it accepts");
    store.migrate().await.expect("the migrations succeed");
    store.close().await;
}

/// A durable Postgres of the test's own. With `HANDSET_TEST_WORLDS_ON_CLUSTER` it is all nodes of the Citus cluster, which the
/// test then has for itself.
pub enum DurablePostgres {
    Private(Cluster),
    Citus(Vec<Node>, Box<ClusterDatabase>),
}

impl DurablePostgres {
    /// With a migrated database.
    pub async fn start(test_dir: &TestDir) -> DurablePostgres {
        if on_cluster() {
            let database = ClusterDatabase::copied_alone(&template_name()).await;
            let mut nodes = Vec::new();
            for url in database.urls() {
                nodes.push(Node::of(url).await);
            }
            return DurablePostgres::Citus(nodes, Box::new(database));
        }
        let cluster = postgres::start(test_dir.durable()).await.expect("Postgres starts");
        migrate(&cluster.url()).await;
        DurablePostgres::Private(cluster)
    }

    pub fn url(&self) -> String {
        match self {
            DurablePostgres::Private(cluster) => cluster.url(),
            DurablePostgres::Citus(_, database) => database.plain_url(),
        }
    }

    /// Kills it with SIGKILL, on a cluster all nodes.
    pub async fn kill(&mut self) {
        match self {
            DurablePostgres::Private(cluster) => end(cluster, Signal::SIGKILL).await,
            DurablePostgres::Citus(nodes, _) => nodes.iter_mut().for_each(Node::kill),
        }
    }

    /// Stops it without waiting for its clients.
    pub async fn shut_down(&mut self) {
        match self {
            DurablePostgres::Private(cluster) => end(cluster, Signal::SIGINT).await,
            DurablePostgres::Citus(nodes, _) => nodes.iter_mut().for_each(Node::shut_down),
        }
    }

    /// Stops it unless it was killed, and starts it again.
    pub async fn restart(&mut self) {
        match self {
            DurablePostgres::Private(cluster) => cluster.restart().await.expect("Postgres starts again"),
            DurablePostgres::Citus(nodes, _) => {
                for node in nodes {
                    node.restart().await;
                }
            }
        }
    }

    pub async fn stop(self) {
        if let DurablePostgres::Private(cluster) = self {
            cluster.stop().await;
        }
    }
}

async fn end(cluster: &Cluster, signal: Signal) {
    kill(Pid::from_raw(cluster.pid().try_into().expect("a pid fits")), signal).expect("it runs");
    cluster.exited().await;
}

/// A world on a durable Postgres, which can be killed.
pub async fn world_on_durable_postgres(test_dir: &TestDir, connections: u32) -> (World, DurablePostgres) {
    let postgres = DurablePostgres::start(test_dir).await;
    (World::at(&postgres.url(), connections).await, postgres)
}

/// The program on this database. It keeps all events, since those of a world's clock are old by the system's clock.
pub async fn serve(database_url: &str, connections: u32, test_dir: &TestDir) -> Server {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--no-demo", "--keep-events-days", "36500"];
    let mut command = handset_in(test_dir, &arguments);
    command.arg("--connections").arg(connections.to_string());
    command.env("DATABASE_URL", database_url).env("HANDSET_SEAL_KEY", SEAL_KEY);
    command.env("HANDSET_WEBHOOK_ALLOW", "127.0.0.0/8");
    Server::run(command, test_dir).await
}

/// A Postgres that a test restarts, to check what is durable.
pub trait Restart {
    async fn restart_postgres(&mut self);
}

impl Restart for Cluster {
    async fn restart_postgres(&mut self) {
        self.restart().await.expect("Postgres starts again");
    }
}

impl Restart for DurablePostgres {
    async fn restart_postgres(&mut self) {
        self.restart().await;
    }
}

/// The Postgres of all tests. It is not restarted: after a restart of the server alone the sessions are new.
pub struct SharedPostgres;

impl Restart for SharedPostgres {
    async fn restart_postgres(&mut self) {}
}
