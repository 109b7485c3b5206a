//! Checks of the machine: certificate, open files, disk.

use super::{Check, DoctorCommand};
use crate::cli::serve::OTHER_FILES;
use crate::clock::Clock;
use crate::config::Config;
use crate::server::Certificate;
use chrono::TimeDelta;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;
use std::path::Path;
use url::Url;

/// Time before its end from which on a certificate should be renewed.
const RENEW: TimeDelta = TimeDelta::days(21);

/// Free space below which a server is about to stop, and below which it should be watched.
const LEAST_SPACE: u64 = 512 * 1024 * 1024;
const LITTLE_SPACE: u64 = 5 * 1024 * 1024 * 1024;

/// Expiry, key and names of the TLS certificate.
pub fn certificate(command: &DoctorCommand) -> Check {
    const NAME: &str = "certificate";
    let Some((chain, key)) = command.tls_cert.clone().zip(command.tls_key.clone()) else {
        return Check::skipped(NAME, "no --tls-cert is configured, so the server speaks plain HTTP");
    };
    let replace = "replace the files, and send SIGHUP to the server";
    let certificate = match Certificate::read(chain, key) {
        Ok(certificate) => certificate,
        Err(fault) => return Check::failed(NAME, fault.to_string(), replace),
    };
    let (from, until) = match certificate.validity() {
        Ok(validity) => validity,
        Err(fault) => return Check::failed(NAME, fault.to_string(), replace),
    };
    let now = Clock::system().now();
    if now < from {
        let advice = "check the clock of this machine, or wait";
        return Check::failed(NAME, format!("it is not valid before {from}"), advice);
    }
    if until <= now {
        return Check::failed(NAME, format!("it expired on {until}"), replace);
    }
    let host = command.public_url.as_ref().and_then(|url| Url::parse(&url.0).ok());
    if let Some(host) = host.as_ref().and_then(Url::host_str)
        && !certificate.is_for(host)
    {
        let advice = "get a certificate for the host of --public-url, or correct --public-url";
        return Check::failed(NAME, format!("it is not for {host}"), advice);
    }
    let days = (until - now).num_days();
    match until - now < RENEW {
        true => Check::warning(NAME, format!("it expires in {days} days, on {until}"), replace),
        false => Check::ok(NAME, format!("its key matches, and it is valid until {until}")),
    }
}

/// Whether all configured connections can be open at once.
pub fn open_files(command: &DoctorCommand) -> Check {
    const NAME: &str = "open files";
    let needed = u64::from(command.max_connections) + OTHER_FILES;
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Err(fault) => Check::warning(NAME, format!("the limit is unknown: {fault}"), "check it with: ulimit -Hn"),
        Ok((_, limit)) if limit < needed => Check::warning(
            NAME,
            format!("at most {limit}, and {needed} are needed for {} connections", command.max_connections),
            format!(
                "raise the limit (LimitNOFILE={needed} in a unit of systemd, ulimit -Hn), or lower --max-connections"
            ),
        ),
        Ok((_, limit)) => Check::ok(NAME, format!("at most {limit}, and {needed} are needed")),
    }
}

/// Free space where the private Postgres is.
#[allow(clippy::useless_conversion, reason = "some systems count blocks in 32 bits")]
pub fn disk_space(config: &Config) -> Check {
    const NAME: &str = "disk space";
    if config.database_url.is_some() {
        return Check::skipped(NAME, "the database is not on this machine, as far as is known here");
    }
    let dir = config.data_dir();
    let existing = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let free = match statvfs(existing) {
        Ok(space) => u64::from(space.blocks_available()) * u64::from(space.fragment_size()),
        Err(fault) => {
            return Check::warning(NAME, format!("unknown in {}: {fault}", dir.display()), "check it with: df");
        }
    };
    let message = format!("{} MiB are free in {}", free / (1024 * 1024), dir.display());
    let advice = "free some, or move the directory to a larger disk and name it with --data-dir";
    match free {
        ..LEAST_SPACE => Check::failed(NAME, message, advice),
        LEAST_SPACE..LITTLE_SPACE => Check::warning(NAME, message, advice),
        LITTLE_SPACE.. => Check::ok(NAME, message),
    }
}
