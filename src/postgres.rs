//! The private Postgres: a cluster that this process creates, runs, supervises and stops, so that a deployment has one
//! thing to install. It provides a URL only: migrations and pools belong to the store, and the choice between this and a
//! `DATABASE_URL` to the configuration.

pub mod binaries;
mod child;
mod error;
mod home;
mod initdb;
mod leftovers;
mod owner;
mod pidfile;
mod postmaster;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use self::binaries::Binaries;
use self::child::Child;
use self::home::{Home, Lock};
use self::owner::Owner;

pub use self::error::{JoinError, StartError};

/// Maximum number of consecutive crashes, each within [`STEADY`] of a start, before restarting is given up.
const PATIENCE: u32 = 5;
/// Uptime after which a crash counts as the first again.
const STEADY: Duration = Duration::from_secs(60);

/// Settings of the private Postgres.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The service's data directory, with the cluster, its socket and the lock.
    pub data_dir: PathBuf,
    /// Whether a power failure may lose data.
    pub durability: Durability,
}

/// Whether committed data must survive a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Commits are synced to disk.
    Durable,
    /// No fsync: fast, for tests only.
    Disposable,
}

/// A running Postgres with the exclusive lock on its directory.
///
/// Dropping it signals Postgres to stop without waiting; [`Cluster::stop`] waits.
#[derive(Debug)]
pub struct Cluster {
    // Declared before the lock, so that it is dropped while the lock is held.
    postmaster: Child,
    spec: postmaster::Spec,
    lock: Lock,
}

/// Starts the private Postgres in `settings.data_dir`, creating the cluster on the first run, and returns once it
/// accepts connections. Cancellation-safe: dropping the future signals the processes it started to stop.
pub async fn start(settings: Settings) -> Result<Cluster, StartError> {
    let began = Instant::now();
    let (home, lock) = Home::claim(&settings.data_dir)?;
    let owner = Owner::choose(&home.cluster())?;
    let wanted = home.major()?;
    let binaries = tokio::task::spawn_blocking(move || Binaries::find(wanted))
        .await
        .expect("the search for binaries does not panic")?;
    owner.check_entrance(home.root())?;
    let spec = postmaster::Spec {
        socket_dir: home.socket_dir(&owner)?,
        durability: settings.durability,
        home,
        owner,
        binaries,
    };
    if wanted.is_none() {
        tracing::info!(data_dir = %spec.home.root().display(), "creating the private Postgres, which takes some seconds");
        initdb::create(&spec, &lock).await?;
        tracing::info!(data_dir = %spec.home.root().display(), "created the private Postgres");
    }
    leftovers::clear(&lock, &spec).await?;
    let postmaster = postmaster::spawn(&spec, &lock)?;
    let cluster = Cluster { postmaster, spec, lock };
    if let Err(fault) = cluster.ready().await {
        cluster.stop().await;
        return Err(fault);
    }
    let (major, took) = (cluster.spec.binaries.major(), began.elapsed());
    tracing::info!(major, ?took, "private Postgres is ready");
    Ok(cluster)
}

/// Whether `data_dir` has a cluster.
pub fn exists(data_dir: &Path) -> Result<bool, JoinError> {
    let version = home::cluster_in(data_dir).join("PG_VERSION");
    version.try_exists().map_err(|source| JoinError { data_dir: data_dir.to_owned(), source })
}

/// The URL of the Postgres that another process runs in `data_dir`, or `None` if none accepts connections. For commands
/// that run beside the service; they must run as its user, or as root.
pub fn join(data_dir: &Path) -> Result<Option<String>, JoinError> {
    pidfile::listening(&home::cluster_in(data_dir))
        .map(|socket_dir| socket_dir.map(|dir| home::url(&dir)))
        .map_err(|source| JoinError { data_dir: data_dir.to_owned(), source })
}

impl Cluster {
    /// The connection URL; restarts do not change it.
    pub fn url(&self) -> String {
        home::url(&self.spec.socket_dir)
    }

    /// The process id of the postmaster started last.
    pub fn pid(&self) -> u32 {
        self.postmaster.pid().as_raw().unsigned_abs()
    }

    /// Resolves when the postmaster has exited, for any reason.
    pub async fn exited(&self) -> ExitStatus {
        self.postmaster.exited().await
    }

    /// Restarts Postgres, on the same URL.
    pub async fn restart(&mut self) -> Result<(), StartError> {
        self.postmaster.stop().await;
        leftovers::clear(&self.lock, &self.spec).await?;
        // Stored before the await: if the future is dropped, `stop` still has the process.
        self.postmaster = postmaster::spawn(&self.spec, &self.lock)?;
        self.ready().await
    }

    /// Keeps Postgres running until `until` resolves, then stops it. A crashed Postgres is restarted; returns an error, with
    /// Postgres stopped, if it cannot be started or keeps crashing.
    pub async fn keep(mut self, until: impl Future<Output = ()>) -> Result<(), StartError> {
        let mut until = pin!(until);
        let mut outcome = Ok(());
        let mut deaths = 0;
        while outcome.is_ok() {
            let born = Instant::now();
            let status = tokio::select! {
                () = &mut until => break,
                status = self.exited() => status,
            };
            deaths = if born.elapsed() < STEADY { deaths + 1 } else { 1 };
            if deaths > PATIENCE {
                outcome = Err(self.postmaster_fault(status).await);
                break;
            }
            tracing::error!(%status, "Postgres ended by itself; restarting");
            outcome = tokio::select! {
                () = &mut until => break,
                restarted = self.restart() => restarted,
            };
        }
        self.stop().await;
        outcome
    }

    /// Stops Postgres: a fast shutdown, which disconnects clients and writes a checkpoint. After a timeout an immediate one,
    /// and the next start recovers from the WAL.
    pub async fn stop(self) {
        let status = self.postmaster.stop().await;
        self.spec.home.forget_socket_dir(&self.spec.socket_dir);
        tracing::info!(%status, "private Postgres has stopped");
    }

    async fn ready(&self) -> Result<(), StartError> {
        let cluster = self.spec.home.cluster();
        tokio::select! {
            biased;
            () = pidfile::ready(&cluster, self.postmaster.pid()) => Ok(()),
            status = self.postmaster.exited() => Err(self.postmaster_fault(status).await),
        }
    }

    async fn postmaster_fault(&self, status: ExitStatus) -> StartError {
        let root = self.spec.home.root().to_owned();
        StartError::failed("Postgres", status, root, self.postmaster.last_words().await)
    }
}
