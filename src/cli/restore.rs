//! `handset restore`: a backup into an empty database, in one transaction. An older backup is migrated then.

use super::admin::{Outcome, second};
use super::archive::{Header, Program, ReadError, Reader, progress};
use super::database::{DatabaseSource, connect};
use super::output::{escaped, print};
use super::seal_key;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::postgres::binaries::clients::ClientPrograms;
use crate::random::Random;
use crate::store::{BackupDatabase, Restoring, Seal, Store, last_migration};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use std::error::Error;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncWriteExt};

pub const HELP: &str = "Example:\n  handset restore handset-2026-11-30.backup --data-dir /var/lib/handset-restored\n\n\
    What happened after the backup is not in it: deactivate lost phones, and revoke credentials, again.";

/// What becomes of pending deliveries.
const REDELIVER: &str = "`handset webhook redeliver` sends what was dropped.";
const SENT_AGAIN: &str = "a server sends what was pending when it starts, also what was sent since.";

/// Connections for the migration.
const CONNECTIONS: u32 = 1;

#[derive(Debug, Args)]
pub struct RestoreCommand {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Drop the webhook deliveries that were pending; without it, a server sends them, also those that were sent since
    #[arg(long)]
    drop_pending_deliveries: bool,
    /// Only check that the file is whole and can be restored by this version, and say what it is
    #[arg(long, conflicts_with = "drop_pending_deliveries")]
    check: bool,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
enum RestoreFault {
    #[error("{0}. Nothing was changed")]
    Unreadable(#[from] ReadError),
    #[error("cannot read {}: {source}", .path.display())]
    NoFile { path: PathBuf, source: std::io::Error },
    #[error("interrupted. Nothing was restored")]
    Interrupted,
    #[error(
        "the seal key is not in this backup, and there is none here. Nothing was changed. Set HANDSET_SEAL_KEY, or put \
         seal.key of the servers that used the database into {}", .0.display()
    )]
    NoSealKey(PathBuf),
    #[error(
        "the seal key here is not that of the backup. Nothing was changed. Set HANDSET_SEAL_KEY to the key of the backup, or \
         restore into another --data-dir"
    )]
    OtherSealKey,
    #[error("this backup is of the schema {0:?}. Nothing was changed. Restore it with --schema {0}")]
    OtherSchema(String),
    #[error("this backup is of the schema {0:?}, the first one of its user, and not of {1:?}. Nothing was changed")]
    NotInSchema(String, String),
    #[error("nothing was restored: {0}")]
    Failed(#[source] Box<dyn Error>),
    #[error("the rows are restored, and the rest failed: {0}. Delete this database, mend that, and restore again")]
    Incomplete(#[source] Box<dyn Error>),
}

/// The seal key of the backup, and whether it has to be stored here.
struct Key {
    seal: Seal,
    to_store: Option<String>,
}

/// What was restored.
struct Restored {
    header: Header,
    pending: u64,
    key_file: Option<PathBuf>,
}

type Input = Box<dyn AsyncRead + Send + Unpin>;

pub async fn restore(config: &Config, is_json: bool, command: RestoreCommand) -> Outcome {
    let life = Lifecycle::listen(Duration::ZERO)?;
    let is_file = command.file.as_os_str() != "-";
    if is_file || command.check {
        // Reads all of it before anything is changed. Standard input is checked while it is restored.
        let header = tokio::select! {
            () = life.stopped() => return Err(RestoreFault::Interrupted.into()),
            checked = check(&command.file) => checked?,
        };
        if command.check {
            return report_check(is_json, &header);
        }
    }
    let (header, reader) = Reader::open(open(&command.file).await?.0).await.map_err(RestoreFault::from)?;
    refuse_newer(&header)?;
    let key = key_of(config, &header)?;
    let (url, cluster) = tokio::select! {
        () = life.stopped() => return Err(RestoreFault::Interrupted.into()),
        connected = connect(config, DatabaseSource::Restoration) => connected?,
    };
    let outcome = restore_into(config, &command, &url, Backup { header, reader, key }, &life).await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    report(is_json, &command, &outcome?)
}

struct Backup {
    header: Header,
    reader: Reader<Input>,
    key: Key,
}

/// Opens the file, whose size is known, or standard input.
async fn open(path: &Path) -> Result<(Input, Option<u64>), RestoreFault> {
    let fault = |source| RestoreFault::NoFile { path: path.to_owned(), source };
    if path.as_os_str() == "-" {
        let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(fault)?;
        return Ok((Box::new(File::from_std(input.into())), None));
    }
    let file = File::open(path).await.map_err(fault)?;
    let metadata = file.metadata().await.map_err(fault)?;
    Ok((Box::new(file), Some(metadata.len()).filter(|_| metadata.is_file())))
}

/// Reads the whole file.
async fn check(path: &Path) -> Result<Header, RestoreFault> {
    let (input, size) = open(path).await?;
    let (header, mut reader) = Reader::open(input).await?;
    refuse_newer(&header)?;
    let bar = progress(size, "checked");
    while let Some(part) = reader.next().await? {
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok(header)
}

fn refuse_newer(header: &Header) -> Result<(), RestoreFault> {
    match header.last_migration > last_migration() {
        true => Err(ReadError::newer(&header.handset).into()),
        false => Ok(()),
    }
}

/// The key of the backup: in it, or here. Another one here is refused, since servers would not start with it.
fn key_of(config: &Config, header: &Header) -> Result<Key, Box<dyn Error>> {
    let here = match seal_key::text(config)? {
        Some(key) => Some(Seal::from_base64(&key, Random::system())?),
        None => None,
    };
    if here.as_ref().is_some_and(|seal| !header.is_sealed_with(&seal.fingerprint())) {
        return Err(RestoreFault::OtherSealKey.into());
    }
    match (here, &header.seal_key) {
        (Some(seal), _) => Ok(Key { seal, to_store: None }),
        (None, Some(key)) => {
            let seal = Seal::from_base64(key, Random::system())?;
            if !header.is_sealed_with(&seal.fingerprint()) {
                return Err(RestoreFault::from(ReadError::Damaged).into());
            }
            Ok(Key { seal, to_store: Some(key.clone()) })
        }
        // No server has sealed anything yet.
        (None, None) if header.seal_key_fingerprint.is_none() => {
            let key = Seal::new_key(&Random::system());
            Ok(Key { seal: Seal::from_base64(&key, Random::system())?, to_store: Some(key) })
        }
        (None, None) => Err(RestoreFault::NoSealKey(config.data_dir()).into()),
    }
}

async fn restore_into(
    config: &Config,
    command: &RestoreCommand,
    url: &str,
    backup: Backup,
    life: &Lifecycle,
) -> Result<Restored, Box<dyn Error>> {
    let Backup { header, mut reader, key } = backup;
    let database = BackupDatabase::open(url, config.schema.as_ref()).await?;
    let programs = ClientPrograms::find(database.postgres_major().await?.max(header.pg_dump))?;
    let restoring = tokio::select! {
        () = life.stopped() => return Err(RestoreFault::Interrupted.into()),
        begun = database.begin_restore() => begun?,
    };
    if restoring.schema != header.schema {
        return Err(match config.schema {
            None => RestoreFault::OtherSchema(header.schema).into(),
            Some(_) => RestoreFault::NotInSchema(header.schema, restoring.schema).into(),
        });
    }
    let program = Program::start(&programs.pg_restore(), arguments(&restoring), &database.client_settings())?;
    let size = tokio::fs::metadata(&command.file).await.ok().map(|metadata| metadata.len());
    let bar = progress(size, "restored");
    tokio::select! {
        () = life.stopped() => return Err(RestoreFault::Interrupted.into()),
        fed = feed(program, &mut reader, &bar) => fed.map_err(RestoreFault::Failed)?,
    }
    bar.finish_and_clear();
    // From here on the rows are there, and the rest is done even after a signal.
    let key_file = match &key.to_store {
        Some(text) => {
            seal_key::store(config, text).map_err(|fault| RestoreFault::Incomplete(fault.into()))?;
            Some(seal_key::file(config))
        }
        None => None,
    };
    let completed = restoring.complete(command.drop_pending_deliveries).await;
    let pending = completed.map_err(|fault| RestoreFault::Incomplete(fault.into()))?;
    migrate(config, url, key.seal).await.map_err(RestoreFault::Incomplete)?;
    Ok(Restored { header, pending, key_file })
}

/// Arguments of pg_restore. Without the schema, the dump creates it; in one that exists, only what is in it is created.
fn arguments(restoring: &Restoring) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["--format=custom", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
            .map(str::to_owned)
            .into();
    if restoring.has_schema {
        arguments.push(format!("--schema={}", restoring.schema));
    }
    arguments
}

/// Gives the dump to pg_restore, and waits for its end. If the backup is not whole, pg_restore never gets its end and is
/// killed, and Postgres rolls back.
async fn feed(mut program: Program, reader: &mut Reader<Input>, bar: &ProgressBar) -> Result<(), Box<dyn Error>> {
    let mut input = program.input();
    while let Some(part) = reader.next().await? {
        if input.write_all(&part).await.is_err() {
            // It has ended, and says why.
            break;
        }
        bar.inc(part.len() as u64);
    }
    bar.set_message("building indexes");
    drop(input);
    Ok(program.succeeded().await?)
}

async fn migrate(config: &Config, url: &str, seal: Seal) -> Result<(), Box<dyn Error>> {
    let store = Store::open_in(url, config.schema.as_ref(), CONNECTIONS, seal).await?;
    let migrated = store.migrate().await;
    store.close().await;
    Ok(migrated?)
}

fn report_check(is_json: bool, header: &Header) -> Outcome {
    let has_key = header.seal_key.is_some();
    let value = json!({
        "created_at": header.created_at,
        "handset": header.handset,
        "last_migration": header.last_migration,
        "schema": header.schema,
        "pg_dump": header.pg_dump,
        "seal_key_fingerprint": header.seal_key_fingerprint,
        "seal_key_included": has_key,
    });
    let key = if has_key { "It contains the seal key." } else { "The seal key is not in it." };
    let (at, version) = (second(header.created_at), escaped(&header.handset));
    let text = format!("The backup is whole: of {at}, written by Handset {version}. {key}\nNothing was changed.");
    print(&(if is_json { escaped(&value.to_string()) } else { text } + "\n"))?;
    Ok(())
}

fn report(is_json: bool, command: &RestoreCommand, restored: &Restored) -> Outcome {
    let Restored { header, pending, key_file } = restored;
    let at = second(header.created_at);
    let dropped = command.drop_pending_deliveries;
    if is_json {
        let value = json!({
            "restored": true,
            "created_at": header.created_at,
            "pending_deliveries": pending,
            "dropped_pending_deliveries": dropped,
            "seal_key_file": key_file.as_ref().map(|file| file.to_string_lossy()),
        });
        print(&(escaped(&value.to_string()) + "\n"))?;
        return Ok(());
    }
    let mut text = format!(
        "Restored the backup of {at}.\nWhat happened since then is not in it: deactivate phones that were lost since, and \
         revoke credentials that were revoked since.\n"
    );
    text += &match (pending, dropped) {
        (0, _) => "No webhook delivery was pending.\n".to_owned(),
        (1, true) => format!("1 webhook delivery that was pending was dropped; {REDELIVER}\n"),
        (1, false) => format!("1 webhook delivery was pending: {SENT_AGAIN}\n"),
        (many, true) => format!("{many} webhook deliveries that were pending were dropped; {REDELIVER}\n"),
        (many, false) => format!("{many} webhook deliveries were pending: {SENT_AGAIN}\n"),
    };
    if let Some(file) = key_file {
        text += &format!("The seal key is in {}.\n", escaped(&file.to_string_lossy()));
    }
    print(&text)?;
    Ok(())
}
