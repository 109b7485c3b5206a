//! Cost of processes, read from the system: CPU time and resident memory. Linux reports it under `/proc`; elsewhere it is
//! unknown, and the figures are omitted.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// CPU time of one process since its start, in seconds.
pub fn cpu_of(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    seconds(&stat, 11..=12)
}

/// CPU seconds of a process and of its children, running and ended: all of Postgres by its postmaster.
pub fn cpu_of_family(pid: u32) -> Option<f64> {
    let own = seconds(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 11..=14)?;
    let mut sum = own;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        // Most entries are not processes, or have ended.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        if parent(&stat) == Some(pid) {
            sum += seconds(&stat, 11..=12).unwrap_or(0.0);
        }
    }
    Some(sum)
}

/// CPU time so far of every thread on the machine outside the given processes and their children, by thread, in
/// nanoseconds.
pub struct OtherThreads(pub HashMap<u32, u64>);

impl OtherThreads {
    /// `None` where the system does not report it.
    pub fn excluding(ours: &[u32]) -> Option<OtherThreads> {
        fs::read_to_string("/proc/self/schedstat").ok()?;
        let mut times = HashMap::new();
        for process in numbered("/proc") {
            let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
            if ours.contains(&process) || parent(&stat).is_some_and(|parent| ours.contains(&parent)) {
                continue;
            }
            for thread in numbered(&format!("/proc/{process}/task")) {
                let schedstat = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat"));
                let time = schedstat.as_ref().ok().and_then(|schedstat| schedstat.split(' ').next()?.parse().ok());
                times.extend(time.map(|time: u64| (thread, time)));
            }
        }
        Some(OtherThreads(times))
    }

    /// CPU time spent since `before`. Threads that have ended are left out.
    pub fn spent_since(&self, before: &OtherThreads) -> Duration {
        let spent = self.0.iter().map(|(thread, time)| time.saturating_sub(before.0.get(thread).copied().unwrap_or(0)));
        Duration::from_nanos(spent.sum())
    }
}

/// The entries of a directory whose names are numbers.
fn numbered(directory: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Resident memory of a process now, in bytes.
pub fn memory_of(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Fields of `/proc/PID/stat` from the state on; the name before it can contain any character.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

fn parent(stat: &str) -> Option<u32> {
    fields(stat).nth(1)?.parse().ok()
}

/// Sum of some fields, which are in hundredths of a second.
fn seconds(stat: &str, wanted: std::ops::RangeInclusive<usize>) -> Option<f64> {
    let ticks: Vec<u64> = fields(stat).map(|field| field.parse().unwrap_or(0)).collect();
    Some(ticks.get(wanted)?.iter().sum::<u64>() as f64 / 100.0)
}
