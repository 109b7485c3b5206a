//! The server's life: bind, open the database, greet, serve, and on a signal the same in reverse.

use super::database::{Asker, Database};
use super::demo;
use crate::ambient::{Clock, Entropy};
use crate::config::{Config, ServeConfig};
use crate::http::App;
use crate::lifecycle::Lifecycle;
use crate::postgres::{Cluster, StartError};
use crate::server;
use crate::store::Store;
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

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
    };
    let served = match greet(config, serve, &app, &url).await {
        Ok(()) => server::serve(listener, app, life.stopping.clone()).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    store.close().await;
    let kept = match keeper {
        Some(keeper) => keeper.stop().await,
        None => Ok(()),
    };
    served.and(kept.map_err(Into::into))
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
    let mut out = io::stdout();
    writeln!(out, "Listening on {url}")?;
    match demo {
        Some(demo) => writeln!(out, "{}", demo.greeting(url))?,
        None => writeln!(out, "{}", how_to_mint(config, &app.store).await?)?,
    }
    Ok(out.flush()?)
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
