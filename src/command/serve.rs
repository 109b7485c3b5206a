//! The server's life: bind, open the database, greet, serve, and on a signal the same in reverse.

use super::database::{Asker, Database};
use super::demo;
use crate::ambient::{Clock, Entropy};
use crate::config::{Config, ServeConfig};
use crate::http::{App, HEARTBEAT};
use crate::lifecycle::Lifecycle;
use crate::postgres::{Cluster, StartError};
use crate::server;
use crate::store::Store;
use crate::sweeper::Sweeper;
use crate::webhooks::Worker;
use crate::webhooks::outbound::Outbound;
use chrono::TimeDelta;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long webhooks under way are waited for: a little more than one attempt can take.
const WORKERS_DRAIN: Duration = Duration::from_secs(17);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}. Choose another address with --listen; port 0 takes a free one")]
struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// Serves until a signal.
pub async fn run(config: &Config, serve: &ServeConfig) -> Result<(), Box<dyn Error>> {
    let life = Lifecycle::listen()?;
    raise_limit_of_files();
    let listener =
        TcpListener::bind(serve.listen).await.map_err(|source| ListenError { address: serve.listen, source })?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = tokio::select! {
        () = life.stopped() => return Ok(()),
        opened = Database::open(config, Asker::Server) => opened?,
    };
    let (store, keeper) = (database.store, database.cluster.map(|cluster| Keeper::of(cluster, &life)));
    let app = App {
        store: store.clone(),
        clock: Clock::system(),
        entropy: Entropy::system(),
        public_url: serve.public_url.as_deref().map(|url| url.trim_end_matches('/').into()),
        stopping: life.stopping.clone(),
        heartbeat: HEARTBEAT,
        reservation: Duration::from_secs(u64::from(serve.reservation_minutes) * 60),
        region: serve.default_region,
    };
    let served = async {
        greet(config, serve, &app, &url).await?;
        start_workers(serve, &app, keeper.is_some(), &life)?;
        Ok::<_, Box<dyn Error>>(server::serve(listener, app, life.stopping.clone()).await?)
    };
    let served = served.await;
    life.stopping.cancel();
    if !life.drain(WORKERS_DRAIN).await {
        tracing::warn!("some webhooks were still under way; they are sent again later");
    }
    store.close().await;
    let kept = match keeper {
        Some(keeper) => keeper.stop().await,
        None => Ok(()),
    };
    served.and(kept.map_err(Into::into))
}

/// A connection is an open file, of which a process may often have no more than 1,024 unless it asks for what it may have.
fn raise_limit_of_files() {
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(fault) = raised {
        tracing::debug!(%fault, "the limit of open files stays as it is");
    }
}

/// Starts what works beside the requests until the server stops.
fn start_workers(serve: &ServeConfig, app: &App, is_private: bool, life: &Lifecycle) -> Result<(), Box<dyn Error>> {
    let worker = Worker {
        store: app.store.clone(),
        clock: app.clock.clone(),
        entropy: app.entropy.clone(),
        outbound: Arc::new(Outbound::new(serve.webhook_allow.clone())?),
        sandboxes_reach_loopback: is_private,
        tick: Duration::from_secs(1),
    };
    let sweeper = Sweeper {
        store: app.store.clone(),
        clock: app.clock.clone(),
        keep_events: TimeDelta::days(i64::from(serve.keep_events_days)),
        tick: Duration::from_secs(60),
    };
    life.tasks.spawn(worker.run(life.stopping.clone()));
    life.tasks.spawn(sweeper.run(life.stopping.clone()));
    Ok(())
}

/// Runs the private Postgres until it is no longer needed; its end without cure is the server's.
struct Keeper {
    release: CancellationToken,
    keeping: JoinHandle<Result<(), StartError>>,
}

impl Keeper {
    fn of(cluster: Cluster, life: &Lifecycle) -> Keeper {
        let (release, stopping) = (CancellationToken::new(), life.stopping.clone());
        let until = release.clone().cancelled_owned();
        let keeping = tokio::spawn(async move {
            let kept = cluster.keep(until).await;
            stopping.cancel();
            kept
        });
        Keeper { release, keeping }
    }

    async fn stop(self) -> Result<(), StartError> {
        self.release.cancel();
        self.keeping.await.expect("keeping Postgres does not panic")
    }
}

/// Says where the service is and how to use it: with a demo at the first start, and how to mint a key at later ones.
async fn greet(config: &Config, serve: &ServeConfig, app: &App, url: &str) -> Result<(), Box<dyn Error>> {
    let demo = match serve.no_demo {
        true => None,
        false => demo::make(&app.store, &app.clock, &app.entropy).await?,
    };
    let more = match demo {
        Some(demo) => demo.greeting(url),
        None => how_to_mint(config, &app.store).await?,
    };
    // Whoever started this may have stopped reading, as `head` does; that is no reason not to serve.
    let mut out = io::stdout();
    if let Err(fault) = writeln!(out, "Listening on {url}\n{more}").and_then(|()| out.flush()) {
        tracing::warn!(%fault, url, "nobody reads where this listens");
    }
    Ok(())
}

async fn how_to_mint(config: &Config, store: &Store) -> Result<String, Box<dyn Error>> {
    let program = std::env::args().next().unwrap_or_else(|| "handset".to_owned());
    let place = match (&config.database_url, &config.data_dir) {
        (None, Some(dir)) => format!(" --data-dir {}", dir.display()),
        _ => String::new(),
    };
    let workspaces = store.workspaces().await?;
    Ok(match workspaces.first() {
        Some(workspace) => {
            format!("Mint an API key: {program} key create --workspace {:?}{place}", workspace.name)
        }
        None => format!(
            "Make a workspace: {program} workspace create Acme --sandbox{place}\n\
             Mint an API key:  {program} key create --workspace Acme{place}"
        ),
    })
}
