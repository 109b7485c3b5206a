//! Two builds of the server, interleaved: each operation on one and then on the other, round by round, so that other load
//! on the machine affects both. The result is the median of the rounds' ratios.

use crate::operations::{self, Operation};
use crate::report::median;
use crate::scene::Scene;
use crate::settings::Settings;
use crate::stage::{Program, Stage};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// Results of each operation.
#[derive(Debug, Serialize)]
pub struct Turns {
    operations: Vec<Found>,
}

/// Requests a second of both builds: medians, and the median of the rounds' ratios.
#[derive(Debug, Serialize)]
struct Found {
    name: &'static str,
    this: f64,
    other: f64,
    ratio: f64,
    /// Median of the rounds' 99th percentiles, in milliseconds.
    p99: [f64; 2],
}

/// Measures this build and `program`, interleaved.
pub fn run(stage: &Stage, settings: &Settings, program: &Path) -> Turns {
    let mut scene = Scene::open(stage, settings, "turns", settings.phones);
    let other = Program::build(program, &scene.database);
    let wanted = operations::ALL.iter().filter(|operation| settings.wants(operation.name));
    Turns { operations: wanted.map(|operation| found(&mut scene, &other, operation, settings.rounds)).collect() }
}

fn found(scene: &mut Scene, other: &Program, operation: &'static Operation, rounds: u32) -> Found {
    let sides = [(scene.server.pid(), scene.server.address), (other.pid(), other.address)];
    // Warm-up: opens connections, prepares statements, reads pages.
    sides.iter().for_each(|side| _ = scene.measure_on(operation, *side));
    let mut rates = [Vec::new(), Vec::new()];
    let mut tails = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let first = usize::from(round % 2 == 1);
        for side in [first, 1 - first] {
            let taken = scene.measure_on(operation, sides[side]);
            rates[side].push(taken.bout.rate);
            tails[side].push(taken.driven.latencies.value_at_quantile(0.99) as f64 / 1e3);
        }
    }
    let ratio = median(rates[0].iter().zip(&rates[1]).map(|(this, other)| this / other).collect());
    let [this, other] = rates.map(median);
    Found { name: operation.name, this, other, ratio, p99: tails.map(median) }
}

impl Turns {
    pub fn text(&self) -> String {
        let mut text = String::from("operation             this/s    other/s  ratio   p99 ms (this, other)\n");
        for Found { name, this, other, ratio, p99: [this_p99, other_p99] } in &self.operations {
            // Writing into a string does not fail.
            let _ =
                writeln!(text, "{name:<18} {this:>9.0}  {other:>9.0}  {ratio:>5.2}   {this_p99:.1}  {other_p99:.1}");
        }
        text
    }
}
