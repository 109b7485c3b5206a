//! The database of a command: that of DATABASE_URL, or the private Postgres. The server runs the private one itself; an
//! administrative command uses a running server's, or runs it for its own duration if no server is running.

use super::seal_key::{self, SealKeyError};
use crate::config::Config;
use crate::lifecycle::service_manager;
use crate::postgres::{self, Cluster, Durability};
use crate::random::Random;
use crate::store::Store;
use std::error::Error;
use std::path::PathBuf;

/// An open database with a migrated schema.
pub struct Database {
    pub store: Store,
    /// The private Postgres, if this process runs it.
    pub cluster: Option<Cluster>,
}

/// An administrative command on a data directory without a cluster, such as a mistyped one.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no Handset data in {}. `handset serve --data-dir …` creates it; for an existing server, name its directory \
     with --data-dir, or its database with DATABASE_URL", .0.display()
)]
struct NoData(PathBuf);

/// The kind of command that opens the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseSource {
    /// Runs the private Postgres; fails if another process runs it.
    Server,
    /// Uses the private Postgres of a running server, if any. Creates none.
    Administration,
}

impl DatabaseSource {
    /// Tells the service manager what a server does until it serves.
    fn report(self, status: &str) {
        if self == DatabaseSource::Server {
            service_manager::status(status);
        }
    }
}

impl Database {
    /// Opens the database and migrates its schema.
    pub async fn open(config: &Config, source: DatabaseSource) -> Result<Database, Box<dyn Error>> {
        // A key that is wrong in itself is an error before anything is created.
        let seal = match seal_key::existing(config, Random::system()) {
            Err(fault @ (SealKeyError::Configured(_) | SealKeyError::Damaged(..))) => return Err(fault.into()),
            seal => seal,
        };
        let (url, cluster) = connect(config, source).await?;
        let opened = async {
            let seal = match seal? {
                Some(seal) => seal,
                None if Store::is_sealed(&url, config.schema.as_ref()).await? => {
                    return Err(SealKeyError::missing(config).into());
                }
                // After the cluster, which creates the data directory with the mode that Postgres's user needs.
                None => seal_key::seal(config, Random::system())?,
            };
            let store = Store::open_in(&url, config.schema.as_ref(), config.connections, seal).await?;
            source.report("Migrating the database");
            if let Err(fault) = store.migrate().await {
                store.close().await;
                return Err(fault.into());
            }
            Ok::<_, Box<dyn Error>>(store)
        };
        match opened.await {
            Ok(store) => Ok(Database { store, cluster }),
            Err(error) => {
                if let Some(cluster) = cluster {
                    cluster.stop().await;
                }
                Err(error)
            }
        }
    }

    /// Closes the connections, then stops the private Postgres.
    pub async fn close(self) {
        self.store.close().await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

/// The URL of the database, and the private Postgres if this process has to run it.
pub async fn connect(config: &Config, source: DatabaseSource) -> Result<(String, Option<Cluster>), Box<dyn Error>> {
    let data_dir = config.data_dir();
    let running = match (&config.database_url, source) {
        (Some(url), _) => Some(url.clone()),
        (None, DatabaseSource::Administration) if !postgres::exists(&data_dir)? => return Err(NoData(data_dir).into()),
        (None, DatabaseSource::Administration) => postgres::join(&data_dir)?,
        (None, DatabaseSource::Server) => None,
    };
    if let Some(url) = running {
        return Ok((url, None));
    }
    source.report("Starting the private Postgres");
    let cluster = postgres::start(postgres::Settings { data_dir, durability: Durability::Durable }).await?;
    Ok((cluster.url(), Some(cluster)))
}
