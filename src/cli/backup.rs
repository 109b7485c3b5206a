//! `handset backup`: one file with the whole database, from the private Postgres or that of DATABASE_URL, while servers run
//! or not. Nothing is changed, and nothing is migrated.

use super::admin::{Outcome, second};
use super::archive::{Destination, Header, Program, Writer, progress};
use super::database::{DatabaseSource, connect};
use super::output::{escaped, note, print};
use super::seal_key;
use crate::clock::Clock;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::postgres::binaries::clients::ClientPrograms;
use crate::random::Random;
use crate::store::{BackupDatabase, Seal, Snapshot};
use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncReadExt;

pub const HELP: &str = "Example:\n  handset backup handset-2026-11-30.backup\n\n\
    The file gets its name once it is whole. Without the seal key it cannot be restored: keep that elsewhere, or say\n\
    --include-seal-key and keep the file as a secret.";

#[derive(Debug, Args)]
pub struct BackupCommand {
    /// The file, or - for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Put the seal key into the file, which then opens the secrets in it: keep it as a secret
    #[arg(long)]
    include_seal_key: bool,
    /// Replace the file if it exists
    #[arg(long)]
    overwrite: bool,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("interrupted. There is no backup")]
    Interrupted,
    #[error("there is no seal key here to include: set HANDSET_SEAL_KEY, or --data-dir to the directory with seal.key")]
    NoSealKey,
    #[error("the seal key here is not that of the database. Set HANDSET_SEAL_KEY to the key of its servers")]
    OtherSealKey,
}

/// What was written.
struct Written {
    header: Header,
    bytes: u64,
    sha256: String,
}

pub async fn backup(config: &Config, is_json: bool, command: BackupCommand) -> Outcome {
    let life = Lifecycle::listen(Duration::ZERO)?;
    let destination = Destination::create(&command.file, command.overwrite)?;
    let (url, cluster) = connect(config, DatabaseSource::Administration).await?;
    let outcome = tokio::select! {
        biased;
        () = life.stopped() => Err(BackupError::Interrupted.into()),
        written = write(config, &command, &url, &destination) => written,
    };
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    let written = outcome?;
    let is_stdout = matches!(destination, Destination::Stdout);
    destination.complete()?;
    report(config, is_json, &written, (!is_stdout).then_some(&command.file))
}

async fn write(
    config: &Config,
    command: &BackupCommand,
    url: &str,
    destination: &Destination,
) -> Result<Written, Box<dyn Error>> {
    let database = BackupDatabase::open(url, config.schema.as_ref()).await?;
    let programs = ClientPrograms::find(database.postgres_major().await?)?;
    let created_at = Clock::system().now();
    let snapshot = database.snapshot().await?;
    let key = if command.include_seal_key { Some(included_key(config, &snapshot)?) } else { None };
    let (schema, fingerprint) = (snapshot.schema.clone(), snapshot.seal_fingerprint.as_deref());
    let header = Header::new(created_at, schema, snapshot.last_migration, programs.major(), fingerprint, key);
    let arguments = [
        "--format=custom".to_owned(),
        format!("--snapshot={}", snapshot.id),
        // A pattern, in which quotes make each character literal.
        format!("--schema=\"{}\"", snapshot.schema.replace('"', "\"\"")),
    ];
    let mut dump = Program::start(&programs.pg_dump(), arguments, &database.client_settings())?;
    let fault = |source| destination.fault(source);
    let mut writer = Writer::new(destination.open().map_err(fault)?, &header).await.map_err(fault)?;
    let (mut output, mut part) = (dump.output(), Vec::new());
    let bar = progress(None, "written");
    while output.read_buf(&mut part).await? > 0 {
        writer.write(&part).await.map_err(fault)?;
        bar.inc(part.len() as u64);
        part.clear();
        part.reserve(64 * 1024);
    }
    dump.succeeded().await?;
    let (bytes, sha256) = writer.finish().await.map_err(fault)?;
    bar.finish_and_clear();
    Ok(Written { header, bytes, sha256 })
}

/// The seal key, which has to be that of the database.
fn included_key(config: &Config, snapshot: &Snapshot) -> Result<String, Box<dyn Error>> {
    let key = seal_key::text(config)?.ok_or(BackupError::NoSealKey)?;
    let seal = Seal::from_base64(&key, Random::system())?;
    match &snapshot.seal_fingerprint {
        Some(known) if *known != seal.fingerprint() => Err(BackupError::OtherSealKey.into()),
        _ => Ok(key),
    }
}

/// Says what was written; on standard error if the backup is on standard output.
fn report(config: &Config, is_json: bool, written: &Written, file: Option<&PathBuf>) -> Outcome {
    let Written { header, bytes, sha256 } = written;
    let Some(file) = file else {
        note(&format!("Wrote a backup of {}. {}", HumanBytes(*bytes), key_remark(config, header)));
        return Ok(());
    };
    let value = json!({
        "file": file.to_string_lossy(),
        "bytes": bytes,
        "sha256": sha256,
        "created_at": header.created_at,
        "handset": header.handset,
        "last_migration": header.last_migration,
        "schema": header.schema,
        "seal_key_fingerprint": header.seal_key_fingerprint,
        "seal_key_included": header.seal_key.is_some(),
    });
    if is_json {
        print(&(escaped(&value.to_string()) + "\n"))?;
        return Ok(());
    }
    let name = escaped(&file.to_string_lossy());
    let remark = key_remark(config, header);
    print(&format!("Wrote {name}, {}, of {}.\n{remark}\n", HumanBytes(*bytes), second(header.created_at)))?;
    Ok(())
}

fn key_remark(config: &Config, header: &Header) -> String {
    if header.seal_key.is_some() {
        return "It contains the seal key, which opens the secrets in it: keep it as a secret.".to_owned();
    }
    let place = match config.seal_key {
        Some(_) => "HANDSET_SEAL_KEY".to_owned(),
        None => escaped(&seal_key::file(config).to_string_lossy()),
    };
    format!("The seal key is not in it: keep {place} as well, without which this cannot be restored.")
}
