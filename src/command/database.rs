//! The database of a command: the one that DATABASE_URL names, or the private one. The server runs the private one
//! itself; administration joins a running server's, and runs it for as long as it takes if there is none.

use super::seal_key;
use crate::clock::Random;
use crate::config::Config;
use crate::postgres::{self, Cluster, Durability};
use crate::store::Store;
use std::error::Error;

/// An open database, up to date.
pub struct Database {
    pub store: Store,
    /// The private Postgres, if this process runs it.
    pub cluster: Option<Cluster>,
}

/// Who asks for the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseSource {
    /// Runs the private Postgres, and only one may.
    Server,
    /// Joins the one that runs.
    Administration,
}

impl Database {
    /// Opens the database and brings its schema up to date.
    pub async fn open(config: &Config, asker: DatabaseSource) -> Result<Database, Box<dyn Error>> {
        let random = Random::system();
        let (url, cluster) = match &config.database_url {
            Some(url) => (url.clone(), None),
            None => private(config, asker).await?,
        };
        // After the cluster: it makes the data directory, so that Postgres's user may enter it.
        let opened = async {
            let seal = seal_key::seal(config, random)?;
            let store = Store::open(&url, config.connections, seal).await?;
            store.migrate().await?;
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

    /// Lets go of it: the connections first, then the private Postgres.
    pub async fn close(self) {
        self.store.close().await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

async fn private(config: &Config, asker: DatabaseSource) -> Result<(String, Option<Cluster>), Box<dyn Error>> {
    let data_dir = config.data_dir();
    if asker == DatabaseSource::Administration
        && let Some(url) = postgres::join(&data_dir)?
    {
        return Ok((url, None));
    }
    let cluster = postgres::start(postgres::Settings { data_dir, durability: Durability::Durable }).await?;
    Ok((cluster.url(), Some(cluster)))
}
