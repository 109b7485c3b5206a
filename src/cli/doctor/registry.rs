//! Checks of the database, and of what is in it.

use super::{Check, DoctorCommand, State, cluster, webhooks};
use crate::cli::database::{DatabaseSource, connect};
use crate::cli::seal_key;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::random::Random;
use crate::store::{Seal, SealCheck, Store};
use chrono::{DateTime, TimeDelta, Utc};

/// Connections of the checks.
const CONNECTIONS: u32 = 2;

/// Oldest version of Postgres that is tested, as Postgres numbers it.
const OLDEST: i32 = 150_000;

/// Differences of the clocks that are normal, and that are wrong.
const NORMAL: TimeDelta = TimeDelta::seconds(1);
const WRONG: TimeDelta = TimeDelta::seconds(10);

/// The checks that need the database; without it they are skipped.
pub async fn checks(config: &Config, command: &DoctorCommand) -> Vec<Check> {
    let (seal, seal_fault) = match seal_key::existing(config, Random::system()) {
        Ok(Some(seal)) => (Some(seal), None),
        Ok(None) => (None, Some("there is no seal key yet".to_owned())),
        Err(fault) => (None, Some(fault.to_string())),
    };
    let (url, cluster) = match connect(config, DatabaseSource::Administration).await {
        Ok(connected) => connected,
        Err(fault) => return without_database(fault.to_string()),
    };
    // Without its own key the rest can still be checked: no secret is written.
    let some_seal =
        seal.clone().or_else(|| Seal::from_base64(&Seal::new_key(&Random::system()), Random::system()).ok());
    let opened = match some_seal {
        Some(seal) => Store::open_in(&url, config.schema.as_ref(), CONNECTIONS, seal).await,
        None => unreachable!("a new seal key is valid"),
    };
    let checks = match opened {
        Ok(store) => {
            let checks = of_store(&store, config, command, seal_fault).await;
            store.close().await;
            checks
        }
        Err(fault) => without_database(fault.to_string()),
    };
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    checks
}

fn without_database(fault: String) -> Vec<Check> {
    let advice = "without the database nothing works: mend this first";
    let skipped =
        ["schema", "time", "cluster", "seal key", "webhooks"].map(|name| Check::skipped(name, "needs the database"));
    std::iter::once(Check::failed("database", fault, advice)).chain(skipped).collect()
}

async fn of_store(store: &Store, config: &Config, command: &DoctorCommand, seal_fault: Option<String>) -> Vec<Check> {
    let before = Clock::system().now();
    let (number, version, database_time) = match store.postgres_version().await {
        Ok(answer) => answer,
        Err(fault) => return without_database(fault.to_string()),
    };
    let now = before + (Clock::system().now() - before) / 2;
    let database = match number {
        ..OLDEST => {
            let advice = "upgrade Postgres to 15 or later";
            Check::failed("database", format!("it answers, and is Postgres {version}"), advice)
        }
        _ => Check::ok("database", format!("it answers, and is Postgres {version}")),
    };
    let schema = schema(store).await;
    let has_tables = matches!(schema.state, State::Ok | State::Warning);
    let mut checks = vec![database, schema, time(now, database_time)];
    if has_tables {
        checks.push(cluster::check(store).await);
        checks.push(seal_key(store, seal_fault).await);
        checks.push(webhooks::check(store, command, config.database_url.is_none()).await);
    } else {
        checks.extend(["cluster", "seal key", "webhooks"].map(|name| Check::skipped(name, "needs the schema")));
    }
    checks
}

async fn schema(store: &Store) -> Check {
    const NAME: &str = "schema";
    match store.is_migrated().await {
        Ok(true) => Check::ok(NAME, "it is Handset's, and up to date"),
        Ok(false) => Check::failed(
            NAME,
            "migrations of this version are missing",
            "start a server of this version, or run: handset migrate",
        ),
        Err(fault) => Check::failed(NAME, fault.to_string(), "correct --database-url or --schema"),
    }
}

fn time(now: DateTime<Utc>, database: DateTime<Utc>) -> Check {
    const NAME: &str = "time";
    let difference = (now - database).abs();
    let message = format!("the clocks of this machine and of Postgres differ by {} ms", difference.num_milliseconds());
    let advice = "synchronise both clocks, for example with chrony or systemd-timesyncd";
    match difference {
        _ if difference > WRONG => Check::failed(NAME, message, advice),
        _ if difference > NORMAL => Check::warning(NAME, message, advice),
        _ => Check::ok(NAME, message),
    }
}

async fn seal_key(store: &Store, fault: Option<String>) -> Check {
    const NAME: &str = "seal key";
    let restore = "set HANDSET_SEAL_KEY, or restore seal.key in the data directory, from the servers or the backup";
    if let Some(fault) = fault {
        return Check::failed(NAME, fault, restore);
    }
    match store.check_seal().await {
        Ok(SealCheck::Opens(0)) => Check::ok(NAME, "it is that of the database, which has no sealed secret yet"),
        Ok(SealCheck::Opens(_)) => Check::ok(NAME, "it opens the sealed secrets"),
        Ok(SealCheck::OtherKey) => Check::failed(NAME, "the database's secrets are sealed with another key", restore),
        Ok(SealCheck::DamagedSecret) => {
            Check::failed(NAME, "a sealed secret does not open", "restore the database, or create the secret anew")
        }
        Err(fault @ Error::Unavailable(_)) => Check::skipped(NAME, format!("cannot be checked now: {fault}")),
        Err(fault) => Check::failed(NAME, fault.to_string(), restore),
    }
}
