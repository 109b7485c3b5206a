//! What processes cost, read off the system: CPU time and resident memory. Linux tells it under `/proc`; elsewhere nothing
//! is told, and the figures are left out.

use std::fs;

/// CPU time of one process since its start, in seconds.
pub fn cpu_of(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    seconds(&stat, 11..=12)
}

/// CPU time of a process, of its children that run, and of those that have ended: all of Postgres by its postmaster.
pub fn cpu_of_family(pid: u32) -> Option<f64> {
    let own = seconds(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 11..=14)?;
    let mut sum = own;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        // Most entries are no process, or not for long.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        if fields(&stat).nth(1).and_then(|parent| parent.parse().ok()) == Some(pid) {
            sum += seconds(&stat, 11..=12).unwrap_or(0.0);
        }
    }
    Some(sum)
}

/// Resident memory of a process now, in bytes.
pub fn memory_of(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The fields of `/proc/PID/stat` from the state on: what stands before can contain anything.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

/// The sum of some fields, which count hundredths of seconds.
fn seconds(stat: &str, wanted: std::ops::RangeInclusive<usize>) -> Option<f64> {
    let ticks: Vec<u64> = fields(stat).map(|field| field.parse().unwrap_or(0)).collect();
    Some(ticks.get(wanted)?.iter().sum::<u64>() as f64 / 100.0)
}
