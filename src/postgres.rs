//! The private Postgres: a cluster that this process creates, runs, watches and stops, so that a company has one thing
//! to install. It hands out a URL and knows nothing of what is stored behind it; migrations and pools are the store's,
//! and choosing between this and a `DATABASE_URL` is the configuration's.

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

/// Deaths of Postgres in a row, each within [`STEADY`] of its start, after which restarting it is no cure.
const PATIENCE: u32 = 5;
/// How long Postgres must have run for its death to count as the first one again.
const STEADY: Duration = Duration::from_secs(60);

/// Where the private Postgres lives, and how careful it is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The service's data directory. The cluster, its socket and the lock are made inside.
    pub data_dir: PathBuf,
    /// Whether a power cut may cost data.
    pub durability: Durability,
}

/// Whether what is committed must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Committed is on disk.
    Durable,
    /// Nothing is ever synced: fast, and for tests only.
    Disposable,
}

/// A running Postgres and the exclusive right to its directory.
///
/// Dropping it asks Postgres to stop without waiting; [`Cluster::stop`] waits.
#[derive(Debug)]
pub struct Cluster {
    // Before the lock, so that it is dropped while the directory is still ours.
    postmaster: Child,
    spec: postmaster::Spec,
    lock: Lock,
}

/// Starts the private Postgres in `settings.data_dir`, creating the cluster on the first run, and returns once it
/// accepts connections. The future may be dropped at any time: what it had begun is then told to stop.
pub async fn start(settings: Settings) -> Result<Cluster, StartError> {
    let began = Instant::now();
    let (home, lock) = Home::claim(&settings.data_dir)?;
    let owner = Owner::choose(&home)?;
    let wanted = home.major()?;
    let binaries = tokio::task::spawn_blocking(move || Binaries::find(wanted))
        .await
        .expect("looking for binaries does not panic")?;
    owner.check_entrance(home.root())?;
    if wanted.is_none() {
        initdb::create(&home, &lock, &owner, &binaries, settings.durability).await?;
    }
    let spec = postmaster::Spec {
        socket_dir: home.socket_dir(&owner)?,
        durability: settings.durability,
        home,
        owner,
        binaries,
    };
    leftovers::clear(&lock, &spec.home.cluster(), &spec.socket_dir).await?;
    let postmaster = postmaster::spawn(&spec, &lock)?;
    let cluster = Cluster { postmaster, spec, lock };
    if let Err(fault) = cluster.ready().await {
        cluster.stop().await;
        return Err(fault);
    }
    let (major, took) = (cluster.spec.binaries.major(), began.elapsed());
    tracing::info!(major, ?took, "the private Postgres is ready");
    Ok(cluster)
}

/// The URL of the Postgres that another process is running in `data_dir` now, or `None` if there is none that accepts
/// connections. This is for commands that work beside the service; they must run as its user, or as root.
pub fn join(data_dir: &Path) -> Result<Option<String>, JoinError> {
    pidfile::listening(&home::cluster_in(data_dir))
        .map(|socket_dir| socket_dir.map(|dir| home::url(&dir)))
        .map_err(|source| JoinError { data_dir: data_dir.to_owned(), source })
}

impl Cluster {
    /// Where to connect. It stays the same over restarts.
    pub fn url(&self) -> String {
        home::url(&self.spec.socket_dir)
    }

    /// The process id of the postmaster that was started last.
    pub fn pid(&self) -> u32 {
        self.postmaster.pid().as_raw().unsigned_abs()
    }

    /// Resolves when the postmaster has ended, by itself or by somebody else's hand.
    pub async fn exited(&self) -> ExitStatus {
        self.postmaster.exited().await
    }

    /// Starts Postgres again, on the same URL; stops it first if it still runs.
    pub async fn restart(&mut self) -> Result<(), StartError> {
        self.postmaster.stop().await;
        leftovers::clear(&self.lock, &self.spec.home.cluster(), &self.spec.socket_dir).await?;
        // Kept before it is awaited: if the caller gives up waiting, `stop` still finds the process.
        self.postmaster = postmaster::spawn(&self.spec, &self.lock)?;
        self.ready().await
    }

    /// Keeps Postgres running until `until` resolves, then stops it. When it dies, it is started again; when it cannot
    /// be started, or dies over and over, the error says so and Postgres is down.
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
            tracing::error!(%status, "Postgres ended by itself; starting it again");
            outcome = tokio::select! {
                () = &mut until => break,
                restarted = self.restart() => restarted,
            };
        }
        self.stop().await;
        outcome
    }

    /// Stops Postgres: clients are disconnected and everything is written out. If that takes too long it is stopped
    /// harder, and the next start recovers from the log.
    pub async fn stop(self) {
        let status = self.postmaster.stop().await;
        self.spec.home.forget_socket_dir(&self.spec.socket_dir);
        tracing::info!(%status, "the private Postgres has stopped");
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
