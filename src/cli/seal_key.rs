//! The key that seals secrets: from the configuration, or generated once in the data directory, readable by this user only.

use crate::config::Config;
use crate::random::Random;
use crate::store::{Seal, SealError};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why the seal key could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SealKeyError {
    #[error("HANDSET_SEAL_KEY is wrong: {0}")]
    Configured(#[source] SealError),
    #[error("the seal key in {0} is damaged: {1}. Restore it from a backup; without it sealed secrets are lost")]
    Damaged(PathBuf, #[source] SealError),
    #[error(
        "this database's secrets are sealed with a key that is missing here: HANDSET_SEAL_KEY is not set, and there is no \
         {0}. Set it as on the other servers of this database, or restore the file from a backup"
    )]
    Missing(PathBuf),
    #[error("the seal key {0} can be neither read nor created: {1}. Set HANDSET_SEAL_KEY, or another --data-dir")]
    Unreachable(PathBuf, #[source] io::Error),
}

impl SealKeyError {
    /// The key of a database that has sealed secrets is missing.
    pub fn missing(config: &Config) -> SealKeyError {
        SealKeyError::Missing(path(config))
    }
}

/// The file of a generated key.
fn path(config: &Config) -> PathBuf {
    config.data_dir().join("seal.key")
}

/// Loads the seal of this deployment.
pub fn seal(config: &Config, random: Random) -> Result<Seal, SealKeyError> {
    if let Some(key) = &config.seal_key {
        return Seal::from_base64(key, random).map_err(SealKeyError::Configured);
    }
    let path = path(config);
    let key = read_or_make(&path, &random).map_err(|fault| SealKeyError::Unreachable(path.clone(), fault))?;
    Seal::from_base64(&key, random).map_err(|fault| SealKeyError::Damaged(path, fault))
}

/// The seal of this deployment; None if no key was set or generated yet. Generates none.
pub fn existing(config: &Config, random: Random) -> Result<Option<Seal>, SealKeyError> {
    let path = path(config);
    match config.seal_key.is_some() || path.try_exists().map_err(|fault| SealKeyError::Unreachable(path, fault))? {
        true => seal(config, random).map(Some),
        false => Ok(None),
    }
}

fn read_or_make(path: &Path, random: &Random) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => make(path, random),
        read => read,
    }
}

/// Writes the key under a temporary name and hard-links it in place, so that no process reads an incomplete key and
/// concurrent processes use the same one.
fn make(path: &Path, random: &Random) -> io::Result<String> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let draft = dir.join(format!(".seal.key.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", Seal::new_key(random))?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(fault),
        _ => fs::read_to_string(path),
    }
}
