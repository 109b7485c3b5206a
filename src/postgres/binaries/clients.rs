//! Finds `pg_dump` and `pg_restore`, which packages install beside the server programs or without them.

use std::path::{Path, PathBuf};

use super::{ask, install, major_in, places};

/// The client programs of one installation of Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientPrograms {
    dir: PathBuf,
    major: u32,
}

/// No installation is new enough.
#[derive(Debug, thiserror::Error)]
#[error(
    "this needs pg_dump and pg_restore of PostgreSQL {wanted} or later, and this machine has {}: {advice}",
    found.map_or("none".to_owned(), |found| format!("only those of {found}"))
)]
pub struct ClientsMissing {
    wanted: u32,
    found: Option<u32>,
    advice: String,
}

impl ClientPrograms {
    /// Finds the oldest installation that is not older than `wanted`: an older one does not dump a newer server, and a dump
    /// of a newer one is not read by older ones.
    pub fn find(wanted: u32) -> Result<Self, ClientsMissing> {
        Self::find_in(places(), wanted)
    }

    /// Like [`ClientPrograms::find`], in `places` only.
    pub fn find_in(places: impl IntoIterator<Item = PathBuf>, wanted: u32) -> Result<Self, ClientsMissing> {
        let found: Vec<Self> = places.into_iter().filter_map(|place| Self::examine(&place)).collect();
        let fitting = found.iter().filter(|programs| programs.major >= wanted).min_by_key(|programs| programs.major);
        fitting.cloned().ok_or_else(|| ClientsMissing {
            wanted,
            found: found.iter().map(|programs| programs.major).max(),
            advice: install::client_advice(wanted),
        })
    }

    /// The major version, such as 17.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The path of `pg_dump`.
    pub fn pg_dump(&self) -> PathBuf {
        self.dir.join("pg_dump")
    }

    /// The path of `pg_restore`.
    pub fn pg_restore(&self) -> PathBuf {
        self.dir.join("pg_restore")
    }

    fn examine(place: &Path) -> Option<Self> {
        let pg_dump = place.join("pg_dump").canonicalize().ok()?;
        let dir = pg_dump.parent()?.to_owned();
        // A link may lead to a wrapper, as Debian's, which chooses a version by itself.
        if pg_dump.file_name()? != "pg_dump" || !dir.join("pg_restore").exists() {
            return None;
        }
        let major = major_in(&ask(&pg_dump, "--version")?)?;
        Some(Self { dir, major })
    }
}
