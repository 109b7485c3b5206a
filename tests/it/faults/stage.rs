//! A Postgres of the test's own, which keeps its promises when it is killed.

use crate::postgres::stage::Place;
use crate::world::{World, seal};
use handset::postgres::{self, Cluster};
use handset::store::Store;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Brings a database up to date.
pub async fn migrate(url: &str) {
    let store = Store::open(url, 1, seal()).await.expect("it accepts");
    store.migrate().await.expect("the migrations are right");
    store.close().await;
}

/// A world on a durable Postgres, which can be killed.
pub async fn mortal_world(place: &Place, connections: u32) -> (World, Cluster) {
    let cluster = postgres::start(place.durable()).await.expect("Postgres starts");
    migrate(&cluster.url()).await;
    (World::at(&cluster.url(), connections).await, cluster)
}

/// Ends Postgres on the spot.
pub async fn kill_postgres(cluster: &Cluster) {
    kill(Pid::from_raw(cluster.pid().try_into().expect("a pid fits")), Signal::SIGKILL).expect("it runs");
    cluster.exited().await;
}

/// Where the private Postgres listens.
pub fn socket(url: &str) -> std::path::PathBuf {
    let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL of Postgres");
    let directory = options.get_socket().expect("the private Postgres has a socket").clone();
    directory.join(".s.PGSQL.5432")
}
