//! Two builds of the server, interleaved: each operation on one and then on the other, round by round, so that other load
//! on the machine affects both. The result is the median of the rounds' ratios.

use crate::environment::{Environment, Program};
use crate::operations::{self, Operation};
use crate::report::median;
use crate::settings::Settings;
use crate::workbench::Workbench;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// Results of each operation.
#[derive(Debug, Serialize)]
pub struct BuildComparison {
    operations: Vec<BuildSample>,
}

/// Requests a second of both builds: medians, and the median of the rounds' ratios.
#[derive(Debug, Serialize)]
struct BuildSample {
    name: &'static str,
    this: f64,
    other: f64,
    ratio: f64,
    /// Median of the rounds' 99th percentiles, in milliseconds.
    p99: [f64; 2],
}

/// Measures this build and `program`, interleaved.
pub fn run(environment: &Environment, settings: &Settings, program: &Path) -> BuildComparison {
    let mut workbench = Workbench::open(environment, settings, "turns", settings.phones);
    let other = Program::build(program, &workbench.database);
    let wanted = operations::ALL.iter().filter(|operation| settings.wants(operation.name));
    BuildComparison {
        operations: wanted
            .map(|operation| measure_builds(&mut workbench, &other, operation, settings.rounds))
            .collect(),
    }
}

fn measure_builds(
    workbench: &mut Workbench,
    other: &Program,
    operation: &'static Operation,
    rounds: u32,
) -> BuildSample {
    let sides = [(workbench.server.pid(), workbench.server.address), (other.pid(), other.address)];
    // Warm-up: opens connections, prepares statements, reads pages.
    sides.iter().for_each(|side| _ = workbench.measure_on(operation, &[*side]));
    let mut rates = [Vec::new(), Vec::new()];
    let mut tails = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let first = usize::from(round % 2 == 1);
        for side in [first, 1 - first] {
            let measurement = workbench.measure_on(operation, &sides[side..=side]);
            rates[side].push(measurement.sample.rate);
            tails[side].push(measurement.load_result.latencies.value_at_quantile(0.99) as f64 / 1e3);
        }
    }
    let ratio = median(rates[0].iter().zip(&rates[1]).map(|(this, other)| this / other).collect());
    let [this, other] = rates.map(median);
    BuildSample { name: operation.name, this, other, ratio, p99: tails.map(median) }
}

impl BuildComparison {
    pub fn text(&self) -> String {
        let mut text = String::from("operation             this/s    other/s  ratio   p99 ms (this, other)\n");
        for BuildSample { name, this, other, ratio, p99: [this_p99, other_p99] } in &self.operations {
            // Writing into a string does not fail.
            let _ =
                writeln!(text, "{name:<18} {this:>9.0}  {other:>9.0}  {ratio:>5.2}   {this_p99:.1}  {other_p99:.1}");
        }
        text
    }
}
