//! Resources of this process, as the operating system tells them.

use crate::metrics::ProcessUsage;
use chrono::{DateTime, Utc};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeVal;
use std::fs;
use std::time::Duration;

/// Reads what Linux tells in `/proc`; `None` on other systems.
pub(super) fn usage(started_at: DateTime<Utc>) -> Option<ProcessUsage> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let number = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let (max_open_files, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(ProcessUsage {
        cpu: duration(usage.user_time()) + duration(usage.system_time()),
        resident_bytes: number("VmRSS")? * 1024,
        virtual_bytes: number("VmSize")? * 1024,
        open_files: u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()?,
        max_open_files,
        started_at: started_at.timestamp_micros() as f64 / 1e6,
        threads: number("Threads")?,
    })
}

fn duration(time: TimeVal) -> Duration {
    Duration::new(time.tv_sec().unsigned_abs(), 0) + Duration::from_micros(time.tv_usec().unsigned_abs())
}
