//! A durable Postgres of the test's own, whose commits survive a kill.

use super::private_postgres::TestDir;
use super::program::{Server, handset_in};
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

/// A world on a durable Postgres, which can be killed.
pub async fn world_on_durable_postgres(test_dir: &TestDir, connections: u32) -> (World, Cluster) {
    let cluster = postgres::start(test_dir.durable()).await.expect("Postgres starts");
    migrate(&cluster.url()).await;
    (World::at(&cluster.url(), connections).await, cluster)
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

/// Kills Postgres with SIGKILL.
pub async fn kill_postgres(cluster: &Cluster) {
    kill(Pid::from_raw(cluster.pid().try_into().expect("a pid fits")), Signal::SIGKILL).expect("it runs");
    cluster.exited().await;
}

/// The socket of the private Postgres.
pub fn socket(url: &str) -> std::path::PathBuf {
    let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL of Postgres");
    let directory = options.get_socket().expect("the private Postgres has a socket").clone();
    directory.join(".s.PGSQL.5432")
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

/// The Postgres of all tests. It is not restarted: after a restart of the server alone the sessions are new.
pub struct SharedPostgres;

impl Restart for SharedPostgres {
    async fn restart_postgres(&mut self) {}
}
