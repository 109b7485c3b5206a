//! Finds the Postgres server programs on this machine. A cluster needs the major version that created it; a new cluster
//! uses the newest. [`install`] has the advice for missing programs.

pub mod clients;
pub mod install;

use std::collections::BTreeSet;
use std::fs;
use std::iter::once_with;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::StartError;

/// The oldest supported major version.
const OLDEST: u32 = 15;

/// Where packages install programs outside the `PATH`; the wildcard is the version.
const USUAL_PLACES: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*/",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql*/bin",
];

/// One installation of Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the installation of major version `wanted`, or the newest one, on the `PATH` and in the usual directories.
    pub fn find(wanted: Option<u32>) -> Result<Self, StartError> {
        Self::find_in(places(), wanted)
    }

    /// Like [`Binaries::find`], in `places` only.
    pub fn find_in(places: impl IntoIterator<Item = PathBuf>, wanted: Option<u32>) -> Result<Self, StartError> {
        let mut seen = BTreeSet::new();
        let found = places
            .into_iter()
            .filter_map(|place| real_dir(&place))
            .filter(|dir| seen.insert(dir.clone()))
            .filter_map(Self::examine);
        let Some(wanted) = wanted else {
            return newest(found);
        };
        let mut others = BTreeSet::new();
        for binaries in found {
            if binaries.major == wanted {
                return Ok(binaries);
            }
            others.insert(binaries.major.to_string());
        }
        let advice = install::advice(Some(wanted));
        if others.is_empty() {
            return Err(StartError::NotInstalled { advice });
        }
        let found = others.into_iter().collect::<Vec<_>>().join(", ");
        Err(StartError::MajorMissing { wanted, found, advice })
    }

    /// The major version, such as 17.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The path of the server program.
    pub fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    /// The path of `initdb`.
    pub fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    fn examine(dir: PathBuf) -> Option<Self> {
        let version = ask(&dir.join("postgres"), "--version")?;
        let major = major_in(&version)?;
        Some(Self { dir, major })
    }
}

/// The directories that may have Postgres's programs.
fn places() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let usual = USUAL_PLACES.iter().flat_map(|pattern| expand(pattern));
    // Last, and run only if needed: `pg_config` may belong to a client library without a server.
    let configured = once_with(|| ask("pg_config".as_ref(), "--bindir").map(PathBuf::from));
    on_path.into_iter().chain(usual).chain(configured.flatten())
}

fn newest(found: impl Iterator<Item = Binaries>) -> Result<Binaries, StartError> {
    let advice = || install::advice(None);
    // Of equal versions the first, since the `PATH` comes first.
    match found.reduce(|best, next| if next.major > best.major { next } else { best }) {
        Some(newest) if newest.major >= OLDEST => Ok(newest),
        Some(Binaries { major: newest, .. }) => Err(StartError::TooOld { newest, oldest: OLDEST, advice: advice() }),
        None => Err(StartError::NotInstalled { advice: advice() }),
    }
}

/// The directory of the programs with symlinks resolved, if it has a server: the `PATH` often has links to some programs
/// only, and several links to one installation.
fn real_dir(place: &Path) -> Option<PathBuf> {
    let postgres = place.join("postgres").canonicalize().ok()?;
    let dir = postgres.parent()?.to_owned();
    dir.join("initdb").exists().then_some(dir)
}

/// The first line that a program prints for this option.
fn ask(program: &Path, question: &str) -> Option<String> {
    let answer = Command::new(program).arg(question).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    text.lines().next().filter(|_| answer.status.success()).map(str::to_owned)
}

/// The major version in a line such as `postgres (PostgreSQL) 17.2 (Debian 17.2-1)` or `postgres (PostgreSQL) 18rc1`.
fn major_in(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The existing paths that match a pattern with one `*`.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![pattern.into()];
    };
    let Some((parent, prefix)) = before.rsplit_once('/') else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}
