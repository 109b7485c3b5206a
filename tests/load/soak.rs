//! Whether the server's memory stays constant: all read operations, repeated at full load.

use crate::environment::Environment;
use crate::operations::{self, Effect, Operation};
use crate::report::{Target, mebibytes};
use crate::settings::Settings;
use crate::workbench::Workbench;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Results.
#[derive(Debug, Serialize)]
pub struct Soak {
    pub requests: u64,
    /// Seconds since the start, and resident memory in MiB.
    pub memory: Vec<(f64, f64)>,
    pub targets: Vec<Target>,
}

/// Loads the server for `time`.
pub fn run(environment: &Environment, settings: &Settings, time: Duration) -> Soak {
    let mut workbench = Workbench::open(environment, settings, "soak", settings.phones);
    let reads = |operation: &&Operation| operation.effect == Effect::Nothing && settings.wants(operation.name);
    let operations: Vec<&Operation> = operations::ALL.iter().filter(reads).collect();
    let (began, mut requests, mut memory) = (Instant::now(), 0, Vec::new());
    for operation in operations.iter().cycle() {
        let measurement = workbench.measure(operation);
        requests += measurement.load_result.responses;
        memory.extend(measurement.memory.map(|bytes| (began.elapsed().as_secs_f64(), mebibytes(bytes))));
        if began.elapsed() >= time {
            break;
        }
    }
    let targets = targets(&memory);
    Soak { requests, memory, targets }
}

/// The last quarter uses at most 5 % more memory (allocator noise) than the second one, by which every operation has run.
fn targets(memory: &[(f64, f64)]) -> Vec<Target> {
    let quarter = memory.len() / 4;
    let max_memory = |part: &[(f64, f64)]| part.iter().map(|(_, memory)| *memory).fold(0.0, f64::max);
    if quarter == 0 {
        return Vec::new();
    }
    let (early, late) = (max_memory(&memory[quarter..2 * quarter]), max_memory(&memory[memory.len() - quarter..]));
    vec![
        Target::at_most("memory in the last quarter / in the second quarter", 1.05, late / early),
        Target::at_most("resident memory in MiB", 64.0, max_memory(memory)),
    ]
}

impl Soak {
    pub fn text(&self) -> String {
        let step = (self.memory.len() / 12).max(1);
        let samples = self.memory.iter().step_by(step).map(|(at, memory)| format!("{at:>6.0} s  {memory:>6.1} MiB\n"));
        let targets: Vec<String> = self.targets.iter().map(Target::line).collect();
        format!("{} requests\n\n{}\n{}\n", self.requests, samples.collect::<String>(), targets.join("\n"))
    }
}
